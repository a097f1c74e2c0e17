"""Steps 1 and 4a: signatures, and every message about one (protocol §2.5, §8.5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge.cid import CID
from forge.did import DID
from forge.errors import DIDKeyResolutionError, InvalidSignature, UnverifiableSignature
from forge.method import VerificationMethod, did_key_methods
from forge.varsig import Algorithm
from forge.verify import MAX_SHOWN
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, request
from tests.core.principals import MAILTO_DID
from tests.core.refusal import fails, failure_of

A, B, C, D, E, F, *_ = PEOPLE


def signature_message(cid: CID, issuer: DID, *tried: str, what: str) -> str:
    return (
        f'proof "{cid}" does not have a valid signature from "{issuer}"\n  ℹ️ Tried these verification methods:'
        + "".join(f"\n    - {line}" for line in tried)
        + f"\n  It is the {what}."
    )


def test_an_invocation_signed_by_another() -> None:
    asked = replace(request([A, B]), signer=STRANGER)
    tried = f"{B.did}#{B.key.public.text}: signature mismatch"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, B.did, tried, what="invocation"))


@pytest.mark.parametrize("position", range(3))
def test_a_proof_signed_by_another(position: int) -> None:
    asked = request([A, B, C, D])
    asked = asked.with_link(position, replace(asked.links[position], signer=STRANGER))
    issuer = PEOPLE[position]
    tried = f"{issuer.did}#{issuer.key.public.text}: signature mismatch"
    what = f"proof (proof {position + 1} of 3)"
    fails(asked, InvalidSignature, signature_message(asked.proofs[position].cid, issuer.did, tried, what=what))


@pytest.mark.parametrize("algorithm", [Algorithm.SECP256K1, Algorithm.P256, Algorithm.ATTESTED], ids=lambda one: one.name)
def test_the_header_names_another_algorithm_than_the_key_s(algorithm: Algorithm) -> None:
    """The signature itself is the key's own, over exactly these bytes; it does not count under another name (§2.5)."""
    asked = replace(request([A]), header=algorithm.header)
    tried = f"{A.did}#{A.key.public.text}: the key is ED25519, the signature {algorithm.name}"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, tried, what="invocation"))
    asked = request([A, B])
    asked = asked.with_link(0, replace(asked.links[0], header=algorithm.header))
    fails(asked, InvalidSignature, signature_message(asked.proofs[0].cid, A.did, tried, what="proof (proof 1 of 1)"))


def test_an_absentee_signature() -> None:
    asked = replace(request([A]), header=Algorithm.ABSENTEE.header)
    end = "; somebody who can verify it must attest it"
    fails(
        asked,
        UnverifiableSignature,
        f'proof "{asked.invocation().cid}" issued by "{A.did}" cannot be verified: its signature is absentee (invocation){end}',
    )
    asked = request([A, B, C])
    asked = asked.with_link(1, replace(asked.links[1], header=Algorithm.ABSENTEE.header))
    fails(
        asked,
        UnverifiableSignature,
        f'proof "{asked.proofs[1].cid}" issued by "{B.did}" cannot be verified: its signature is absentee'
        f" (proof (proof 2 of 2)){end}",
    )


def test_an_absentee_signature_needs_no_keys() -> None:
    asked = replace(request([A]), header=Algorithm.ABSENTEE.header, keys={})
    assert isinstance(failure_of(asked), UnverifiableSignature)


def test_one_of_several_methods_is_enough() -> None:
    methods = tuple(VerificationMethod(f"did:web:x#{number}", one.key.public) for number, one in enumerate((C, B, A)))
    replace(request([A]), keys={A.did: methods}).verify()
    asked = replace(request([A]), keys={A.did: methods[:2]})
    tried = ["did:web:x#0: signature mismatch", "did:web:x#1: signature mismatch"]
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, *tried, what="invocation"))


def test_no_method_at_all() -> None:
    asked = replace(request([A]), keys={A.did: ()})
    tried = "none: the DID has no method for this"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, tried, what="invocation"))


def test_a_did_that_is_not_a_key() -> None:
    """It is the keys that were found out that count, not what the DID looks like."""
    asked = request([A]).but(iss=MAILTO_DID, sub=MAILTO_DID)
    assert isinstance(failure_of(asked), DIDKeyResolutionError)
    keys = {DID(MAILTO_DID): did_key_methods(A.did)}
    replace(asked, keys=keys).verify()
    # And a did:key whose keys nobody found out is not looked into.
    assert isinstance(failure_of(replace(request([A]), keys=keys)), DIDKeyResolutionError)


def test_a_did_that_was_not_resolved() -> None:
    message = f'unable to resolve "{A.did}" key: not resolvable by any resolver (invocation)'
    fails(replace(request([A]), keys={}), DIDKeyResolutionError, message)
    for position, issuer in enumerate((A, B, C)):
        keys = {did: methods for did, methods in EVERYBODY_S_KEYS.items() if did != issuer.did}
        message = f'unable to resolve "{issuer.did}" key: not resolvable by any resolver (proof (proof {position + 1} of 3))'
        fails(replace(request([A, B, C, D]), keys=keys), DIDKeyResolutionError, message)


def test_a_did_whose_resolution_failed() -> None:
    """The resolver's own words, in a failure of its own: exceptions that are kept must not collect tracebacks."""
    kept = DIDKeyResolutionError("the reason")
    asked = replace(request([A]), keys={A.did: kept})
    fails(asked, DIDKeyResolutionError, "the reason")
    assert failure_of(asked) is not kept
    assert kept.__traceback__ is None


def test_a_long_did_is_shown_by_its_ends() -> None:
    """One answer may hold thousands of messages. One that is in use is shown whole."""
    longest, longer = "did:web:" + "a" * (MAX_SHOWN - 9) + "z", "did:web:" + "a" * 2000 + "z"
    assert len(longest) == MAX_SHOWN == 160
    assert f'unable to resolve "{longest}" key' in failure_of(request([A], iss=longest)).message
    shown = f"did:web:{'a' * 72}…{'a' * 39}z"
    assert f'unable to resolve "{shown}" key' in failure_of(request([A], iss=longer)).message
    # Wherever a DID is told.
    subject = DID(longer)
    asked = request([A, B])
    for failing in (
        request([A]).but(sub=longer),
        asked.but(sub=longer),
        asked.with_link(0, asked.links[0].but(sub=longer)),
        asked.with_link(0, asked.links[0].but(sub=None)).but(sub=longer),
        asked.with_link(0, asked.links[0].but(aud=longer)),
        replace(request([A], iss=longer), keys={subject: ()}),
        replace(request([A], iss=longer), header=Algorithm.ABSENTEE.header),
    ):
        message = failure_of(failing).message
        assert shown in message
        assert longer not in message
