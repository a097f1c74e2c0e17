"""Statements: what each operator says of every kind of value (protocol §6.1, §6.2)."""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import pytest

from forge.dagcbor import Value
from forge.errors import PolicyError
from forge.policy import Policy
from tests.policy.evaluation import LINK, OTHER_LINK, holds

# Values in classes: those of one class are equal, those of two are not.
CLASSES: Final[list[list[Value]]] = [
    [None],
    [False],
    [True],
    [0, 0.0, -0.0],
    [1, 1.0],
    [1.5],
    [-1, -1.0],
    [2**53, float(2**53)],
    [2**53 + 1],
    [2**64, float(2**64)],
    [2**64 + 1],
    [10**40],
    [1e40],
    [""],
    ["1"],
    ["true"],
    ["é"],
    ["e\u0301"],
    [b""],
    [b"1"],
    [LINK],
    [OTHER_LINK],
    [str(LINK)],
    [bytes(LINK)],
    [[]],
    [[1], [1.0]],
    [[True]],
    [[None]],
    [[1, 2]],
    [[2, 1]],
    [[[1]], [[1.0]]],
    [{}],
    [{"a": 1}, {"a": 1.0}],
    [{"a": True}],
    [{"a": None}],
    [{"b": 1}],
    [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
    [{"a": 2, "b": 1}],
    [{"a": [{"b": 0}]}, {"a": [{"b": 0.0}]}],
    [{"a": [{"b": False}]}],
]
MEMBERS: Final = [(number, value) for number, values in enumerate(CLASSES) for value in values]


def test_equality_of_every_pair() -> None:
    for (one, left), (other, right) in product(MEMBERS, repeat=2):
        expected = one == other
        assert holds(["==", ".x", right], {"x": left}) is expected, (left, right)
        assert holds(["!=", ".x", right], {"x": left}) is not expected, (left, right)


# In order; equal where in one list.
NUMBERS: Final[list[list[Value]]] = [
    [-(10**40)],
    [-(2**64), -float(2**64)],
    [-1, -1.0],
    [-0.5],
    [0, 0.0, -0.0],
    [5e-324],
    [1, 1.0],
    [1.5],
    [2],
    [2**53, float(2**53)],
    [2**53 + 1],
    [2**53 + 2, float(2**53 + 2)],
    [2**63 - 1],
    [2**63, float(2**63)],
    [2**63 + 1],
    [1.7976931348623157e308],
    [10**400],
]
RANKED: Final = [(rank, value) for rank, values in enumerate(NUMBERS) for value in values]


def test_order_of_every_pair() -> None:
    for (one, left), (other, right) in product(RANKED, repeat=2):
        assert holds(["<", ".x", right], {"x": left}) is (one < other), (left, right)
        assert holds(["<=", ".x", right], {"x": left}) is (one <= other), (left, right)
        assert holds([">", ".x", right], {"x": left}) is (one > other), (left, right)
        assert holds([">=", ".x", right], {"x": left}) is (one >= other), (left, right)


UNORDERED: Final[list[Value]] = [None, True, False, "1", "", b"\x01", LINK, [1], [], {"a": 1}, {}]


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("value", UNORDERED, ids=str)
def test_what_is_no_number_is_in_no_order(operator: str, value: Value) -> None:
    for limit in (-1, 0, 1, 0.5, 2**70):
        assert not holds([operator, ".x", limit], {"x": value})
        assert holds(["not", [operator, ".x", limit]], {"x": value})


@pytest.mark.parametrize("value", [None, True, 1, 1.5, b"a", LINK, ["a"], {"a": "a"}], ids=str)
def test_what_is_no_string_is_like_nothing(value: Value) -> None:
    assert not holds(["like", ".x", "*"], {"x": value})
    assert holds(["not", ["like", ".x", "*"]], {"x": value})


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "ab", "", b"ab", b"", LINK], ids=str)
def test_what_has_no_members_satisfies_no_quantifier(value: Value) -> None:
    for operator in ("all", "any"):
        assert not holds([operator, ".x", ["!=", ".", "z"]], {"x": value})
        assert holds(["not", [operator, ".x", ["!=", ".", "z"]]], {"x": value})


YES: Final = ["==", ".x", 1]
NO: Final = ["==", ".x", 2]
GONE: Final = ["==", ".gone", 1]

