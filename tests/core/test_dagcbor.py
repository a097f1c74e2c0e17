"""DAG-CBOR, departure by departure: whatever is not the one encoding of a value is refused, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, Final

import pytest

from forge import dagcbor
from forge.cid import CID
from forge.dagcbor import MAX_BIGNUM_BYTES, MAX_DEPTH
from forge.did import DID
from forge.errors import DagCborError
from tests.core.principals import DIDS
from tests.core.raw import ARRAY, BREAK, BYTES, MAP, NINT, SIMPLE, TAG, TEXT, UINT, Pairs, Raw, cbor, head, indefinite
from tests.core.values import identical

LINK: Final = CID.of(b"\xf6")
# The first argument that needs a head of this width, and the widest that does not.
LEAST: Final = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
MAJORS: Final = {"integer": UINT, "negative": NINT, "bytes": BYTES, "text": TEXT, "array": ARRAY, "map": MAP, "tag": TAG}


def content(major: int, count: int) -> bytes:
    """What has to follow a head so that nothing but the head is wrong."""
    if major in (BYTES, TEXT):
        return b"a" * count
    if major == ARRAY:
        return b"\0" * count
    if major == MAP:
        return b"".join(cbor(f"{index:05}") + b"\0" for index in range(count))
    return b"\x40" if major == TAG else b""


def longer_heads() -> dict[str, tuple[bytes, int, str]]:
    cases = {}
    for name, major in MAJORS.items():
        for width, least in LEAST.items():
            for argument in {0, 1, 23, least - 1} if least < 1 << 32 else {0, 1, 23}:
                data = head(major, argument, width) + content(major, argument)
                cases[f"{name} {argument} in {width} bytes"] = (data, 0, f"{argument} is not in its shortest form")
    return cases


def links() -> dict[str, tuple[bytes, int, str]]:
    digest = bytes(range(32))
    bad = {
        "without 00": (bytes(LINK), "a link does not begin with the identity multibase prefix 00"),
        "empty": (b"", "a link does not begin with the identity multibase prefix 00"),
        "of 00 alone": (b"\0", "not a CID"),
        "with 01 for 00": (b"\x01" + bytes(LINK), "a link does not begin with the identity multibase prefix 00"),
        "with text's multibase": (b"b" + str(LINK).encode(), "a link does not begin with the identity multibase prefix 00"),
        "of version 2": (b"\0\x02\x71\x12\x20" + digest, "a CID's version is 0 or 1, not 2"),
        "of version 0 in long form": (b"\0\0\x71\x12\x20" + digest, "a CID's version is 0 or 1, not 0"),
        "of 18 and no version": (b"\0\x12\x1f" + digest[1:], "a CID's version is 0 or 1, not 18"),
        "with a byte behind": (b"\0" + bytes(LINK) + b"\0", "a CID announces a digest of 32 bytes and has 33"),
        "with a byte missing": (b"\0" + bytes(LINK)[:-1], "a CID announces a digest of 32 bytes and has 31"),
        "of version 0 with a byte behind": (b"\0\x12\x20" + digest + b"\0", "a version 0 CID has 34 bytes, this has 35"),
        "of version 0 with a byte missing": (b"\0\x12\x20" + digest[1:], "a version 0 CID has 34 bytes, this has 33"),
        "cut after the version": (b"\0\x01", "not a CID"),
        "cut after the codec": (b"\0\x01\x71", "not a CID"),
        "cut after the hash": (b"\0\x01\x71\x12", "not a CID"),
        "with a long varint": (b"\0\x81\0\x71\x12\x20" + digest, "not a CID"),
        "with a long codec": (b"\0\x01\xf1\0\x12\x20" + digest, "not a CID"),
        "with an endless varint": (b"\0\x01" + b"\xff" * 9 + b"\x01\x12\x20" + digest, "not a CID"),
        "over 512 bytes": (b"\0\x01\x55\0\xfe\x03" + bytes(510), "a CID has at most 512 bytes, this has 515"),
    }
    cases = {f"link {name}": (head(TAG, 42) + cbor(data), 0, reason) for name, (data, reason) in bad.items()}
    for name, other in {"text": "x", "an integer": 1, "an array": [b"\0"], "a map": {}, "null": None, "a link": LINK}.items():
        cases[f"link that holds {name}"] = (head(TAG, 42) + cbor(other), 0, "tag 42 does not hold a byte string")
    cases["link in chunks"] = (head(TAG, 42) + indefinite(BYTES) + cbor(b"\0" + bytes(LINK)) + BREAK, 2, "an indefinite length")
    return cases


def bignums() -> dict[str, tuple[bytes, int, str]]:
    cases = {}
    for sign, tag in {"positive": 2, "negative": 3}.items():
        for name, data in {
            "of nothing": b"",
            "of 0": b"\0",
            "of one byte": b"\x01",
            "of 64 bits": b"\xff" * 8,
            "with a zero before": b"\0\x01" + bytes(8),
            "that is a small one with zeros before": bytes(9) + b"\x01",
        }.items():
            cases[f"{sign} bignum {name}"] = (head(TAG, tag) + cbor(data), 0, "a bignum is not in its shortest form")
        cases[f"{sign} bignum too long"] = (
            head(TAG, tag) + cbor(b"\x01" + bytes(MAX_BIGNUM_BYTES)),
            0,
            f"a bignum has at most {MAX_BIGNUM_BYTES} bytes",
        )
        cases[f"{sign} bignum that holds text"] = (head(TAG, tag) + cbor("x" * 9), 0, f"tag {tag} does not hold a byte string")
    return cases


def others() -> dict[str, tuple[bytes, int, str]]:
    simple = "a simple value or a short float, which DAG-CBOR does not have"
    cases = {
        "undefined": (b"\xf7", 0, simple),
        "half float": (b"\xf9\x3e\x00", 0, simple),
        "half float NaN": (b"\xf9\x7e\x00", 0, simple),
        "single float": (b"\xfa\x3f\xc0\x00\x00", 0, simple),
        "break alone": (BREAK, 0, simple),
        "simple 0": (b"\xe0", 0, simple),
        "simple 19": (b"\xf3", 0, simple),
        "simple in two bytes": (b"\xf8\x20", 0, simple),
        "false in two bytes": (b"\xf8\x14", 0, simple),
        "simple 255": (b"\xf8\xff", 0, simple),
        "NaN": (bytes.fromhex("fb7ff8000000000000"), 0, "a float is not finite"),
        "signalling NaN": (bytes.fromhex("fb7ff0000000000001"), 0, "a float is not finite"),
        "infinity": (bytes.fromhex("fb7ff0000000000000"), 0, "a float is not finite"),
        "negative infinity": (bytes.fromhex("fbfff0000000000000"), 0, "a float is not finite"),
        "text that is Latin-1": (b"\x61\xe9", 0, "a text is not UTF-8"),
        "text that ends within a character": (b"\x62a\xc3", 0, "a text is not UTF-8"),
        "text with an overlong slash": (b"\x62\xc0\xaf", 0, "a text is not UTF-8"),
        "text with a surrogate": (b"\x63\xed\xa0\x80", 0, "a text is not UTF-8"),
        "text beyond Unicode": (b"\x64\xf4\x90\x80\x80", 0, "a text is not UTF-8"),
    }
    cases |= {
        f"tag {tag}": (head(TAG, tag) + cbor(b"\0"), 0, f"tag {tag}, which DAG-CBOR does not have")
        for tag in (0, 1, 4, 23, 24, 41, 43, 258, 55799, 1 << 32, (1 << 64) - 1)
    }
    for name, major in {"bytes": BYTES, "text": TEXT, "array": ARRAY, "map": MAP}.items():
        cases[f"indefinite {name}"] = (indefinite(major) + BREAK, 0, "an indefinite length")
    cases["indefinite text in chunks"] = (indefinite(TEXT) + cbor("a") + cbor("b") + BREAK, 0, "an indefinite length")
    cases["indefinite array with items"] = (indefinite(ARRAY) + cbor(1) + BREAK, 0, "an indefinite length")
    for name, major in {"integer": UINT, "negative": NINT, "tag": TAG}.items():
        cases[f"indefinite {name}"] = (indefinite(major), 0, "an indefinite length")
    for name, major in MAJORS.items():
        for information in (28, 29, 30):
            cases[f"{name} with reserved head {information}"] = (bytes((major << 5 | information,)), 0, "a reserved head")
    for information in (28, 29, 30):
        cases[f"simple with reserved head {information}"] = (bytes((SIMPLE << 5 | information,)), 0, simple)
    return cases


def keys() -> dict[str, tuple[bytes, int, str]]:
    unsorted = {
        "longer first": ("bb", "a"),
        "greater first": ("b", "a"),
        "alphabetical": ("args", "sub"),
        "by characters and not by bytes": ("éé", "abc"),
        "greater third": ("a", "c", "b"),
        "empty last": ("a", ""),
        "long before short": ("x" * 24, "x" * 23),
    }
    cases = {}
    for name, names in unsorted.items():
        data = cbor(Pairs(*((key, 0) for key in names)))
        *before, last = names
        offset = len(data) - len(cbor(last)) - 1
        cases[f"keys {name}"] = (data, offset, f"the key {last.encode()!r} is out of order")
        assert before
    cases["keys twice"] = (cbor(Pairs(("a", 0), ("a", 0))), 4, "the key b'a' occurs twice")
    cases["keys twice with other values"] = (cbor(Pairs(("a", 0), ("a", 1))), 4, "the key b'a' occurs twice")
    cases["keys twice, empty"] = (cbor(Pairs(("", 0), ("", 1))), 3, "the key b'' occurs twice")
    cases["keys twice apart"] = (cbor(Pairs(("a", 0), ("b", 0), ("a", 0))), 7, "the key b'a' is out of order")
    for name, key in {
        "an integer": 1,
        "a negative integer": -1,
        "bytes": b"a",
        "null": None,
        "a boolean": True,
        "a float": 1.5,
        "an array": ["a"],
        "a map": {},
        "a link": LINK,
        "a break": Raw(BREAK),
    }.items():
        cases[f"key that is {name}"] = (cbor(Pairs((key, 0))), 1, "a map's key is not text")
    cases["key not in UTF-8"] = (cbor(Pairs((Raw(b"\x61\xff"), 0))), 1, "a key is not UTF-8")
    cases["key with a surrogate"] = (cbor(Pairs((Raw(b"\x63\xed\xb0\x80"), 0))), 1, "a key is not UTF-8")
    for width in (1, 2, 4, 8):
        cases[f"key with its length in {width} bytes"] = (
            cbor(Pairs((Raw(head(TEXT, 1, width) + b"a"), 0))),
            1,
            "1 is not in its shortest form",
        )
    cases["key of indefinite length"] = (cbor(Pairs((Raw(indefinite(TEXT) + b"\x61a\xff"), 0))), 1, "an indefinite length")
    cases["key with a reserved head"] = (cbor(Pairs((Raw(b"\x7c"), 0))), 1, "a reserved head")
    return cases


DEPARTURES: Final = longer_heads() | links() | bignums() | others() | keys()

PLACES: Final[dict[str, tuple[bytes, bytes]]] = {
    "alone": (b"", b""),
    "in an array": (b"\x81", b""),
    "first in an array": (b"\x82", b"\x00"),
    "last in an array": (b"\x82\x00", b""),
    "a value": (b"\xa1\x61a", b""),
    "the first value": (b"\xa2\x61a", b"\x61b\x00"),
    "the last value": (b"\xa2\x61a\x00\x61b", b""),
    "deep in arrays": (b"\x81" * (MAX_DEPTH - 1), b""),
    "deep in maps": (b"\xa1\x60" * (MAX_DEPTH - 1), b""),
    "in a map in an array in a map": (b"\xa1\x61a\x82\x00\xa2\x61b\x00\x62cc", b""),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", DEPARTURES)
def test_a_departure_is_refused_where_it_is(name: str, place: str) -> None:
    data, offset, reason = DEPARTURES[name]
    before, after = PLACES[place]
    with pytest.raises(DagCborError) as caught:
        dagcbor.decode(before + data + after)
    assert str(caught.value).startswith(reason)
    assert caught.value.offset == len(before) + offset
    assert f"(at byte {len(before) + offset})" in str(caught.value)


@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_good_for_something_else(place: str) -> None:
    before, after = PLACES[place]
    for value in (None, LINK, 1 << 64, -1 - (1 << 64), 1.5, "é" * 24, b"", [1, 2], {"a": 1, "bb": b""}):
        data = before + cbor(value) + after
        assert dagcbor.encode(dagcbor.decode(data)) == data


@pytest.mark.parametrize("name", DEPARTURES)
def test_a_departure_is_refused_by_read_and_read_map_too(name: str) -> None:
    data, offset, _ = DEPARTURES[name]
    with pytest.raises(DagCborError) as caught:
        dagcbor.read(b"\0\0" + data, 2)
    assert caught.value.offset == offset + 2
    with pytest.raises(DagCborError):
        dagcbor.read_map(data)
    with pytest.raises(DagCborError) as caught:
        dagcbor.read_map(b"\0\xa1\x61a" + data, 1)
    assert caught.value.offset == offset + 4


# -- the ends of things

WHOLE: Final[dict[str, Any]] = {
    "integers": [0, 24, 256, 65536, 1 << 32],
    "negatives": [-1, -25, -257, -65537, -1 - (1 << 32)],
    "bignums": [1 << 64, -1 - (1 << 64)],
    "floats": [1.5, -0.0],
    "bytes": [b"", b"a", bytes(24), bytes(256)],
    "texts": ["", "é", "a" * 24, "a" * 256],
    "links": [LINK, CID(b"\x12\x20" + bytes(32)), CID(b"\x01\x55\x00\x00")],
    "map": {"a": 1, "bb": {"c": [None, True, False]}, "x" * 24: {}},
    "simple": [None, True, False],
}


@pytest.mark.parametrize("name", WHOLE)
def test_truncated_at_every_byte(name: str) -> None:
    data = cbor(WHOLE[name])
    assert identical(dagcbor.decode(data), WHOLE[name])
    for end in range(len(data)):
        with pytest.raises(DagCborError):
            dagcbor.decode(data[:end])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the bytes end within an item"),
        (b"\x18", "the bytes end within a head"),
        (b"\x19\x01", "the bytes end within a head"),
        (b"\x1b" + bytes(7), "the bytes end within a head"),
        (b"\x42a", "the bytes end within a byte string"),
        (b"\x62a", "the bytes end within a text"),
        (b"\xfb" + bytes(7), "the bytes end within a float"),
        (b"\xa1\x62a", "the bytes end within a key"),
        (b"\xa1\x61a", "the bytes end within an item"),
        (b"\xa1", "announces 1 items, more than the bytes that are left"),
        (b"\x81", "announces 1 items, more than the bytes that are left"),
        (b"\xd8\x2a", "the bytes end within an item"),
        (b"\xd8\x2a\x42\0", "the bytes end within a byte string"),
        (b"\xc2", "the bytes end within an item"),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else None,
)
def test_where_the_bytes_end(data: bytes, reason: str) -> None:
    with pytest.raises(DagCborError, match=f"^{reason}"):
        dagcbor.decode(data)


def test_a_map_that_ends_early_is_refused_by_read_map() -> None:
    data = cbor({"a": 1, "bb": 2})
    for end in range(len(data)):
        with pytest.raises(DagCborError):
            dagcbor.read_map(data[:end])
    with pytest.raises(DagCborError, match=r"^the bytes end within a map \(at byte 3\)$"):
        dagcbor.read_map(b"\xa1\x61a")


@pytest.mark.parametrize("tail", [b"\0", b"\xf6", BREAK, b"\0" * 100], ids=len)
@pytest.mark.parametrize("name", WHOLE)
def test_trailing_bytes(name: str, tail: bytes) -> None:
    data = cbor(WHOLE[name])
    with pytest.raises(DagCborError) as caught:
        dagcbor.decode(data + tail)
    assert str(caught.value) == f"{len(tail)} bytes after the end of the item (at byte {len(data)})"
    # `read` stops there and says so.
    assert dagcbor.read(data + tail)[1] == len(data)


# -- depth

NESTED: Final[dict[str, Callable[[int, bytes], bytes]]] = {
    "arrays": lambda depth, core: b"\x81" * depth + core,
    "maps": lambda depth, core: b"\xa1\x60" * depth + core,
    "both": lambda depth, core: b"".join((b"\x81", b"\xa1\x61a")[level % 2] for level in range(depth)) + core,
    "second items": lambda depth, core: b"\x82\x00" * depth + core,
}
CORES: Final = {"null": None, "float": 1.5, "link": LINK, "bignum": 1 << 64, "text": "a", "bytes": b"a"}


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("shape", NESTED)
def test_64_levels_are_read_and_written(shape: str, core: str) -> None:
    data = NESTED[shape](MAX_DEPTH, cbor(CORES[core]))
    assert dagcbor.encode(dagcbor.decode(data)) == data


@pytest.mark.parametrize("shape", NESTED)
def test_65_levels_are_refused(shape: str) -> None:
    for core in (b"\x80", b"\xa0"):
        at_the_limit = NESTED[shape](MAX_DEPTH - 1, core)
        assert dagcbor.encode(dagcbor.decode(at_the_limit)) == at_the_limit
        with pytest.raises(DagCborError, match=f"^nested more than {MAX_DEPTH} deep"):
            dagcbor.decode(NESTED[shape](MAX_DEPTH, core))


@pytest.mark.parametrize("core", [[], {}, (), [1.5]], ids=repr)
def test_65_levels_are_not_written(core: Any) -> None:
    value = core
    for level in range(MAX_DEPTH):
        value = [value] if level % 2 else {"": value}
    with pytest.raises(DagCborError, match=f"nested more than {MAX_DEPTH} deep"):
        dagcbor.encode(value)


def test_a_value_that_holds_itself_is_not_written() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(DagCborError, match="nested more than"):
        dagcbor.encode(value)


# -- announced counts


@pytest.mark.parametrize("count", [1, 2, 23, 24, 255, 256, 1 << 16, 1 << 32, 1 << 62, (1 << 64) - 1])
@pytest.mark.parametrize("major", [BYTES, TEXT, ARRAY, MAP])
def test_more_is_announced_than_there_is(major: int, count: int) -> None:
    """Refused at the head: nothing is made for what is only announced."""
    for before in (b"", b"\x81", b"\xa1\x60"):
        with pytest.raises(DagCborError) as caught:
            dagcbor.decode(before + head(major, count))
        assert caught.value.offset == len(before)
    if major == MAP:
        with pytest.raises(DagCborError, match=f"announces {count} items"):
            dagcbor.read_map(head(major, count))
    if major == ARRAY:
        with pytest.raises(DagCborError, match=f"announces {count} items"):
            dagcbor.read_array(head(major, count))


def test_a_key_announces_more_than_there_is() -> None:
    with pytest.raises(DagCborError, match="the bytes end within a key"):
        dagcbor.decode(b"\xa1" + head(TEXT, (1 << 64) - 1) + b"a")


# -- parts of an item


def test_read_array() -> None:
    assert dagcbor.read_array(b"\xf6\x82\x01\x02", 1) == (2, 2)
    assert dagcbor.read_array(b"\x98\x18" + bytes(24)) == (24, 2)
    for data, offset, reason in (
        (b"\xa0", 0, "expected an array"),
        (b"\x40", 0, "expected an array"),
        (b"", 0, "expected an array, found the end"),
        (b"\x80", 1, "expected an array, found the end"),
        (b"\x98\x17" + bytes(23), 0, "23 is not in its shortest form"),
        (b"\x9f\xff", 0, "an indefinite length"),
    ):
        with pytest.raises(DagCborError, match=f"^{reason}") as caught:
            dagcbor.read_array(data, offset)
        assert caught.value.offset == offset


def test_read_map() -> None:
    data = b"\xf6" + cbor({"a": 1, "bb": [1, 2], "cc": "é"}) + b"\xf6"
    assert dagcbor.read_map(data, 1) == ({"a": 1, "bb": [1, 2], "cc": "é"}, len(data) - 1)
    assert dagcbor.read_map(b"\xa0") == ({}, 1)
    for wrong, reason in ((b"\x80", "expected a map"), (b"", "expected a map, found the end")):
        with pytest.raises(DagCborError, match=f"^{reason}"):
            dagcbor.read_map(wrong)


GENERATED: Final = Pairs(("external_id", "org-1"), ("region", "eu"))
"""A map as Go's cbor-gen writes a `map[string]string`: in the order of the alphabet."""


