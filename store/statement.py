"""How a statement of `store.sql` is executed, whichever engine it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Rows(Protocol):
    """What a statement found."""

    def fetchone(self) -> Any:  # noqa: ANN401 - a tuple, or None
        """Give the next row."""

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""


class Execute(Protocol):
    """How a driver executes a statement of `store.sql`."""

    def __call__(self, statement: str, values: Sequence[str | bytes | int | None] = (), /) -> Rows:
        """Execute `statement` with `values` at its marks.

        Raises:
            AlreadyExists: a unique key is taken.
            StoreError: the engine could not.
        """
