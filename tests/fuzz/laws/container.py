"""Containers (protocol §9)."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode

from forge.container import KEY, Container, Encoding, decode_token
from forge.delegation import Delegation
from forge.errors import ContainerError, DagCborError, TokenError
from forge.invocation import Invocation
from forge.receipt import Receipt
from tests.core.raw import cbor
from tests.fuzz.laws.chain import verified
from tests.fuzz.laws.reading import item, refused


def container(data: bytes) -> None:
    """Containers: as an HTTP body, with a letter, and as text."""
    bare = refused(Container.from_cbor, data, ContainerError)
    entries = listed(data)
    assert (bare is None) is (entries is None), "not what a general decoder makes of it"
    if bare is not None and entries is not None:
        container_laws(bare, entries)
    lettered = refused(Container.decode, data, ContainerError)
    if lettered is not None:
        again = Container.from_cbor(lettered.to_cbor())
        assert set(again.tokens) == set(lettered.tokens), "tokens were lost"
        spelled(data.strip())
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    assert refused(Container.decode, text, ContainerError) == lettered, "the text says something else than its bytes"


def spelled(text: bytes) -> None:
    """A text that was read is the one way to write its bytes."""
    letter, body = text[:1], text[1:]
    if letter in (b"B", b"E", b"O"):
        assert b64encode(b64decode(body)) == body, "a second way to write the same"
    elif letter in (b"C", b"F", b"P"):
        padded = body + b"=" * (-len(body) % 4)
        assert urlsafe_b64encode(urlsafe_b64decode(padded)).rstrip(b"=") == body, "a second way to write the same"


def listed(data: bytes) -> list[bytes] | None:
    """Read a container as any DAG-CBOR, and give its entries; None where it is none."""
    try:
        value = item(data)
    except DagCborError:
        return None
    entries = value.get(KEY) if isinstance(value, dict) and len(value) == 1 else None
    return entries if isinstance(entries, list) and all(isinstance(entry, bytes) for entry in entries) else None


def container_laws(bare: Container, entries: list[bytes]) -> None:
    """Every entry is there as the token that it is, or as a reason why it is none; and all encodings say the same."""
    expected = [found for entry in entries if (found := refused(decode_token, entry, TokenError)) is not None]
    assert list(bare.tokens) == expected, "not the tokens of its entries"
    assert list(map(type, bare.tokens)) == list(map(type, expected)), "not their kinds"
    assert len(bare.undecodable) == len(entries) - len(expected), "an entry was passed over in silence"
    "".join(bare.undecodable).encode()
    written = bare.to_cbor()
    assert written == cbor({KEY: sorted(set(map(bytes, expected)))}), "written, it is another container"
    if bare.undecodable == () and entries == sorted(set(entries)):
        assert Container.from_cbor(written) == bare, "decoding does not undo encoding"
    again = Container.from_cbor(written)
    assert again.to_cbor() == written, "written twice, it is two"
    for encoding in Encoding:
        assert Container.decode(bare.encode(encoding)) == again, f"{encoding.name} says something else"
    receipts = {found.ran for found in expected if isinstance(found, Receipt)}
    assert bare.delegations == {found.cid: found for found in expected if isinstance(found, Delegation)}
    assert bare.receipts.keys() == receipts, "a receipt cannot be found"
    assert list(bare.invocations) == [found for found in expected if isinstance(found, Invocation)]
    assert Container.of(*bare.tokens).to_cbor() == written, "put together again, it is another container"
    for invocation in bare.invocations[:8]:
        verified(invocation, bare.delegations)
