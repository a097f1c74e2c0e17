"""Containers that others made (protocol §9.2, §14.3)."""

from __future__ import annotations

from base64 import b64decode
from hashlib import sha256
from itertools import permutations
from typing import Final

import pytest

from forge.container import Container, Encoding, decode_token
from forge.delegation import Delegation
from forge.errors import ContainerError
from forge.keys import PublicKey
from forge.method import did_key_methods
from tests.core import shared

shared.require_vectors()

FOLDER: Final = shared.VECTORS / "container"
SPECIFICATION: Final = {
    "Bytes": (b"@", Encoding.RAW),
    "Base64StdPadding": (b"B", Encoding.BASE64),
    "Base64URL": (b"C", Encoding.BASE64URL),
    "BytesGzipped": (b"M", Encoding.GZIP),
    "Base64StdPaddingGzipped": (b"O", Encoding.GZIP_BASE64),
    "Base64URLGzipped": (b"P", Encoding.GZIP_BASE64URL),
}
GOLDEN: Final[dict[str, dict[str, str]]] = shared.read("golden-tokens.json")
FOUR: Final = ("I2", "D1", "D3", "R1")


def tokens(*names: str) -> Container:
    return Container.of(decode_token(bytes.fromhex(GOLDEN[name]["hex"])) for name in names)


@pytest.mark.parametrize("name", SPECIFICATION)
def test_the_specification_s_containers(name: str) -> None:
    letter, encoding = SPECIFICATION[name]
    data = (FOLDER / name).read_bytes()
    assert data[:1] == letter
    container = Container.decode(data)
    assert len(container.tokens) == 10
    assert all(isinstance(token, Delegation) for token in container.tokens)
    assert len(container.delegations) == 10
    assert container.undecodable == ()
    for token in container.delegations.values():
        (method,) = did_key_methods(token.issuer)
        assert isinstance(method.key, PublicKey)
        assert method.key.verify(token.envelope.signed, token.envelope.signature)
    # And written in the same encoding, and read again.
    again = Container.decode(container.encode(encoding))
    assert again.delegations == container.delegations


def test_every_container_is_tried() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*SPECIFICATION, "ucantone-E.txt"}


def sample() -> bytes:
    return (FOLDER / "ucantone-E.txt").read_bytes().strip()


def test_the_sample_from_go() -> None:
    data = sample()
    assert data.startswith(b"E")
    expected = Container.decode(data)
    assert expected.tokens == tokens("I2", "R1", "D1", "D3").tokens
    assert expected.undecodable == ()
    zipped = b64decode(data[1:], validate=True)
    # The header as Go writes it: no name, no time, OS 255.
    assert zipped.startswith(bytes.fromhex("1f8b08000000000000ff"))
    for same in (b"O" + data[1:], b"D" + zipped, b"M" + zipped, b"\n " + data + b"\r\n", data.decode()):
        assert Container.decode(same) == expected
    for other in (b"B", b"C", b"F", b"P"):
        with pytest.raises(ContainerError):
            Container.decode(other + data[1:])


@pytest.mark.parametrize("order", list(permutations(FOUR)), ids="-".join)
def test_c40(order: tuple[str, ...]) -> None:
    data = tokens(*order).encode(Encoding.RAW)
    assert data[:10] == b"\x40\xa1\x66ctn-v1\x84"
    assert data[10:] == b"".join(
        bytes.fromhex(head + GOLDEN[name]["hex"])
        for head, name in (("59024b", "I2"), ("590151", "R1"), ("590149", "D1"), ("58fc", "D3"))
    )
    assert len(data) == 1526
    assert sha256(data).hexdigest() == "a4aa2e22e35aa4b78d490cb4553f0ec1e1996a21e618907757ec250eb38b81a4"
    assert tokens(*order).to_cbor() == data[1:]


def test_c42() -> None:
    data = tokens(*FOUR).encode(Encoding.BASE64)
    assert len(data) == 2037
    assert data.startswith(b"BoWZjdG4tdjGEWQJLglhAIfXW")
    assert data.endswith(b"bmNlQA==")
    assert b64decode(data[1:], validate=True) == tokens(*FOUR).to_cbor()


def test_c43() -> None:
    data = tokens(*FOUR).encode(Encoding.BASE64URL)
    assert len(data) == 2035
    assert data.startswith(b"CoWZjdG4tdjGEWQJLglhAIfXW")
    assert data.endswith(b"bmNlQA")
    assert b64decode(data[1:] + b"==", altchars=b"-_", validate=True) == tokens(*FOUR).to_cbor()


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_every_encoding_reads_back(encoding: Encoding) -> None:
    container = tokens(*FOUR)
    data = container.encode(encoding)
    assert data[:1] == encoding.value.encode()
    again = Container.decode(data)
    assert again.tokens == tokens("I2", "R1", "D1", "D3").tokens
