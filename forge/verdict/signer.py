"""Advice where a signature is the matter: who did sign, and why that does not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from forge.did import DID
from forge.errors import DIDKeyResolutionError, TokenError
from forge.invocation import Invocation
from forge.keys import PublicKey
from forge.method import EVERY, Authority, VerificationMethod
from forge.signature import refuses, relationship_of
from forge.varsig import Algorithm
from forge.verdict.account import ALGORITHMS
from forge.verdict.case import Case
from forge.verify import Step
from forge.wording import show_date, show_did

MAX_TRIED: Final = 256
"""Keys of others that are tried on a signature."""


def methods_of(case: Case, did: DID) -> Sequence[VerificationMethod]:
    """Give what is known about a DID's methods; nothing where that could not be found out."""
    known = case.given.facts.keys.get(did, ())
    return () if isinstance(known, DIDKeyResolutionError) else known


def unendorsed(case: Case, step: Step) -> str | None:
    """Try the issuer's methods without asking whether they are endorsed, expired or revoked."""
    token, now = step.token, case.given.facts.now
    relationship = relationship_of(token)
    for method in methods_of(case, token.issuer):
        bare = replace(method, relationships=EVERY, expires=None, revoked=None)
        if refuses(bare, relationship, token.envelope, now, case.given.memory) is not None:
            continue
        if relationship not in method.relationships:
            return (
                f"It was signed with {method.id}, which the document of {show_did(token.issuer)} does not list in"
                f" {relationship.value}: list it there, or sign again with a method that is listed."
            )
        ended = [("expired", method.expires), ("was revoked", method.revoked)]
        verb, since = next((verb, since) for verb, since in ended if since is not None and now >= since)
        return (
            f"It was signed with {method.id}, which {verb} on {show_date(since)}: have it signed again with a key of"
            f" {show_did(token.issuer)} that is in force."
        )
    return None


def attested(case: Case, step: Step) -> str | None:
    """Look at who attested it, and who should have."""
    token = step.token
    issuer, is_attested = show_did(token.issuer), token.envelope.algorithm is Algorithm.ATTESTED
    authority = next((one.key.did for one in methods_of(case, token.issuer) if isinstance(one.key, Authority)), None)
    if authority is None:
        if not is_attested:
            return None
        return f"{issuer} has keys of its own, so an attestation does not count for it: have it signed with one of those."
    if not is_attested:
        return f"{issuer} has no key of its own: {show_did(authority)} has to attest what it signs, so have it do that."
    who = attestor(step)
    if who is None or who == authority:
        return f"The attestation of {show_did(authority)} does not hold for this token: have it attest the token again."
    return (
        f"It is attested by {show_did(who)}, and whoever is trusted here is {show_did(authority)}: give --authority"
        f" {show_did(who)} if that is whom you trust, or have {show_did(authority)} attest it."
    )


def signed_by_another(case: Case, step: Step) -> str | None:
    """Try the keys of everybody else who is known here."""
    token = step.token
    for did, key in islice(_keys(case, step), MAX_TRIED):
        if case.given.memory.verify(key, token.envelope):
            return (
                f"It says that it is issued by {show_did(token.issuer)}, and it was signed by {show_did(did)}: sign it with a"
                f" key of {show_did(token.issuer)}, or issue it as {show_did(did)}."
            )
    return None


def other_algorithm(case: Case, step: Step) -> str | None:
    """Compare the kinds of the issuer's keys with what the header names."""
    token = step.token
    kinds = {one.key.algorithm for one in methods_of(case, token.issuer) if isinstance(one.key, PublicKey)}
    if not kinds or token.envelope.algorithm in kinds:
        return None
    listed = " and ".join(sorted(ALGORITHMS[kind] for kind in kinds))
    return (
        f"Its header says {ALGORITHMS[token.envelope.algorithm]}, and {show_did(token.issuer)} has only {listed} keys: have it"
        " signed again with one of those."
    )


def not_signed(case: Case, step: Step) -> str:
    """Say what is left: no key that is known made it."""
    issuer = step.token.issuer
    listed = ", ".join(one.id for one in methods_of(case, issuer))
    if issuer.method == "key":
        return f"Its bytes were changed on the way, or another key signed it: have {show_did(issuer)} sign it again."
    if not listed:
        return f"The document of {show_did(issuer)} lists no verification method: list its key there."
    return (
        f"No key that {show_did(issuer)} lists today made this signature: if its key was rotated, have it signed again with a"
        f" key that is listed ({listed})."
    )


def unresolved(case: Case, step: Step) -> str:
    """Say how the keys of a DID of this kind are found out."""
    did = step.token.issuer
    shown = show_did(did)
    if did.method == "mailto":
        who = attestor(step)
        if case.given.authority is not None:
            return f"What {shown} signs is attested by {show_did(case.given.authority)}: see that its own keys can be resolved."
        if who is None:
            return f"{shown} has no key: have an authority attest what it signs, and give --authority with the authority's DID."
        return (
            f"{shown} has no key, and what it signs is attested by {show_did(who)}: give --authority {show_did(who)} if you"
            " trust it to."
        )
    return _HOW.get(did.method, _ELSE).format(did=shown)


def attestor(step: Step) -> DID | None:
    """Say who claims to attest a token's signature. Nothing of it is verified."""
    if step.token.envelope.algorithm is not Algorithm.ATTESTED:
        return None
    try:
        return Invocation.decode(step.token.envelope.signature).issuer
    except TokenError:
        return None


def _keys(case: Case, step: Step) -> Iterator[tuple[DID, PublicKey]]:
    for did in case.given.facts.keys:
        for method in methods_of(case, did):
            if isinstance(method.key, PublicKey) and method.key.algorithm is step.token.envelope.algorithm:
                yield did, method.key


_HOW: Final = {
    "key": "{did} names no key of a kind that is known here (Ed25519, secp256k1, P-256): issue it with one that is.",
    "web": "See that the DID document of {did} can be fetched, from here and from wherever the service runs.",
    "plc": "See that the directory that holds {did} can be reached; --plc URL names another than the usual one.",
}
_ELSE: Final = "Keys of {did} cannot be found out: issue it as a did:key, a did:web or a did:plc."
