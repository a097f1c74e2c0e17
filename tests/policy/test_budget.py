"""The bound of work: counted, shared, and never turned into success (protocol §15.6, 4)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from forge.dagcbor import Value
from forge.errors import MatchError
from forge.policy import Budget, Policy
from forge.policy.budget import MAX_STEPS
from tests.policy.evaluation import PREFIX, refusal

MEBIBYTES: Final = 4 << 20
TOO_MUCH: Final = "^" + PREFIX + "the policy asks for too much work"


def steps(policy: Any, args: dict[str, Value]) -> int:
    """Count the work of a policy that need not hold."""
    budget = Budget(10**12)
    assert "too much work" not in (refusal(policy, args, budget) or "")
    return budget.spent


def test_a_budget_is_spent_to_its_last_step() -> None:
    budget = Budget(3)
    budget.spend(2)
    budget.spend()
    assert budget.spent == 3
    with pytest.raises(MatchError, match=TOO_MUCH + r" \(more than 3 steps\)$"):
        budget.spend()
    with pytest.raises(MatchError, match=TOO_MUCH):
        budget.spend(0)


@pytest.mark.parametrize(
    ("statement", "args", "expected"),
    [
        (["==", ".", 1], {}, 2),
        (["==", ".a", 1], {"a": 1}, 3),
        (["==", ".a", 1], {}, 2),
        (["==", ".a", [1, 2]], {"a": [1, 2]}, 7),
        (["==", ".a", [1, 2]], {"a": [1]}, 3),
        (["==", ".a", {"b": 1}], {"a": {"b": 1}}, 5),
        (["==", ".a", {"b": 1}], {"a": {"c": 1}}, 4),
        (["==", ".a", "x" * 5120], {"a": "x" * 5120}, 13),
        (["==", ".a", "x" * 5120], {"a": "x"}, 3),
        (["==", ".a", b"x" * 5120], {"a": b"x" * 9999}, 13),
        (["==", ".a", 1 << 40960], {"a": 1 << 40960}, 13),
        (["==", ".a", {"x" * 5120: 1}], {"a": {"x" * 5120: 1}}, 15),
        (["<", ".a", 1], {"a": 1}, 2),
        (["<", ".a", 1 << 40960], {"a": 1 << 40960}, 12),
        (["like", ".a", "x*"], {"a": "x"}, 3),
        (["like", ".a", "*x*"], {"a": "y" * 5120}, 14),
        (["not", ["==", ".a", 1]], {"a": 1}, 4),
        (["and", [["==", ".a", 1]] * 10], {"a": 1}, 31),
        (["and", [["==", ".a", 2]] * 10], {"a": 1}, 4),
        (["or", [["==", ".a", 2]] * 10], {"a": 1}, 31),
        (["or", [["==", ".a", 1]] * 10], {"a": 1}, 4),
        (["all", ".a", ["==", ".", 1]], {"a": [1] * 10}, 22),
        (["any", ".a", ["==", ".", 1]], {"a": [1] * 10}, 4),
        (["all", ".a[]", ["==", ".", 1]], {"a": [1] * 10}, 33),
    ],
)
def test_work_is_counted(statement: Any, args: dict[str, Value], expected: int) -> None:
    assert steps([statement], args) == expected


@pytest.mark.parametrize(
    "statement",
    [
        ["all", ".a", ["!=", ".", 0]],
        ["any", ".a", ["==", ".", 0]],
        ["not", ["any", ".a", ["==", ".", 0]]],
        ["not", ["not", ["any", ".a", ["==", ".", 0]]]],
        ["or", [["any", ".a", ["==", ".", 0]], ["==", ".b", 1]]],
        ["any", ".", ["not", ["any", ".", ["==", ".", 0]]]],
        ["not", ["==", ".a", [1] * 1000 + [2]]],
        ["not", ["==", ".a[1:]", 0]],
        ["not", ["==", ".a[]?", 0]],
        ["not", ["like", ".b", "*x*y"]],
    ],
)
def test_a_budget_that_is_used_up_fails_the_match_whatever_the_statement_says(statement: Any) -> None:
    args: dict[str, Value] = {"a": [1] * 1001, "b": "y" * 20_000}
    needed = steps([statement], args)
    policy = Policy.decode([statement])
    # Wherever the budget ends, nothing else comes of it.
    for budget in {0, 1, 2, 3, needed // 2, needed - 1}:
        with pytest.raises(MatchError, match=TOO_MUCH) as caught:
            policy.match(args, Budget(budget))
        assert type(caught.value) is MatchError
    enough = Budget(needed)
    assert "too much work" not in (refusal([statement], args, enough) or "")
    assert enough.spent == needed


def test_one_budget_serves_many_policies() -> None:
    policy = Policy.decode([["==", ".a", 1]])
    budget = Budget(7)
    policy.match({"a": 1}, budget)
    policy.match({"a": 1}, budget)
    with pytest.raises(MatchError, match=TOO_MUCH):
        policy.match({"a": 1}, budget)
    with pytest.raises(MatchError, match=TOO_MUCH):
        policy.match({"a": 1}, budget)


def test_each_match_has_a_budget_of_its_own_unless_it_is_given_one() -> None:
    policy = Policy.decode([["all", ".a", ["==", ".", 1]]])
    args: dict[str, Value] = {"a": [1] * (MAX_STEPS // 2 - 1)}
    policy.match(args)
    policy.match(args)
    with pytest.raises(MatchError, match=TOO_MUCH):
        policy.match({"a": [1] * (MAX_STEPS // 2)})


def test_ordinary_policies_stay_far_from_the_bound() -> None:
    args: dict[str, Value] = {"to": [f"{number}@example.com" for number in range(8192)], "body": "x" * MEBIBYTES}
    policy = [["all", ".to", ["like", ".", "*@example.com"]], ["not", ["like", ".body", "*secret*"]]]
    assert steps(policy, args) < MAX_STEPS // 4


BIG: Final[Value] = ["a" * 40] * 100_000
TEXT: Final = "a" * MEBIBYTES
WIDE: Final = TEXT[:-1] + "😀"
MATRIX: Final[Value] = [[[1] * 100] * 100] * 100


def nested(statement: Any, wrapping: Any, times: int) -> Any:
    for _ in range(times):
        statement = [*wrapping, statement]
    return statement


# What an attacker may send: each would take seconds to hours, and none may pass.
ATTACKS: Final[dict[str, tuple[list[Any], dict[str, Value]]]] = {
    "a thousand quantifiers over a long list": ([["all", ".a", ["!=", ".", 0]]] * 512, {"a": BIG}),
    "a wide statement for each element": ([["any", ".a", ["or", [["==", ".", 0]] * 1000]]], {"a": BIG}),
    "deep negation for each element": ([["all", ".a", nested(["!=", ".", 0], ["not"], 50)]], {"a": BIG}),
    "quantifiers in quantifiers": ([["all", ".a", ["all", ".", ["all", ".", ["==", ".", 1]]]]], {"a": MATRIX}),
    "quantifiers over everything again": ([["all", ".a", ["not", ["any", ".", ["any", ".", ["==", ".", 2]]]]]], {"a": MATRIX}),
    "iterators of iterators": ([["==", ".a[][][]", 1]], {"a": MATRIX}),
    "optional steps for each child": ([["not", ["==", ".a[]" + ".x?" * 60, 1]]] * 500, {"a": BIG}),
    "globs of a thousand stars": ([["not", ["like", ".a", "*" + "a*" * 1000 + "ab*"]]] * 500, {"a": TEXT}),
    "globs that backtrack elsewhere": ([["not", ["like", ".a", "*a" * 1000 + "*b*a"]]] * 500, {"a": TEXT}),
    "fragments that almost match": ([["not", ["like", ".a", f"*{'a' * 50}b{'a' * 50}*"]]] * 500, {"a": TEXT}),
    "fragments wider than their text": ([["not", ["like", ".a", "*aaaa😁*"]]] * 500, {"a": WIDE}),
    "slices of slices of a long text": ([["==", ".a" + "[1:]" * 60, ""]], {"a": WIDE}),
    "slices of slices of long bytes": ([["==", ".a" + "[1:]" * 60, ""]], {"a": TEXT.encode()}),
    "slices of slices of a long list": ([["not", ["==", ".a" + "[1:]" * 60, ""]]] * 500, {"a": BIG}),
    "one long text compared again and again": ([["==", ".a", TEXT]] * 500, {"a": TEXT[:-1] + "a"}),
    "one long list compared again and again": ([["==", ".a", [1] * 2000]] * 100, {"a": [1] * 2000}),
    "one large map compared again and again": (
        [["==", ".a", {str(key): 0 for key in range(1000)}]] * 200,
        {"a": {str(key): 0 for key in range(1000)}},
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_with_the_budget(attack: str) -> None:
    policy, args = ATTACKS[attack]
    budget = Budget()
    with pytest.raises(MatchError, match=TOO_MUCH):
        Policy.decode(policy).match(args, budget)
    # What was asked for last may exceed what was left; it was not done, but for one search of one text.
    assert budget.spent > MAX_STEPS


def test_values_that_contain_themselves_end_with_the_budget() -> None:
    circle: Any = [1]
    circle.append(circle)
    with pytest.raises(MatchError, match=TOO_MUCH):
        Policy.decode([nested(["==", ".[0]", 1], ["any", ".[1:]"], 60)]).match(circle, Budget(100))
