"""Statements that look at one selected value, and what every statement is (protocol §6.1, §6.2).

    equality ::= [ "==" | "!=", selector, any value ]
    ordering ::= [ "<" | "<=" | ">" | ">=", selector, number ]
    like     ::= [ "like", selector, pattern ]

A selector that finds nothing makes its statement false, `!=` too (protocol §15.3, 38).
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from forge.dagcbor import Value
from forge.errors import PolicyError
from forge.policy.budget import CHARACTERS_PER_STEP, Budget
from forge.policy.pattern import Pattern
from forge.policy.segment import NOTHING, Nothing
from forge.policy.selector import Selector
from forge.policy.value import equal, is_number, kind_of, length, shown

# Characters of a message that a statement takes.
_SHOWN_STATEMENT: Final = 120

_NO_FLOATS: Final = "ucantone reads no floats: the whole delegation is lost there"

_NO_LEADING_NULL: Final = "ucantone drops the connection over a list that begins with null and goes on with something else"

_ORDERS: Final[dict[str, tuple[Callable[[int | float, int | float], bool], str]]] = {
    "<": (operator.lt, "less than"),
    "<=": (operator.le, "at most"),
    ">": (operator.gt, "greater than"),
    ">=": (operator.ge, "at least"),
}

_MIN_INT64: Final = -(1 << 63)
_MAX_INT64: Final = (1 << 63) - 1


class Mismatch(NamedTuple):
    """That a statement does not hold: what it found, and for `all` in which member what did not hold either.

    Written out only when it is the reason of a refusal; under `not`, `or` and `any` most are thrown away.
    """

    statement: Statement
    found: Value | Nothing = NOTHING
    member: int | str = 0
    inner: Mismatch | None = None

    def __str__(self) -> str:
        statement = self.statement
        return f"{statement.place} {shown(statement.form, _SHOWN_STATEMENT)}: {statement.complaint(self)}"


@dataclass(frozen=True, eq=False)
class Statement(ABC):
    """One statement. `place` is the path of indices to it, `form` the array it was read from."""

    place: str
    form: list[Value]

    @abstractmethod
    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Evaluate on `value`; None if the statement holds.

        Raises:
            MatchError: the budget is used up.
        """

    @abstractmethod
    def complaint(self, mismatch: Mismatch) -> str:
        """Say what was expected and found."""

    @property
    def parts(self) -> tuple[Statement, ...]:
        """The statements in this one."""
        return ()

    def foreign(self) -> list[str]:
        """Say what in it, its parts aside, ucantone cannot read or reads differently, each with its place."""
        return []


@dataclass(frozen=True, eq=False)
class Selecting(Statement):
    """A statement about what its selector finds."""

    selector: Selector

    def complaint(self, mismatch: Mismatch) -> str:
        """Name the selector, then what it found."""
        finding = "nothing is there" if mismatch.found is NOTHING else self.verdict(mismatch.found, mismatch)
        return f"matching {shown(self.selector.source)}: {finding}"

    @abstractmethod
    def verdict(self, found: Value, mismatch: Mismatch) -> str:
        """Say why `found` is not what was expected."""

    def foreign(self) -> list[str]:
        """Give the selector's."""
        return [f"{self.place}[1]: {remark}" for remark in self.selector.foreign]


