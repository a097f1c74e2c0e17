"""Advice where a signature is the matter: who did sign, and why that does not count."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import pytest

from forge.attestation import AttestedSigner
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.invocation import Invocation
from forge.keys import P256PrivateKey, Secp256k1PrivateKey, Signer
from forge.method import Relationship, Unusable, VerificationMethod, attested_methods, did_key_methods
from forge.signature import Keys
from forge.varsig import Algorithm
from forge.verdict import Verdict, judge
from forge.verify import Facts
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, request
from tests.core.judged import advice_of, check, judged
from tests.core.principals import NOW

A, B, C, D, *_ = PEOPLE
SEND: Final = CommandPath("/msg/send")
WEB: Final = DID("did:web:example.com")
SERVICE: Final = Signer(A.key, WEB)
ID: Final = "did:web:example.com#key-0"
MAILTO: Final = DID("did:mailto:example.com:alice")


def alone(signer: Signer, keys: Keys, **how: Any) -> Verdict:
    """The verdict about an invocation by somebody about themselves."""
    token = Invocation.issue(signer, subject=signer.did, command=SEND, arguments={}, expiration=None)
    (verdict,) = judge(Container.of(token), Facts(NOW, keys), **how)
    check(verdict)
    return verdict


def method(key: Any = A.key.public, **more: Any) -> VerificationMethod:
    return VerificationMethod(ID, key, **more)


# -- which method it was


def test_a_did_key_s_key_is_named_by_its_kind() -> None:
    for key, kind in (
        (A.key, "Ed25519"),
        (Secp256k1PrivateKey.generate(), "secp256k1"),
        (P256PrivateKey.generate(), "P-256"),
    ):
        signer = Signer(key)
        verdict = alone(signer, {signer.did: did_key_methods(signer.did)})
        what = f"invocation {verdict.token} is signed by {signer.did} with its key ({kind})"
        assert verdict.steps[0].what == what
        assert verdict.steps[0].details["algorithm"] == kind
        assert verdict.steps[0].details["method"] == f"{signer.did}#{signer.did.identifier}"


def test_a_document_s_method_is_named_by_its_id() -> None:
    other = VerificationMethod("did:web:example.com#old", B.key.public)
    verdict = alone(SERVICE, {WEB: (other, method())})
    assert verdict.steps[0].what == f"invocation {verdict.token} is signed by {WEB} with its method #key-0 (Ed25519)"
    assert verdict.steps[0].details["method"] == ID


def test_an_attestation_is_named_by_its_authority() -> None:
    keys = {MAILTO: attested_methods(MAILTO, B.did, did_key_methods(B.did))}
    verdict = alone(AttestedSigner.of(B, MAILTO), keys)
    assert verdict.accepted
    assert verdict.steps[0].what.endswith(f"is signed by {MAILTO} whose authority {B.did} attests it")


# -- methods that made it, and do not count


def test_a_method_that_is_not_listed() -> None:
    keys = {WEB: (method(relationships=frozenset({Relationship.DELEGATION})),)}
    assert alone(SERVICE, keys).advice == (
        f"It was signed with {ID}, which the document of {WEB} does not list in capabilityInvocation: list it there, or sign"
        " again with a method that is listed."
    )
    asked = replace(request([SERVICE, C]), keys={**EVERYBODY_S_KEYS, WEB: (method(relationships=frozenset()),)})
    assert "does not list in capabilityDelegation" in advice_of(asked)


@pytest.mark.parametrize(("field", "verb"), [("expires", "expired"), ("revoked", "was revoked")])
def test_a_method_whose_time_is_over(field: str, verb: str) -> None:
    assert alone(SERVICE, {WEB: (method(**{field: NOW}),)}).advice == (
        f"It was signed with {ID}, which {verb} on 2026-01-01T00:00:00Z: have it signed again with a key of {WEB} that is in"
        " force."
    )
    assert alone(SERVICE, {WEB: (method(**{field: NOW + 1}),)}).accepted
    # One whose time is over in one way, and not yet in the other.
    both = {"expires": NOW + 9, "revoked": NOW + 9} | {field: NOW}
    assert f"which {verb} on 2026-01-01T00:00:00Z" in str(alone(SERVICE, {WEB: (method(**both),)}).advice)
    # One that would not have made it either is not blamed.
    stranger = method(STRANGER.key.public, **{field: NOW})
    assert "No key that" in str(alone(SERVICE, {WEB: (stranger,)}).advice)


# -- other keys


def test_signed_by_somebody_else_who_is_known() -> None:
    asked = replace(request([A, B]), signer=A)
    assert advice_of(asked) == (
        f"It says that it is issued by {B.did}, and it was signed by {A.did}: sign it with a key of {B.did}, or issue it as"
        f" {A.did}."
    )


def test_the_did_web_s_new_key() -> None:
    """The key was rotated: the document lists another one now."""
    assert alone(SERVICE, {WEB: (method(B.key.public),)}).advice == (
        f"No key that {WEB} lists today made this signature: if its key was rotated, have it signed again with a key that is"
        f" listed ({ID})."
    )


def test_a_document_without_methods() -> None:
    assert alone(SERVICE, {WEB: ()}).advice == (f"The document of {WEB} lists no verification method: list its key there.")


def test_nobody_s_key() -> None:
    own = {A.did: did_key_methods(A.did)}
    for keys in (own, {**own, B.did: did_key_methods(B.did)}):
        asked = replace(request([A]), signer=STRANGER, keys=keys)
        assert advice_of(asked) == f"Its bytes were changed on the way, or another key signed it: have {A.did} sign it again."


def test_another_algorithm() -> None:
    keys = {WEB: (method(B.key.public), VerificationMethod("#p", P256PrivateKey.generate().public))}
    signer = Signer(Secp256k1PrivateKey.generate(), WEB)
    assert alone(signer, keys).advice == (
        f"Its header says secp256k1, and {WEB} has only Ed25519 and P-256 keys: have it signed again with one of those."
    )


def test_a_method_that_cannot_be_used() -> None:
    verdict = alone(SERVICE, {WEB: (method(Unusable("a type that is not known here")),)})
    assert verdict.error
    assert "a type that is not known here" in verdict.error.message
    assert "No key that" in str(verdict.advice)


# -- attestations


def test_attested_by_somebody_who_is_not_trusted() -> None:
    keys = {MAILTO: attested_methods(MAILTO, B.did, did_key_methods(B.did))}
    assert alone(AttestedSigner.of(C, MAILTO), keys, authority=B.did).advice == (
        f"It is attested by {C.did}, and whoever is trusted here is {B.did}: give --authority {C.did} if that is whom you"
        f" trust, or have {B.did} attest it."
    )


def test_not_attested_at_all() -> None:
    keys = {MAILTO: attested_methods(MAILTO, B.did, did_key_methods(B.did))}
    assert alone(Signer(A.key, MAILTO), keys).advice == (
        f"{MAILTO} has no key of its own: {B.did} has to attest what it signs, so have it do that."
    )


def test_an_attestation_of_something_else() -> None:
    keys = {MAILTO: attested_methods(MAILTO, B.did, did_key_methods(B.did))}
    token = Invocation.issue(
        AttestedSigner.of(B, MAILTO), subject=MAILTO, command=SEND, arguments={"n": 1}, expiration=None, nonce=b""
    )
    data = bytes(token)
    assert data.count(b"\x61n\x01") == 1
    changed = Invocation.decode(data.replace(b"\x61n\x01", b"\x61n\x02"))
    (verdict,) = judge(Container.of(changed), Facts(NOW, keys))
    assert verdict.advice == f"The attestation of {B.did} does not hold for this token: have it attest the token again."


def test_an_attestation_for_whoever_has_keys() -> None:
    assert alone(AttestedSigner.of(B, WEB), {WEB: (method(),)}).advice == (
        f"{WEB} has keys of its own, so an attestation does not count for it: have it signed with one of those."
    )


def test_absentee() -> None:
    verdict = judged(replace(request([A]), header=Algorithm.ABSENTEE.header))
    assert verdict.error
    assert verdict.error.name == "UnverifiableSignature"
    assert verdict.advice == (
        f"Nobody has signed it yet: have {A.did} sign it, or, if that DID has no key, an authority attest it."
    )


# -- DIDs that are not resolved


def test_a_did_mailto_without_an_authority() -> None:
    kept = {MAILTO: DIDKeyResolutionError("no resolver found for method: mailto")}
    assert alone(AttestedSigner.of(B, MAILTO), kept).advice == (
        f"{MAILTO} has no key, and what it signs is attested by {B.did}: give --authority {B.did} if you trust it to."
    )
    assert alone(Signer(A.key, MAILTO), kept).advice == (
        f"{MAILTO} has no key: have an authority attest what it signs, and give --authority with the authority's DID."
    )
    assert alone(AttestedSigner.of(B, MAILTO), kept, authority=B.did).advice == (
        f"What {MAILTO} signs is attested by {B.did}: see that its own keys can be resolved."
    )


@pytest.mark.parametrize(
    ("did", "said"),
    [
        ("did:web:example.com", "See that the DID document of did:web:example.com can be fetched, "),
        (
            "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
            "See that the directory that holds did:plc:ewvi7nxzyoun6zhxrhs64oiz can be reached",
        ),
        ("did:ion:abc", "Keys of did:ion:abc cannot be found out: issue it as a did:key, a did:web or a did:plc."),
        (f"did:key:{A.key.public.text}", "names no key of a kind that is known here"),
    ],
)
def test_a_did_that_was_not_resolved(did: str, said: str) -> None:
    verdict = alone(Signer(A.key, DID(did)), {})
    assert verdict.error
    assert verdict.error.name == "DIDKeyResolutionError"
    assert said in str(verdict.advice)


# -- all kinds of keys in one chain


def test_a_chain_across_all_kinds_of_keys() -> None:
    """Ed25519 → secp256k1 → P-256 → did:web → did:mailto, attested, which invokes."""
    people = [
        A,
        Signer(Secp256k1PrivateKey.generate()),
        Signer(P256PrivateKey.generate()),
        Signer(Secp256k1PrivateKey.generate(), WEB),
        AttestedSigner.of(B, MAILTO),
    ]
    keys = {
        **{one.did: did_key_methods(one.did) for one in people[:3]},
        WEB: (method(people[3].key.public),),
        MAILTO: attested_methods(MAILTO, B.did, did_key_methods(B.did)),
    }
    chain = [
        Delegation.issue(one, audience=other.did, subject=A.did, command=SEND, expiration=None)
        for one, other in pairwise(people)
    ]
    token = Invocation.issue(
        people[-1], subject=A.did, command=SEND, arguments={}, expiration=None, proofs=[one.cid for one in chain]
    )
    container = Container.of(token, chain)
    (verdict,) = judge(container, Facts(NOW, keys))
    check(verdict)
    assert verdict.accepted
    signed = [account.details["algorithm"] for account in verdict.steps if account.step in ("1", "4a")]
    assert signed == ["attested", "Ed25519", "secp256k1", "P-256", "secp256k1"]
    # Whoever does not trust the authority learns who it is.
    (verdict,) = judge(container, Facts(NOW, keys | {MAILTO: DIDKeyResolutionError("no resolver found")}))
    assert str(verdict.advice).endswith(f"give --authority {B.did} if you trust it to.")
    # And with the wrong order of the same links, what is wrong is the order.
    wrong = Invocation.issue(
        people[-1], subject=A.did, command=SEND, arguments={}, expiration=None, proofs=[one.cid for one in chain[::-1]]
    )
    (verdict,) = judge(Container.of(wrong, chain), Facts(NOW, keys))
    assert str(verdict.advice).startswith("The proofs are listed in reverse")
