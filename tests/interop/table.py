"""The table: a row a case, what must be seen in it and what was seen.

A module of cases has `rows(stage)`, which gives its rows one after the other, and is named in `MODULES`. What it needs and
does not find (a program, a package) it says with `pytest.skip`: pytest skips it, `python -m tests.interop` says so and fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast

from tests.interop.stage import Stage

MODULES: Final = ("tests.interop.go_cases", "tests.interop.js_cases")


@dataclass(frozen=True, slots=True)
class Row:
    """One case."""

    case: str
    """What happens, so that it is found again: unique with its direction."""
    direction: str
    """Who asks, then who answers, such as `go → forge`."""
    expected: str
    """What whoever asked must see: `ok …`, or the error's name."""
    seen: str

    @property
    def holds(self) -> bool:
        return self.expected == self.seen


class Cases(Protocol):
    """A module of cases."""

    def rows(self, stage: Stage) -> Iterator[Row]:
        """Play them, one after the other."""
        ...


def module(name: str) -> Cases:
    return cast("Cases", import_module(name))


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """Write rows for people, each in a line; what differs is marked."""
    shown = [("case", "direction", "expected", "seen"), *((one.case, one.direction, one.expected, one.seen) for one in rows)]
    marks = ["", *("" if expected == seen else "  <-- differs" for _, _, expected, seen in shown[1:])]
    widths = [max(len(one[column]) for one in shown) for column in range(3)]
    for one, mark in zip(shown, marks, strict=True):
        yield "  ".join(text.ljust(width) for text, width in zip(one, widths, strict=False)) + f"  {one[3]}{mark}"
