"""Dice: what hypothesis draws, in the few shapes that a sequence needs. The first of each is what it shrinks to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

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
    """Draws for one sequence."""

    def __init__(self, draw: Callable[[SearchStrategy[int]], int]) -> None:
        self._draw = draw

    def below(self, count: int) -> int:
        return self._draw(_below(count)) if count > 1 else 0

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def once_in(self, count: int) -> bool:
        return self.below(count) == count - 1

    def some(self, items: Sequence[T], most: int) -> list[T]:
        """One or more of them, some perhaps twice."""
        return [self.pick(items) for _ in range(1 + self.below(most))]