@pytest.mark.parametrize(
    "value", [GENERATED, [GENERATED], Pairs(("b", 1), ("cc", GENERATED)), Pairs(("cc", GENERATED), ("d", 1))]
)
def test_maps_in_the_order_of_the_alphabet_are_read_where_it_says_so(value: Any) -> None:
    data = cbor(Pairs(("a", value), ("bb", {"n": 1})))
    with pytest.raises(DagCborError, match="out of order"):
        dagcbor.read_map(data)
    with pytest.raises(DagCborError, match="out of order"):
        dagcbor.read_map(data, lax="bb")
    found, end = dagcbor.read_map(data, lax="a")
    assert end == len(data)
    assert dagcbor.encode_as_read(found) == data
    # Whatever is signed here has the one order.
    assert dagcbor.decode(dagcbor.encode(found)) == dagcbor.decode(dagcbor.encode_again(found)) == found


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Pairs(("a", 1), ("cc", 2), ("b", 3)), "the key b'b' is out of order"),
        (Pairs(("cc", 1), ("b", 2)), "the key b'b' is out of order"),
        (Pairs(("aa", 1), ("b", 2), ("b", 3)), "the key b'b' occurs twice"),
        (Pairs(("", 1), ("", 2)), "the key b'' occurs twice"),
        (Pairs(("a", 1), ("", 2)), "the key b'' is out of order"),
    ],
)
def test_a_map_in_neither_order_is_not_read(value: Any, reason: str) -> None:
    with pytest.raises(DagCborError) as caught:
        dagcbor.read_map(cbor({"a": value}), lax="a")
    assert str(caught.value).startswith(reason)


