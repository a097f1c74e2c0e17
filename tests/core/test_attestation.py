"""Attestations: an authority signs for a did:mailto, and every check of that fails alone (protocol §2.8, §15.1, 20)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import attestation, envelope
from forge.attestation import COMMAND, MAX_ATTESTATION, MAX_ITEMS, AttestedSigner
from forge.cid import CID
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.document import methods_of
from forge.errors import DIDKeyResolutionError, InvalidSignature, TokenError, UnverifiableSignature
from forge.invocation import Invocation
from forge.keys import PublicKey, Signer
from forge.method import Relationship, Unusable, VerificationMethod, attested_methods, did_key_methods
from forge.receipt import Receipt
from forge.varsig import Algorithm
from forge.verify import Verified, verify, verify_delegation, verify_receipt
from tests.core.principals import ALICE, BOB, CAROL, KINDS, MAILTO_DID, MALLORY, NOW, P256, SECP, SERVICE
from tests.core.raw import cbor
from tests.core.tokens import ABSENT, DLG, INV, KEYS, by_cid, delegation_payload, facts, invocation_payload, keys_of, seal

MAIL: Final = DID(MAILTO_DID)
SEND: Final = CommandPath("/msg/send")
SERVICE_METHODS: Final = did_key_methods(SERVICE.did)


def outer(**fields: object) -> tuple[dict[str, object], bytes]:
    """The payload of a delegation by the did:mailto to Bob, and what it signs."""
    payload = delegation_payload(ALICE, **({"iss": MAILTO_DID, "sub": MAILTO_DID} | fields))
    return payload, cbor({"h": Algorithm.ATTESTED.header, DLG: payload})


def attest(authority: Signer = SERVICE, /, **fields: object) -> bytes:
    """The attestation of that, made by hand; `fields` replaces or, with ABSENT, removes."""
    _, signed = outer()
    usual = {
        "iss": str(authority.did),
        "sub": str(authority.did),
        "cmd": "/ucan/attest/proof",
        "args": {"proof": CID.of_raw(signed)},
        "nonce": b"",
    }
    return seal(authority, INV, invocation_payload(authority, **(usual | fields)), header=authority.algorithm.header)


def token(signature: bytes, header: bytes = Algorithm.ATTESTED.header) -> Delegation:
    payload, _ = outer()
    return Delegation.decode(seal(ALICE, DLG, payload, header=header, signature=signature))


def check(
    proof: Delegation,
    methods: tuple[VerificationMethod, ...] = SERVICE_METHODS,
    authority: DID = SERVICE.did,
    now: int = NOW,
) -> None:
    keys = {**KEYS, MAIL: attested_methods(MAIL, authority, methods)}
    verify_delegation(proof, facts(now, keys))


def refusal(proof: Delegation, *arguments: Any, **more: Any) -> str:
    with pytest.raises(InvalidSignature) as caught:
        check(proof, *arguments, **more)
    first, tried, line, last = caught.value.message.split("\n", 3)
    assert first == f'proof "{proof.cid}" does not have a valid signature from "{MAIL}"'
    assert tried.endswith("Tried these verification methods:")
    assert last == "  It is the delegation."
    name, _, reason = line.strip().partition(": ")
    authority = more.get("authority", SERVICE.did)
    assert name == f"- {MAIL}#{authority}"
    return reason


# -- what is accepted


def test_by_hand_and_by_the_signer_it_is_the_same() -> None:
    payload, signed = outer()
    assert AttestedSigner.of(SERVICE, MAIL).sign(signed) == attest()
    issued = Delegation.issue(
        AttestedSigner.of(SERVICE, MAIL),
        audience=BOB.did,
        subject=MAIL,
        command=SEND,
        expiration=None,
        nonce=payload["nonce"],  # type: ignore[arg-type]
    )
    assert issued == token(attest())
    check(issued)


@pytest.mark.parametrize("name", KINDS)
def test_an_authority_of_each_kind_of_key(name: str) -> None:
    authority = KINDS[name]
    proof = token(attest(authority))
    check(proof, did_key_methods(authority.did), authority.did)
    inner = Invocation.decode(proof.envelope.signature)
    assert inner.envelope.algorithm is authority.algorithm
    assert bytes(inner) == AttestedSigner.of(authority, MAIL).sign(proof.envelope.signed)


@pytest.mark.parametrize("name", KINDS)
@given(message=st.binary(max_size=200))
def test_to_attest_again_gives_the_same_bytes(name: str, message: bytes) -> None:
    signers = [AttestedSigner.of(KINDS[name], MAIL) for _ in range(2)]
    assert signers[0].sign(message) == signers[1].sign(message)
    made = [
        Delegation.issue(one, audience=BOB.did, subject=MAIL, command=SEND, expiration=None, nonce=message) for one in signers
    ]
    assert bytes(made[0]) == bytes(made[1])


def test_who_an_attested_signer_is() -> None:
    web = DID("did:web:mail.example.com")
    signer = AttestedSigner.of(Signer(SERVICE.key, web), MAIL)
    assert (signer.did, signer.authority, signer.algorithm) == (MAIL, web, Algorithm.ATTESTED)
    assert signer.key.text not in repr(signer)
    inner = Invocation.decode(signer.sign(b"x"))
    assert (inner.issuer, inner.subject, inner.audience, inner.command) == (web, web, None, COMMAND)
    assert (inner.arguments, inner.proofs) == ({"proof": CID.of_raw(b"x")}, ())
    assert (inner.expiration, inner.nonce, inner.issued_at, inner.cause, inner.meta) == (None, b"", None, None, None)


def test_an_authority_that_is_a_did_web() -> None:
    web = DID("did:web:mail.example.com")
    proof = token(AttestedSigner.of(Signer(P256.key, web), MAIL).sign(outer()[1]))
    check(proof, (VerificationMethod(f"{web}#key-0", P256.key.public),), web)
    assert refusal(proof, did_key_methods(P256.did), authority=P256.did).startswith("iss: ")


@pytest.mark.parametrize(
    "fields", [{"iat": NOW}, {"iat": NOW + 1000}, {"meta": {"a": [1]}}, {"cause": CID.of(b"x")}, {"aud": None}], ids=str
)
def test_what_an_attestation_may_say_besides(fields: dict[str, object]) -> None:
    """The specification leaves these open, and nothing follows from them."""
    check(token(attest(**fields)))


def test_what_others_tag_as_released_is_read() -> None:
    _, signed = outer()
    payload = invocation_payload(
        SERVICE, sub=str(SERVICE.did), cmd="/ucan/attest/proof", args={"proof": CID.of_raw(signed)}, nonce=b""
    )
    check(token(seal(SERVICE, "ucan/inv@1.0.0", payload)))


def test_an_invocation_and_a_receipt_may_be_attested_too() -> None:
    signer = AttestedSigner.of(SECP, MAIL)
    keys = {MAIL: attested_methods(MAIL, SECP.did, did_key_methods(SECP.did))}
    verify(Invocation.issue(signer, subject=MAIL, command=SEND, arguments={}, expiration=None), {}, facts(keys=keys))
    verify_receipt(Receipt.issue(signer, ran=CID.of(b"\xa0"), out={}, issued_at=NOW), facts(keys=keys))


# -- what is refused: each alone, and signed by the authority as if it were good

ELSE: Final = outer(cmd="/")[1]
RIGHT: Final = CID.of_raw(outer()[1])
WRONG_FIELDS: Final[dict[str, tuple[dict[str, object], str]]] = {
    "iss": ({"iss": str(MALLORY.did)}, "iss"),
    "iss, the did:mailto": ({"iss": MAILTO_DID}, "iss"),
    "sub": ({"sub": str(MALLORY.did)}, "sub"),
    "sub, the did:mailto": ({"sub": MAILTO_DID}, "sub"),
    "aud": ({"aud": str(BOB.did)}, "aud"),
    "aud, the authority": ({"aud": str(SERVICE.did)}, "aud"),
    "cmd, another": ({"cmd": "/ucan/assert/receipt"}, "cmd"),
    "cmd, wider": ({"cmd": "/ucan/attest"}, "cmd"),
    "cmd, all": ({"cmd": "/"}, "cmd"),
    "cmd, narrower": ({"cmd": "/ucan/attest/proof/of"}, "cmd"),
    "prf": ({"prf": [CID.of(b"x")]}, "prf"),
    "exp": ({"exp": NOW + 1000}, "exp"),
    "exp, passed": ({"exp": NOW - 1000}, "exp"),
    "exp, zero": ({"exp": 0}, "exp"),
    "nonce": ({"nonce": b"\0"}, "nonce"),
    "args, nothing": ({"args": {}}, "args"),
    "args, another token's": ({"args": {"proof": CID.of_raw(ELSE)}}, "args"),
    "args, the token's own CID": ({"args": {"proof": CID.of(outer()[1])}}, "args"),
    "args, the digest under the codec of a token": (
        {"args": {"proof": CID(b"\x01\x71" + bytes(RIGHT)[2:])}},
        "args",
    ),
    "args, the digest under the hash of another": ({"args": {"proof": CID(b"\x01\x55\x16" + bytes(RIGHT)[3:])}}, "args"),
    "args, a key too many": ({"args": {"proof": RIGHT, "a": 1}}, "args"),
    "args, another key": ({"args": {"Proof": RIGHT}}, "args"),
    "args, bytes": ({"args": {"proof": bytes(RIGHT)}}, "args"),
    "args, text": ({"args": {"proof": str(RIGHT)}}, "args"),
    "args, a list": ({"args": {"proof": [RIGHT]}}, "args"),
    "args, null": ({"args": {"proof": None}}, "args"),
}


@pytest.mark.parametrize("name", WRONG_FIELDS)
def test_a_wrong_field(name: str) -> None:
    fields, field = WRONG_FIELDS[name]
    suffix = " for this token" if field == "args" else ""
    assert refusal(token(attest(**fields))) == f"{field}: not what {SERVICE.did} attests with{suffix}"


@dataclass(frozen=True)
class Broken:
    """A signature that is no attestation, or not a good one."""

    make: Callable[[], bytes]
    says: str


def relabelled(data: bytes, algorithm: Algorithm) -> bytes:
    """The same attestation under the header of another algorithm, signed again by its authority."""
    opened = envelope.decode(data)
    return seal(SERVICE, opened.tag, opened.payload, header=algorithm.header)


def by_bob() -> bytes:
    """What the authority says, signed by somebody else."""
    opened = envelope.decode(attest())
    return seal(BOB, opened.tag, opened.payload)


def flipped(at: int) -> bytes:
    data = bytearray(attest())
    data[at] ^= 1
    return bytes(data)


def twice() -> bytes:
    """The authority attests its attestation, and hands that in as its signature."""
    opened = envelope.decode(attest())
    signed = cbor({"h": Algorithm.ATTESTED.header, opened.tag: opened.payload})
    inner = attest(args={"proof": CID.of_raw(signed)})
    return seal(SERVICE, opened.tag, opened.payload, header=Algorithm.ATTESTED.header, signature=inner)


def absentee() -> bytes:
    opened = envelope.decode(attest())
    return seal(SERVICE, opened.tag, opened.payload, header=Algorithm.ABSENTEE.header, signature=b"")


NONE: Final = "the signature is no attestation: "
BROKEN: Final = {
    "nothing": Broken(lambda: b"", NONE),
    "64 bytes": Broken(lambda: SERVICE.key.sign(outer()[1]), NONE),
    "trailing bytes": Broken(lambda: attest() + b"\0", NONE + "1 bytes after the end"),
    "cut": Broken(lambda: attest()[:-1], NONE),
    "an unknown field": Broken(lambda: attest(zzz=1), NONE + "zzz: unknown field"),
    "no arguments": Broken(lambda: attest(args=ABSENT), NONE + "args: missing"),
    "no expiry": Broken(lambda: attest(exp=ABSENT), NONE + "exp: missing"),
    "no proofs": Broken(lambda: attest(prf=ABSENT), NONE + "prf: missing"),
    "a delegation": Broken(
        lambda: seal(SERVICE, DLG, delegation_payload(SERVICE, sub=str(SERVICE.did), cmd="/ucan/attest/proof")),
        NONE + "the tag is 'ucan/dlg@1.0.0-rc.1'",
    ),
    "an unknown tag": Broken(lambda: seal(SERVICE, "ucan/inv@2.0.0", invocation_payload(SERVICE)), NONE + "the tag is"),
    "a bad signature": Broken(
        lambda: flipped(10), f"not attested by {SERVICE.did}: {SERVICE_METHODS[0].id}: signature mismatch"
    ),
    "signed by another": Broken(by_bob, f"not attested by {SERVICE.did}: {SERVICE_METHODS[0].id}: signature mismatch"),
    "under the header of secp256k1": Broken(
        lambda: relabelled(attest(), Algorithm.SECP256K1),
        f"{SERVICE_METHODS[0].id}: the key is ED25519, the signature SECP256K1",
    ),
    "under the header of P-256": Broken(
        lambda: relabelled(attest(), Algorithm.P256), f"{SERVICE_METHODS[0].id}: the key is ED25519, the signature P256"
    ),
    "attested again": Broken(twice, f"{SERVICE_METHODS[0].id}: the key is ED25519, the signature ATTESTED"),
    "absentee": Broken(absentee, f"{SERVICE_METHODS[0].id}: the key is ED25519, the signature ABSENTEE"),
    "too long": Broken(
        lambda: attest(meta={"a": "x" * MAX_ATTESTATION}), f"an attestation has at most {MAX_ATTESTATION} bytes, this has "
    ),
    "too many items": Broken(lambda: attest(meta={"a": [0] * MAX_ITEMS}), NONE + "more items than are read together"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_attestation(name: str) -> None:
    assert BROKEN[name].says in refusal(token(BROKEN[name].make()))


def test_bounds_leave_room_for_the_longest_authority() -> None:
    longest = DID("did:web:" + "a" * 2040)
    mail = DID("did:mailto:example.com:" + "a" * 2000)
    signer = AttestedSigner.of(Signer(P256.key, longest), mail)
    proof = Delegation.issue(signer, audience=BOB.did, subject=mail, command=SEND, expiration=None)
    assert len(proof.envelope.signature) < MAX_ATTESTATION
    keys = {mail: attested_methods(mail, longest, (VerificationMethod("#", P256.key.public),))}
    verify_delegation(proof, facts(keys=keys))
    # And for some more, where a peer says more.
    check(token(attest(meta={"a": list(range(32)), "b": "x" * 4096})))


@given(st.data())
def test_a_flipped_bit_of_an_attestation_shows(data: st.DataObject) -> None:
    good = attest()
    at = data.draw(st.integers(0, 8 * len(good) - 1))
    broken = bytearray(good)
    broken[at // 8] ^= 1 << at % 8
    refusal(token(bytes(broken)))


@given(st.binary(max_size=300))
def test_whatever_the_signature_is(data: bytes) -> None:
    refusal(token(data))


@pytest.mark.parametrize("algorithm", [one for one in Algorithm if one not in (Algorithm.ATTESTED, Algorithm.ABSENTEE)])
def test_the_token_s_header_says_attested(algorithm: Algorithm) -> None:
    """Under any other header the Go peer takes it (§2.8); here it is refused."""
    payload, _ = outer()
    signed = cbor({"h": algorithm.header, DLG: payload})
    proof = token(attest(args={"proof": CID.of_raw(signed)}), header=algorithm.header)
    assert refusal(proof) == f"{SERVICE.did} must attest the signature, and this is {algorithm.name}"
    # Nor does the authority's own plain signature stand for the did:mailto.
    assert refusal(token(SERVICE.key.sign(signed), header=algorithm.header)).startswith(f"{SERVICE.did} must attest")


def test_absentee_stays_unverifiable() -> None:
    with pytest.raises(UnverifiableSignature):
        check(token(b"", header=Algorithm.ABSENTEE.header))


@pytest.mark.parametrize("name", KINDS)
def test_an_attested_header_means_nothing_for_a_key(name: str) -> None:
    """A did:key is never attested for, not even by itself."""
    signer = KINDS[name]
    issuer = AttestedSigner.of(signer, signer.did)
    proof = Delegation.issue(issuer, audience=BOB.did, subject=signer.did, command=SEND, expiration=None)
    with pytest.raises(InvalidSignature, match=f"the key is {signer.algorithm.name}, the signature ATTESTED"):
        verify_delegation(proof, facts(keys=keys_of(signer.did)))


def test_nobody_attests_without_the_configuration() -> None:
    with pytest.raises(DIDKeyResolutionError):
        verify_delegation(token(attest()), facts())


def test_a_document_names_no_authority() -> None:
    """Otherwise whoever serves a document could have anybody attest."""
    entry = {"id": f"{MAIL}#{SERVICE.did}", "type": "AuthorityAttestation", "authority": str(SERVICE.did)}
    found = methods_of({"id": str(MAIL), "verificationMethod": [entry]}, MAIL)
    assert isinstance(found[0].key, Unusable)
    with pytest.raises(InvalidSignature, match="who attests is for the configuration to say"):
        verify_delegation(token(attest()), facts(keys={MAIL: found}))


# -- the authority's methods


def of_service(**fields: Any) -> VerificationMethod:
    usual: dict[str, Any] = {"id": "#s", "key": SERVICE.key.public}
    return VerificationMethod(**(usual | fields))


def test_an_authority_without_a_method() -> None:
    assert refusal(token(attest()), ()) == f"not attested by {SERVICE.did}: it has no method"


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (of_service(expires=NOW), "expired"),
        (of_service(expires=NOW - 1000), "expired"),
        (of_service(revoked=NOW), "revoked"),
        (of_service(expires=NOW, revoked=NOW), "expired"),
        (of_service(relationships=frozenset()), "not listed in capabilityInvocation"),
        # An attestation is an invocation, whatever it attests.
        (of_service(relationships=frozenset({Relationship.DELEGATION})), "not listed in capabilityInvocation"),
        (of_service(key=Unusable("unsupported verification method type: X")), "unsupported verification method type: X"),
        (of_service(key=ALICE.key.public), "signature mismatch"),
        (of_service(key=SECP.key.public), "the key is SECP256K1, the signature ED25519"),
    ],
    ids=range(9),
)
def test_an_authority_s_method_that_does_not_serve(method: VerificationMethod, reason: str) -> None:
    proof = token(attest())
    assert refusal(proof, (method,)) == f"not attested by {SERVICE.did}: #s: {reason}"
    # One that does is enough, wherever it stands.
    check(proof, (method, of_service()))
    check(proof, (of_service(), method))


def test_every_method_that_was_tried_is_named() -> None:
    methods = (
        of_service(id="#a", expires=NOW),
        of_service(id="#b", key=P256.key.public),
        of_service(id="#c", key=BOB.key.public),
    )
    assert refusal(token(attest()), methods) == (
        f"not attested by {SERVICE.did}: #a: expired; #b: the key is P256, the signature ED25519; #c: signature mismatch"
    )


def test_an_authority_s_method_that_serves_now() -> None:
    check(token(attest()), (of_service(expires=NOW + 1, revoked=NOW + 1),))
    check(token(attest()), (of_service(relationships=frozenset({Relationship.INVOCATION})),))
    with pytest.raises(InvalidSignature):
        check(token(attest()), (of_service(expires=NOW + 1),), now=NOW + 1)


def test_what_the_did_mailto_s_own_method_says_counts_too() -> None:
    (good,) = attested_methods(MAIL, SERVICE.did, SERVICE_METHODS)
    for fields, reason in (
        ({"expires": NOW}, "expired"),
        ({"relationships": frozenset({Relationship.INVOCATION})}, "not listed in capabilityDelegation"),
    ):
        method = VerificationMethod(good.id, good.key, **fields)
        with pytest.raises(InvalidSignature, match=reason):
            verify_delegation(token(attest()), facts(keys={MAIL: (method,)}))


# -- reading


def test_reading_alone_does_not_verify() -> None:
    """`read` says what it is; who signed it is the verifier's to find out."""
    proof = token(by_bob())
    inner = attestation.read(proof.envelope, SERVICE.did)
    assert inner.issuer == SERVICE.did
    assert isinstance(SERVICE_METHODS[0].key, PublicKey)
    assert not SERVICE_METHODS[0].key.verify(inner.envelope.signed, inner.envelope.signature)
    with pytest.raises(TokenError, match=r"^iss: not what"):
        attestation.read(proof.envelope, BOB.did)


