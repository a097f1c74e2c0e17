"""All statements of `store.sql`, by name."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from store import sql
from store.events import NAMES_BATCH
from store.fsck.laws import CURRENT
from store.revocations import REVOKERS_BATCH
from store.sql import fsck, tables
from store.sql.events import of_customers
from store.tables import ROWS, TABLES

MODULES: list[ModuleType] = [sql, *(import_module(f"store.sql.{found.name}") for found in pkgutil.iter_modules(sql.__path__))]

EACH: list[tuple[Any, ...]] = [(table.name,) for table in TABLES]

GENERATED: dict[Callable[..., str], list[tuple[Any, ...]]] = {
    sql.revokers: [(1,), (REVOKERS_BATCH,), (1, 1), (REVOKERS_BATCH, REVOKERS_BATCH)],
    sql.causes: [(1,), (REVOKERS_BATCH,)],
    sql.keep_delegations: [(1,), (REVOKERS_BATCH,)],
    sql.delegations: [(1,), (REVOKERS_BATCH,)],
    of_customers: [(1,), (2,), (NAMES_BATCH,)],
    tables.page: EACH,
    tables.insert: [(table.name, count) for table in TABLES for count in (1, table.rows)],
    tables.total: EACH,
    tables.anything: EACH,
    fsck.last: EACH,
    fsck.last_of_window: EACH,
    fsck.tasks: [(1,), (2 * ROWS,)],
    fsck.numbers: [(1,), (2 * ROWS,)],
    fsck.two_current: list(CURRENT.items()),
    fsck.overlapping: [(table, key, current) for table, key in CURRENT.items() for current in (False, True)],
}
"""What makes statements of several sizes, and the sizes that are looked at."""

_VERBS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")

STATEMENTS: dict[str, str] = {
    name: text
    for module in MODULES
    for name, text in vars(module).items()
    if isinstance(text, str) and text.lstrip().startswith(_VERBS) and not name.startswith("_")
} | {f"{make.__name__}{sizes}": make(*sizes) for make, every in GENERATED.items() for sizes in every}


def table_of(statement: str) -> str:
    """What a statement that changes something changes."""
    verb, *words = statement.split()
    return words[0] if verb == "UPDATE" else words[1]