# Name, statement, arguments, whether it holds.
TABLE: Final[list[tuple[str, Any, dict[str, Value], bool]]] = [
    ("absent is equal to nothing", ["==", ".gone", 1], {}, False),
    ("absent is not even null", ["==", ".gone", None], {}, False),
    ("absent does not differ either", ["!=", ".gone", 1], {}, False),
    ("absent is in no order", ["<", ".gone", 1], {}, False),
    ("absent is like nothing", ["like", ".gone", "*"], {}, False),
    ("absent has no members", ["all", ".gone", ["==", ".", 1]], {}, False),
    ("absent has no member", ["any", ".gone", ["==", ".", 1]], {}, False),
    ("not inverts a failed selector", ["not", ["==", ".gone", 1]], {}, True),
    ("not inverts a failed selector of !=", ["not", ["!=", ".gone", 1]], {}, True),
    ("optional is null", ["==", ".gone?", None], {}, True),
    ("optional differs", ["!=", ".gone?", 1], {}, True),
    ("optional does not differ from null", ["!=", ".gone?", None], {}, False),
    ("optional is in no order", [">=", ".gone?", 0], {}, False),
    ("optional is like nothing", ["like", ".gone?", "*"], {}, False),
    ("optional has no members", ["all", ".gone?", ["==", ".", 1]], {}, False),
    ("optional has no member", ["any", ".gone?", ["==", ".", 1]], {}, False),
    ("null is equal to null", ["==", ".x", None], {"x": None}, True),
    ("the whole arguments", ["==", ".", {"x": 1}], {"x": 1}, True),
    ("the whole arguments, other", ["==", ".", {}], {"x": 1}, False),
    ("a byte is an integer", ["==", ".x[1]", 2], {"x": b"\x01\x02"}, True),
    ("a byte is in order", [">", ".x[-1]", 1], {"x": b"\x01\x02"}, True),
    ("a character", ["==", ".x[0]", "é"], {"x": "éa"}, True),
    ("a stream equals a list", ["==", ".x[].y", [1, 2]], {"x": [{"y": 1}, {"y": 2}]}, True),
    ("an empty stream is an empty list", ["==", ".x[]", []], {"x": []}, True),
    ("a stream is one value", ["==", ".x[]", 1], {"x": [1]}, False),
    ("a stream can be quantified", ["all", ".x[].y?", [">", ".", 0]], {"x": [{"y": 1}, {}]}, True),
    ("like", ["like", ".x", "a*"], {"x": "ab"}, True),
    ("unlike", ["like", ".x", "a*"], {"x": "ba"}, False),
    ("like one character of a string", ["like", ".x[0]", "a"], {"x": "ab"}, True),
    ("not true", ["not", YES], {"x": 1}, False),
    ("not false", ["not", NO], {"x": 1}, True),
    ("not not true", ["not", ["not", YES]], {"x": 1}, True),
    ("and of nothing", ["and", []], {}, True),
    ("or of nothing", ["or", []], {}, True),
    ("not or of nothing", ["not", ["or", []]], {}, False),
    ("and of one", ["and", [YES]], {"x": 1}, True),
    ("and of true and false", ["and", [YES, NO]], {"x": 1}, False),
    ("and of false and true", ["and", [NO, YES]], {"x": 1}, False),
    ("and with a failed selector", ["and", [YES, GONE]], {"x": 1}, False),
    ("or of false and true", ["or", [NO, YES]], {"x": 1}, True),
    ("or of true and false", ["or", [YES, NO]], {"x": 1}, True),
    ("or of false and false", ["or", [NO, NO]], {"x": 1}, False),
    ("or after a failed selector", ["or", [GONE, YES]], {"x": 1}, True),
    ("or of failed selectors", ["or", [GONE, GONE]], {"x": 1}, False),
    ("all of no elements", ["all", ".x", ["==", ".", 1]], {"x": []}, True),
    ("all of no values", ["all", ".x", ["==", ".", 1]], {"x": {}}, True),
    ("any of no elements", ["any", ".x", ["==", ".", 1]], {"x": []}, False),
    ("any of no values", ["any", ".x", ["==", ".", 1]], {"x": {}}, False),
    ("not any of none", ["not", ["any", ".x", ["==", ".", 1]]], {"x": []}, True),
    ("all elements", ["all", ".x", [">", ".", 0]], {"x": [1, 2]}, True),
    ("not all elements", ["all", ".x", [">", ".", 1]], {"x": [2, 1]}, False),
    ("some element", ["any", ".x", [">", ".", 1]], {"x": [1, 2]}, True),
    ("no element", ["any", ".x", [">", ".", 2]], {"x": [1, 2]}, False),
    ("all values", ["all", ".x", [">", ".", 0]], {"x": {"a": 1, "b": 2}}, True),
    ("not all values", ["all", ".x", [">", ".", 1]], {"x": {"a": 2, "b": 1}}, False),
    ("some value", ["any", ".x", [">", ".", 1]], {"x": {"a": 1, "b": 2}}, True),
    ("values, not keys", ["any", ".x", ["==", ".", "a"]], {"x": {"a": 1}}, False),
    ("the arguments themselves", ["all", ".", ["==", ".", 1]], {"a": 1, "b": 1}, True),
    ("a failed selector in all", ["all", ".x", ["==", ".y", 1]], {"x": [{"y": 1}, {}]}, False),
    ("a failed selector in any", ["any", ".x", ["==", ".y", 1]], {"x": [{}, {"y": 1}]}, True),
    ("all in any", ["any", ".x", ["all", ".", ["==", ".", 1]]], {"x": [[1, 2], [1, 1]]}, True),
    ("any in all", ["all", ".x", ["any", ".", ["==", ".", 1]]], {"x": [[1, 2], [2]]}, False),
    ("not in all", ["all", ".x", ["not", ["==", ".", 1]]], {"x": [2, "1", True]}, True),
]