@dataclass(frozen=True, eq=False)
class Equality(Selecting):
    """`==` and `!=`: deep equality, or that there is something and it differs."""

    literal: Value
    negated: bool

    @classmethod
    def read(cls, place: str, form: list[Value]) -> Self:
        """`equality ::= [ "==" | "!=", selector, any value ]`"""
        selector, literal = operands(place, form, "a selector and a value")
        return cls(place, form, selected(place, selector), literal, negated=form[0] == "!=")

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Compare."""
        budget.spend()
        found = self.selector.resolve(value, budget)
        if found is not NOTHING and equal(found, self.literal, budget) is not self.negated:
            return None
        return Mismatch(self, found)

    def verdict(self, found: Value, mismatch: Mismatch) -> str:  # noqa: ARG002  # nothing inside
        """Show both."""
        return f"{shown(found)} {'equals' if self.negated else 'does not equal'} {shown(self.literal)}"

    def foreign(self) -> list[str]:
        """Add a float, or a list that begins with null, anywhere in the literal."""
        remarks = super().foreign()
        if _has_float(self.literal):
            remarks.append(f"{self.place}[2]: {_NO_FLOATS}")
        if _begins_with_null(self.literal):
            remarks.append(f"{self.place}[2]: {_NO_LEADING_NULL}")
        return remarks


@dataclass(frozen=True, eq=False)
class Ordering(Selecting):
    """`<`, `<=`, `>`, `>=`: numeric order, exact between integers and floats. What is no number is in no order."""

    limit: int | float
    holds: Callable[[int | float, int | float], bool]
    wording: str

    @classmethod
    def read(cls, place: str, form: list[Value]) -> Self:
        """`ordering ::= [ "<" | "<=" | ">" | ">=", selector, number ]`"""
        selector, limit = operands(place, form, "a selector and a number")
        if not is_number(limit):
            raise PolicyError(f"expected a number, not {kind_of(limit)}", f"{place}[2]")
        return cls(place, form, selected(place, selector), limit, *_ORDERS[str(form[0])])

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Compare."""
        budget.spend()
        found = self.selector.resolve(value, budget)
        if found is NOTHING or not is_number(found):
            return Mismatch(self, found)
        budget.spend(min(length(found), length(self.limit)) // CHARACTERS_PER_STEP)
        return None if self.holds(found, self.limit) else Mismatch(self, found)

    def verdict(self, found: Value, mismatch: Mismatch) -> str:  # noqa: ARG002  # nothing inside
        """Show both."""
        return f"{shown(found)} is not {f'{self.wording} {shown(self.limit)}' if is_number(found) else 'a number'}"

    def foreign(self) -> list[str]:
        """Add a limit that is no 64-bit integer."""
        remarks = super().foreign()
        if isinstance(self.limit, float):
            remarks.append(f"{self.place}[2]: {_NO_FLOATS}")
        elif not _MIN_INT64 <= self.limit <= _MAX_INT64:
            remarks.append(f"{self.place}[2]: ucantone orders 64-bit integers only")
        return remarks


@dataclass(frozen=True, eq=False)
class Like(Selecting):
    """`like`: a string matches a pattern. What is no string matches none."""

    pattern: Pattern

    @classmethod
    def read(cls, place: str, form: list[Value]) -> Self:
        """`like ::= [ "like", selector, pattern ]`"""
        selector, pattern = operands(place, form, "a selector and a pattern")
        if not isinstance(pattern, str):
            raise PolicyError(f"a pattern is a string, not {kind_of(pattern)}", f"{place}[2]")
        return cls(place, form, selected(place, selector), Pattern(pattern, f"{place}[2]"))

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Match."""
        budget.spend()
        found = self.selector.resolve(value, budget)
        return None if isinstance(found, str) and self.pattern.matches(found, budget) else Mismatch(self, found)

    def verdict(self, found: Value, mismatch: Mismatch) -> str:  # noqa: ARG002  # nothing inside
        """Show both."""
        return f"{shown(found)} is not {f'like {shown(self.pattern.source)}' if isinstance(found, str) else 'a string'}"

    def foreign(self) -> list[str]:
        """Add the pattern's."""
        return super().foreign() + [f"{self.place}[2]: {remark}" for remark in self.pattern.foreign()]


def operands(place: str, form: list[Value], expected: str) -> list[Value]:
    """Give what follows the operator, as many as `expected` names: one, or two with "and" between them.

    Raises:
        PolicyError: it has another number of operands.
    """
    count = 2 if " and " in expected else 1
    if len(form) != 1 + count:
        raise PolicyError(f"{shown(form[0])} takes {expected}; {len(form) - 1} operands are given", place)
    return form[1:]


def selected(place: str, source: Value) -> Selector:
    """Read the selector of the statement at `place`.

    Raises:
        PolicyError: it is none.
    """
    if not isinstance(source, str):
        raise PolicyError(f"a selector is a string, not {kind_of(source)}", f"{place}[1]")
    return Selector(source, f"{place}[1]")


def _has_float(value: Value) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return any(map(_has_float, value)) if isinstance(value, list) else isinstance(value, float)


def _begins_with_null(value: Value) -> bool:
    if isinstance(value, dict):
        return any(map(_begins_with_null, value.values()))
    if not isinstance(value, list):
        return False
    return (value[:1] == [None] and any(item is not None for item in value)) or any(map(_begins_with_null, value))


LEAVES: Final[dict[str, type[Equality | Ordering | Like]]] = {
    "==": Equality,
    "!=": Equality,
    **dict.fromkeys(_ORDERS, Ordering),
    "like": Like,
}
