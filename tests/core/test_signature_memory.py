"""The memory of signatures: facts that time cannot change, and no verdicts; and receipts' signatures."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from forge.cid import CID
from forge.delegation import Delegation
from forge.envelope import Envelope
from forge.errors import (
    DIDKeyResolutionError,
    Expired,
    InvalidClaim,
    InvalidSignature,
    Revoked,
    TooEarly,
    UnverifiableSignature,
)
from forge.invocation import Invocation
from forge.keys import PublicKey, Signer
from forge.method import VerificationMethod
from forge.receipt import Receipt
from forge.varsig import Algorithm
from forge.verify import Facts, RequestMemory, SignatureMemory, verify, verify_receipt
from tests.core.chains import PEOPLE, STRANGER, request
from tests.core.principals import ALICE, BOB, CAROL, NOW, SERVICE
from tests.core.tokens import INV, KEYS, delegation, receipt, receipt_payload, seal

RAN: Final = CID.of(b"\xa0")


class Counting(PublicKey):
    """A key that counts what it is asked."""

    code = b"\xed\x01"
    algorithm = Algorithm.ED25519

    def __init__(self, signer: Signer) -> None:
        super().__init__(signer.key.public.raw)
        self.real = signer.key.public
        self.asked = 0

    def verify(self, message: bytes, signature: bytes) -> bool:
        self.asked += 1
        return self.real.verify(message, signature)


def tokens(count: int, signer: Signer = ALICE) -> list[Envelope]:
    return [Delegation.decode(delegation(signer, nonce=bytes((number,)))).envelope for number in range(count)]


def test_a_signature_is_checked_once() -> None:
    memory, key = SignatureMemory(), Counting(ALICE)
    (token,) = tokens(1)
    assert [memory.verify(key, token) for _ in range(5)] == [True] * 5
    assert key.asked == 1
    # Another object of the same bytes is the same token.
    assert memory.verify(key, tokens(1)[0])
    assert key.asked == 1


def test_only_what_is_true_is_remembered() -> None:
    memory, key = SignatureMemory(), Counting(BOB)
    (token,) = tokens(1)
    assert [memory.verify(key, token) for _ in range(5)] == [False] * 5
    assert key.asked == 5


def test_it_is_remembered_of_whom() -> None:
    """That Alice signed it says nothing about Bob; and a false one forgets nothing of the true one."""
    memory, alice, bob = SignatureMemory(), Counting(ALICE), Counting(BOB)
    (token,) = tokens(1)
    assert memory.verify(alice, token)
    assert not memory.verify(bob, token)
    assert memory.verify(alice, token)
    assert (alice.asked, bob.asked) == (1, 1)


def test_another_token_is_another_matter() -> None:
    memory, key = SignatureMemory(), Counting(ALICE)
    first, second = tokens(2)
    assert memory.verify(key, first)
    forged = replace(second, signature=first.signature)
    # The name of a token covers its signature: what claims to be known has to be the same bytes.
    assert not memory.verify(key, replace(forged, data=bytes(forged.data[:-1])))
    assert key.asked == 2


def test_it_is_bounded_and_forgets_what_was_not_used_longest() -> None:
    memory, key = SignatureMemory(3), Counting(ALICE)
    one, two, three, four = tokens(4)
    for token in (one, two, three, one, four):
        assert memory.verify(key, token)
    assert key.asked == 4
    assert len(memory._seen) == 3
    for token in (one, three, four):
        assert memory.verify(key, token)
    assert key.asked == 4
    assert memory.verify(key, two)
    assert key.asked == 5


@pytest.mark.parametrize("size", [0, 1, 2, 10])
def test_it_never_grows_beyond_its_size(size: int) -> None:
    memory, key = SignatureMemory(size), Counting(ALICE)
    for token in tokens(20) * 2:
        assert memory.verify(key, token)
        assert len(memory._seen) <= size


def test_its_usual_size() -> None:
    assert SignatureMemory()._size == 16_384


# -- for one request


def test_a_request_remembers_failures_and_the_shared_memory_does_not() -> None:
    shared, key = SignatureMemory(), Counting(BOB)
    (token,) = tokens(1)
    first, second = RequestMemory(shared), RequestMemory(shared)
    assert [first.verify(key, token) for _ in range(5)] == [False] * 5
    assert key.asked == 1
    assert not second.verify(key, token)
    assert key.asked == 2
    assert len(shared._seen) == 0


def test_a_request_shares_what_is_true() -> None:
    shared, key = SignatureMemory(), Counting(ALICE)
    (token,) = tokens(1)
    for _ in range(3):
        assert RequestMemory(shared).verify(key, token)
    assert shared.verify(key, token)
    assert key.asked == 1


def test_a_request_remembers_of_whom() -> None:
    memory = RequestMemory(SignatureMemory())
    (token,) = tokens(1)
    assert [memory.verify(Counting(signer), token) for signer in (ALICE, BOB, ALICE, BOB)] == [True, False, True, False]


def test_a_bad_proof_that_is_linked_again_and_again_is_checked_once() -> None:
    key = Counting(PEOPLE[0])
    asked = request(PEOPLE[:2])
    asked = asked.with_link(0, replace(asked.links[0], signer=STRANGER))
    asked = replace(asked, keys={**asked.keys, PEOPLE[0].did: (VerificationMethod("#", key),)})
    memory = RequestMemory(SignatureMemory())
    for number in range(5):
        with pytest.raises(InvalidSignature):
            asked.but(nonce=bytes((number,))).verify(memory=memory)
    assert key.asked == 1


# -- in verification


def test_proofs_are_remembered_and_invocations_are_not() -> None:
    people = [Counting(signer) for signer in PEOPLE[:3]]
    keys = {one.did: (VerificationMethod("#", one),) for one in people}
    memory = SignatureMemory()
    asked = replace(request(PEOPLE[:3]), keys=keys)
    for _ in range(3):
        asked.verify(memory=memory)
    assert [one.asked for one in people] == [1, 1, 3]
    asked.verify()
    assert [one.asked for one in people] == [2, 2, 4]


def test_a_remembered_proof_still_expires_begins_and_is_revoked() -> None:
    memory = SignatureMemory()
    asked = request(PEOPLE[:2])
    asked = asked.with_link(0, asked.links[0].but(exp=NOW + 10, nbf=NOW - 10))
    asked.verify(memory=memory)
    with pytest.raises(Expired):
        asked.verify(now=NOW + 10, memory=memory)
    with pytest.raises(TooEarly):
        asked.verify(now=NOW - 10, memory=memory)
    with pytest.raises(Revoked):
        replace(asked, revoked={asked.proofs[0].cid: {PEOPLE[0].did}}).verify(memory=memory)
    with pytest.raises(DIDKeyResolutionError):
        replace(asked, keys={PEOPLE[1].did: asked.keys[PEOPLE[1].did]}).verify(memory=memory)


def test_a_remembered_proof_is_not_another_issuer_s() -> None:
    """A key that is no longer the issuer's, because its document changed, is not asked for."""
    memory = SignatureMemory()
    asked = request(PEOPLE[:2])
    asked.verify(memory=memory)
    keys = {**asked.keys, PEOPLE[0].did: asked.keys[PEOPLE[2].did]}
    with pytest.raises(InvalidSignature):
        replace(asked, keys=keys).verify(memory=memory)


