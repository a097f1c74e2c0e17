"""Policies: what the arguments of an invocation have to satisfy (protocol §6).

policy ::= [ statement… ]      all of them hold; of none at all, anything does
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import ClassVar, Final, Self, cast

from forge.dagcbor import Value
from forge.errors import MatchError, PolicyError
from forge.policy.budget import REFUSAL, Budget
from forge.policy.compound import Reader
from forge.policy.value import copied, cut, equal, kind_of, shown

# Characters: a refusal goes into a receipt and a log line, values of the arguments are only hinted at.
MAX_MESSAGE: Final = 500
_SHOWN_POLICY: Final = 200


class Policy:
    """A policy, decoded. Two are equal when their statements are, as `==` of the language has it."""

    __slots__ = ("_statements", "_value")

    ANY: ClassVar[Policy]
    """The empty policy, which anything satisfies."""

    def __init__(self, statements: Iterable[Value] = ()) -> None:
        """Read statements, each an array as it stands in a delegation. They are copied.

        Raises:
            PolicyError: one of them is none; the error says where.
        """
        self._value: Final = cast("list[Value]", copied(list(statements)))
        reader = Reader()
        self._statements: Final = tuple(reader.statement(form, f"[{index}]") for index, form in enumerate(self._value))

    @classmethod
    def decode(cls, value: Value) -> Self:
        """Read the array `pol` of a delegation.

        Raises:
            PolicyError: it is not a policy; the error says where.
        """
        if not isinstance(value, list):
            raise PolicyError(f"a policy is a list of statements, not {kind_of(value)}")
        return cls(value)

    def encode(self) -> list[Value]:
        """Give the array that was decoded."""
        return cast("list[Value]", copied(self._value))

    def match(self, args: dict[str, Value], budget: Budget | None = None) -> None:
        """Check the arguments of an invocation. `budget` may be one that other policies of the request share.

        Raises:
            MatchError: they do not satisfy the policy, or it asks for more work than the budget has left.
        """
        budget = Budget() if budget is None else budget
        for statement in self._statements:
            mismatch = statement.check(args, budget)
            if mismatch is not None:
                raise MatchError(cut(f"{REFUSAL}{mismatch}", MAX_MESSAGE))

    def portability(self) -> list[str]:
        """Say what ucantone cannot read or reads differently (protocol §15.3, 44 and 47-49), for whoever issues the policy."""
        remarks = []
        statements = list(reversed(self._statements))
        while statements:
            statement = statements.pop()
            remarks += statement.foreign()
            statements += reversed(statement.parts)
        return remarks

    def __len__(self) -> int:
        return len(self._statements)

    def __eq__(self, other: object) -> bool:
        return equal(self._value, other._value, Budget(sys.maxsize)) if isinstance(other, Policy) else NotImplemented

    def __hash__(self) -> int:
        # Numbers that are equal and written differently must not tell apart what is equal; operators are enough to spread.
        return hash(tuple(str(statement.form[0]) for statement in self._statements))

    def __repr__(self) -> str:
        return f"Policy({shown(self._value, _SHOWN_POLICY)})"


Policy.ANY = Policy()
