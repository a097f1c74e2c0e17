"""The domain's rows as they lie in the store, on any engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from store import Transaction

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_DATED: Final = ("since", "task", "until", "ended_by")

# The first are by what a table's rows are ordered here: the dated ones have a place of their own.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "customer": ("did", "external_account", "product", "details", "inserted_at", "updated_at", "task"),
    "profile": ("seq", "customer", "external_account", "product", "details", *_DATED),
    "suspension": ("seq", "customer", "reason", *_DATED),
    "closure": ("customer", "at", "task"),
    "link": ("guest", "customer", "at", "task"),
    "payer": ("seq", "customer", "payer", *_DATED),
    "plan": (
        "product",
        "name",
        "kind",
        "period",
        "seats",
        "exclusive",
        "clock",
        "assign_within",
        "grace",
        "consent",
        "self_serve",
        "inserted_at",
        "task",
    ),
    "retirement": ("product", "at", "task"),
    "subscription": ("id", "provider", "product", "plan", "kind", "seats", "starts_at", "inserted_at", "task"),
    "holding": ("seq", "provider", "subscription", "customer", *_DATED),
    "complimentary": ("subscription", "provider", "granted_by", "reason"),
    "trial": ("subscription", "provider", "customer", "product"),
    "term": ("seq", "provider", "subscription", "ends_at", "at", "task"),
    "payment": ("seq", "provider", "subscription", "event", "reference", "begins_at", "ends_at", "at", "task"),
    "cancellation": ("subscription", "effect", "provider", "at", "task"),
    "assignment": (
        "seq",
        "provider",
        "consumer",
        "subscription",
        "seat",
        "accepted_at",
        "accepted_by",
        *_DATED,
    ),
}
DATED: Final = ("profile", "suspension", "payer", "holding", "assignment")
"""The tables whose rows begin and end."""


def read(tx: Transaction, tables: Sequence[str] = tuple(COLUMNS)) -> Tables:
    """Read these tables."""
    return {table: _read(tx, table) for table in tables}


def _read(tx: Transaction, table: str) -> list[Row]:
    columns = COLUMNS[table]
    found = tx._execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2")  # noqa: S608 - our own names
    return [_row(dict(zip(columns, values, strict=True))) for values in found.fetchall()]


def _row(row: Row) -> Row:
    if "details" in row:
        row["details"] = json.loads(row["details"])
    return {key: bytes(value) if isinstance(value, memoryview) else value for key, value in row.items()}


def unplaced(tables: Tables) -> Tables:
    """Leave out the places that the store gave: their order says as much."""
    return {
        table: [{key: value for key, value in row.items() if key != "seq"} for row in rows] for table, rows in tables.items()
    }
