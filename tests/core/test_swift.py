"""Payload maps read by the library in C, where it is installed, and by our own reader: one cannot be told from the other."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forge import dagcbor, envelope, swift
from forge.allowance import Allowance
from forge.cid import CID
from forge.container import decode_token
from forge.dagcbor import MAX_BIGNUM_BYTES, MAX_DEPTH, Value
from forge.errors import DagCborError, TokenError
from forge.invocation import Invocation
from forge.receipt import Receipt
from tests.core import raw, shared
from tests.core.principals import ALICE, BOB, CAROL
from tests.core.raw import Pairs, Raw, cbor, head
from tests.core.tokens import ABSENT, delegation, delegation_payload, invocation, invocation_payload, receipt, seal
from tests.core.values import INTEGERS, LINKS, SCALARS, VALUES, identical, mutated, random_of
from tests.vectors import generate, golden

if swift.cbrrr is None:
    pytest.skip("cbrrr is not installed: there is nothing to compare", allow_module_level=True)

MUTATIONS: Final = 50
SEEDS: Final = st.integers(0, (1 << 64) - 1)
DEPTHS: Final = (0, 1, 2, 4, MAX_DEPTH - 1)
LINK: Final = CID.of(b"\xa0")
LINK_COST: Final = 4
"""A link among others: the item that it is, and three for reading it."""
MAPS: Final = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)


@contextmanager
def slowly() -> Iterator[None]:
    """Do as if the library were not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(swift, "cbrrr", None)
        yield


def outcome(data: bytes, offset: int, items: int | None, depth: int) -> tuple[Any, ...]:
    """What reading comes to: the value, where it ends and what it used up; or the error, and where."""
    allowance = Allowance() if items is None else Allowance(items)
    before = allowance.left
    try:
        value, end = dagcbor.read_map(data, offset, allowance, depth=depth)
    except DagCborError as error:
        return str(error), error.offset
    return value, end, before - allowance.left


def agreed(data: bytes, offset: int = 0, items: int | None = None, depth: int = 0) -> tuple[Any, ...]:
    """Read with and without the library, see that it is the same, and give it."""
    swiftly = outcome(data, offset, items, depth)
    with slowly():
        ours = outcome(data, offset, items, depth)
    assert identical(list(swiftly), list(ours)), data.hex()
    return ours


@contextmanager
def asked() -> Iterator[list[bool]]:
    """Note for each map whether the library read it."""
    with pytest.MonkeyPatch.context() as patch:
        found: list[bool] = []
        real = swift.read_map

        def spy(data: bytes, levels: int, link_cost: int) -> Any:
            read = real(data, levels, link_cost)
            found.append(read is not None)
            return read

        patch.setattr(swift, "read_map", spy)
        yield found


# -- reading ---------------------------------------------------------------------------------------------------------


@given(MAPS, st.sampled_from(DEPTHS))
def test_a_map_is_read_the_same(value: dict[str, Value], depth: int) -> None:
    agreed(cbor(value), depth=depth)


@given(st.dictionaries(st.text(max_size=4), SCALARS.filter(lambda one: not isinstance(one, int)), max_size=5))
def test_and_the_library_reads_it(value: dict[str, Value]) -> None:
    with asked() as found:
        read, _ = dagcbor.read_map(cbor(value))
    assert found == [True]
    assert read == value


@given(MAPS, SEEDS)
def test_near_valid_maps(value: dict[str, Value], seed: int) -> None:
    """What has something behind it is left to ours: the library reads all or nothing."""
    chance = random_of(seed)
    data = cbor(value)
    for _ in range(MUTATIONS):
        bent = mutated(data, chance)
        agreed(bent, depth=chance.choice(DEPTHS))
        agreed(b"\x82\0" + bent, 2)


@given(st.lists(st.binary(max_size=24), max_size=MUTATIONS))
@example([b"", b"\xa0", b"\xa0\x00", b"\x80", b"\xf6", b"\x40"])
def test_any_bytes(strings: list[bytes]) -> None:
    for data in strings:
        agreed(data)
        agreed(b"\xa1\x60" + data)


@given(VALUES.filter(lambda value: not isinstance(value, dict)))
def test_what_is_no_map_is_refused_the_same(value: Value) -> None:
    message, offset = agreed(cbor(value))
    assert (message, offset) == ("expected a map (at byte 0)", 0)


