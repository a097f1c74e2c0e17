"""Statements about events: what became of whom, in the order in which it did."""

from __future__ import annotations

from functools import cache
from typing import Final

_COLUMNS: Final = (
    "e.at, e.task, e.command, e.issuer, e.subject, e.type, e.customer, e.giver, e.subscription, e.consumer, e.data, e.seq"
)

# Numbered by the last one, and not by a sequence: a number that was taken and given up would be a gap, and one that was taken
# before others and committed after them would be passed by whoever reads. Two cannot be the same.
APPEND: Final = """
INSERT INTO event (seq, at, task, command, issuer, subject, type, customer, giver, subscription, consumer, data,
                   customer_seq, giver_seq)
VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM event), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        (SELECT seq FROM customer WHERE did = ?), (SELECT seq FROM customer WHERE did = ?))
"""

LAST: Final = """
SELECT max(seq) FROM event
"""

EVENTS: Final = f"""
SELECT {_COLUMNS} FROM event e WHERE e.seq > ? ORDER BY e.seq LIMIT ?
"""  # noqa: S608 - constants alone

EVENTS_OF_SUBSCRIPTION: Final = f"""
SELECT {_COLUMNS} FROM event e WHERE e.subscription = ? AND e.seq > ? ORDER BY e.seq LIMIT ?
"""  # noqa: S608 - constants alone

EVENTS_OF_CONSUMER: Final = f"""
SELECT {_COLUMNS} FROM event e WHERE e.consumer = ? AND e.seq > ? ORDER BY e.seq LIMIT ?
"""  # noqa: S608 - constants alone


@cache
def of_customers(count: int) -> str:
    """Ask for the events of a customer that has had `count` names: each name's first few, in both of its parts."""
    parts = " UNION ".join(
        f"SELECT * FROM (SELECT {_COLUMNS} FROM event e "  # noqa: S608 - constants alone
        f"WHERE e.{part}_seq = (SELECT c.seq FROM customer c WHERE c.did = ?) AND e.seq > ? "
        f"ORDER BY e.seq LIMIT ?) AS {part}_{name}"
        for name in range(count)
        for part in ("customer", "giver")
    )
    return f"{parts} ORDER BY 12 LIMIT ?"
