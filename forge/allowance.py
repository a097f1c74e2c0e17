"""An allowance: how much may still be read of what arrived together."""

from __future__ import annotations

from typing import Final

from forge.errors import DagCborError

# Items of all arrays and maps that are read together, such as the tokens of one container. Eight thousand ordinary tokens have
# a third of it; four megabytes of empty maps would cost a second and half a gigabyte.
MAX_ITEMS: Final = 500_000


class Allowance:
    """How much may still be read. One may be shared by all that arrived together; it is then used up for all of it."""

    __slots__ = ("left",)

    def __init__(self, items: int = MAX_ITEMS) -> None:
        self.left = items

    def take(self, items: int, offset: int | None = None) -> None:
        """Use some of it up.

        Raises:
            DagCborError: there is not so much left.
        """
        self.left -= items
        if self.left < 0:
            raise DagCborError("more items than are read together", offset)
