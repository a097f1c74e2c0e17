"""Containers: what is put in comes out, bounded and in order (protocol §9). What is refused is in tests/vectors too."""

from __future__ import annotations

import gzip
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.container import MAX_BYTES, MAX_TOKENS, Container, Encoding, Token, decode_token
from forge.delegation import Delegation
from forge.errors import ContainerError, TokenError
from forge.invocation import Invocation
from forge.receipt import Receipt
from tests.core.memory import peak_of
from tests.core.principals import ALICE, BOB, SERVICE
from tests.core.raw import BYTES, cbor, head
from tests.core.tokens import delegation, invocation, receipt

MANY: Final[list[Token]] = [
    *(decode_token(delegation(nonce=bytes((number,)))) for number in range(4)),
    *(decode_token(invocation(nonce=bytes((number,)))) for number in range(4)),
    *(decode_token(receipt(SERVICE, nonce=bytes((number,)))) for number in range(4)),
]
EMPTY: Final = b"\xa1\x66ctn-v1\x80"


def pack(encoding: Encoding, body: bytes) -> bytes:
    """Put a container's CBOR into an encoding, with the standard library and nothing of ours."""
    if encoding in {Encoding.GZIP, Encoding.GZIP_BASE64, Encoding.GZIP_BASE64URL}:
        body = gzip.compress(body, 1)
    if encoding in {Encoding.BASE64, Encoding.GZIP_BASE64}:
        body = b64encode(body)
    if encoding in {Encoding.BASE64URL, Encoding.GZIP_BASE64URL}:
        body = urlsafe_b64encode(body).rstrip(b"=")
    return encoding.value.encode() + body


ENCODINGS: Final = pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)


# -- what is put in comes out


@given(st.lists(st.sampled_from(MANY)), st.sampled_from(Encoding))
def test_each_token_comes_out_once_in_the_order_of_bytes(tokens: list[Token], encoding: Encoding) -> None:
    container = Container.of(tokens)
    data = container.encode(encoding)
    expected = sorted({bytes(token) for token in tokens})
    assert [bytes(token) for token in Container.decode(data).tokens] == expected
    assert [bytes(token) for token in Container.from_cbor(container.to_cbor()).tokens] == expected
    assert container.to_cbor() == cbor({"ctn-v1": expected})
    assert container.encode(encoding) == data
    assert Container.decode(pack(encoding, container.to_cbor())) == Container.decode(data)


@ENCODINGS
def test_the_letter_and_the_form(encoding: Encoding) -> None:
    data = Container.of(MANY).encode(encoding)
    assert data[:1] == encoding.value.encode()
    if encoding in {Encoding.BASE64, Encoding.BASE64URL, Encoding.RAW}:
        assert data == pack(encoding, Container.of(MANY).to_cbor())
    if encoding not in {Encoding.RAW, Encoding.GZIP}:
        assert Container.decode(data.decode()) == Container.decode(data)
        assert data.isascii()
        assert not data.split()[1:]


def test_the_letters_are_permanent() -> None:
    assert {encoding.name: encoding.value for encoding in Encoding} == {
        "RAW": "@",
        "BASE64": "B",
        "BASE64URL": "C",
        "GZIP": "D",
        "GZIP_BASE64": "E",
        "GZIP_BASE64URL": "F",
    }
    assert Container.of(MANY).encode()[:1] == b"E"


@pytest.mark.parametrize("letter", [bytes((byte,)) for byte in range(256)], ids=bytes.hex)
def test_every_other_letter_is_refused(letter: bytes) -> None:
    bodies = {pack(encoding, EMPTY)[1:] for encoding in Encoding}
    read = []
    for body in bodies:
        try:
            Container.decode(letter + body)
        except ContainerError:
            continue
        read.append(body)
    # White space before a letter: the body's own first byte is no letter of anything that could be read.
    assert bool(read) is (letter in {b"@", b"B", b"C", b"D", b"E", b"F", b"M", b"O", b"P"})


def test_a_gzip_container_says_no_time() -> None:
    data = Container.of(MANY).encode(Encoding.GZIP)
    assert data[1:4] == b"\x1f\x8b\x08"
    assert data[5:9] == bytes(4)


# -- putting together