NESTED: Final = (lambda data: data, lambda data: b"\x82\0" + data, lambda data: b"\xa1\x61a" + data)
BAD: Final[dict[str, bytes]] = {
    "a key twice": cbor(Pairs(("a", 1), ("a", 2))),
    "keys out of order": cbor(Pairs(("b", 1), ("a", 2))),
    "a longer key first": cbor(Pairs(("aa", 1), ("b", 2))),
    "a key that is a number": cbor(Pairs((1, 1))),
    "a key that is bytes": cbor(Pairs((b"a", 1))),
    "a key that is not UTF-8": cbor(Pairs((Raw(b"\x61\xff"), 1))),
    "a long head of a map": head(raw.MAP, 0, 1),
    "a long head of a number": cbor({"a": Raw(head(raw.UINT, 1, 1))}),
    "a long head of a key": cbor(Pairs((Raw(head(raw.TEXT, 1, 1) + b"a"), 1))),
    "an indefinite map": b"\xbf\xff",
    "an indefinite array": cbor({"a": Raw(b"\x9f\xff")}),
    "an indefinite text": cbor({"a": Raw(b"\x7f\xff")}),
    "a surrogate": cbor({"a": Raw(b"\x63\xed\xa0\x80")}),
    "a text too long in UTF-8": cbor({"a": Raw(b"\x62\xc0\x80")}),
    "undefined": cbor({"a": Raw(b"\xf7")}),
    "a simple value": cbor({"a": Raw(b"\xf8\x20")}),
    "a half": cbor({"a": Raw(b"\xf9\x3c\0")}),
    "a single": cbor({"a": Raw(b"\xfa\x3f\x80\0\0")}),
    "not a number": cbor({"a": Raw(b"\xfb\x7f\xf8" + bytes(6))}),
    "infinity": cbor({"a": Raw(b"\xfb\x7f\xf0" + bytes(6))}),
    "another tag": cbor({"a": Raw(head(raw.TAG, 0) + b"\x61a")}),
    "a link of text": cbor({"a": Raw(head(raw.TAG, 42) + b"\x61a")}),
    "a link without its prefix": cbor({"a": Raw(head(raw.TAG, 42) + cbor(bytes(LINK)))}),
    "a link of nothing": cbor({"a": Raw(head(raw.TAG, 42) + b"\x40")}),
    "a link of a prefix": cbor({"a": Raw(head(raw.TAG, 42) + b"\x41\0")}),
    "a link that is no CID": cbor({"a": Raw(head(raw.TAG, 42) + cbor(b"\0\1\x55\x12\x20"))}),
    "a link with more behind it": cbor({"a": Raw(head(raw.TAG, 42) + cbor(b"\0" + bytes(LINK) + b"\0"))}),
    "a link in a long head": cbor({"a": Raw(head(raw.TAG, 42, 2) + cbor(b"\0" + bytes(LINK)))}),
    "a short bignum": cbor({"a": Raw(head(raw.TAG, 2) + b"\x41\1")}),
    "a bignum after a zero": cbor({"a": Raw(head(raw.TAG, 2) + cbor(b"\0\1" + bytes(8)))}),
    "cut in a key": b"\xa1\x62a",
    "cut in a value": b"\xa1\x61a\x42a",
    "cut before a value": b"\xa1\x61a",
    "more than there is": b"\xba\xff\xff\xff\xff",
    "much more than there is": b"\xbb" + b"\xff" * 8,
    "bytes behind it": b"\xa0\0",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
@pytest.mark.parametrize("within", NESTED, ids=["bare", "in an array", "in a map"])
def test_a_bad_map(data: bytes, within: Callable[[bytes], bytes]) -> None:
    result = agreed(within(data), len(within(b"")))
    if data != BAD["bytes behind it"]:
        assert isinstance(result[0], str)
    agreed(b"\xa1\x61a" + data)


def test_the_vectors_of_bad_blocks() -> None:
    if not shared.VECTORS.is_dir():
        pytest.skip("the shared vectors are not beside the checkout")
    for case in shared.read("dag-cbor/invalid.json")["invalid"]:
        agreed(bytes.fromhex(case["hex"]))
        agreed(b"\xa1\x61a" + bytes.fromhex(case["hex"]))
    for case in shared.read("dag-cbor/valid.json")["valid"].values():
        agreed(bytes.fromhex(case["hex"]))
        assert len(agreed(b"\xa1\x61a" + bytes.fromhex(case["hex"]))) == 3


# -- the limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("piece", [b"\xa1\x60", b"\x81"], ids=["maps", "arrays"])
def test_as_deep_as_may_be_and_no_deeper(depth: int, piece: bytes) -> None:
    room = MAX_DEPTH - depth
    with asked() as found:
        assert len(agreed(b"\xa1\x60" + piece * (room - 1) + b"\0", depth=depth)) == 3
        message, _ = agreed(b"\xa1\x60" + piece * room + b"\0", depth=depth)
    assert message.startswith(f"nested more than {MAX_DEPTH} deep")
    assert found == [True, False, False, False], "the library reads what may be, and without it nothing is read by it"


def test_there_is_no_room_for_a_map_at_all() -> None:
    assert agreed(b"\xa0", depth=MAX_DEPTH)[0].startswith("nested more than")


def test_depth_beyond_what_python_bears() -> None:
    for piece in (b"\x81", b"\xa1\x60"):
        data = b"\xa1\x60" + piece * ((swift.MAX_BYTES - 3) // len(piece)) + b"\0"
        assert len(data) <= swift.MAX_BYTES
        assert agreed(data)[0].startswith("nested more than")


COUNTED: Final[list[tuple[dict[str, Value], int]]] = [
    ({}, 0),
    ({"a": 1}, 1),
    ({"a": LINK}, LINK_COST),
    ({"a": [LINK, LINK, 1]}, 1 + 2 * LINK_COST + 1),
    ({"a": {"b": {}, "c": []}, "d": [[1], [2, 3]]}, 2 + 2 + 2 + 1 + 2),
    ({"a": [[LINK]], "b": {"c": LINK}}, 2 + 1 + LINK_COST + LINK_COST),
]


@pytest.mark.parametrize(("value", "items"), COUNTED, ids=[str(items) for _, items in COUNTED])
def test_items_are_counted_the_same(value: dict[str, Value], items: int) -> None:
    data = cbor(value)
    assert agreed(data) == (value, len(data), items)
    assert agreed(data, items=items) == (value, len(data), items), "exactly as many as are allowed"
    assert agreed(data, items=items + 1) == (value, len(data), items)
    if items:
        assert agreed(data, items=items - 1)[0].startswith("more items than are read together")
        assert agreed(data, items=0)[0].startswith("more items than are read together")


@given(MAPS, st.data())
def test_any_allowance(value: dict[str, Value], data: st.DataObject) -> None:
    written = cbor(value)
    *_, items = agreed(written)
    for allowed in {items, max(0, items - 1), data.draw(st.integers(0, items))}:
        assert (len(agreed(written, items=allowed)) == 3) == (allowed >= items)


def test_one_allowance_for_several_maps() -> None:
    data = cbor({"a": LINK, "b": [1, 2]})
    left = []
    for on in (True, False):
        allowance = Allowance(20)
        with pytest.MonkeyPatch.context() as patch:
            if not on:
                patch.setattr(swift, "cbrrr", None)
            for _ in range(2):
                dagcbor.read_map(data, 0, allowance)
            left.append(allowance.left)
            with pytest.raises(DagCborError, match="more items"):
                dagcbor.read_map(data, 0, allowance)
            # Once used up it stays so, for what has no items too.
            with pytest.raises(DagCborError, match="more items"):
                dagcbor.read_map(b"\xa0", 0, allowance)
    assert left == [20 - 2 * (2 + 3 + 2)] * 2


def test_large_maps_are_ours_to_read() -> None:
    """The library makes all of it before anybody can count."""
    largest = cbor({"a": bytes(swift.MAX_BYTES - 6)})
    assert len(largest) == swift.MAX_BYTES
    with asked() as found:
        assert len(agreed(largest)) == 3
        assert found[0]
        assert len(agreed(cbor({"a": bytes(swift.MAX_BYTES - 5)}))) == 3
        assert not found[2], "a byte more"
        assert len(agreed(b"\x82\0" + largest, 2)) == 3
        assert found[4], "it is the map that is measured"


def test_many_links_use_the_same_up() -> None:
    links: list[Value] = [LINK] * 300
    assert agreed(cbor({"a": links}), items=1 + 300 * LINK_COST)[2] == 1 + 300 * LINK_COST
    assert agreed(cbor({"a": links}), items=300 * LINK_COST)[0].startswith("more items")


EDGES: Final = [1 << 63, (1 << 64) - 1, 1 << 64, -(1 << 63), -(1 << 64), -(1 << 64) - 1, 1 << 8 * MAX_BIGNUM_BYTES - 1]


@pytest.mark.parametrize("number", EDGES, ids=lambda number: f"{number.bit_length()} bits{' below 0' * (number < 0)}")
def test_numbers_beyond_64_bits(number: int) -> None:
    for value in ({"a": number}, {"a": [number, LINK]}, {"a": {"b": number}}):
        data = cbor(value)
        assert agreed(data)[0] == value
        with asked() as found:
            read, _ = dagcbor.read_map(data)
        assert found == [-(1 << 64) <= number < 1 << 64]
        written_again(read, data)


def test_a_bignum_too_wide() -> None:
    assert "bignum has at most" in agreed(cbor({"a": 1 << 8 * MAX_BIGNUM_BYTES}))[0]


# -- writing again ---------------------------------------------------------------------------------------------------


def written_again(value: Any, data: bytes) -> None:
    assert dagcbor.encode_again(value) == data
    with slowly():
        assert dagcbor.encode_again(value) == data


@given(VALUES)
def test_what_was_read_is_written_again(value: Value) -> None:
    data = cbor(value)
    written_again(dagcbor.decode(data), data)


@given(st.dictionaries(st.text(max_size=4), LINKS | INTEGERS | SCALARS, max_size=8))
def test_what_the_library_read_too(value: dict[str, Value]) -> None:
    data = cbor(value)
    read, _ = dagcbor.read_map(data)
    written_again(read, data)
    for one in read.values():
        written_again(one, cbor(one))


@given(MAPS, SEEDS)
def test_and_whatever_else_is_read(value: dict[str, Value], seed: int) -> None:
    chance = random_of(seed)
    for _ in range(MUTATIONS):
        data = mutated(cbor(value), chance)
        found = agreed(data)
        if len(found) == 3:
            written_again(found[0], data[: found[1]])


def test_as_deep_as_is_read() -> None:
    for data in (b"\x81" * MAX_DEPTH + b"\0", b"\xa1\x60" * MAX_DEPTH + b"\0"):
        written_again(dagcbor.decode(data), data)


# -- tokens ----------------------------------------------------------------------------------------------------------


ARGUMENTS: Final[dict[str, object]] = {"text": "ü", "links": [LINK], "wide": -(1 << 70), "deep": {"a": [1.5, None, True, b""]}}
TOKENS: Final[dict[str, bytes]] = {
    "delegation": delegation(),
    "delegation with a policy": delegation(BOB, pol=[["==", ".a", 1], ["like", ".b", "x*"]], meta={"a": 1 << 70}),
    "invocation": invocation(),
    "invocation with arguments": invocation(CAROL, args=ARGUMENTS, prf=[LINK]),
    "large invocation": invocation(args={"a": bytes(swift.MAX_BYTES)}),
    "receipt": receipt(),
    "unknown field": delegation(extra=1),
    "missing field": invocation(args=ABSENT),
    **{f"golden {name}": seal(signer, tag, payload) for name, _, signer, tag, payload in golden.golden()},
}


REFUSED: Final = [
    case
    for case in json.loads((generate.FOLDER / "refused.json").read_bytes())
    if case["as"] in ("delegation", "invocation", "token")
]


def told(data: bytes) -> list[Any]:
    """What a token says, in all its parts; or why it is none."""
    allowance = Allowance()
    before = allowance.left
    try:
        opened = envelope.decode(data, allowance)
        token = decode_token(data, allowance)
    except TokenError as error:
        return [str(error)]
    parts: list[Any] = [opened.payload, opened.tag, opened.signed, opened.signature, opened.algorithm.name, str(opened.cid)]
    parts += [before - allowance.left, type(token), bytes(token), token.cid]
    asserted = token.assertion if isinstance(token, Receipt) else token
    if isinstance(asserted, Invocation):
        parts += [asserted.task, asserted.arguments, opened.raw("args")]
    return parts


@pytest.mark.parametrize("data", TOKENS.values(), ids=TOKENS)
def test_a_token_says_the_same(data: bytes) -> None:
    swiftly = told(data)
    with slowly():
        assert identical(told(data), swiftly)


@pytest.mark.parametrize("kind", ["delegation", "invocation", "receipt"])
def test_a_token_with_something_wrong_in_it_is_refused_the_same(kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - mutations are no secrets
    for _ in range(MUTATIONS * 4):
        bent = mutated(TOKENS[kind], chance)
        swiftly = told(bent)
        with slowly():
            assert identical(told(bent), swiftly), bent.hex()


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case['as']} {case['name']}")
def test_what_is_refused(case: dict[str, str]) -> None:
    data = bytes.fromhex(case["hex"])
    swiftly = told(data)
    with slowly():
        assert identical(told(data), swiftly)


@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=4))
def test_a_task_has_the_same_name(arguments: dict[str, Value]) -> None:
    data = invocation(args=arguments)
    task = Invocation.decode(data).task
    with slowly():
        assert Invocation.decode(data).task == task
    payload = invocation_payload(args=arguments)
    assert envelope.decode(data).raw("args") == cbor(payload["args"])


def test_the_library_reads_ordinary_tokens() -> None:
    with asked() as found:
        for data in (TOKENS["delegation"], TOKENS["invocation"], TOKENS["receipt"]):
            envelope.decode(data)
    assert found == [True] * 3
    assert delegation_payload()["iss"] == ALICE.did
