"""Statements made of statements, and how any statement is read (protocol §6.1).

    statement  ::= equality | ordering | like | not | connective | quantifier
    not        ::= [ "not", statement ]
    connective ::= [ "and" | "or", [ statement… ] ]
    quantifier ::= [ "all" | "any", selector, statement ]

Of nothing at all, `and`, `or` and `all` are true, and `any` is false (protocol §15.3, 40).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from forge.dagcbor import Value
from forge.errors import PolicyError
from forge.policy.budget import Budget
from forge.policy.statement import LEAVES, Equality, Mismatch, Selecting, Statement, operands, selected
from forge.policy.value import kind_of, shown

# Statements of a policy, those within others counted too: ten times the longest one seen.
MAX_STATEMENTS: Final = 1024

_NO_QUANTIFIER: Final = 'ucantone never finds "all" or "any" to hold within "not", "and" or "or": "not" of them denies nothing'
_NO_NULL: Final = 'ucantone drops the connection over "==" and "!=" of null within "not", "and" or "or"'

ReadInner: TypeAlias = Callable[[Value, str], Statement]
"""How a statement's place and array become a statement."""


class Reader:
    """Reads the statements of one policy, and counts them."""

    def __init__(self) -> None:
        self._count = 0

    def statement(self, form: Value, place: str) -> Statement:
        """`statement ::= equality | ordering | like | not | connective | quantifier`

        Raises:
            PolicyError: it is none of these, or one too many.
        """
        self._count += 1
        if self._count > MAX_STATEMENTS:
            raise PolicyError(f"a policy has at most {MAX_STATEMENTS} statements", place)
        if not isinstance(form, list) or not form:
            raise PolicyError(f"a statement is a list that begins with an operator, not {shown(form)}", place)
        operator = form[0]
        if isinstance(operator, str):
            if operator in LEAVES:
                return LEAVES[operator].read(place, form)
            if operator in _COMPOUNDS:
                return _COMPOUNDS[operator].read(place, form, self.statement)
        raise PolicyError(f"unknown operator {shown(operator)}", place)


@dataclass(frozen=True, eq=False)
class Not(Statement):
    """`not`: true exactly when the statement in it is false, for whatever reason."""

    inner: Statement

    @classmethod
    def read(cls, place: str, form: list[Value], read: ReadInner) -> Self:
        """`not ::= [ "not", statement ]`"""
        (inner,) = operands(place, form, "a statement")
        return cls(place, form, read(inner, f"{place}[1]"))

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Invert."""
        budget.spend()
        return Mismatch(self) if self.inner.check(value, budget) is None else None

    def complaint(self, mismatch: Mismatch) -> str:  # noqa: ARG002  # what is wrong is that nothing is
        """Say that what is denied holds."""
        return "the statement in it holds"

    @property
    def parts(self) -> tuple[Statement, ...]:
        """The one that is denied."""
        return (self.inner,)

    def foreign(self) -> list[str]:
        """Say what ucantone makes of the one that is denied because it is."""
        return _within(self)


@dataclass(frozen=True, eq=False)
class Connective(Statement):
    """`and` and `or`. Both are true of no statements at all."""

    statements: tuple[Statement, ...]
    every: bool

    @classmethod
    def read(cls, place: str, form: list[Value], read: ReadInner) -> Self:
        """`connective ::= [ "and" | "or", [ statement… ] ]`"""
        (statements,) = operands(place, form, "a list of statements")
        if not isinstance(statements, list):
            raise PolicyError(f"expected a list of statements, not {kind_of(statements)}", f"{place}[1]")
        parts = tuple(read(part, f"{place}[1][{index}]") for index, part in enumerate(statements))
        return cls(place, form, parts, every=form[0] == "and")

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Evaluate from left to right, no further than needed. What fails in an `and` speaks for it."""
        budget.spend()
        for statement in self.statements:
            mismatch = statement.check(value, budget)
            if (mismatch is None) is not self.every:
                return mismatch
        return None if self.every or not self.statements else Mismatch(self)

    def complaint(self, mismatch: Mismatch) -> str:  # noqa: ARG002  # each alternative would have its own
        """Say that no alternative is left."""
        return f"none of its {len(self.statements)} statements holds"

    @property
    def parts(self) -> tuple[Statement, ...]:
        """All that are connected."""
        return self.statements

    def foreign(self) -> list[str]:
        """Say what ucantone makes of those that are connected because they are."""
        return _within(self)


@dataclass(frozen=True, eq=False)
class Quantifier(Selecting):
    """`all` and `any`: over the elements of a list or the values of a map. Of anything else both are false."""

    inner: Statement
    every: bool

    @classmethod
    def read(cls, place: str, form: list[Value], read: ReadInner) -> Self:
        """`quantifier ::= [ "all" | "any", selector, statement ]`"""
        selector, inner = operands(place, form, "a selector and a statement")
        return cls(place, form, selected(place, selector), read(inner, f"{place}[2]"), every=form[0] == "all")

    def check(self, value: Value, budget: Budget) -> Mismatch | None:
        """Evaluate on one member after the other, no further than needed."""
        budget.spend()
        found = self.selector.resolve(value, budget)
        members: Iterable[tuple[int | str, Value]]
        if isinstance(found, list):
            members = enumerate(found)
        elif isinstance(found, dict):
            members = found.items()
        else:
            return Mismatch(self, found)
        for member, item in members:
            mismatch = self.inner.check(item, budget)
            if (mismatch is None) is not self.every:
                return None if mismatch is None else Mismatch(self, found, member, mismatch)
        return None if self.every else Mismatch(self, found)

    def verdict(self, found: Value, mismatch: Mismatch) -> str:
        """Say which member fails and why, or that none is right."""
        if not isinstance(found, (list, dict)):
            return f"{shown(found)} is neither a list nor a map"
        if mismatch.inner is None:
            return f"none of {len(found)} members satisfies {shown(self.inner.form)}"
        return f"member {shown(mismatch.member)}: {mismatch.inner.statement.complaint(mismatch.inner)}"

    @property
    def parts(self) -> tuple[Statement, ...]:
        """The one that is applied to each member."""
        return (self.inner,)


def _within(statement: Not | Connective) -> list[str]:
    """Say which parts ucantone loses: what is within `not`, `and` and `or` it makes anew, from what it says of itself."""
    remarks = []
    for part in statement.parts:
        if isinstance(part, Quantifier):
            remarks.append(f"{part.place}: {_NO_QUANTIFIER}")
        elif isinstance(part, Equality) and part.literal is None:
            remarks.append(f"{part.place}: {_NO_NULL}")
    return remarks


_COMPOUNDS: Final[dict[str, type[Not | Connective | Quantifier]]] = {
    "not": Not,
    "and": Connective,
    "or": Connective,
    "all": Quantifier,
    "any": Quantifier,
}
