"""What PostgreSQL itself finds wrong: indexes that are gone, or that it does not use. Pages are for its own `pg_amcheck`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from store.fsck.findings import STORE, Fault
from store.fsck.scratch import Scratch
from store.transaction import Transaction

_INDEXES: Final = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace
"""


def faults(tx: Transaction, scratch: Scratch) -> Iterator[Fault]:
    """Give what is wrong."""
    found = dict(tx.ask(_INDEXES).fetchall())
    for name, made in scratch.schema:
        if "INDEX" in made.split("(")[0] and name not in found:
            yield Fault("schema-differs", STORE, f"{name} is missing")
    for name, is_valid in sorted(found.items()):
        if not is_valid:
            yield Fault("engine", STORE, f"the index {name} is not valid")
