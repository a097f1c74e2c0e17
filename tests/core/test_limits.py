"""Large inputs: refused with the right error, and holding no more memory than their size allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from forge import dagcbor, dagjson
from forge.allowance import MAX_ITEMS, Allowance
from forge.cid import CID
from forge.container import MAX_TOKENS, Container, decode_token
from forge.errors import ContainerError, DagCborError, DagJsonError, TokenError
from tests.core.memory import peak_of
from tests.core.principals import ALICE
from tests.core.raw import ARRAY, BYTES, MAP, TEXT, Raw, cbor, head
from tests.core.tokens import DLG, HEADER, INV, delegation_payload, invocation_payload, seal
from tests.core.values import random_of

pytestmark = pytest.mark.no_cover

MILLION: Final = 1_000_000


def map_of(count: int) -> bytes:
    """A good map of many keys, in order."""
    return head(MAP, count) + b"".join(b"\x67%07d\x00" % number for number in range(count))


INPUTS: Final[dict[str, Callable[[], bytes]]] = {
    "10 MB of random bytes": lambda: random_of(1).randbytes(10 * MILLION),
    "1 MB of random bytes": lambda: random_of(2).randbytes(MILLION),
    "100,000 nested arrays": lambda: b"\x81" * 100_000 + b"\x00",
    "100,000 nested maps": lambda: b"\xa1\x60" * 100_000 + b"\x00",
    "100,000 open arrays": lambda: b"\x9f" * 100_000,
    "a map of a million keys": lambda: map_of(MILLION),
    "a map of 200,000 keys": lambda: map_of(200_000),
    "an array of a million": lambda: head(ARRAY, MILLION) + bytes(MILLION),
    "a million empty arrays": lambda: head(ARRAY, MILLION) + b"\x80" * MILLION,
    "an array of 2^63": lambda: head(ARRAY, 1 << 63) + bytes(MILLION),
    "a map of 2^63": lambda: head(MAP, 1 << 63) + bytes(MILLION),
    "a text of 2^63": lambda: head(TEXT, 1 << 63) + bytes(MILLION),
    "1 MB of zeros": lambda: bytes(MILLION),
    "1 MB of 0xff": lambda: b"\xff" * MILLION,
}
ENTRIES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "as it is": lambda data: data,
    "for the array": lambda data: b"\xa1\x66ctn-v1" + data,
    "for the entries": lambda data: b"\xa1\x66ctn-v1\x81" + data,
    "for an entry": lambda data: b"\xa1\x66ctn-v1\x81" + head(BYTES, len(data)) + data,
}


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {name: make() for name, make in INPUTS.items()}


@pytest.mark.parametrize("place", ENTRIES)
@pytest.mark.parametrize("name", INPUTS)
def test_as_a_container(made: dict[str, bytes], name: str, place: str) -> None:
    """Nothing is made of what is no container: it holds its entries, and nothing else."""
    data = ENTRIES[place](made[name])

    def read() -> None:
        container = Container.from_cbor(data)
        # A container of one entry that is no token, if it is not too large.
        assert place == "for an entry"
        assert len(container.undecodable) == 1
        raise ContainerError

    with pytest.raises(ContainerError):
        read()
    assert peak_of(read, ContainerError) < 2 * len(data) + 100_000


@pytest.mark.parametrize("letter", list("@BCDEFMOP"))
@pytest.mark.parametrize("name", INPUTS)
def test_as_a_container_with_a_letter(made: dict[str, bytes], name: str, letter: str) -> None:
    with pytest.raises(ContainerError):
        Container.decode(letter.encode() + made[name])


@pytest.mark.parametrize("name", INPUTS)
def test_as_a_token(made: dict[str, bytes], name: str) -> None:
    """Neither an envelope, nor where a signature, a header, a tag or a payload is expected."""
    data = made[name]
    signature = cbor(bytes(64))
    good = seal(ALICE, INV, invocation_payload())
    before_tag = good[: good.index(b"\x73" + INV.encode())]
    before_payload = before_tag + cbor(INV)
    for before in (b"", b"\x82", b"\x82" + signature, before_tag[:-9], before_tag, before_payload):

        def read(before: bytes = before) -> None:
            decode_token(before + data)

        with pytest.raises(TokenError):
            read()


@pytest.mark.parametrize(
    "name", ["a map of a million keys", "a map of 200,000 keys", "100,000 nested arrays", "an array of 2^63"]
)
def test_as_the_arguments_of_a_signed_invocation(made: dict[str, bytes], name: str) -> None:
    data = seal(ALICE, INV, invocation_payload(args={"a": Raw(made[name])}))
    if name == "a map of 200,000 keys":
        # It is within the limits, and it is what it says.
        assert bytes(decode_token(data)) == data
        return
    with pytest.raises(TokenError):
        decode_token(data)


@pytest.mark.parametrize("name", [name for name in INPUTS if "2^63" in name or "nested" in name or "open" in name])
def test_what_is_announced_is_not_made(made: dict[str, bytes], name: str) -> None:
    data = made[name]
    assert peak_of(lambda: dagcbor.decode(data), DagCborError) < 100_000


@pytest.mark.parametrize("size", [1 << 10, 1 << 14, 1 << 18])
@pytest.mark.parametrize("item", [b"\x00", b"\x80", b"\xa0", b"\x40", b"\x60"], ids=bytes.hex)
def test_memory_is_bounded_by_size(item: bytes, size: int) -> None:
    """The most that a byte can cost: an empty container and the reference to it."""
    data = head(ARRAY, size) + item * size
    assert peak_of(lambda: dagcbor.decode(data), DagCborError) < 100 * size + 10_000


# -- how much is read together


def zeros(count: int) -> bytes:
    return head(ARRAY, count) + bytes(count)


def test_the_number_of_items() -> None:
    assert MAX_ITEMS == 500_000
    assert dagcbor.decode(zeros(MAX_ITEMS)) == [0] * MAX_ITEMS
    with pytest.raises(DagCborError) as caught:
        dagcbor.decode(zeros(MAX_ITEMS + 1))
    assert str(caught.value) == "more items than are read together (at byte 0)"


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (0, 0),
        ("a" * 1000, 0),
        (b"a" * 1000, 0),
        (CID.of(b""), 3),
        (1 << 80, 0),
        ([], 0),
        ([1, 2, 3], 3),
        ({"a": 1, "b": 2}, 2),
        ([[[]], [1, 2]], 5),
        ({"a": {"b": [1, 2]}, "c": []}, 5),
        ([CID.of(b"")] * 4, 16),
    ],
    ids=repr,
)
def test_what_counts(value: Any, items: int) -> None:
    """An entry of an array or a map, however deep; and three more for a link."""
    data = cbor(value)
    allowance = Allowance(items)
    assert cbor(dagcbor.decode(data, allowance)) == data
    assert allowance.left == 0
    if items:
        for read in (dagcbor.decode, lambda data, allowance: dagcbor.read(data, 0, allowance)):
            with pytest.raises(DagCborError, match="more items than are read together"):
                read(data, Allowance(items - 1))
    if isinstance(value, dict):
        allowance = Allowance(items)
        assert cbor(dagcbor.read_map(data, 0, allowance)[0]) == data
        assert allowance.left == 0
        with pytest.raises(DagCborError, match="more items than are read together"):
            dagcbor.read_map(data, 0, Allowance(items - 1))


def test_an_allowance_is_used_up_by_all_together() -> None:
    allowance = Allowance(10)
    for _ in range(2):
        dagcbor.decode(zeros(4), allowance)
    with pytest.raises(DagCborError):
        dagcbor.decode(zeros(4), allowance)
    # And by what failed, too.
    with pytest.raises(DagCborError):
        dagcbor.decode(zeros(1), allowance)


def test_the_tokens_of_a_container_share_one_allowance() -> None:
    tokens = [
        seal(ALICE, INV, invocation_payload(args={"a": Raw(zeros(300_000))}, nonce=bytes((number,)))) for number in range(3)
    ]
    for token in tokens:
        assert bytes(decode_token(token)) == token
    container = Container.from_cbor(cbor({"ctn-v1": tokens}))
    assert [bytes(token) for token in container.tokens] == tokens[:1]
    assert [reason.partition(" (")[0] for reason in container.undecodable] == [
        f"ctn-v1[{index}]: more items than are read together" for index in (1, 2)
    ]


@pytest.mark.parametrize("place", ["signature", "header", "tag"])
def test_what_stands_where_no_items_belong_is_counted_too(place: str) -> None:
    """So that no entry makes the reader work for which another has paid."""
    items, signature, header = Raw(zeros(200_000)), cbor(bytes(64)), cbor(HEADER)
    entry = {
        "signature": b"\x82" + cbor(items) + b"\x00",
        "header": b"\x82" + signature + b"\xa2\x61h" + cbor(items),
        "tag": b"\x82" + signature + b"\xa2\x61h" + header + cbor(items),
    }[place]
    container = Container.from_cbor(cbor({"ctn-v1": [entry] * 4}))
    exhausted = ["more items than are read together" in reason for reason in container.undecodable]
    assert exhausted == [False, False, True, True]


def test_a_policy_costs_its_bytes() -> None:
    statement = ["==", ".a", "x" * 1000]
    tokens = [seal(ALICE, DLG, delegation_payload(pol=[statement] * 300, nonce=bytes((number,)))) for number in range(3)]
    container = Container.from_cbor(cbor({"ctn-v1": tokens}))
    assert len(container.tokens) == 1
    assert container.undecodable[0] == "ctn-v1[1]: pol: more items than are read together"
    assert len(container.undecodable) == 2
    for token in tokens:
        assert bytes(decode_token(token)) == token


def test_ordinary_tokens_fit() -> None:
    """As many as a container may have."""
    token = seal(ALICE, DLG, delegation_payload(pol=[["==", ".a", 1]]))
    container = Container.from_cbor(cbor({"ctn-v1": [token] * MAX_TOKENS}))
    assert len(container.tokens) == MAX_TOKENS


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "1" * 100_000, '"' + "\\u0061" * 100_000, "[1," * 300],
    ids=["arrays", "maps", "closed arrays", "digits", "text", "arrays that go on"],
)
def test_as_dag_json(text: str) -> None:
    with pytest.raises(DagJsonError):
        dagjson.decode(text)


def test_a_deep_value_is_not_written_as_json() -> None:
    value: Any = []
    for _ in range(5_000):
        value = [value]
    with pytest.raises(DagJsonError, match="nested more than"):
        dagjson.encode(value)
    with pytest.raises(DagCborError, match="nested more than"):
        dagcbor.encode(value)
