"""Laws of the policy language, on policies and arguments that nobody thought of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forge.cid import CID
from forge.dagcbor import Value
from forge.policy import Budget, Policy
from forge.policy.segment import NOTHING
from forge.policy.value import equal, shown
from tests.policy.evaluation import (
    ARGUMENTS,
    LAW,
    NUMBERS,
    PATTERNS,
    POLICIES,
    PREFIX,
    SELECTORS,
    STATEMENTS,
    VALUES,
    holds,
    identical,
    refusal,
    select,
)


def same(one: Value, other: Value) -> bool:
    return equal(one, other, Budget())


def model(value: Value) -> object:
    """Write a value so that Python's own `==` says which are equal in the language."""
    match value:
        case bool() | None | str() | bytes() | CID():
            return (type(value).__name__, value)
        case int() | float():
            return ("number", Fraction(value))
        case list():
            return ("list", tuple(map(model, value)))
        case dict():
            return ("map", frozenset((key, model(item)) for key, item in value.items()))


@LAW
@given(POLICIES)
def test_encode_after_decode_is_the_identity(policy: list[Value]) -> None:
    assert identical(Policy.decode(policy).encode(), policy)


@LAW
@given(POLICIES, POLICIES)
def test_policies_are_equal_when_what_they_encode_is(one: list[Value], other: list[Value]) -> None:
    left, right = Policy.decode(one), Policy.decode(other)
    assert (left == right) is (model(one) == model(other))
    if left == right:
        assert hash(left) == hash(right)


@LAW
@given(POLICIES, VALUES, st.integers(0, 200))
def test_a_match_fails_only_as_a_match(policy: list[Value], value: Any, limit: int) -> None:
    """Whatever is matched, even what is no map of arguments, and wherever the budget ends."""
    for budget in (None, Budget(limit)):
        message = refusal(policy, value, budget)
        assert message is None or (message.startswith(PREFIX) and len(message) <= 500)


@LAW
@given(POLICIES)
def test_remarks_name_places_of_the_policy(policy: list[Value]) -> None:
    for remark in Policy.decode(policy).portability():
        place = remark.partition(":")[0]
        part: Any = policy
        for index in place.removeprefix("[").removesuffix("]").split("]["):
            part = part[int(index)]
        assert part is not None


@LAW
@given(POLICIES, ARGUMENTS)
def test_a_policy_is_the_conjunction_of_its_statements(policy: list[Value], args: dict[str, Value]) -> None:
    expected = all(holds(statement, args) for statement in policy)
    assert (refusal(policy, args) is None) is expected


@LAW
@given(STATEMENTS, ARGUMENTS)
def test_not_inverts(statement: Value, args: dict[str, Value]) -> None:
    assert holds(["not", statement], args) is not holds(statement, args)


@LAW
@given(st.lists(STATEMENTS, max_size=4), ARGUMENTS)
def test_and_is_all_and_or_is_any(statements: list[Value], args: dict[str, Value]) -> None:
    verdicts = [holds(statement, args) for statement in statements]
    assert holds(["and", statements], args) is all(verdicts)
    assert holds(["or", statements], args) is (any(verdicts) or not verdicts)


@LAW
@given(STATEMENTS, st.lists(ARGUMENTS, max_size=4))
def test_quantifiers_are_all_and_any_over_the_members(statement: Value, members: list[Any]) -> None:
    verdicts = [holds(statement, member) for member in members]
    named = {str(number): member for number, member in enumerate(members)}
    for collection in (members, named):
        assert holds(["all", ".x", statement], {"x": collection}) is all(verdicts)
        assert holds(["any", ".x", statement], {"x": collection}) is any(verdicts)


@LAW
@given(SELECTORS, VALUES, NUMBERS, PATTERNS, ARGUMENTS)
def test_a_statement_about_nothing_is_false(source: str, literal: Value, number: Value, pattern: str, args: Any) -> None:
    found = select(source, args)
    statements: list[Value] = [
        ["==", source, literal],
        ["!=", source, literal],
        ["<", source, number],
        [">=", source, number],
        ["like", source, pattern],
        ["all", source, ["==", ".", literal]],
        ["any", source, ["==", ".", literal]],
    ]
    verdicts = [holds(statement, args) for statement in statements]
    if found is NOTHING:
        assert not any(verdicts)
    else:
        assert verdicts[0] is not verdicts[1]
        assert verdicts[0] is same(found, literal)


@LAW
@given(SELECTORS, VALUES)
def test_an_optional_last_segment_never_makes_less(source: str, value: Value) -> None:
    found, optionally = select(source, value), select(source + "?", value)
    if found is not NOTHING and "[]" not in source:
        assert identical(found, optionally)


@LAW
@given(NUMBERS, NUMBERS)
def test_order_is_that_of_exact_numbers(left: Any, right: Any) -> None:
    one, other = Fraction(left), Fraction(right)
    assert holds(["<", ".x", right], {"x": left}) is (one < other)
    assert holds(["<=", ".x", right], {"x": left}) is (one <= other)
    assert holds([">", ".x", right], {"x": left}) is (one > other)
    assert holds([">=", ".x", right], {"x": left}) is (one >= other)
    assert holds(["==", ".x", right], {"x": left}) is (one == other)


@LAW
@given(VALUES, VALUES)
def test_equality_is_that_of_the_model(one: Value, other: Value) -> None:
    assert same(one, other) is (model(one) == model(other))
    assert same([one, other], [other, one]) is (model(one) == model(other))


@LAW
@given(VALUES, VALUES, VALUES)
def test_equality_is_an_equivalence(one: Value, other: Value, third: Value) -> None:
    assert same(one, one)
    assert same(one, other) is same(other, one)
    if same(one, other) and same(other, third):
        assert same(one, third)


@LAW
@given(VALUES, st.integers(1, 100))
def test_what_is_shown_fits(value: Value, room: int) -> None:
    whole = shown(value, 10_000)
    assert shown(value, room) == (whole if len(whole) <= room else whole[: room - 1] + "…")
