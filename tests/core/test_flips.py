"""Every way to change one byte of a valid request: nothing is ever accepted that the issuers did not sign.

The request is an invocation and the delegation that it rests on, as one run of bytes. Each of them is replaced by each of the
255 other values, and what comes out is decoded and verified as a server would, with nothing remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from forge.command import CommandPath
from forge.delegation import Delegation
from forge.errors import Failure, TokenError
from forge.invocation import Invocation
from forge.verify import verify
from tests.core.principals import ALICE, BOB, NOW, SERVICE, N
from tests.core.tokens import KEYS, by_cid, facts

SEND: Final = CommandPath("/msg/send")
DELEGATION: Final = Delegation.issue(ALICE, audience=BOB.did, subject=ALICE.did, command=SEND, expiration=NOW + 60, nonce=N[:1])
INVOCATION: Final = Invocation.issue(
    BOB,
    subject=ALICE.did,
    audience=SERVICE.did,
    command=SEND,
    arguments={"n": 1},
    expiration=NOW + 60,
    proofs=[DELEGATION.cid],
    nonce=N[:1],
)
pytestmark = pytest.mark.no_cover

# Parts of this many positions, so that a failure says where, and the run shows that it goes on.
PART: Final = 64


def flips(data: bytes, positions: range) -> Iterator[bytes]:
    for position in positions:
        before, value, after = data[:position], data[position], data[position + 1 :]
        yield from (before + bytes((other,)) + after for other in range(256) if other != value)


def parts(data: bytes) -> list[range]:
    return [range(start, min(start + PART, len(data))) for start in range(0, len(data), PART)]


def test_the_request_as_it_is_is_accepted() -> None:
    verified = verify(INVOCATION, by_cid(DELEGATION), facts())
    assert verified.chain == (DELEGATION,)
    assert set(KEYS) > {ALICE.did, BOB.did}


@pytest.mark.parametrize("positions", parts(bytes(INVOCATION)), ids=str)
def test_no_flip_of_the_invocation_is_accepted(positions: range) -> None:
    proofs, known = by_cid(DELEGATION), facts()
    tried = 0
    for data in flips(bytes(INVOCATION), positions):
        tried += 1
        try:
            flipped = Invocation.decode(data)
        except TokenError:
            continue
        # It may name another issuer, subject or time, or carry another signature; but nobody signed it.
        with pytest.raises(Failure):
            verify(flipped, proofs, known)
    assert tried == 255 * len(positions)


@pytest.mark.parametrize("positions", parts(bytes(DELEGATION)), ids=str)
def test_no_flip_of_the_delegation_is_accepted(positions: range) -> None:
    """It has another CID, so the invocation does not find it; and handed in under the right CID, nobody signed it."""
    known = facts()
    tried = 0
    for data in flips(bytes(DELEGATION), positions):
        tried += 1
        try:
            flipped = Delegation.decode(data)
        except TokenError:
            continue
        assert flipped.cid != DELEGATION.cid
        with pytest.raises(Failure) as caught:
            verify(INVOCATION, {DELEGATION.cid: flipped}, known)
        assert caught.value.name in {"InvalidSignature", "DIDKeyResolutionError", "UnverifiableSignature"}
    assert tried == 255 * len(positions)


def test_a_flipped_delegation_is_not_found() -> None:
    for data in flips(bytes(DELEGATION), range(2, 68)):
        try:
            flipped = Delegation.decode(data)
        except TokenError:
            continue
        with pytest.raises(Failure) as caught:
            verify(INVOCATION, by_cid(flipped), facts())
        assert caught.value.name == "UnavailableProof"
