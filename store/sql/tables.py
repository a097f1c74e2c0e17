"""Statements about whole tables: what writes a store out, reads it in, and looks at all of it.

They walk over everything, a page at a time, by the key that the rows are in order by.
"""

from __future__ import annotations

from functools import cache

from store.tables import BY_NAME


@cache
def page(table: str) -> str:
    """Ask for the rows of a table that follow a key, in their order, at most so many."""
    found = BY_NAME[table]
    columns, key = ", ".join(found.columns), ", ".join(found.key)
    place = f"({key}) > ({', '.join('?' * len(found.key))})"
    return f"SELECT {columns} FROM {table} WHERE {place} ORDER BY {key} LIMIT ?"  # noqa: S608 - names of our own


@cache
def insert(table: str, count: int) -> str:
    """Insert so many rows, as they are."""
    columns = BY_NAME[table].columns
    row = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)}"  # noqa: S608 - names of our own


@cache
def total(table: str) -> str:
    """Count a table's rows."""
    return f"SELECT count(*) FROM {table}"  # noqa: S608 - a name of our own


@cache
def anything(table: str) -> str:
    """Ask whether a table has any row."""
    return f"SELECT 1 FROM {table} LIMIT 1"  # noqa: S608 - a name of our own