def test_of_takes_tokens_and_lists_of_them() -> None:
    one, two, three, *_ = MANY
    container = Container.of(one, [two, one], iter([three, two]), one)
    assert container.tokens == (one, two, three)
    assert Container.of() == Container()
    assert Container().to_cbor() == EMPTY


def test_of_keeps_an_assertion_and_its_receipt_once() -> None:
    token = MANY[-1]
    assert isinstance(token, Receipt)
    assert len(Container.of(token, decode_token(bytes(token))).tokens) == 1


def test_a_duplicate_in_a_request_stays() -> None:
    """What came twice is there twice; it is the ledger that runs a task once."""
    token = invocation()
    container = Container.from_cbor(cbor({"ctn-v1": [token, token]}))
    assert len(container.invocations) == 2
    assert container.to_cbor() == cbor({"ctn-v1": [token]})


# -- what is in it


def test_the_kinds() -> None:
    container = Container.of(MANY)
    assert list(container.delegations.values()) == MANY[:4]
    assert all(cid == token.cid for cid, token in container.delegations.items())
    assert container.invocations == tuple(MANY[4:8])
    assert list(container.receipts.values()) == [MANY[8]]
    assert all(isinstance(token, Receipt) for token in container.receipts.values())


def test_the_first_receipt_of_a_task_counts() -> None:
    first, second = (decode_token(receipt(signer)) for signer in (ALICE, BOB))
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert Container((first, second)).receipts == {first.ran: first}
    assert Container((second, first)).receipts == {first.ran: second}


@pytest.mark.parametrize("name", ["delegations", "receipts"])
def test_what_is_in_it_is_not_changed(name: str) -> None:
    mapping: Any = getattr(Container.of(MANY), name)
    with pytest.raises(TypeError):
        mapping["x"] = 1


def test_what_is_no_token_is_left_aside_with_its_place_and_reason() -> None:
    entries = [invocation(), b"", delegation() + b"\0", b"\xff", delegation(cmd="x")]
    container = Container.from_cbor(cbor({"ctn-v1": entries}))
    assert [type(token) for token in container.tokens] == [Invocation]
    assert container.undecodable == (
        "ctn-v1[1]: expected an array, found the end (at byte 0)",
        "ctn-v1[2]: 1 bytes after the end of the envelope",
        "ctn-v1[3]: expected an array (at byte 0)",
        "ctn-v1[4]: cmd: a command begins with '/': 'x'",
    )


def test_classification() -> None:
    assert isinstance(decode_token(delegation()), Delegation)
    assert isinstance(decode_token(invocation()), Invocation)
    assert isinstance(decode_token(receipt()), Receipt)
    with pytest.raises(TokenError):
        decode_token(b"")


# -- limits


@pytest.mark.parametrize(("count", "good"), [(MAX_TOKENS - 1, True), (MAX_TOKENS, True), (MAX_TOKENS + 1, False)])
def test_the_number_of_entries(count: int, good: bool) -> None:  # noqa: FBT001 - a column of the table
    assert MAX_TOKENS == 8192
    data = cbor({"ctn-v1": [b""] * count})
    if good:
        assert len(Container.from_cbor(data).undecodable) == count
        return
    with pytest.raises(ContainerError, match=r"^a container has at most 8192 tokens, this has 8193$"):
        Container.from_cbor(data)


def body_of(size: int) -> bytes:
    """A container of exactly this many bytes, by one long entry."""
    rest = EMPTY[:-1] + b"\x81"
    body = rest + head(BYTES, size - len(rest) - 5) + bytes(size - len(rest) - 5)
    assert len(body) == size
    return body


@ENCODINGS
def test_the_number_of_bytes_in_every_encoding(encoding: Encoding) -> None:
    assert MAX_BYTES == 4 * 1024 * 1024
    for size in (MAX_BYTES - 1, MAX_BYTES):
        assert len(Container.decode(pack(encoding, body_of(size))).undecodable) == 1
    with pytest.raises(ContainerError, match=f"a container has at most {MAX_BYTES} bytes"):
        Container.decode(pack(encoding, body_of(MAX_BYTES + 1)))


def test_the_number_of_bytes_of_a_body() -> None:
    Container.from_cbor(body_of(MAX_BYTES))
    with pytest.raises(ContainerError, match=f"at most {MAX_BYTES} bytes, this has {MAX_BYTES + 1}"):
        Container.from_cbor(body_of(MAX_BYTES + 1))


