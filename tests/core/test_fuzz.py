"""Arbitrary bytes: every reader either reads them or refuses them with its own error, and raises nothing else.

How it is counted: an example is one byte string that goes to every reader below. Each run of hypothesis draws STRINGS of them,
so EXAMPLES in total is EXAMPLES / STRINGS runs. Half of the strings are whatever hypothesis thinks of; the other half are valid
tokens, containers, texts and so on, mutated at random from a seed that hypothesis draws (so a failure is replayed, but shrinks
only in the seed; the failing bytes are in the message).

More on demand: `FORGE_FUZZ_EXAMPLES=10000000 pytest tests/core/test_fuzz.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge import dagcbor, dagjson, document, envelope, keys, varsig
from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container, Encoding, decode_token
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import (
    CIDError,
    CommandError,
    ContainerError,
    DagCborError,
    DagJsonError,
    DIDError,
    KeyFormatError,
    TokenError,
    VarsigError,
)
from forge.invocation import Invocation
from forge.receipt import Receipt
from forge.varsig import Algorithm
from tests.core.principals import DIDS, EVERYBODY, MAILTO_DID
from tests.core.tokens import delegation, invocation, receipt
from tests.core.values import mutated, random_of

EXAMPLES: Final = int(os.environ.get("FORGE_FUZZ_EXAMPLES", "100000"))
STRINGS: Final = 50

# Bytes go in as they are; as text they are read as Latin-1, so that every byte string is some text, or as UTF-8 where they are
# that, so that all of Unicode is met.


def latin(data: bytes) -> str:
    return data.decode("latin-1")


def unicode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


Errors = type[Exception] | tuple[type[Exception], ...]

READERS: Final[dict[str, tuple[Callable[[bytes], object], Errors]]] = {
    "dag-cbor": (dagcbor.decode, DagCborError),
    "envelope": (envelope.decode, TokenError),
    "token": (decode_token, TokenError),
    "delegation": (Delegation.decode, TokenError),
    "invocation": (Invocation.decode, TokenError),
    "receipt": (Receipt.decode, TokenError),
    "container": (Container.from_cbor, ContainerError),
    "lettered container": (Container.decode, ContainerError),
    "container as text": (lambda data: Container.decode(unicode(data)), ContainerError),
    "varsig": (varsig.parse, VarsigError),
    "CID": (CID, CIDError),
    "CID's text": (lambda data: CID.parse(unicode(data)), CIDError),
    "DID": (lambda data: DID(unicode(data)), DIDError),
    "did:key": (lambda data: DID("did:key:z" + latin(data)), DIDError),
    "command": (lambda data: CommandPath(unicode(data)), CommandError),
    "dag-json": (dagjson.decode, DagJsonError),
    "dag-json as text": (lambda data: dagjson.decode(unicode(data)), DagJsonError),
    "public key": (keys.public_key, KeyFormatError),
    "private key": (lambda data: keys.private_key(latin(data)), KeyFormatError),
    "PEM": (keys.private_key_from_pem, KeyFormatError),
    "DID document": (lambda data: document.methods_of(dagjson.decode(data), DID(DIDS["alice"])), (DIDError, DagJsonError)),
}


def read_or_refuse(data: bytes) -> None:
    for name, (read, error) in READERS.items():
        try:
            read(data)
        except error:
            continue
        except Exception as other:  # noqa: BLE001 - any other is what is looked for
            pytest.fail(f"{name} raised {other!r} on {data.hex()}")


CONTAINER: Final = Container.of(Delegation.decode(delegation()), Invocation.decode(invocation()), Receipt.decode(receipt()))
POLICY: Final = [["and", [["==", ".a", 1], ["not", ["like", ".b[]?", "*x\\*"]]]], ["all", '.["q"][1:-1]', ["<=", ".", 1.5]]]
SEEDS: Final[list[bytes]] = [
    delegation(pol=POLICY, nbf=1, meta={"a": [1, None, {"b": 1.5}]}),
    invocation(args={"a": [1, -1, 1 << 64, b"", "é"], "b": {"c": CID.of(b"")}}, prf=[CID.of(b"")], cause=CID.of(b""), iat=1),
    receipt(),
    CONTAINER.to_cbor(),
    *(CONTAINER.encode(encoding) for encoding in Encoding),
    *(algorithm.header for algorithm in Algorithm),
    *(did.encode() for did in DIDS.values()),
    MAILTO_DID.encode(),
    DIDS["alice"].removeprefix("did:key:z").encode(),
    bytes(CID.of(b"")),
    str(CID.of(b"")).encode(),
    b"QmQg1v4o9xdT3Q14wh4S7dxZkDjyZ9ssFzFzyep1YrVJBY",
    b"zdpuAyvkgEDQm9TenwGkd5eNaosSxjgEYd8QatfPetgB1CdEZ",
    b"/msg/send/\xc3\xa9",
    dagjson.encode({"a": [1, 1.5, b"x", CID.of(b""), None, True], "é": "\n"}).encode(),
    EVERYBODY["alice"].key.text.encode(),
    EVERYBODY["alice"].key.pem(),
    EVERYBODY["alice"].key.public.tagged,
    dagjson.encode(document.describe(EVERYBODY["alice"].did, EVERYBODY["alice"].key.public)).encode(),
]


def run(strings: list[bytes]) -> None:
    for data in strings:
        read_or_refuse(data)


FUZZ: Final = settings(
    max_examples=-(-EXAMPLES // (2 * STRINGS)),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.no_cover
@FUZZ
@given(st.lists(st.binary(max_size=40), min_size=STRINGS, max_size=STRINGS))
def test_any_bytes(strings: list[bytes]) -> None:
    run(strings)


@pytest.mark.no_cover
@FUZZ
@given(st.integers(0, (1 << 64) - 1))
def test_bytes_near_valid_ones(seed: int) -> None:
    random = random_of(seed)
    run([mutated(random.choice(SEEDS), random) for _ in range(STRINGS)])


def test_what_is_mutated_is_read_by_somebody() -> None:
    def reads(read: Callable[[bytes], Any], error: Any, data: bytes) -> bool:
        try:
            read(data)
        except error:
            return False
        return True

    used = {name for name, (read, error) in READERS.items() if any(reads(read, error, data) for data in SEEDS)}
    assert used == READERS.keys()
    assert all(any(reads(read, error, data) for read, error in READERS.values()) for data in SEEDS)


def test_the_count_is_what_is_promised() -> None:
    assert EXAMPLES == 100_000 or "FORGE_FUZZ_EXAMPLES" in os.environ
    assert FUZZ.max_examples * STRINGS * 2 >= EXAMPLES
