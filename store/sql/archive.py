"""What moves rows of the ledger to archives: the statements on the store's side.

Whole rows are numbered from 1 in the order of their writing. A row that was moved keeps its task and its archive, under its
number below zero: it is written anew among others of its kind, and the pages that the whole one filled are free as a whole.
"""

from __future__ import annotations

from typing import Final

# Where a task's row was moved to. Asked only where `sql.RECORDED` found a row without its receipt.
MOVED: Final = """
SELECT a.number, a.id, a.place, a.entries, a.oldest, a.youngest
FROM ledger AS l JOIN archive AS a ON a.number = l.archive WHERE l.task = ?
"""

# Whole rows, oldest first.
OLDEST: Final = """
SELECT seq, at FROM ledger WHERE seq > ? ORDER BY seq LIMIT ?
"""

YOUNGEST: Final = """
SELECT at FROM ledger WHERE seq > ? ORDER BY seq DESC LIMIT 1
"""

WHOLE: Final = """
SELECT task, command, issuer, subject, invocation, proofs, receipt, at FROM ledger WHERE seq = ?
"""

SLIM: Final = """
UPDATE ledger SET seq = -seq, archive = ?, command = NULL, issuer = NULL, subject = NULL, invocation = NULL, proofs = NULL,
receipt = NULL, at = NULL WHERE seq = ? AND task = ? RETURNING seq
"""

ARCHIVES: Final = """
SELECT number, id, place, entries, oldest, youngest FROM archive WHERE number > ? ORDER BY number LIMIT ?
"""

ARCHIVE_BY_ID: Final = """
SELECT number, id, place, entries, oldest, youngest FROM archive WHERE id = ?
"""

# Several may have been at one place, one after the other.
ARCHIVE_AT: Final = """
SELECT number, id, place, entries, oldest, youngest FROM archive WHERE place = ? ORDER BY number DESC LIMIT 1
"""

ADD_ARCHIVE: Final = """
INSERT INTO archive (id, place, entries) VALUES (?, ?, 0)
"""

PLACE_ARCHIVE: Final = """
UPDATE archive SET place = ? WHERE number = ?
"""

COUNT_MOVED: Final = """
UPDATE archive SET entries = entries + ?, oldest = CASE WHEN oldest < ? THEN oldest ELSE ? END,
youngest = CASE WHEN youngest > ? THEN youngest ELSE ? END WHERE number = ?
"""
