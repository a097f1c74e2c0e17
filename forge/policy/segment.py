"""The segments of a selector (protocol §6.3): what each finds in one value, or that it finds nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

from forge.dagcbor import Value
from forge.policy.budget import CHARACTERS_PER_STEP, ELEMENTS_PER_STEP, Budget


class _Absence(Enum):
    NOTHING = auto()


Nothing: TypeAlias = Literal[_Absence.NOTHING]
"""The type of `NOTHING`."""

NOTHING: Final = _Absence.NOTHING
"""What is found where nothing is. Not null, which is a value."""


@dataclass(frozen=True, slots=True)
class Segment(ABC):
    """One step of a path. An `optional` one gives null where it finds nothing."""

    optional: bool

    @abstractmethod
    def find(self, value: Value, budget: Budget) -> Value | Nothing:
        """Take this step from `value`. The step itself has been paid for.

        Raises:
            MatchError: the budget is used up.
        """


@dataclass(frozen=True, slots=True)
class Field(Segment):
    """`.key` or `["key"]`: the value of a map's key."""

    key: str

    def find(self, value: Value, budget: Budget) -> Value | Nothing:  # noqa: ARG002  # one step, already paid
        """Look the key up; only maps have keys."""
        return value.get(self.key, NOTHING) if isinstance(value, dict) else NOTHING


@dataclass(frozen=True, slots=True)
class Index(Segment):
    """`[0]`, `[-1]`: an element of a list, a byte as an integer, or a character (by code point)."""

    at: int

    def find(self, value: Value, budget: Budget) -> Value | Nothing:  # noqa: ARG002  # one step, already paid
        """Take the element, counted from the end if negative."""
        if isinstance(value, (list, str, bytes)) and -len(value) <= self.at < len(value):
            return value[self.at]
        return NOTHING


@dataclass(frozen=True, slots=True)
class Slice(Segment):
    """`[1:3]`, `[2:]`, `[:42]`, `[0:-2]`: a stretch of a list, of bytes or of characters, clamped as in Python."""

    start: int | None
    stop: int | None

    def find(self, value: Value, budget: Budget) -> Value | Nothing:
        """Copy the stretch."""
        if not isinstance(value, (list, str, bytes)):
            return NOTHING
        start, stop, _ = slice(self.start, self.stop).indices(len(value))
        per_step = ELEMENTS_PER_STEP if isinstance(value, list) else CHARACTERS_PER_STEP
        budget.spend(max(stop - start, 0) // per_step)
        return value[start:stop]


@dataclass(frozen=True, slots=True)
class Each(Segment):
    """`[]`: the elements of a list or the values of a map, each of which the rest of the path is applied to."""

    def find(self, value: Value, budget: Budget) -> Value | Nothing:
        """List the children; those of a map in DAG-CBOR's order of its keys, however the map was made."""
        if not isinstance(value, (list, dict)):
            return NOTHING
        budget.spend(len(value))
        if isinstance(value, list):
            return value
        budget.spend(sum(map(len, value)) // CHARACTERS_PER_STEP)
        return [value[key] for key in sorted(value, key=_order)]


def _order(key: str) -> tuple[int, bytes]:
    encoded = key.encode("utf-8", "surrogatepass")
    return len(encoded), encoded
