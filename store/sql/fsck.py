"""Statements that look for rows which break a law: between two keys, so that none takes long. Few find any."""

from __future__ import annotations

from functools import cache
from typing import Final

from store.tables import BY_NAME

WINDOW: Final = 4096
"""Rows that one of these statements looks at."""


@cache
def last_of_window(table: str) -> str:
    """Ask for the key that is so many rows behind another one."""
    key = ", ".join(BY_NAME[table].key)
    place = f"({key}) > ({', '.join('?' * len(BY_NAME[table].key))})"
    return f"SELECT {key} FROM {table} WHERE {place} ORDER BY {key} LIMIT 1 OFFSET {WINDOW - 1}"  # noqa: S608 - names of our own


@cache
def last(table: str) -> str:
    """Ask for the last key of all."""
    key = BY_NAME[table].key
    return f"SELECT {', '.join(key)} FROM {table} ORDER BY {', '.join(f'{one} DESC' for one in key)} LIMIT 1"  # noqa: S608 - the same


@cache
def tasks(count: int) -> str:
    """Ask which of so many tasks the ledger has."""
    return f"SELECT task FROM ledger WHERE task IN ({', '.join('?' * count)})"  # noqa: S608 - marks alone


@cache
def numbers(count: int) -> str:
    """Ask for the numbers of so many customers."""
    return f"SELECT did, seq FROM customer WHERE did IN ({', '.join('?' * count)})"  # noqa: S608 - marks alone


@cache
def two_current(table: str, key: tuple[str, ...]) -> str:
    """Ask for keys of which several rows are current."""
    columns = ", ".join(key)
    return (
        f"SELECT {columns}, count(*) FROM {table} WHERE until IS NULL"  # noqa: S608 - names of our own
        f" GROUP BY {columns} HAVING count(*) > 1 ORDER BY {columns}"
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
        " WHERE a.seq > ? AND a.seq <= ? AND a.until IS NOT NULL AND a.until > a.since"
    )


BEYOND_SEATS: Final = """
SELECT a.seq, a.seat, s.seats FROM assignment a JOIN subscription s ON s.provider = a.provider AND s.id = a.subscription
WHERE a.seq > ? AND a.seq <= ? AND a.seat > s.seats
"""

FULLER_THAN_SEATS: Final = """
SELECT s.provider, s.id, s.seats FROM subscription s
WHERE (s.provider, s.id) > (?, ?) AND (s.provider, s.id) <= (?, ?) AND s.seats IS NOT NULL AND s.seats <
  (SELECT count(*) FROM assignment a WHERE a.provider = s.provider AND a.subscription = s.id AND a.until IS NULL)
"""

WITHOUT_SEAT: Final = """
SELECT a.seq, a.subscription FROM assignment a JOIN subscription s ON s.provider = a.provider AND s.id = a.subscription
LEFT JOIN plan p ON p.product = s.plan
WHERE a.seq > ? AND a.seq <= ? AND a.seat IS NULL AND (s.seats IS NOT NULL OR p.clock = 'assignment')
"""

PAID_FOR_PAYER: Final = """
SELECT p.seq, p.payer FROM payer p WHERE p.seq > ? AND p.seq <= ? AND p.until IS NULL
AND EXISTS (SELECT 1 FROM payer q WHERE q.customer = p.payer AND q.until IS NULL)
"""

LINKED_ON: Final = """
SELECT l.guest, l.customer FROM link l WHERE l.guest > ? AND l.guest <= ?
AND EXISTS (SELECT 1 FROM link m WHERE m.guest = l.customer)
"""

HELD_BY_GUEST: Final = """
SELECT h.seq, h.customer FROM holding h WHERE h.seq > ? AND h.seq <= ? AND h.until IS NULL
AND EXISTS (SELECT 1 FROM link l WHERE l.guest = h.customer)
"""

PAYER_IS_GUEST: Final = """
SELECT p.seq, p.payer FROM payer p WHERE p.seq > ? AND p.seq <= ? AND p.until IS NULL
AND (EXISTS (SELECT 1 FROM link l WHERE l.guest = p.payer) OR EXISTS (SELECT 1 FROM link l WHERE l.guest = p.customer))
"""
