"""DAG-JSON (protocol §1.4): what is written can be read, and says the same."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import dagcbor, dagjson
from forge.cid import CID
from forge.dagcbor import MAX_DEPTH
from forge.errors import DagCborError, DagJsonError
from tests.core.values import VALUES, identical

LINK: Final = CID.of(b"\xf6")
V0: Final = CID.parse("QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJBY")

# Read both ways.
PAIRS: Final[list[tuple[Any, str]]] = [
    (None, "null"),
    (True, "true"),
    (False, "false"),
    (0, "0"),
    (-1, "-1"),
    ((1 << 64) - 1, "18446744073709551615"),
    (-(1 << 64) - 1, "-18446744073709551617"),
    (1.0, "1.0"),
    (-0.0, "-0.0"),
    (0.5, "0.5"),
    (1e-300, "1e-300"),
    ("", '""'),
    ("é🌍", '"é🌍"'),
    ('"\\\n\0', '"\\"\\\\\\n\\u0000"'),
    (b"", '{"/":{"bytes":""}}'),
    (b"\0", '{"/":{"bytes":"AA"}}'),
    (b"\0\0", '{"/":{"bytes":"AAA"}}'),
    (b"\xfb\xff\xfe", '{"/":{"bytes":"+//+"}}'),
    (LINK, '{"/":"bafyreifqwkmiw256ojf2zws6tzjeonw6bpd5vza4i22ccpcq4hjv2ts7cm"}'),
    (V0, '{"/":"QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJBY"}'),
    ([], "[]"),
    ([1, [None]], "[1,[null]]"),
    ({}, "{}"),
    ({"": 1, "a": {"b": []}}, '{"":1,"a":{"b":[]}}'),
    ({"bb": 1, "a": 2, "aa": 3}, '{"a":2,"aa":3,"bb":1}'),
    ({"\U00010000": 1, "\uffff": 2}, '{"\uffff":2,"\U00010000":1}'),
    ({"//": 1, "/a": 2, "bytes": 3}, '{"//":1,"/a":2,"bytes":3}'),
]


@pytest.mark.parametrize(("value", "text"), PAIRS, ids=lambda one: ascii(one)[:40] if isinstance(one, str) else None)
def test_both_ways(value: Any, text: str) -> None:
    assert dagjson.encode(value) == text
    assert dagjson.decode(text) == value
    assert type(dagjson.decode(text)) is type(value)
    assert dagjson.decode(text.encode()) == value
    assert dagjson.encode(dagjson.decode(text)) == text


def slashed(value: Any) -> bool:
    if isinstance(value, dict):
        return "/" in value or any(map(slashed, value.values()))
    return isinstance(value, list) and any(map(slashed, value))


@given(VALUES)
def test_decode_undoes_encode(value: Any) -> None:
    if slashed(value):
        with pytest.raises(DagJsonError, match=r'^the key "/" is reserved for links and bytes$'):
            dagjson.encode(value)
        return
    for indent in (None, 2):
        again = dagjson.decode(dagjson.encode(value, indent=indent))
        assert identical(dagcbor.decode(dagcbor.encode(again)), dagcbor.decode(dagcbor.encode(value)))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for candidate in (text, f'"{text}"', f'{{"/":"{text}"}}', f'{{"/":{{"bytes":"{text}"}}}}'):
        try:
            value = dagjson.decode(candidate)
        except DagJsonError:
            continue
        assert dagjson.decode(dagjson.encode(value)) == value
        assert dagcbor.decode(dagcbor.encode(value)) == value


def test_other_forms_that_say_the_same() -> None:
    assert dagjson.decode(' { "a" : [ 1 ,\n2 ] } ') == {"a": [1, 2]}
    assert dagjson.decode('{"b":1,"a":2}') == {"a": 2, "b": 1}
    assert identical(dagjson.decode("1e2"), 100.0)
    assert dagjson.decode('"\\u00e9\\ud83c\\udf0d"') == "é🌍"
    assert dagjson.decode('{"/":"zdpuAyvkgEDQm9TenwGkd5eNaosSxjgEYd8QatfPetgB1CdEZ"}') == CID.parse(
        "zdpuAyvkgEDQm9TenwGkd5eNaosSxjgEYd8QatfPetgB1CdEZ"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON: "),
        ("{", "not JSON: "),
        ("[1,]", "not JSON: "),
        ("1 2", "not JSON: "),
        ("'a'", "not JSON: "),
        ("nul", "not JSON: "),
        ("\ufeff1", "not JSON: "),
        ('"a\nb"', "not JSON: "),
        ("1" * 5000, "not JSON: "),
        ("NaN", "NaN is not a number"),
        ("[Infinity]", "Infinity is not a number"),
        ("-Infinity", "-Infinity is not a number"),
        ("1e999", "inf is not a number"),
        ('{"a":[-1e999]}', "-inf is not a number"),
        ('"\\ud800"', "a text is not Unicode"),
        ('{"\\udc00":1}', "a text is not Unicode"),
        ('["a\\ud800\\u0061"]', "a text is not Unicode"),
        ('{"a":1,"a":1}', "a key occurs twice in one map"),
        ('[{"a":{"b":1,"c":2,"b":3}}]', "a key occurs twice in one map"),
        ('{"a":1,"\\u0061":1}', "a key occurs twice in one map"),
        ('{"/":"x"}', "a link is "),
        ('{"/":""}', "a link is "),
        (f'{{"/":"{str(LINK)[:-1]}"}}', "a link is "),
        (f'{{"/":"{LINK}","a":1}}', 'the key "/" is reserved'),
        ('{"/":1}', 'the key "/" is reserved'),
        ('{"/":null}', 'the key "/" is reserved'),
        ('{"/":[]}', 'the key "/" is reserved'),
        ('{"/":{}}', 'the key "/" is reserved'),
        ('{"/":{"bytes":1}}', 'the key "/" is reserved'),
        ('{"/":{"bytes":"AA","a":1}}', 'the key "/" is reserved'),
        ('{"/":{"Bytes":"AA"}}', 'the key "/" is reserved'),
        ('{"/":{"bytes":"AA"},"a":1}', 'the key "/" is reserved'),
        ('{"a":{"/":true}}', 'the key "/" is reserved'),
        ('{"/":{"bytes":"AA=="}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"AA="}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"A"}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"AB"}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"A A"}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"_-"}}', "bytes are base64 without padding"),
        ('{"/":{"bytes":"é"}}', "bytes are base64 without padding"),
    ],
    ids=lambda one: ascii(one)[:40],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DagJsonError) as caught:
        dagjson.decode(text)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("data", [b"\xff", b'"\xe9"', b"\xef\xbb\xbf", b""], ids=repr)
def test_bytes_that_are_no_text(data: bytes) -> None:
    with pytest.raises(DagJsonError):
        dagjson.decode(data)


class Colour(str, Enum):  # noqa: UP042 - the kind whose str() is not its text
    RED = "red"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, (2,)), "[1,[2]]"),
        (MappingProxyType({"b": 1, "a": 2}), '{"a":2,"b":1}'),
        (Colour.RED, '"red"'),
        ({Colour.RED: Colour.RED}, '{"red":"red"}'),
    ],
    ids=repr,
)
def test_what_is_written_as_what(value: Any, text: str) -> None:
    assert dagjson.encode(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "nan is not a number"),
        ([float("inf")], "inf is not a number"),
        ({"a": float("-inf")}, "-inf is not a number"),
        (object(), "a object is nothing that DAG-JSON can say"),
        ({1}, "a set is nothing"),
        (bytearray(b"a"), "a bytearray is nothing"),
        ({1: 2}, "a map's key is int, not text"),
        ({"a": {None: 2}}, "a map's key is NoneType, not text"),
        ({"a": 1, b"b": 2}, "a map's key is bytes, not text"),
        ({"/": "x"}, 'the key "/" is reserved'),
        ([{"/": {"bytes": "AA"}}], 'the key "/" is reserved'),
        ({"/": 1, "a": 2}, 'the key "/" is reserved'),
        ("\ud800", "a text is not Unicode"),
        ({"\udfff": 1}, "a text is not Unicode"),
        (1 << 2048, "an integer has at most 256 bytes"),
        (-(1 << 2048) - 1, "an integer has at most 256 bytes"),
        (1 << 100_000, "an integer has at most 256 bytes"),
    ],
    ids=range(17),
)
def test_what_is_not_written(value: Any, reason: str) -> None:
    with pytest.raises(DagJsonError) as caught:
        dagjson.encode(value)
    assert str(caught.value).startswith(reason)
    if reason.startswith("the key") or isinstance(value, bytearray):
        return
    with pytest.raises(DagCborError):
        dagcbor.encode(value)


@pytest.mark.parametrize("number", [(1 << 2048) - 1, -(1 << 2048)], ids=["max", "min"])
def test_the_integers_that_dag_cbor_can_say(number: int) -> None:
    assert dagjson.decode(dagjson.encode(number)) == number


@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "maps"])
@pytest.mark.parametrize("core", ["1", '"a"', '{"/":{"bytes":"AA"}}', f'{{"/":"{LINK}"}}', "1.5", "null"])
def test_depth(before: str, after: str, core: str) -> None:
    """As deep as DAG-CBOR, and no deeper."""
    text = before * MAX_DEPTH + core + after * MAX_DEPTH
    value = dagjson.decode(text)
    assert dagjson.encode(value) == text
    assert dagcbor.decode(dagcbor.encode(value)) == value
    for inner in ("[]", "{}", f"{before}{core}{after}"):
        with pytest.raises(DagJsonError, match=f"^nested more than {MAX_DEPTH} deep$"):
            dagjson.decode(before * MAX_DEPTH + inner + after * MAX_DEPTH)
    too_deep: list[Any] = [[], {}, [value]]
    for deeper in too_deep:
        wrapped: Any = deeper
        for _ in range(MAX_DEPTH):
            wrapped = [wrapped]
        with pytest.raises(DagJsonError, match=f"^nested more than {MAX_DEPTH} deep$"):
            dagjson.encode(wrapped)


def test_indentation() -> None:
    assert dagjson.encode({"a": [1, b"x"]}, indent=2) == (
        '{\n  "a": [\n    1,\n    {\n      "/": {\n        "bytes": "eA"\n      }\n    }\n  ]\n}'
    )
