"""Statements about consumers: which subscription each is in, or was in."""

from __future__ import annotations

from typing import Final

from store.sql.subscriptions import STANDING

_ASSIGNMENT: Final = """
a.provider, a.consumer, a.subscription, a.seat, a.since, a.task, a.accepted_at, a.until, a.ended_by, a.seq,
CASE WHEN a.seat IS NULL THEN a.since ELSE
  (SELECT min(f.since) FROM assignment f WHERE f.provider = a.provider AND f.subscription = a.subscription AND f.seat = a.seat)
END
"""
COLUMNS: Final = 11
"""How many columns that is."""

_ALL: Final = f"""
SELECT {_ASSIGNMENT}, {STANDING}
FROM assignment a
JOIN subscription s ON s.provider = a.provider AND s.id = a.subscription
JOIN holding h ON h.provider = s.provider AND h.subscription = s.id AND h.until IS NULL
LEFT JOIN plan p ON p.product = s.plan
"""  # noqa: S608 - constants alone

PROVISIONED: Final = f"""
{_ALL} WHERE a.provider = ? AND a.consumer = ? AND a.until IS NULL
"""

# Where the index begins is said for each holding, so that a page does not walk over those before it.
_PLACE: Final = "h.seq >= ? AND a.seq > CASE WHEN h.seq = ? THEN ? ELSE 0 END ORDER BY h.seq, a.seq LIMIT ?"

_BY_HOLDING: Final = f"""
SELECT {_ASSIGNMENT}, {STANDING}
FROM holding h
JOIN subscription s ON s.provider = h.provider AND s.id = h.subscription
JOIN assignment a ON a.provider = h.provider AND a.subscription = h.subscription AND a.until IS NULL
LEFT JOIN plan p ON p.product = s.plan
WHERE h.until IS NULL
"""  # noqa: S608 - constants alone

CONSUMERS: Final = f"""
{_BY_HOLDING} AND {_PLACE}
"""

CONSUMERS_OF: Final = f"""
{_BY_HOLDING} AND h.customer = ? AND {_PLACE}
"""

# There is one holding: its number is no part of the place, so a list goes on where it was after a transfer.
CONSUMERS_IN: Final = f"""
{_BY_HOLDING} AND h.provider = ? AND h.subscription = ? AND a.seq > ? ORDER BY a.seq LIMIT ?
"""

# Nothing at all is read where it is another customer's.
CONSUMERS_IN_OF: Final = f"""
{_BY_HOLDING} AND h.provider = ? AND h.subscription = ? AND h.customer = ? AND a.seq > ? ORDER BY a.seq LIMIT ?
"""

PROVIDERS_OF: Final = """
SELECT provider FROM assignment WHERE consumer = ? AND until IS NULL ORDER BY provider
"""

PAID_BY: Final = """
SELECT h.customer FROM assignment a
JOIN holding h ON h.provider = a.provider AND h.subscription = a.subscription AND h.until IS NULL
WHERE a.provider = ? AND a.consumer = ? AND a.until IS NULL
"""

IN_USE: Final = """
SELECT count(*) FROM assignment WHERE provider = ? AND subscription = ? AND until IS NULL
"""

IS_IN_USE: Final = """
SELECT 1 FROM assignment WHERE provider = ? AND subscription = ? AND until IS NULL LIMIT 1
"""

ASSIGN: Final = """
INSERT INTO assignment (provider, consumer, subscription, seat, since, task) VALUES (?, ?, ?, ?, ?, ?)
"""

# Clocks of two processes differ and commits do not follow them: a row never ends before it began.
RELEASE: Final = """
UPDATE assignment SET until = CASE WHEN since > ? THEN since ELSE ? END, ended_by = ?
WHERE provider = ? AND consumer = ? AND until IS NULL
RETURNING subscription, seat, until
"""

ACCEPT: Final = """
UPDATE assignment SET accepted_at = ?, accepted_by = ?
WHERE provider = ? AND consumer = ? AND until IS NULL AND accepted_at IS NULL
"""

LAST_SEAT: Final = """
SELECT max(seat) FROM assignment WHERE provider = ? AND subscription = ? AND seat IS NOT NULL
"""

# The one whose term began last, since seats are numbered in the order in which they are first assigned.
VACANT_SEAT: Final = """
SELECT v.seat, (SELECT min(f.since) FROM assignment f
                WHERE f.provider = v.provider AND f.subscription = v.subscription AND f.seat = v.seat)
FROM assignment v
WHERE v.provider = ? AND v.subscription = ? AND v.until IS NOT NULL AND v.seat IS NOT NULL AND v.succeeded_by IS NULL
ORDER BY v.seat DESC LIMIT 1
"""

SUCCEED: Final = """
UPDATE assignment SET succeeded_by = ?
WHERE provider = ? AND subscription = ? AND seat = ? AND until IS NOT NULL AND seat IS NOT NULL AND succeeded_by IS NULL
"""

# In two halves, because the current rows and the ended ones have an index each: opening a row need not touch the second.
HISTORY: Final = f"""
SELECT {_ASSIGNMENT} FROM assignment a WHERE a.consumer = ? AND a.until IS NOT NULL
UNION ALL
SELECT {_ASSIGNMENT} FROM assignment a WHERE a.consumer = ? AND a.until IS NULL
ORDER BY 10
"""  # noqa: S608 - constants alone

# Of the ended ones and of the current ones, the last that had begun by a time.
ASSIGNED_AT: Final = f"""
SELECT * FROM (SELECT {_ASSIGNMENT} FROM assignment a
               WHERE a.consumer = ? AND a.provider = ? AND a.until IS NOT NULL AND a.since <= ?
               ORDER BY a.since DESC, a.seq DESC LIMIT 1) AS ended
UNION ALL
SELECT {_ASSIGNMENT} FROM assignment a WHERE a.consumer = ? AND a.provider = ? AND a.until IS NULL AND a.since <= ?
"""  # noqa: S608 - constants alone