@pytest.mark.parametrize("letter", [b"B", b"C", b"E", b"F"], ids=bytes.decode)
def test_a_long_text_is_refused_before_it_is_decoded(letter: bytes) -> None:
    text = letter + b"A" * (10 * MAX_BYTES)
    with pytest.raises(ContainerError, match="at most"):
        Container.decode(text)
    # One copy without the letter, and nothing of what is in it.
    assert peak_of(lambda: Container.decode(text), ContainerError) < len(text) + 100_000


# -- the bomb

MEBIBYTE: Final = 1 << 20
EXPANDED: Final = 1025 * MEBIBYTE


def bomb() -> bytes:
    """A gzip file of something over 1 GiB: one mebibyte of zeros, deflated once, and that block again and again.

    Each block ends with a full flush and knows nothing of those before it, so that blocks can be strung together; the checksum
    is that of all the zeros. It is a good gzip file in every way but its size.
    """
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(MEBIBYTE)) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    zeros = bytes(MEBIBYTE)
    for _ in range(EXPANDED // MEBIBYTE):
        checksum = zlib.crc32(zeros, checksum)
    end = b"\x03\x00" + checksum.to_bytes(4, "little") + EXPANDED.to_bytes(4, "little")
    return bytes.fromhex("1f8b08000000000000ff") + block * (EXPANDED // MEBIBYTE) + end


def expanded(data: bytes) -> Iterator[int]:
    """The sizes of what comes out, piece by piece; the checksum at the end is verified by zlib."""
    stream = zlib.decompressobj(31)
    while not stream.eof:
        yield len(stream.decompress(data, MEBIBYTE))
        data = stream.unconsumed_tail
    assert not stream.unused_data


@pytest.fixture(scope="module")
def real_bomb() -> bytes:
    data = bomb()
    assert sum(expanded(data)) == EXPANDED > 1 << 30
    assert len(data) < 2 * MEBIBYTE
    return data


@pytest.mark.parametrize("letter", [b"D", b"M", b"E", b"O", b"F", b"P"], ids=bytes.decode)
def test_a_bomb_costs_no_more_than_a_container(real_bomb: bytes, letter: bytes) -> None:
    forms = {b"E": b64encode, b"O": b64encode, b"F": urlsafe_b64encode, b"P": urlsafe_b64encode}
    data = letter + forms.get(letter, bytes)(real_bomb).rstrip(b"=" if letter in b"FP" else b"")
    with pytest.raises(ContainerError, match=f"^a container has at most {MAX_BYTES} bytes, this unzips to more$"):
        Container.decode(data)
    # What comes out may be held twice over while it grows, and what goes in a few times; a thousandth of what is in there.
    assert peak_of(lambda: Container.decode(data), ContainerError) < 3 * MAX_BYTES + 5 * len(data) < EXPANDED // 32


def test_zeros_that_fit_are_unzipped_and_are_no_container() -> None:
    with pytest.raises(ContainerError, match="expected a map with the one key"):
        Container.decode(b"D" + gzip.compress(bytes(MAX_BYTES)))
    with pytest.raises(ContainerError, match="this unzips to more"):
        Container.decode(b"D" + gzip.compress(bytes(MAX_BYTES + 1)))


def test_a_gzip_file_in_a_gzip_file_is_unzipped_once() -> None:
    with pytest.raises(ContainerError, match="expected a map with the one key"):
        Container.decode(b"D" + gzip.compress(gzip.compress(EMPTY)))


def test_two_gzip_files_in_one_are_refused() -> None:
    half = len(EMPTY) // 2
    with pytest.raises(ContainerError, match="something follows it"):
        Container.decode(b"D" + gzip.compress(EMPTY[:half]) + gzip.compress(EMPTY[half:]))


def test_a_container_truncated_at_every_byte() -> None:
    body = cbor({"ctn-v1": [delegation(), invocation()]})
    for end in range(len(body)):
        with pytest.raises(ContainerError):
            Container.from_cbor(body[:end])
    for encoding in (Encoding.GZIP, Encoding.GZIP_BASE64):
        data = pack(encoding, body)
        for end in range(len(data)):
            with pytest.raises(ContainerError):
                Container.decode(data[:end])
