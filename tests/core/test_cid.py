"""CIDs: binary and text (protocol §1.3). What is no CID in a link is in test_dagcbor."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID as Other  # noqa: N811 - the library's own
from multiformats import multibase

from forge.cid import CID, MAX_CID_BYTES, MAX_CID_TEXT
from forge.errors import CIDError
from tests.core.values import LINKS

DIGEST: Final = bytes(range(32))
V0: Final = CID(b"\x12\x20" + DIGEST)
BASES: Final = [
    "base2",
    "base8",
    "base10",
    "base16",
    "base16upper",
    "base32",
    "base32upper",
    "base32pad",
    "base32padupper",
    "base32hex",
    "base32z",
    "base36",
    "base36upper",
    "base58btc",
    "base58flickr",
    "base64",
    "base64pad",
    "base64url",
    "base64urlpad",
]


def test_the_name_of_a_block() -> None:
    cid = CID.of(b"\xf6")
    assert bytes(cid) == b"\x01\x71\x12\x20" + sha256(b"\xf6").digest()
    assert str(cid) == "bafyreifqwkmiw256ojf2zws6tzjeonw6bpd5vza4i22ccpcq4hjv2ts7cm"
    assert bytes(CID.of_raw(b"\xf6")) == b"\x01\x55\x12\x20" + sha256(b"\xf6").digest()
    assert cid.version == 1


@given(LINKS)
def test_text_says_all(cid: CID) -> None:
    text = str(cid)
    assert CID.parse(text) == cid
    assert CID(bytes(cid)) == cid
    assert text == str(CID.parse(text))
    if cid.version == 1:
        assert text.startswith("b")
        assert text == text.lower()
        assert "=" not in text


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("cid", [CID.of(b""), CID.of_raw(b"x"), CID(b"\x01\x55\x00\x05abcde")], ids=["cbor", "raw", "identity"])
def test_any_multibase_is_read(cid: CID, base: str) -> None:
    """And written as base32."""
    text = str(multibase.encode(bytes(cid), base))
    assert CID.parse(text) == cid
    assert str(CID.parse(text)) == str(cid)


def test_the_core_specification_s_rendering() -> None:
    cid = CID.of(b"")
    assert str(Other.decode(str(cid)).encode("base58btc")).startswith("zdpu")
    assert CID.parse(str(Other.decode(str(cid)).encode("base58btc"))) == cid


def test_version_0() -> None:
    text = "QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJBY"
    cid = CID.parse(text)
    assert cid.version == 0
    assert str(cid) == text
    assert bytes(cid).hex() == "122022ad631c69ee983095b5b8acd029ff94aff1dc6c48837878589a92b90dfea317"
    assert CID(bytes(cid)) == cid
    assert cid != CID(b"\x01\x70" + bytes(cid))


@pytest.mark.parametrize(
    "text",
    [
        "QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJB",
        "QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJBYY",
        "QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJB0",
        "Qm",
        "b" + "a" * 56,
        str(multibase.encode(bytes(V0), "base32")),
    ],
)
def test_what_is_no_version_0(text: str) -> None:
    with pytest.raises(CIDError):
        CID.parse(text)


GOOD: Final = str(CID.of(b"\xf6"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a CID: ''"),
        ("b", "not a CID"),
        ("z", "not a CID"),
        ("x" + GOOD[1:], "not a CID"),
        (GOOD[1:], "not a CID"),
        (GOOD[:-1], "not a CID"),
        (GOOD + "a", "not a CID"),
        (GOOD + "=", "not a CID"),
        (GOOD + " ", "not a CID"),
        (" " + GOOD, "not a CID"),
        (GOOD + "\n", "not a CID"),
        (GOOD[:10] + "1" + GOOD[11:], "not a CID"),
        (GOOD[:10] + "é" + GOOD[11:], "not a CID"),
        (GOOD[:-1] + chr(ord(GOOD[-1]) + 1), "not a CID: .* has stray bits at its end"),
        ("b" + GOOD[1:].upper(), "not a CID: .* mixes cases in base32"),
        ("ba" + GOOD[2:].upper(), "not a CID: .* mixes cases in base32"),
        (GOOD.replace("f", "\ufb01", 1), "not a CID"),
        ("\ud800", "not a CID"),
        ("b\ud800", "not a CID"),
        ("🚀", "not a CID"),
        ("f" + "0" * 72, "a CID's version is 0 or 1, not 0"),
        ("f02" + bytes(CID.of(b"")).hex()[2:], "a CID's version is 0 or 1, not 2"),
        ("f" + bytes(CID.of(b"")).hex()[:-2], "a CID announces a digest of 32 bytes and has 31"),
        ("f" + bytes(CID.of(b"")).hex() + "00", "a CID announces a digest of 32 bytes and has 33"),
        ("f" + bytes(CID.of(b"")).hex()[:-1], "a CID's version is 0 or 1, not 0"),
        ("a" * (MAX_CID_TEXT + 1), f"a CID's text is at most {MAX_CID_TEXT} characters, this has {MAX_CID_TEXT + 1}"),
    ],
    ids=range(26),
)
def test_what_is_no_cid_s_text(text: str, reason: str) -> None:
    with pytest.raises(CIDError, match=f"^{reason}"):
        CID.parse(text)


def test_lengths() -> None:
    largest = b"\x01\x55\x00" + b"\xfb\x03" + bytes(507)
    assert len(largest) == MAX_CID_BYTES == 512
    assert CID.parse(str(CID(largest))) == CID(largest)
    with pytest.raises(CIDError, match=r"^a CID has at most 512 bytes, this has 513$"):
        CID(b"\x01\x55\x00" + b"\xfc\x03" + bytes(508))
    with pytest.raises(CIDError, match="at most 1024 characters"):
        CID.parse("b" * 10_000_000)


@given(st.binary(max_size=60))
def test_any_bytes_are_one_or_are_refused(data: bytes) -> None:
    for candidate in (data, b"\x01" + data, b"\x01\x71\x12\x20" + data, b"\x12\x20" + data):
        try:
            cid = CID(candidate)
        except CIDError:
            continue
        assert bytes(cid) == candidate
        assert CID.parse(str(cid)) == cid


def test_equality() -> None:
    one, same, other = CID.of(b"a"), CID(bytes(CID.of(b"a"))), CID.of(b"b")
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != CID.of_raw(b"a")
    assert one != bytes(one)
    assert one != str(one)
    assert {one: 1}[same] == 1
    assert repr(one) == f"CID('{one}')"


@pytest.mark.parametrize("value", [None, 1, b"", ""])
def test_a_cid_is_never_something_else(value: Any) -> None:
    assert CID.of(b"") != value
