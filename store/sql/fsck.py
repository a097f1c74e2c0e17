"""Statements that look for rows which break a law: some at a time, in the order of their keys. Few find any."""

from __future__ import annotations

from functools import cache
from typing import Final

from store.tables import BY_NAME

MOST: Final = 128
"""Rows that one of these statements gives at most."""


@cache
def without_cause(table: str, column: str) -> str:
    """Ask for rows that name a task which the ledger does not have."""
    key = ", ".join(f"t.{one}" for one in BY_NAME[table].key)
    place = f"({key}) > ({', '.join('?' * len(BY_NAME[table].key))})"
    return (
        f"SELECT {key}, t.{column} FROM {table} t WHERE {place} AND t.{column} IS NOT NULL"  # noqa: S608 - names of our own
        f" AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.task = t.{column}) ORDER BY {key} LIMIT ?"
    )


@cache
def misnumbered(part: str) -> str:
    """Ask for events that are not found under whom they name, as `customer` or as `giver`."""
    return (
        f"SELECT e.seq, e.{part}, e.{part}_seq FROM event e WHERE e.seq > ? AND CASE WHEN e.{part} IS NULL"  # noqa: S608 - the same
        f" THEN e.{part}_seq IS NOT NULL"
        f" ELSE NOT EXISTS (SELECT 1 FROM customer c WHERE c.did = e.{part} AND c.seq = e.{part}_seq) END"
        " ORDER BY e.seq LIMIT ?"
    )


@cache
def two_current(table: str, key: tuple[str, ...]) -> str:
    """Ask for keys of which several rows are current."""
    columns, place = ", ".join(key), f"({', '.join(key)}) > ({', '.join('?' * len(key))})"
    return (
        f"SELECT {columns}, count(*) FROM {table} WHERE until IS NULL AND {place}"  # noqa: S608 - the same
        f" GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns} LIMIT ?"
    )


@cache
def overlapping(table: str, key: tuple[str, ...], current: bool) -> str:  # noqa: FBT001 - a cache's key
    """Ask for rows that had not ended when another one of their key began, which has ended too, or is `current`.

    In two halves, because the current rows and the ended ones have an index each.
    """
    same = " AND ".join(f"b.{column} = a.{column}" for column in key)
    other = (
        "b.until IS NULL" if current else "b.until IS NOT NULL AND b.since >= a.since AND b.until > b.since AND b.seq <> a.seq"
    )
    columns = ", ".join(f"{one}.{column}" for one in "ab" for column in BY_NAME[table].columns)
    return (
        f"SELECT {columns} FROM {table} a JOIN {table} b ON {same} AND {other} AND b.since < a.until"  # noqa: S608 - the same
        " WHERE a.seq > ? AND a.until IS NOT NULL AND a.until > a.since ORDER BY a.seq LIMIT ?"
    )


BEYOND_SEATS: Final = """
SELECT a.seq, a.seat, s.seats FROM assignment a JOIN subscription s ON s.provider = a.provider AND s.id = a.subscription
WHERE a.seq > ? AND a.seat > s.seats ORDER BY a.seq LIMIT ?
"""

FULLER_THAN_SEATS: Final = """
SELECT s.provider, s.id, s.seats FROM subscription s
WHERE (s.provider, s.id) > (?, ?) AND s.seats IS NOT NULL AND s.seats <
  (SELECT count(*) FROM assignment a WHERE a.provider = s.provider AND a.subscription = s.id AND a.until IS NULL)
ORDER BY s.provider, s.id LIMIT ?
"""

WITHOUT_SEAT: Final = """
SELECT a.seq, a.subscription FROM assignment a JOIN subscription s ON s.provider = a.provider AND s.id = a.subscription
LEFT JOIN plan p ON p.product = s.plan
WHERE a.seq > ? AND a.seat IS NULL AND (s.seats IS NOT NULL OR p.clock = 'assignment') ORDER BY a.seq LIMIT ?
"""

PAID_FOR_PAYER: Final = """
SELECT p.seq, p.payer FROM payer p WHERE p.seq > ? AND p.until IS NULL
AND EXISTS (SELECT 1 FROM payer q WHERE q.customer = p.payer AND q.until IS NULL) ORDER BY p.seq LIMIT ?
"""

LINKED_ON: Final = """
SELECT l.guest, l.customer FROM link l WHERE l.guest > ?
AND EXISTS (SELECT 1 FROM link m WHERE m.guest = l.customer) ORDER BY l.guest LIMIT ?
"""

HELD_BY_GUEST: Final = """
SELECT h.seq, h.customer FROM holding h WHERE h.seq > ? AND h.until IS NULL
AND EXISTS (SELECT 1 FROM link l WHERE l.guest = h.customer) ORDER BY h.seq LIMIT ?
"""

PAYER_IS_GUEST: Final = """
SELECT p.seq, p.payer FROM payer p WHERE p.seq > ? AND p.until IS NULL
AND (EXISTS (SELECT 1 FROM link l WHERE l.guest = p.payer) OR EXISTS (SELECT 1 FROM link l WHERE l.guest = p.customer))
ORDER BY p.seq LIMIT ?
"""
