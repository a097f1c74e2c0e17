"""Chains of proofs, and their signatures (protocol §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from forge.cid import CID
from forge.delegation import Delegation
from forge.errors import Failure
from forge.invocation import Invocation
from forge.keys import public_key
from forge.varsig import Algorithm
from forge.verify import Verified, issuers, verify
from tests.fuzz import people, reference


def outcome(check: Callable[[], object]) -> bool:
    """Say whether a check passes; a refusal is a failure that can be sent."""
    try:
        check()
    except Failure as failure:
        failure.message.encode()
        return False
    return True


def verified(invocation: Invocation, proofs: Mapping[CID, Delegation]) -> None:
    """What is verified has an unbroken chain of signatures that somebody else confirms."""
    facts = people.facts(*issuers(invocation, proofs))
    found: list[Verified] = []
    if not outcome(lambda: found.append(verify(invocation, proofs, facts))):
        return
    chain = found[0].chain
    assert tuple(proof.cid for proof in chain) == invocation.proofs, "proofs were passed over"
    authority = invocation.subject
    for proof in chain:
        assert proof.issuer == authority, "the chain is broken"
        assert proof.subject in (None, invocation.subject), "a proof about somebody else"
        assert invocation.command.segments[: len(proof.command.segments)] == proof.command.segments, "another command"
        assert proof.expiration is None or proof.expiration > facts.now, "a proof has expired"
        assert proof.not_before is None or proof.not_before <= facts.now, "a proof is not valid yet"
        assert all(reference.holds(statement, invocation.arguments) for statement in proof.policy.encode()), "a policy"
        witnessed(proof)
        authority = proof.audience
    assert authority == invocation.issuer, "the authority has not arrived"
    assert not chain or chain[0].subject == invocation.subject, "the root names nobody"
    assert invocation.expiration is None or invocation.expiration > facts.now, "it has expired"
    witnessed(invocation)


def witnessed(signed: Delegation | Invocation) -> None:
    """OpenSSL confirms what was accepted, and only those sign whose keys are known here."""
    sealed = signed.envelope
    if sealed.algorithm is Algorithm.ATTESTED:
        witnessed(Invocation.decode(sealed.signature))
        return
    key = people.WEB.key.public if signed.issuer == people.WEB.did else public_key(signed.issuer.multikey)
    assert key.algorithm is sealed.algorithm, "the header names another algorithm"
    curve = {Algorithm.SECP256K1: ec.SECP256K1(), Algorithm.P256: ec.SECP256R1()}.get(sealed.algorithm)
    if curve is None:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(sealed.signature, sealed.signed)
        return
    r, s = int.from_bytes(sealed.signature[:32]), int.from_bytes(sealed.signature[32:])
    point = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.raw)
    point.verify(encode_dss_signature(r, s), sealed.signed, ec.ECDSA(SHA256()))
