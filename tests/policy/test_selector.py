"""Selectors: what each form finds, and what is no selector (protocol §6.3)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.dagcbor import Value
from forge.errors import PolicyError
from forge.policy import Budget
from forge.policy.segment import NOTHING
from forge.policy.selector import MAX_SEGMENTS, MAX_SELECTOR, Selector
from tests.policy.evaluation import LAW, LINK, VALUES, identical, select

# One value of every kind.
KINDS: Final[dict[str, Value]] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "float": 1.5,
    "string": "héllo",
    "bytes": b"\x01\x02\x03",
    "link": LINK,
    "list": [10, None, "x"],
    "map": {"a": 1, "0": 2},
}

# Segment, and what it finds in the kinds in which it finds anything.
FOUND: Final[dict[str, dict[str, Any]]] = {
    "": dict(KINDS),
    ".a": {"map": 1},
    '["0"]': {"map": 2},
    "[0]": {"string": "h", "bytes": 1, "list": 10},
    "[1]": {"string": "é", "bytes": 2, "list": None},
    "[-1]": {"string": "o", "bytes": 3, "list": "x"},
    "[4]": {"string": "o"},
    "[1:]": {"string": "éllo", "bytes": b"\x02\x03", "list": [None, "x"]},
    "[:1]": {"string": "h", "bytes": b"\x01", "list": [10]},
    "[-2:-1]": {"string": "l", "bytes": b"\x02", "list": [None]},
    "[9:99]": {"string": "", "bytes": b"", "list": []},
    "[2:1]": {"string": "", "bytes": b"", "list": []},
    "[:]": {"string": "héllo", "bytes": b"\x01\x02\x03", "list": [10, None, "x"]},
    "[]": {"list": [10, None, "x"], "map": [2, 1]},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("segment", FOUND)
def test_every_segment_on_every_kind(segment: str, kind: str) -> None:
    expected = FOUND[segment].get(kind, NOTHING)
    assert identical(select("." + segment.removeprefix("."), KINDS[kind]), expected)
    # Optional, the same segment gives null where it finds nothing, and changes nothing where it finds something.
    assert identical(select("." + segment.removeprefix(".") + "?", KINDS[kind]), None if expected is NOTHING else expected)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        pytest.param(".a.b", {"a": {"b": 1}}, 1, id="path"),
        pytest.param(".a.", {"a": 1}, 1, id="trailing identity"),
        pytest.param(".a.[0]", {"a": [5]}, 5, id="identity before a bracket"),
        pytest.param(".?", 3, 3, id="optional identity"),
        pytest.param(".a.?", {}, NOTHING, id="an optional identity rescues nothing"),
        pytest.param(".a??", {}, None, id="repeated question marks say the same"),
        pytest.param(".a???", {"a": 1}, 1, id="repeated question marks on something"),
        pytest.param(".a?.b", {}, NOTHING, id="null of an optional has no parts"),
        pytest.param(".a?.b?", {}, None, id="null of an optional, optionally"),
        pytest.param(".a?.", {}, None, id="null of an optional is itself"),
        pytest.param(".a?.b?.c", {}, NOTHING, id="only the rest decides"),
        pytest.param(".a.b?", {}, NOTHING, id="a later question mark rescues nothing"),
        pytest.param(".a.b?", {"a": None}, None, id="null is there, its field is not"),
        pytest.param(".a?", {"a": None}, None, id="null that is there"),
        pytest.param(".a", {"a": None}, None, id="null is a value"),
        pytest.param(".a[0]", {"a": {"0": 1}}, NOTHING, id="no index in a map"),
        pytest.param(".a[00]", {"a": [4]}, 4, id="leading zeros"),
        pytest.param(".a[-0]", {"a": [4]}, 4, id="minus zero"),
        pytest.param(".a[-1]", {"a": []}, NOTHING, id="last of none"),
        pytest.param(".a[-2]", {"a": [1]}, NOTHING, id="before the first"),
        pytest.param(".[9223372036854775807]?", [1], None, id="greatest index"),
        pytest.param(".[-9223372036854775808:9223372036854775807]", [1, 2], [1, 2], id="widest slice"),
        pytest.param(".[1:][0]", "abc", "b", id="index of a slice"),
        pytest.param(".[1]", "a😀b", "😀", id="code points, not bytes"),
        pytest.param(".ä_1$-x", {"ä_1$-x": 1}, 1, id="name of many characters"),
        pytest.param("._", {"_": 1}, 1, id="name of one underscore"),
        pytest.param(".名前", {"名前": 1}, 1, id="letters of any script"),
        pytest.param('.["a b"]', {"a b": 1}, 1, id="quoted key"),
        pytest.param('.["a"]["b"]', {"a": {"b": 1}}, 1, id="brackets on brackets"),
        pytest.param('.[""]', {"": 1}, 1, id="empty quoted key"),
        pytest.param('.["\\""]', {'"': 1}, 1, id="quote in a quoted key"),
        pytest.param('.["\\\\"]', {"\\": 1}, 1, id="backslash in a quoted key"),
        pytest.param('.["\\u00e9\\n"]', {"é\n": 1}, 1, id="escapes are JSON's"),
        pytest.param('.["\\ud83d\\ude00"]', {"😀": 1}, 1, id="a pair of surrogates is one character"),
        pytest.param('.["\n"]', {"\n": 1}, 1, id="a newline stands for itself"),
        pytest.param('.["]"]', {"]": 1}, 1, id="bracket in a quoted key"),
        pytest.param('.["a?"]?.["."]?', {"a?": {".": 1}}, 1, id="marks in quoted keys are letters"),
    ],
)
def test_path(source: str, value: Value, expected: Any) -> None:
    assert identical(select(source, value), expected)


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        pytest.param(".a[].b", {"a": [{"b": 1}, {"b": 2}]}, [1, 2], id="the rest applies to each child, once"),
        pytest.param(".a[].b", {"a": [{"b": 1}, {}]}, NOTHING, id="one failure fails all"),
        pytest.param(".a[].b?", {"a": [{"b": 1}, {}, 3]}, [1], id="what an optional does not find is left out"),
        pytest.param(".a[].b?", {"a": [{"b": None}, {}]}, [None], id="null that is there stays"),
        pytest.param(".a[].b?.c", {"a": [{}]}, NOTHING, id="left out only if the rest is optional too"),
        pytest.param(".a[].b?.c?", {"a": [{}, {"b": {"c": 1}}, {"b": {}}]}, [1], id="left out at any later step"),
        pytest.param(".a[].b?.", {"a": [{}]}, [], id="nothing left is an empty stream"),
        pytest.param(".a[]", {"a": [[1], [2]]}, [[1], [2]], id="lists are not flattened"),
        pytest.param(".a[]", {"a": [1, None]}, [1, None], id="nulls are not dropped"),
        pytest.param(".a[][]", {"a": [[1, 2], [[3]], {"x": 4}]}, [1, 2, [3], 4], id="streams of streams are one stream"),
        pytest.param(".a[][]", {"a": [[1], 2]}, NOTHING, id="children without children"),
        pytest.param(".a[][0]", {"a": [[1, 2], "xy", b"\x05"]}, [1, "x", 5], id="index of each child"),
        pytest.param(".a[][1:]", {"a": [[1, 2], "xy"]}, [[2], "y"], id="slice of each child"),
        pytest.param(".a[]", {"a": []}, [], id="empty list"),
        pytest.param(".a[].b", {"a": []}, [], id="nothing fails on no children"),
        pytest.param(".a[]?", {"a": 1}, None, id="optional iterator on what has no children"),
        pytest.param(".a[]?.b", {"a": 1}, NOTHING, id="optional iterator, mandatory rest"),
        pytest.param(".a?[]", {}, NOTHING, id="iterator on null of an optional"),
        pytest.param(".a[]", {"a": {"bb": 1, "c": 2, "a": 3}}, [3, 2, 1], id="map values in DAG-CBOR's order"),
        pytest.param(".a[]", {"a": {"zz": 1, "é": 2, "z": 3}}, [3, 1, 2], id="in order of bytes, not of characters"),
        pytest.param(".[]", {"\ud800": 1, "a": 2}, [2, 1], id="keys that no decoder lets in"),
        pytest.param(".[][]", {"a": {"y": 1, "x": 2}, "b": [3]}, [2, 1, 3], id="maps within a stream"),
        pytest.param(".[]", "ab", NOTHING, id="strings have no children"),
        pytest.param(".[]", b"ab", NOTHING, id="bytes have no children"),
    ],
)
def test_stream(source: str, value: Value, expected: Any) -> None:
    assert identical(select(source, value), expected)


@pytest.mark.parametrize(
    ("source", "reason", "caret"),
    [
        ("", 'begins with "."', 0),
        ("a", 'begins with "."', 0),
        ('["a"]', 'begins with "."', 0),
        (" .a", 'begins with "."', 0),
        ("..", "two dots in a row", 1),
        ("..a", "two dots in a row", 1),
        (".a..b", "two dots in a row", 3),
        (".a..", "two dots in a row", 3),
        (".1", "a name begins with", 1),
        (".$a", "a name begins with", 1),
        (".-a", "a name begins with", 1),
        (".²", "a name begins with", 1),
        ("._²", 'expected ".", "[" or "?"', 2),
        (".a٣", 'expected ".", "[" or "?"', 2),
        (". a", "a name begins with", 1),
        (".a b", 'expected ".", "[" or "?"', 2),
        (".a?b", 'expected ".", "[" or "?"', 3),
        (".?a", 'expected ".", "[" or "?"', 2),
        (".a]", 'expected ".", "[" or "?"', 2),
        (".é!", 'expected ".", "[" or "?"', 2),
        (".[a]", 'expected "]", a key', 2),
        (".['a']", 'expected "]", a key', 2),
        (".[+1]", 'expected "]", a key', 2),
        (".[-]", 'expected "]", a key', 2),
        (".[ 0]", 'expected "]", a key', 2),
        (".[٣]", 'expected "]", a key', 2),
        (".[?]", 'expected "]", a key', 2),
        (".[", 'expected "]", a key', 2),
        (".[0", 'expected "]"', 3),
        (".[0 ]", 'expected "]"', 3),
        (".[1-2]", 'expected "]"', 3),
        (".[1.5]", 'expected "]"', 3),
        (".[1:2:3]", 'expected "]"', 5),
        (".[1:a]", 'expected "]"', 4),
        ('.["a"', 'expected "]"', 5),
        ('.["a]', "without its closing quote", 2),
        ('.["a\\"]', "without its closing quote", 2),
        ('.["\\x"]', "JSON string", 2),
        ('.["\\ud800"]', "JSON string", 2),
        (".[9223372036854775808]", "64 bits", 2),
        (".[-9223372036854775809]", "64 bits", 2),
        (".a[1:9223372036854775808]", "64 bits", 5),
        ("." + "[0]" * (MAX_SEGMENTS + 1), f"at most {MAX_SEGMENTS} segments", None),
        (".a" + ".[0]" * (MAX_SEGMENTS // 2), f"at most {MAX_SEGMENTS} segments", None),
    ],
)
def test_syntax_error_shows_its_place(source: str, reason: str, caret: int | None) -> None:
    with pytest.raises(PolicyError) as caught:
        Selector(source, "[3][1]")
    assert reason in caught.value.reason
    assert str(caught.value).startswith("policy[3][1]: not a selector: ")
    _, shown, under = caught.value.reason.split("\n")
    if caret is not None:
        assert shown == "    " + source
        assert under == "    " + " " * caret + "^"


def test_syntax_error_shows_the_surroundings_of_its_place_in_a_long_source() -> None:
    with pytest.raises(PolicyError) as caught:
        Selector("." + "a" * 500 + "!" + "b" * 500)
    _, shown, under = caught.value.reason.split("\n")
    assert len(shown) < 120
    assert shown[len(under) - 1] == "!"
    assert caught.value.place == ""


def test_syntax_error_keeps_the_caret_in_place_after_what_cannot_be_printed() -> None:
    with pytest.raises(PolicyError) as caught:
        Selector('.["\n\u202e"]!')
    _, shown, under = caught.value.reason.split("\n")
    assert shown == '    .["\ufffd\ufffd"]!'
    assert shown[len(under) - 1] == "!"


def test_bounds_of_size_are_exact() -> None:
    assert select("." + "[0]?" * (MAX_SEGMENTS - 1), 1) is None
    assert select("." + "a" * (MAX_SELECTOR - 1), {"a" * (MAX_SELECTOR - 1): 5}) == 5
    with pytest.raises(PolicyError, match=r"policy\[0\]\[1\]: a selector has at most 2048 characters, this has 2049"):
        Selector("." + "a" * MAX_SELECTOR, "[0][1]")


def test_source_is_kept() -> None:
    assert Selector('.a["b"]??').source == '.a["b"]??'
    assert repr(Selector(".a")) == "Selector('.a')"


@LAW
@given(st.text(max_size=100), VALUES)
def test_any_key_can_be_quoted(key: str, value: Value) -> None:
    for ascii_only in (True, False):
        assert identical(select(f".[{json.dumps(key, ensure_ascii=ascii_only)}]", {key: value, key + "x": 0}), value)


@LAW
@given(st.lists(st.integers(0, 255), max_size=6), st.none() | st.integers(-8, 8), st.none() | st.integers(-8, 8))
def test_slices_are_pythons(items: list[Value], start: int | None, stop: int | None) -> None:
    source = f".[{'' if start is None else start}:{'' if stop is None else stop}]"
    text = "".join(map(str, items))
    assert select(source, items) == items[start:stop]
    assert select(source, text) == text[start:stop]
    assert select(source, text.encode()) == text.encode()[start:stop]


@LAW
@given(st.lists(st.integers(0, 255), max_size=6), st.integers(-8, 8))
def test_indices_are_pythons(items: list[Value], index: int) -> None:
    expected = items[index] if -len(items) <= index < len(items) else NOTHING
    assert select(f".[{index}]", items) is expected
    assert select(f".[{index}]", bytes(map(int, map(str, items)))) is expected


@LAW
@given(VALUES)
def test_selecting_changes_nothing(value: Value) -> None:
    before = repr(value)
    for source in (".[][]?", ".[]?.a?", ".[1:]?", ".[][1:]?[]?"):
        select(source, value)
    assert repr(value) == before


def test_work_is_paid_for() -> None:
    def steps(source: str, value: Value) -> int:
        budget = Budget()
        Selector(source).resolve(value, budget)
        return budget.spent

    assert steps(".", [1]) == 0
    assert steps(".a.b", {"a": {"b": 1}}) == 2
    assert steps(".[]", [0] * 100) == 101
    assert steps(".[][0]?", [0] * 100) == 201
    assert steps(".[]", {str(number): 0 for number in range(100)}) == 101
    assert steps(".[]", {"k" * 51_200: 0}) == 102
    assert steps(".[1:]", [0] * 3201) == 101
    assert steps(".[1:]", "x" * 51_201) == 101
    assert steps(".[5:1]", "x" * 51_201) == 1
    assert steps(".[9:1]", b"x" * 51_201) == 1