# -- a whole chain

WEB: Final = DID("did:web:example.com")


def chain() -> tuple[Invocation, list[Delegation]]:
    """Ed25519, secp256k1, P-256, a did:web, a did:mailto, and Bob, who invokes."""
    signers = [ALICE, SECP, P256, Signer(CAROL.key, WEB), AttestedSigner.of(SERVICE, MAIL), BOB]
    proofs = [
        Delegation.issue(issuer, audience=audience.did, subject=ALICE.did, command=SEND, expiration=None)
        for issuer, audience in pairwise(signers)
    ]
    links = [proof.cid for proof in proofs]
    return Invocation.issue(BOB, subject=ALICE.did, command=SEND, arguments={}, expiration=None, proofs=links), proofs


CHAIN_KEYS: Final = {
    **keys_of(ALICE.did, SECP.did, P256.did, BOB.did),
    WEB: (VerificationMethod(f"{WEB}#key-0", CAROL.key.public),),
    MAIL: attested_methods(MAIL, SERVICE.did, SERVICE_METHODS),
}


def test_a_chain_through_every_kind_of_did() -> None:
    invocation, proofs = chain()
    found = verify(invocation, by_cid(*proofs), facts(keys=CHAIN_KEYS))
    assert isinstance(found, Verified)
    assert found.chain == tuple(proofs)


@pytest.mark.parametrize("position", range(5))
def test_a_chain_breaks_where_a_link_is_not_its_issuer_s(position: int) -> None:
    invocation, proofs = chain()
    keys = {**CHAIN_KEYS, proofs[position].issuer: did_key_methods(MALLORY.did)}
    with pytest.raises(InvalidSignature, match=rf"\(proof {position + 1} of 5\)"):
        verify(invocation, by_cid(*proofs), facts(keys=keys))
    del keys[proofs[position].issuer]
    with pytest.raises(DIDKeyResolutionError, match=rf"\(proof {position + 1} of 5\)"):
        verify(invocation, by_cid(*proofs), facts(keys=keys))
