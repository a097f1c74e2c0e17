"""Records: dataclasses that are frozen for the type checker, and as quick to make as any other.

What `dataclass(frozen=True)` makes goes past its own guard at each assignment, and takes six times as long to make. An
invocation is a dozen such values on its way to its receipt, which nobody but our own typed code holds; those that others get,
such as tokens, keep the guard.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(*, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
    """Make a class a record. `kw_only`: it is made of named parts alone."""
    return dataclass(slots=True, unsafe_hash=True, kw_only=kw_only)
