"""What SQLite itself finds wrong with its file: pages, indexes, checks, what refers to what; and a schema that is not ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from forge.errors import StoreError
from store.fsck.findings import STORE, Fault, place_of
from store.fsck.scratch import SCHEMA, Scratch
from store.tables import BY_NAME
from store.transaction import Transaction

_WHOLE: Final = "ok"
_NUMBERED: Final = ("seq", "number", "recorded_at", "one")


def faults(tx: Transaction, scratch: Scratch) -> Iterator[Fault]:
    """Give what is wrong."""
    for part in (_of_schema(tx, scratch), _of_references(tx), _of_file(tx)):
        try:
            yield from part
        except (StoreError, sqlite3.Error) as error:
            # Too damaged to be looked at.
            yield Fault("engine", STORE, str(error))


def _of_schema(tx: Transaction, scratch: Scratch) -> Iterator[Fault]:
    ours, found = dict(scratch.schema), dict(tx.ask(SCHEMA).fetchall())
    for name in sorted(ours.keys() | found.keys()):
        if ours.get(name) != found.get(name):
            what = "is missing" if name not in found else "is not the schema's" if name not in ours else "is another one"
            yield Fault("schema-differs", STORE, f"{name} {what}")


def _of_references(tx: Transaction) -> Iterator[Fault]:
    for name, row, other, _ in tx.ask("PRAGMA foreign_key_check").fetchall():
        # Where a row's number is its key, it is the place that others would name.
        table = BY_NAME.get(name)
        place = place_of(table, (row,)) if table is not None and table.key[0] in _NUMBERED else f"{name}, row {row}"
        yield Fault("foreign-key", place, f"it refers to a row of {other} that is not there")


def _of_file(tx: Transaction) -> Iterator[Fault]:
    for (line,) in tx.ask("PRAGMA integrity_check").fetchall():
        if line != _WHOLE:
            yield Fault("engine", STORE, line)
