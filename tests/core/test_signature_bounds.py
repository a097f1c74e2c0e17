"""What a signature that does not verify may cost: messages stay short, and work is done once a request."""

from __future__ import annotations

import pytest

from forge import attestation
from forge.attestation import AttestedSigner
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import Envelope
from forge.errors import DIDError, InvalidSignature
from forge.invocation import Invocation
from forge.keys import Signer
from forge.method import VerificationMethod, attested_methods, did_key_methods
from forge.signature import MAX_TRIED, RequestMemory, SignatureMemory, verify_signature
from forge.verify import Facts, verify

MAILTO = DID("did:mailto:example.com:alice")
WEB = DID("did:web:example.com")
AUTHORITY = Signer.generate()


def delegation(by: Signer) -> Delegation:
    return Delegation.issue(by, audience=AUTHORITY.did, subject=by.did, command=CommandPath("/a"), expiration=None)


def many() -> tuple[VerificationMethod, ...]:
    key = Signer.generate().key.public
    return tuple(VerificationMethod(f"{WEB}#{number}-{'x' * 500}", key) for number in range(64))


@pytest.mark.parametrize("attested", [False, True])
def test_a_document_of_many_long_methods_makes_no_long_message(attested: bool) -> None:  # noqa: FBT001 - a parameter
    signer = AttestedSigner.of(Signer(AUTHORITY.key, WEB), MAILTO) if attested else Signer(AUTHORITY.key, WEB)
    keys = {WEB: many(), MAILTO: attested_methods(MAILTO, WEB, many())}
    with pytest.raises(InvalidSignature) as caught:
        verify_signature(delegation(signer), keys, 0, what="proof")
    assert caught.value.message.count("signature mismatch") == MAX_TRIED
    assert f"and {64 - MAX_TRIED} more" in caught.value.message
    assert len(caught.value.message) < 2500


class TestAttestations:
    @pytest.fixture
    def reads(self, monkeypatch: pytest.MonkeyPatch) -> list[Envelope]:
        found: list[Envelope] = []
        real = attestation.read

        def spy(token: Envelope, authority: DID) -> Invocation:
            found.append(token)
            return real(token, authority)

        monkeypatch.setattr(attestation, "read", spy)
        return found

    def test_are_read_once_a_request(self, reads: list[Envelope]) -> None:
        token = delegation(AttestedSigner.of(AUTHORITY, MAILTO))
        keys = {MAILTO: attested_methods(MAILTO, AUTHORITY.did, did_key_methods(AUTHORITY.did))}
        memory = RequestMemory(SignatureMemory())
        for _ in range(5):
            verify_signature(token, keys, 0, memory, what="proof")
        assert len(reads) == 1
        # Another request reads it again: only that a key made a signature is remembered beyond one.
        verify_signature(token, keys, 0, RequestMemory(SignatureMemory()), what="proof")
        assert len(reads) == 2

    def test_that_are_none_are_read_once_too(self, reads: list[Envelope]) -> None:
        token = delegation(AttestedSigner.of(Signer.generate(), MAILTO))
        keys = {MAILTO: attested_methods(MAILTO, AUTHORITY.did, did_key_methods(AUTHORITY.did))}
        memory = RequestMemory(SignatureMemory())
        for _ in range(5):
            with pytest.raises(InvalidSignature, match="iss: not what"):
                verify_signature(token, keys, 0, memory, what="proof")
        assert len(reads) == 1

    def test_of_two_authorities_are_two(self, reads: list[Envelope]) -> None:
        token, other = delegation(AttestedSigner.of(AUTHORITY, MAILTO)), Signer.generate()
        memory = RequestMemory(SignatureMemory())
        right = {MAILTO: attested_methods(MAILTO, AUTHORITY.did, did_key_methods(AUTHORITY.did))}
        wrong = {MAILTO: attested_methods(MAILTO, other.did, did_key_methods(other.did))}
        verify_signature(token, right, 0, memory, what="proof")
        with pytest.raises(InvalidSignature):
            verify_signature(token, wrong, 0, memory, what="proof")
        assert len(reads) == 2


def test_nobody_attests_who_needs_it_attested() -> None:
    with pytest.raises(DIDError, match="has no key to attest with"):
        AttestedSigner.of(AttestedSigner.of(AUTHORITY, MAILTO), MAILTO)


class TestChecks:
    def test_are_counted_for_a_container(self) -> None:
        keys = {WEB: many()}
        token = delegation(Signer(AUTHORITY.key, WEB))
        memory = RequestMemory(SignatureMemory(), checks=3)
        with pytest.raises(InvalidSignature, match="more signature checks than one may"):
            verify_signature(token, {WEB: tuple(_method(number) for number in range(4))}, 0, memory, what="proof")
        # One key in many methods is one check.
        memory = RequestMemory(SignatureMemory(), checks=1)
        for _ in range(3):
            with pytest.raises(InvalidSignature, match="signature mismatch"):
                verify_signature(token, keys, 0, memory, what="proof")

    def test_of_invocations_are_counted_and_not_remembered(self) -> None:
        signer = Signer.generate()
        invocation = Invocation.issue(signer, subject=signer.did, command=CommandPath("/a"), arguments={}, expiration=None)
        memory = RequestMemory(SignatureMemory(), checks=2)
        facts = Facts(0, {signer.did: did_key_methods(signer.did)})
        for _ in range(2):
            verify(invocation, {}, facts, memory=memory)
        with pytest.raises(InvalidSignature, match="more signature checks than one may"):
            verify(invocation, {}, facts, memory=memory)


def _method(number: int) -> VerificationMethod:
    return VerificationMethod(f"{WEB}#{number}", Signer.generate().key.public)
