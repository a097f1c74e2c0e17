"""What tasks have left in a store, seen from outside."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tests.faults.processes import Place

NAMING: Final = ("task", "ended_by", "accepted_by", "succeeded_by")
"""Columns that name the task that wrote something."""


def traces(place: Place) -> dict[bytes, Counter[str]]:
    """Find what each task has left in the store, in whatever table."""
    found: dict[bytes, Counter[str]] = {}
    for table, column in place.columns():
        if column in NAMING:
            for (task,) in place.query(f'SELECT {column} FROM "{table}" WHERE {column} IS NOT NULL'):  # noqa: S608 - names alone
                found.setdefault(task, Counter())[f"{table}.{column}"] += 1
    return found
