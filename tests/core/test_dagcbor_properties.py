"""The laws of DAG-CBOR, and two libraries as witnesses: `dag_cbor` and `cbrrr`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cbrrr
import dag_cbor
import multiformats
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forge import dagcbor, dagjson
from forge.cid import CID
from forge.dagcbor import MAX_DEPTH, Value
from forge.errors import DagCborError
from tests.core.raw import cbor
from tests.core.values import VALUES, identical, mutated, random_of

STRINGS: Final = 50
SEEDS: Final = st.integers(0, (1 << 64) - 1)


@given(VALUES)
def test_decode_undoes_encode(value: Value) -> None:
    data = dagcbor.encode(value)
    assert dagcbor.encode(dagcbor.decode(data)) == data
    assert identical(in_order(value), dagcbor.decode(data))


def in_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value, key=lambda key: (len(key.encode()), key.encode()))}
    return [in_order(item) for item in value] if isinstance(value, list) else value


@given(VALUES)
def test_encode_is_what_another_encoder_writes(value: Value) -> None:
    assert dagcbor.encode(value) == cbor(value)


@given(st.dictionaries(st.text(), st.none()))
def test_keys_are_in_order_of_length_and_then_of_bytes(value: dict[str, Value]) -> None:
    decoded = dagcbor.decode(dagcbor.encode(value))
    assert isinstance(decoded, dict)
    keys = [key.encode() for key in decoded]
    assert keys == sorted(keys, key=lambda key: (len(key), key))
    assert decoded == value


def near_blocks(value: Value, seed: int) -> list[bytes]:
    random = random_of(seed)
    data = cbor(value)
    return [mutated(data, random) for _ in range(STRINGS)]


@given(st.lists(st.binary(max_size=24), max_size=STRINGS))
@example([b"\xfb" + bytes(8), b"\xfb\x80" + bytes(7)])
def test_encode_undoes_decode_on_any_bytes(strings: list[bytes]) -> None:
    for data in strings:
        undone(data)


@given(VALUES, SEEDS)
def test_encode_undoes_decode_near_valid_blocks(value: Value, seed: int) -> None:
    for data in near_blocks(value, seed):
        undone(data)


def undone(data: bytes) -> None:
    value = ours(data)
    if isinstance(value, DagCborError):
        assert value.offset is not None
        assert 0 <= value.offset <= len(data)
    else:
        assert dagcbor.encode(value) == data
        assert dagcbor.decode(cbor(value)) == value


@given(VALUES)
def test_json_says_the_same(value: Value) -> None:
    if not has_slash(value):
        assert dagcbor.encode(dagjson.decode(dagjson.encode(value))) == dagcbor.encode(value)


def has_slash(value: Any) -> bool:
    if isinstance(value, dict):
        return "/" in value or any(map(has_slash, value.values()))
    return isinstance(value, list) and any(map(has_slash, value))


# -- the witnesses


def ours(data: bytes) -> Any:
    try:
        return dagcbor.decode(data)
    except DagCborError as error:
        return error


def beyond_the_witnesses(value: Any, depth: int = 0) -> bool:
    """A bignum is our one departure; neither library reads it."""
    if isinstance(value, dict):
        return any(beyond_the_witnesses(item, depth + 1) for item in value.values())
    if isinstance(value, list):
        return any(beyond_the_witnesses(item, depth + 1) for item in value)
    return isinstance(value, int) and not -(1 << 64) <= value < 1 << 64


def theirs(read: Callable[[bytes], Any], data: bytes) -> Any:
    try:
        return read(data)
    except Exception as refusal:  # noqa: BLE001 - whatever it raises is a refusal
        return refusal


def check_against_cbrrr(data: bytes) -> None:
    """It leaves CIDs to the caller, and to our own class they go; for the rest it is as strict as the specification."""
    found, other = ours(data), theirs(lambda data: cbrrr.decode_dag_cbor(data, cid_ctor=CID), data)
    if isinstance(other, Exception):
        assert isinstance(found, DagCborError) or beyond_the_witnesses(found), data.hex()
    else:
        assert identical(found, other) or "nested more than" in str(found), data.hex()


def check_against_dag_cbor(data: bytes) -> None:
    """It reads only CIDs whose codec and hash are registered."""
    found, other = ours(data), theirs(dag_cbor.decode, data)
    if isinstance(other, Exception):
        unregistered = any(word in repr(other).lower() for word in ("multicodec", "multihash", "digest"))
        assert isinstance(found, DagCborError) or beyond_the_witnesses(found) or unregistered, (data.hex(), other)
    else:
        assert identical(found, with_our_cids(other)) or "nested more than" in str(found), data.hex()


def with_our_cids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_our_cids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_our_cids(item) for item in value]
    return CID(bytes(value)) if isinstance(value, multiformats.CID) else value


WITNESSES: Final = pytest.mark.parametrize("check", [check_against_cbrrr, check_against_dag_cbor], ids=["cbrrr", "dag_cbor"])


@WITNESSES
@given(strings=st.lists(st.binary(max_size=24), max_size=STRINGS))
def test_a_witness_agrees_on_any_bytes(check: Any, strings: list[bytes]) -> None:
    for data in strings:
        check(data)


@WITNESSES
@given(value=VALUES, seed=SEEDS)
def test_a_witness_agrees_near_valid_blocks(check: Any, value: Value, seed: int) -> None:
    check(cbor(value))
    for data in near_blocks(value, seed):
        check(data)


@pytest.mark.parametrize("depth", [1, MAX_DEPTH])
def test_the_witnesses_agree_on_depth(depth: int) -> None:
    for data in (b"\x81" * depth + b"\x00", b"\xa1\x60" * depth + b"\x00"):
        check_against_cbrrr(data)
        check_against_dag_cbor(data)
        assert not isinstance(ours(data), DagCborError)