def test_the_map_itself_has_the_one_order() -> None:
    with pytest.raises(DagCborError, match="out of order"):
        dagcbor.read_map(cbor(GENERATED), lax="external_id")


def test_read_map_counts_depth_like_decode() -> None:
    deepest = b"\xa1\x60" + b"\x81" * (MAX_DEPTH - 1) + b"\x00"
    assert dagcbor.read_map(deepest)[0] == dagcbor.decode(deepest)
    deeper = b"\xa1\x60" + b"\x81" * MAX_DEPTH + b"\x00"
    for read in (dagcbor.read_map, dagcbor.decode):
        with pytest.raises(DagCborError, match="nested more than"):
            read(deeper)


@pytest.mark.parametrize("depth", [0, 4])
@pytest.mark.parametrize("head", [b"\x81", b"\xa1\x60"], ids=["arrays", "maps"])
def test_what_is_shallow_can_be_read(head: bytes, depth: int) -> None:
    """It may be wrong in one direction alone: what could be too deep is looked at."""
    most = head * (MAX_DEPTH - depth) + b"\x00"
    dagcbor.read(most, depth=depth)
    assert dagcbor.is_shallow(most, depth=depth)
    deeper = head + most
    assert not dagcbor.is_shallow(deeper, depth=depth)
    with pytest.raises(DagCborError, match="nested more than"):
        dagcbor.read(deeper, depth=depth)
    assert not dagcbor.is_shallow(dagcbor.encode(b"\x81" * 100))


