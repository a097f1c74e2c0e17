"""Dice: what is drawn for a sequence, in the few shapes that it needs. The first of each is what hypothesis shrinks to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Self, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


@cache
def _below(count: int) -> SearchStrategy[int]:
    # Kept: making and checking a strategy takes longer than drawing from it.
    strategy = st.integers(0, count - 1)
    strategy.validate()
    return strategy


class Dice:
    """Thrown by whoever gives a number from 0 up to, and without, the one that it is given."""

    def __init__(self, throw: Callable[[int], int]) -> None:
        self._throw = throw
        self.moved = False
        """Whether any throw gave something other than the first."""

    @classmethod
    def drawn(cls, draw: Callable[[SearchStrategy[Any]], Any]) -> Self:
        """Have hypothesis throw them."""
        return cls(lambda count: draw(_below(count)))

    def below(self, count: int) -> int:
        number = self._throw(count) if count > 1 else 0
        self.moved |= number > 0
        return number

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def once_in(self, count: int) -> bool:
        return self.below(count) == count - 1

    def some(self, items: Sequence[T], most: int) -> list[T]:
        """One or more of them, some perhaps twice."""
        return [self.pick(items) for _ in range(1 + self.below(most))]
