"""What work costs, and that nobody works for less."""

from __future__ import annotations

from collections.abc import Callable

from forge.errors import MatchError
from forge.policy import Budget


def exact(work: Callable[[Budget], object], steps: int) -> None:
    """Hold work to its price: with exactly as many steps it is done, with one less it is not."""
    budget = Budget(steps)
    work(budget)
    assert budget.spent == steps, "the same work has two prices"
    if steps:
        try:
            work(Budget(steps - 1))
        except MatchError:
            return
        raise AssertionError("more was spent than there was")