@pytest.mark.parametrize("data", [b"", b"\x00"], ids=len)
def test_read_behind_the_end(data: bytes) -> None:
    with pytest.raises(DagCborError, match="the bytes end"):
        dagcbor.read(data, len(data))


# -- what is written


class Colour(str, Enum):  # noqa: UP042 - the kind whose str() is not its text
    RED = "red"


class Size(StrEnum):
    BIG = "big"


class Number(IntEnum):
    ONE = 1


class Real(float):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, "red"),
        ({Colour.RED: Colour.RED}, {"red": "red"}),
        (Size.BIG, "big"),
        (Number.ONE, 1),
        ([Number.ONE, True], [1, True]),
        (DID(DIDS["alice"]), DIDS["alice"]),
        ({DID(DIDS["alice"]): 1}, {DIDS["alice"]: 1}),
        ((1, (2,)), [1, [2]]),
        (bytearray(b"ab"), b"ab"),
        pytest.param(memoryview(b"ab"), b"ab", id="memory"),
        pytest.param(memoryview(b"abcd")[::2], b"ac", id="memory with gaps"),
        (MappingProxyType({"bb": 1, "a": 2}), {"a": 2, "bb": 1}),
        (Real(1.5), 1.5),
        (1.0, 1.0),
        (-0.0, -0.0),
        (5e-324, 5e-324),
        ({"éé": 1, "abc": 2, "z": 3}, {"z": 3, "abc": 2, "éé": 1}),
        ({"\U00010000": 1, "\ufffd_": 2, "\uffff": 3}, {"\uffff": 3, "\ufffd_": 2, "\U00010000": 1}),
    ],
    ids=repr,
)
def test_what_is_written_as_what(value: Any, expected: Any) -> None:
    data = dagcbor.encode(value)
    assert data == cbor(expected)
    decoded = dagcbor.decode(data)
    assert dagcbor.encode(decoded) == data
    if not isinstance(expected, dict):
        assert identical(decoded, expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "cannot be encoded: nan"),
        (float("inf"), "cannot be encoded: inf"),
        ([float("-inf")], "cannot be encoded: -inf"),
        (object(), "cannot be encoded: a object"),
        ({1, 2}, "cannot be encoded: a set"),
        (1j, "cannot be encoded: a complex"),
        ({1: 2}, "cannot be encoded: a map's key is int, not text"),
        ({b"a": 2}, "cannot be encoded: a map's key is bytes, not text"),
        ({None: 2}, "cannot be encoded: a map's key is NoneType, not text"),
        ("\ud800", "cannot be encoded: .*surrogates"),
        ({"\ud800": 1}, "cannot be encoded: .*surrogates"),
        (["a\udfff"], "cannot be encoded: .*surrogates"),
        (1 << 2048, "cannot be encoded: a bignum has at most 256 bytes"),
        (-(1 << 2048) - 1, "cannot be encoded: a bignum has at most 256 bytes"),
    ],
    ids=["nan", "inf", "-inf", "object", "set", "complex", "key 1", "key bytes", "key None", "s1", "s2", "s3", "big", "-big"],
)
def test_what_is_not_written(value: Any, reason: str) -> None:
    with pytest.raises(DagCborError, match=reason) as caught:
        dagcbor.encode(value)
    assert caught.value.offset is None


@pytest.mark.parametrize("number", [(1 << 2048) - 1, 1 - (1 << 2048), 1 << 64, -1 - (1 << 64)], ids=["max", "min", "+", "-"])
def test_the_largest_and_the_smallest_bignums(number: int) -> None:
    assert dagcbor.decode(dagcbor.encode(number)) == number
    assert dagcbor.encode(number) == cbor(number)


def test_a_negative_bignum_counts_from_minus_one() -> None:
    """The number whose magnitude is one more than what is written: it is its bytes that are counted."""
    smallest = -(1 << 2048)
    assert dagcbor.decode(cbor(smallest)) == smallest
    assert dagcbor.encode(smallest) == cbor(smallest)