def test_a_remembered_signature_is_not_one_under_another_algorithm() -> None:
    memory = SignatureMemory()
    asked = request(PEOPLE[:2])
    link = replace(asked.links[0], header=Algorithm.P256.header)
    assert memory.verify(PEOPLE[0].key.public, link.make().envelope)
    with pytest.raises(InvalidSignature, match="the key is ED25519, the signature P256"):
        asked.with_link(0, link).verify(memory=memory)


# -- receipts


def test_a_receipt_that_is_its_executor_s_word() -> None:
    verify_receipt(Receipt.issue(SERVICE, ran=RAN, out={}, issued_at=NOW), Facts(NOW, KEYS))


def test_a_receipt_s_expiration_is_not_looked_at() -> None:
    verify_receipt(Receipt.issue(SERVICE, ran=RAN, out={}, issued_at=NOW, expiration=0), Facts(NOW, KEYS))


def test_a_receipt_signed_by_another() -> None:
    token = Receipt.decode(seal(CAROL, INV, receipt_payload(SERVICE, sub=str(SERVICE.did))))
    with pytest.raises(InvalidSignature) as caught:
        verify_receipt(token, Facts(NOW, KEYS))
    assert caught.value.message == (
        f'proof "{token.cid}" does not have a valid signature from "{SERVICE.did}"\n  ℹ️ Tried these verification methods:'
        f"\n    - {SERVICE.did}#{SERVICE.key.public.text}: signature mismatch\n  It is the receipt."
    )


def test_a_receipt_about_somebody_else() -> None:
    token = Receipt.decode(receipt(SERVICE, sub=str(ALICE.did)))
    with pytest.raises(InvalidClaim) as caught:
        verify_receipt(token, Facts(NOW, KEYS))
    assert caught.value.message == (
        f'receipt "{token.cid}" is issued by "{SERVICE.did}" about "{ALICE.did}": those must be the same'
    )


def test_a_receipt_of_a_stranger() -> None:
    token = Receipt.issue(STRANGER, ran=RAN, out={}, issued_at=NOW)
    with pytest.raises(DIDKeyResolutionError, match=r"not resolvable by any resolver \(receipt\)$"):
        verify_receipt(token, Facts(NOW, KEYS))
    with pytest.raises(DIDKeyResolutionError, match=r"^why$"):
        verify_receipt(token, Facts(NOW, {STRANGER.did: DIDKeyResolutionError("why")}))


def test_an_absentee_receipt() -> None:
    data = seal(SERVICE, INV, receipt_payload(SERVICE, sub=str(SERVICE.did)), header=Algorithm.ABSENTEE.header)
    with pytest.raises(UnverifiableSignature, match=r"its signature is absentee \(receipt\)"):
        verify_receipt(Receipt.decode(data), Facts(NOW, KEYS))


def test_a_signature_comes_before_a_claim() -> None:
    token = Receipt.decode(seal(CAROL, INV, receipt_payload(SERVICE, sub=str(ALICE.did))))
    with pytest.raises(InvalidSignature):
        verify_receipt(token, Facts(NOW, KEYS))


def test_a_verified_invocation_is_the_one_that_was_given() -> None:
    asked = request(PEOPLE[:3])
    invocation = asked.invocation()
    assert isinstance(invocation, Invocation)
    proofs = {proof.cid: proof for proof in asked.proofs}
    found = verify(invocation, proofs, Facts(NOW, asked.keys))
    assert found.invocation is invocation
    assert all(one is proofs[one.cid] for one in found.chain)
