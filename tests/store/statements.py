"""All statements of `store.sql`, by name."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from store import sql
from store.events import NAMES_BATCH
from store.revocations import REVOKERS_BATCH
from store.sql.events import of_customers

MODULES: list[ModuleType] = [sql, *(import_module(f"store.sql.{found.name}") for found in pkgutil.iter_modules(sql.__path__))]

GENERATED: dict[Callable[..., str], list[tuple[int, ...]]] = {
    sql.revokers: [(1,), (REVOKERS_BATCH,), (1, 1), (REVOKERS_BATCH, REVOKERS_BATCH)],
    sql.causes: [(1,), (REVOKERS_BATCH,)],
    sql.keep_delegations: [(1,), (REVOKERS_BATCH,)],
    sql.delegations: [(1,), (REVOKERS_BATCH,)],
    of_customers: [(1,), (2,), (NAMES_BATCH,)],
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
