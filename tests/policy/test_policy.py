"""Policies: decoding and bounds, refusals and their texts, remarks on portability."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import pytest

import forge.policy
from forge import dagcbor
from forge.dagcbor import MAX_DEPTH, Value
from forge.errors import DecodeError, MatchError, PolicyError
from forge.policy import Budget, Policy
from forge.policy.compound import MAX_STATEMENTS
from forge.policy.policy import MAX_MESSAGE
from forge.policy.value import _text, shown
from tests.policy.evaluation import LINK, PREFIX

T: Final[Value] = ["==", ".x", 1]


def nested(value: Value, depth: int) -> Value:
    for _ in range(depth):
        value = [value]
    return value


def reason(policy: Any, args: dict[str, Value]) -> str:
    with pytest.raises(MatchError) as caught:
        Policy.decode(policy).match(args)
    assert type(caught.value) is MatchError
    assert caught.value.name == "MatchError"
    assert caught.value.message.startswith(PREFIX)
    return caught.value.message.removeprefix(PREFIX)


def test_the_front_door_is_sorted_and_complete() -> None:
    assert forge.policy.__all__ == sorted(forge.policy.__all__)
    assert forge.policy.__all__ == ["Budget", "Policy"]


def test_the_empty_policy_lets_anything_pass() -> None:
    for policy in (Policy(), Policy.decode([]), Policy.ANY):
        policy.match({})
        policy.match({"x": [1]}, Budget(0))
        assert policy.encode() == []
        assert policy == Policy.ANY
        assert not policy
        assert len(policy) == 0


def test_all_statements_have_to_hold() -> None:
    policy = Policy.decode([T, ["==", ".y", 2]])
    assert policy
    assert len(policy) == 2
    policy.match({"x": 1, "y": 2})
    for args in ({"x": 1, "y": 1}, {"x": 2, "y": 2}, {}):
        with pytest.raises(MatchError):
            policy.match(dict(args))


@pytest.mark.parametrize("value", [None, {}, "[]", 1, b"", LINK, {"0": T}], ids=str)
def test_only_a_list_is_a_policy(value: Value) -> None:
    with pytest.raises(PolicyError, match="a policy is a list of statements, not ") as caught:
        Policy.decode(value)
    assert isinstance(caught.value, DecodeError)


def test_encode_gives_what_was_decoded() -> None:
    forms: list[Value] = [
        ["==", '.a["b"]??[0][1:].', {"b": [1, 1.0, True, None, b"\x01", LINK], "a": 2**70}],
        [">=", ".", 1.0],
        ["like", ".", "a\\*\\b*"],
        ["any", ".x", ["not", ["or", [["and", []], ["all", ".", T]]]]],
    ]
    assert repr(Policy.decode(forms).encode()) == repr(forms)
    assert dagcbor.encode(Policy.decode(forms).encode()) == dagcbor.encode(forms)


def test_nobody_changes_a_policy_from_outside() -> None:
    forms: Any = [["==", ".x", {"a": [1]}], T]
    before = deepcopy(forms)
    policy = Policy.decode(forms)
    forms[0][2]["a"].append(2)
    forms.append(T)
    encoded: Any = policy.encode()
    assert encoded == before
    encoded[0][2]["a"].append(2)
    encoded[1][2] = 2
    assert policy.encode() == before
    assert policy == Policy.decode(before)


def test_equal_policies() -> None:
    one: list[Value] = [["==", ".x", {"a": 1, "b": 2}]]
    same: list[Value] = [["==", ".x", {"b": 2.0, "a": 1}]]
    other: list[Value] = [["==", ".x", {"a": True, "b": 2}]]
    assert Policy.decode(one) == Policy.decode(same)
    assert hash(Policy.decode(one)) == hash(Policy.decode(same))
    assert Policy.decode(one) != Policy.decode(other)
    assert Policy.decode(one) != one
    assert repr(Policy.decode(one)) == 'Policy([["==",".x",{"a":1,"b":2}]])'


# -- bounds ----------------------------------------------------------------------------------------------------------


def test_statements_are_counted_wherever_they_stand() -> None:
    wide: list[Value] = [T] * MAX_STATEMENTS
    assert len(Policy.decode(wide)) == MAX_STATEMENTS
    with pytest.raises(PolicyError, match=r"^policy\[1024\]: a policy has at most 1024 statements"):
        Policy.decode([*wide, T])
    Policy.decode([["and", [T] * (MAX_STATEMENTS - 1)]])
    with pytest.raises(PolicyError, match=r"^policy\[0\]\[1\]\[1023\]: a policy has at most 1024"):
        Policy.decode([["and", [T] * MAX_STATEMENTS]])
    Policy.decode([["not", T]] * (MAX_STATEMENTS // 2))
    with pytest.raises(PolicyError, match=r"^policy\[512\]: a policy has at most 1024"):
        Policy.decode([["not", T]] * (MAX_STATEMENTS // 2 + 1))
    with pytest.raises(PolicyError, match="at most 1024"):
        Policy.decode([["all", ".", T], ["any", ".", T]] * (MAX_STATEMENTS // 4 + 1))


def test_nesting_of_statements_is_bounded() -> None:
    statement: Value = T
    for _ in range(MAX_DEPTH - 2):
        statement = ["not", statement]
    Policy.decode([statement]).match({"x": 1})
    with pytest.raises(PolicyError, match="nested at most 64 deep") as caught:
        Policy.decode([["not", statement]])
    assert caught.value.place == "[0]" + "[1]" * (MAX_DEPTH - 1)


def test_nesting_of_literals_is_bounded() -> None:
    literal = nested(1, MAX_DEPTH - 2)
    Policy.decode([["==", ".x", literal]]).match({"x": literal})
    with pytest.raises(PolicyError, match="nested at most 64 deep"):
        Policy.decode([["==", ".x", [literal]]])
    with pytest.raises(PolicyError, match="nested at most 64 deep") as caught:
        Policy.decode([["==", ".x", {"a": literal}]])
    assert caught.value.place.startswith('[0][2]["a"][0][0]')


def test_endless_nesting_is_refused() -> None:
    with pytest.raises(PolicyError, match="nested at most 64 deep"):
        Policy.decode([["==", ".x", nested(1, 100_000)]])
    circle: list[Value] = []
    circle.append(circle)
    with pytest.raises(PolicyError, match="nested at most 64 deep"):
        Policy.decode(circle)


@pytest.mark.parametrize(
    ("literal", "place", "reason"),
    [
        (float("nan"), "", "a number is finite, not nan"),
        (float("inf"), "", "a number is finite, not inf"),
        ([1, -float("inf")], "[1]", "a number is finite, not -inf"),
        ({"a": [object()]}, '["a"][0]', "not a DAG-CBOR value: a Python object"),
        ((1, 2), "", "not a DAG-CBOR value: a Python tuple"),
        ({"a": {1: 2}}, '["a"]', "a map's key is a string, not a number"),
    ],
)
def test_what_dag_cbor_cannot_say_is_refused(literal: Any, place: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Policy.decode([T, ["==", ".x", literal]])
    assert (caught.value.place, caught.value.reason) == ("[1][2]" + place, reason)


def test_deep_arguments_are_matched_without_recursion() -> None:
    deep, other = nested(1, 50_000), nested(2, 50_000)
    pairs: list[Value] = [deep, other]
    reason([["==", ".x", [1]], ["any", ".", T]], {"x": deep})
    reason([["==", ".x[0]", 1]], {"x": pairs})
    maps: Value = 1
    for _ in range(50_000):
        maps = {"a": maps}
    assert 'matching ".x": {"a":{"a":' in reason([["like", ".x", "a"]], {"x": maps})
    circle: list[Value] = []
    circle.append(circle)
    assert reason([["==", ".x", 1]], {"x": circle}).endswith("does not equal 1")


# -- refusals --------------------------------------------------------------------------------------------------------

# Policy, arguments, the text behind the prefix.
TEXTS: Final[list[tuple[list[Any], dict[str, Value], str]]] = [
    ([["==", ".a", "1"]], {"a": "2"}, '[0] ["==",".a","1"]: matching ".a": "2" does not equal "1"'),
    ([T, ["!=", ".a", 1]], {"x": 1, "a": 1.0}, '[1] ["!=",".a",1]: matching ".a": 1.0 equals 1'),
    ([["==", ".a", None]], {}, '[0] ["==",".a",null]: matching ".a": nothing is there'),
    ([["!=", ".a", 1]], {}, '[0] ["!=",".a",1]: matching ".a": nothing is there'),
    ([["==", ".a?", 1]], {}, '[0] ["==",".a?",1]: matching ".a?": null does not equal 1'),
    ([["<", ".a", 1]], {"a": 1}, '[0] ["<",".a",1]: matching ".a": 1 is not less than 1'),
    ([["<=", ".a", 1]], {"a": 2}, '[0] ["<=",".a",1]: matching ".a": 2 is not at most 1'),
    ([[">", ".a", 1]], {"a": 0.5}, '[0] [">",".a",1]: matching ".a": 0.5 is not greater than 1'),
    ([[">=", ".a", 1]], {"a": -1}, '[0] [">=",".a",1]: matching ".a": -1 is not at least 1'),
    ([[">=", ".a", 1]], {"a": True}, '[0] [">=",".a",1]: matching ".a": true is not a number'),
    ([["like", ".a", "x*"]], {"a": "y"}, '[0] ["like",".a","x*"]: matching ".a": "y" is not like "x*"'),
    ([["like", ".a", "x*"]], {"a": [1]}, '[0] ["like",".a","x*"]: matching ".a": [1] is not a string'),
    ([["like", ".a", "x*"]], {}, '[0] ["like",".a","x*"]: matching ".a": nothing is there'),
    ([["not", T]], {"x": 1}, '[0] ["not",["==",".x",1]]: the statement in it holds'),
    ([["and", [T, ["<", ".x", 1]]]], {"x": 1}, '[0][1][1] ["<",".x",1]: matching ".x": 1 is not less than 1'),
    ([["or", [T, T]]], {"x": 2}, '[0] ["or",[["==",".x",1],["==",".x",1]]]: none of its 2 statements holds'),
    ([["all", ".a", T]], {"a": 1}, '[0] ["all",".a",["==",".x",1]]: matching ".a": 1 is neither a list nor a map'),
    (
        [["any", ".a", T]],
        {"a": b""},
        '[0] ["any",".a",["==",".x",1]]: matching ".a": {"/":{"bytes":""}} is neither a list nor a map',
    ),
    ([["any", ".a", T]], {}, '[0] ["any",".a",["==",".x",1]]: matching ".a": nothing is there'),
    (
        [["all", ".a", ["<", ".", 2]]],
        {"a": [1, 2]},
        '[0] ["all",".a",["<",".",2]]: matching ".a": member 1: matching ".": 2 is not less than 2',
    ),
    (
        [["all", ".a", ["and", [["<", ".", 2]]]]],
        {"a": {"k": 3}},
        '[0] ["all",".a",["and",[["<",".",2]]]]: matching ".a": member "k": matching ".": 3 is not less than 2',
    ),
    (
        [["any", ".a", ["<", ".", 2]]],
        {"a": [2, 3]},
        '[0] ["any",".a",["<",".",2]]: matching ".a": none of 2 members satisfies ["<",".",2]',
    ),
]


@pytest.mark.parametrize(("policy", "args", "text"), TEXTS)
def test_a_refusal_says_which_statement_and_why(policy: list[Any], args: dict[str, Value], text: str) -> None:
    assert reason(policy, args) == text


def test_a_refusal_is_short_however_long_the_values() -> None:
    long = "x" * 100_000
    deep: Any = ["==", ".", 0]
    for _ in range(30):
        deep = ["all", ".", deep]
    cases: list[tuple[Any, dict[str, Value]]] = [
        (["==", ".a", long], {"a": long + "y"}),
        (["==", ".a", [long] * 100], {"a": {long: long}}),
        (["==", f".{'a' * 2000}?", 1], {}),
        (["like", ".a", long[:2000]], {"a": long}),
        (["==", ".a", 10**5000], {"a": 10**5000 + 1}),
        (["<", ".a", -(10**5000)], {"a": 10**5000}),
        (["==", ".a", 1], {"a": long.encode()}),
        (["or", [["==", ".a", long]] * 1000], {"a": 1}),
        (["not", ["or", [["==", ".a", 1]] * 1000]], {"a": 1}),
        (deep, {"a": nested(1, 40)}),
        (["all", ".", ["==", ".", 1]], {long: 2}),
    ]
    for statement, args in cases:
        text = reason([statement], args)
        assert len(PREFIX + text) <= MAX_MESSAGE == 500
        assert "…" in text or "bits" in text


def test_a_refusal_can_be_written_as_utf_8() -> None:
    text = reason([["==", ".a", 1]], {"a": "\ud800"})
    assert text.encode()
    assert '"\\ud800" does not equal 1' in text


def test_a_refusal_is_written_even_deep_in_the_stack() -> None:
    """Half of Python's stack is in use; values and statements of any depth still fit into the rest."""
    statement: Any = ["all", ".", ["==", ".", 0]]
    for _ in range(MAX_DEPTH - 4):
        statement = ["all", ".", statement]
    args: dict[str, Value] = {"a": nested([1], MAX_DEPTH + 100)}

    def descend(levels: int) -> str:
        return descend(levels - 1) if levels else reason([statement], args)

    assert "member 0" in descend(sys.getrecursionlimit() // 2)


@pytest.mark.parametrize(
    ("value", "room", "text"),
    [
        ([1, [True, None], {"a": 1.5, "é": "x"}], 80, '[1,[true,null],{"a":1.5,"é":"x"}]'),
        ([], 2, "[]"),
        ({}, 2, "{}"),
        ([[]], 3, "[[…"),
        ([1, 2, 3], 7, "[1,2,3]"),
        ([1, 2, 3], 6, "[1,2,…"),
        ({"abc": 1}, 9, '{"abc":1}'),
        ({"abc": 1}, 8, '{"abc":…'),
        ("abc", 5, '"abc"'),
        ("abcd", 5, '"abc…'),
        ('"\n', 80, '"\\"\\n"'),
        (b"\x01", 80, '{"/":{"bytes":"AQ"}}'),
        (LINK, 200, f'{{"/":"{LINK}"}}'),
        (2**256 - 1, 80, str(2**256 - 1)),
        (2**256, 80, "<integer of 257 bits>"),
        (object(), 80, "<a Python object>"),
    ],
)
def test_values_are_shown_as_far_as_there_is_room(value: Any, room: int, text: str) -> None:
    assert shown(value, room) == text


def test_values_are_looked_at_no_further_than_they_are_shown() -> None:
    class Endless(list[Value]):
        """A list that can be walked for a hundred members, and not all the way."""

        def __iter__(self) -> Iterator[Value]:
            yield from range(100)
            pytest.fail("looked too far")

    assert shown(Endless()).startswith("[0,1,2,")
    assert shown([[Endless()]] * 10).startswith("[[[0,1,2,")
    # Not even what stands behind a key that has used up the room.
    assert len(_text({"k" * 100: "x" * 100_000}, 80)) < 200


# -- portability -----------------------------------------------------------------------------------------------------

# Statement, place, words of the remark; "" where there is nothing to remark.
REMARKS: Final[list[tuple[Any, str, str]]] = [
    (["==", '.a.["b c"]?[0][-1].', [1, "1.5", None, True, 2**70]], "", ""),
    (["==", ".a[1:3]", 1], "", ""),
    (["==", ".a[:3]", 1], "", ""),
    (["==", ".a[3:]", 1], "", ""),
    (["<", ".a", 2**63 - 1], "", ""),
    ([">", ".a", -(2**63)], "", ""),
    (["like", ".a", "a*b\\?\\[\\{\\\\\\*]}"], "", ""),
    (["like", ".a", "*a*a"], "", ""),
    (["like", ".a", "a*b*a"], "", ""),
    (["like", ".a", "*"], "", ""),
    (["like", ".a", "a*b"], "", ""),
    (["==", ".a??", 1], "[1]", 'repeated "?"'),
    (["!=", ".a???.b??", 1], "[1]", 'repeated "?"'),
    (["<", ".a[:]", 1], "[1]", '"[:]"'),
    (["like", ".a[-1:]", ""], "[1]", "slice"),
    (["all", ".a[:-1]", T], "[1]", "slice"),
    (["all", ".a[3:1]", T], "[1]", "slice"),
    (["==", '.["\\u0061"]', 1], "[1]", "escapes in a quoted key"),
    (["==", '.[""]', 1], "[1]", "[0]"),
    (["any", ".a[]", T], "[1]", '"[]"'),
    (["==", ".a", 1.0], "[2]", "floats"),
    (["==", ".a", {"a": [{"b": 0.5}]}], "[2]", "floats"),
    (["<", ".a", 1.5], "[2]", "floats"),
    (["==", ".a", [None, 1]], "[2]", "begins with null"),
    (["!=", ".a", {"a": [[None, "b"]]}], "[2]", "begins with null"),
    (["==", ".a", [None, None]], "", ""),
    (["==", ".a", [1, None]], "", ""),
    (["<", ".a", 2**63], "[2]", "64-bit"),
    (["<", ".a", -(2**63) - 1], "[2]", "64-bit"),
    (["like", ".a", "a?"], "[2]", 'write "\\?"'),
    (["like", ".a", "[a]"], "[2]", 'write "\\["'),
    (["like", ".a", "\\\\{a}"], "[2]", 'write "\\{"'),
    (["like", ".a", "a*a"], "[2]", "overlap"),
    (["like", ".a", "/ab/*/b"], "[2]", "overlap"),
    (["like", ".a", "ab*babc"], "[2]", "overlap"),
]


@pytest.mark.parametrize(("statement", "place", "words"), REMARKS)
def test_what_ucantone_reads_differently_is_remarked(statement: Any, place: str, words: str) -> None:
    cases: list[tuple[str, list[Value]]] = [
        ("[1]", statement),
        ("[1][1]", ["not", statement]),
        ("[1][1][1]", ["or", [T, statement]]),
        ("[1][2]", ["all", ".x", statement]),
    ]
    if statement[0] in ("all", "any"):
        del cases[1:3]  # where it is found at all
    for within, around in cases:
        remarks = Policy.decode([T, around]).portability()
        if words:
            (remark,) = remarks
            assert remark.startswith(f"{within}{place}: ")
            assert words in remark
        else:
            assert remarks == []


ALL: Final[Value] = ["all", ".l", T]
NULL: Final[Value] = ["!=", ".x", None]


@pytest.mark.parametrize(
    ("policy", "places"),
    [
        ([["not", ALL]], ["[0][1]"]),
        ([["not", ["any", ".l", T]]], ["[0][1]"]),
        ([["and", [T, ALL]], ["or", [ALL]]], ["[0][1][1]", "[1][1][0]"]),
        ([["all", ".l", ["or", [ALL, T]]]], ["[0][2][1][0]"]),
        ([["and", [["not", ["any", ".l", ["not", ALL]]]]]], ["[0][1][0][1]", "[0][1][0][1][2][1]"]),
        ([["not", NULL]], ["[0][1]"]),
        ([["or", [T, NULL]]], ["[0][1][1]"]),
        ([["and", [["not", ["==", ".x", None]]]]], ["[0][1][0][1]"]),
        ([ALL, ["any", ".l", ALL], NULL, ["all", ".l", NULL], ["all", ".l", ["not", T]], ["not", ["==", ".x", [None]]]], []),
    ],
)
def test_what_ucantone_does_not_find_again_is_remarked(policy: Any, places: list[str]) -> None:
    """Of `all` and `any`, ucantone's `Statement.Argument` gives nothing that is a statement, and of null it panics."""
    assert [remark.partition(":")[0] for remark in Policy.decode(policy).portability()] == places


def test_remarks_come_in_the_order_of_the_policy() -> None:
    policy = Policy.decode([["==", ".a??[:]", 1.5], ["or", [["like", ".a", "?["], ["<", ".b??", 1]]], ["not", ["<", ".", 0.5]]])
    assert [remark.partition(":")[0] for remark in policy.portability()] == [
        "[0][1]",
        "[0][1]",
        "[0][2]",
        "[1][1][0][2]",
        "[1][1][0][2]",
        "[1][1][1][1]",
        "[2][1][2]",
    ]
    assert Policy.ANY.portability() == []