@pytest.mark.parametrize(("statement", "args", "expected"), [pytest.param(*case, id=name) for name, *case in TABLE])
def test_statement(statement: Any, args: dict[str, Value], expected: bool) -> None:  # noqa: FBT001  # a column of the table
    assert holds(statement, args) is expected


T: Final[Value] = ["==", ".", 1]

# Statement, place, words of the reason.
REFUSED: Final[list[tuple[Any, str, str]]] = [
    (None, "", "a statement is a list that begins with an operator, not null"),
    ("==", "", 'a statement is a list that begins with an operator, not "=="'),
    ({}, "", "a statement is a list that begins with an operator, not {}"),
    ([], "", "a statement is a list that begins with an operator, not []"),
    ([None, ".", 1], "", "unknown operator null"),
    ([["=="], ".", 1], "", 'unknown operator ["=="]'),
    (["===", ".", 1], "", 'unknown operator "==="'),
    (["=", ".", 1], "", 'unknown operator "="'),
    (["AND", []], "", 'unknown operator "AND"'),
    (["", ".", 1], "", 'unknown operator ""'),
    (["every", ".", T], "", 'unknown operator "every"'),
    (["=="], "", '"==" takes a selector and a value; 0 operands are given'),
    (["==", "."], "", '"==" takes a selector and a value; 1 operands are given'),
    (["==", ".", 1, 2], "", '"==" takes a selector and a value; 3 operands are given'),
    (["!=", "."], "", '"!=" takes a selector and a value'),
    (["<", "."], "", '"<" takes a selector and a number'),
    (["<", ".", 1, 2], "", '"<" takes a selector and a number'),
    (["like", "."], "", '"like" takes a selector and a pattern'),
    (["like", ".", "a", "b"], "", '"like" takes a selector and a pattern'),
    (["not"], "", '"not" takes a statement; 0 operands are given'),
    (["not", T, T], "", '"not" takes a statement; 2 operands are given'),
    (["and"], "", '"and" takes a list of statements'),
    (["and", T, T], "", '"and" takes a list of statements'),
    (["or", [], []], "", '"or" takes a list of statements'),
    (["all", "."], "", '"all" takes a selector and a statement'),
    (["any", ".", T, T], "", '"any" takes a selector and a statement'),
    (["==", None, 1], "[1]", "a selector is a string, not null"),
    (["<=", 1, 1], "[1]", "a selector is a string, not a number"),
    (["like", ["."], ""], "[1]", "a selector is a string, not a list"),
    (["all", {}, T], "[1]", "a selector is a string, not a map"),
    (["==", "x", 1], "[1]", 'a selector begins with "."'),
    ([">", "", 1], "[1]", 'a selector begins with "."'),
    (["like", "..", ""], "[1]", "two dots in a row"),
    (["any", ".[", T], "[1]", 'expected "]"'),
    (["<", ".", "1"], "[2]", "expected a number, not a string"),
    (["<=", ".", True], "[2]", "expected a number, not a boolean"),
    ([">", ".", None], "[2]", "expected a number, not null"),
    ([">=", ".", [1]], "[2]", "expected a number, not a list"),
    (["like", ".", 1], "[2]", "a pattern is a string, not a number"),
    (["like", ".", b"a"], "[2]", "a pattern is a string, not bytes"),
    (["like", ".", LINK], "[2]", "a pattern is a string, not a link"),
    (["like", ".", "a\\"], "[2]", "backslash"),
    (["not", None], "[1]", "a statement is a list that begins with an operator, not null"),
    (["not", ["not", "x"]], "[1][1]", "a statement is a list that begins with an operator"),
    (["and", {}], "[1]", "expected a list of statements, not a map"),
    (["or", "=="], "[1]", "expected a list of statements, not a string"),
    (["and", T], "[1][0]", "a statement is a list that begins with an operator"),
    (["or", [T, [">", "."]]], "[1][1]", '">" takes a selector and a number'),
    (["or", [T, [">", ".", "x"]]], "[1][1][2]", "expected a number"),
    (["all", ".", [T]], "[2]", "unknown operator"),
    (["any", ".", ["like", "x", ""]], "[2][1]", "a selector begins with"),
]


@pytest.mark.parametrize(("statement", "place", "reason"), REFUSED)
def test_what_is_no_statement_is_refused_at_its_place(statement: Any, place: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.decode([T, T, statement])
    assert caught.value.place == "[2]" + place
    assert reason in caught.value.reason
    assert str(caught.value).startswith(f"policy[2]{place}: ")
