"""Verification methods: how a DID's signatures are verified (protocol §2.4, §2.5, §2.8; W3C DID Core §5.2).

A method has a key, or, where the DID has none such as a did:mailto, an authority that attests what the DID signs. It serves the
relationships that its document endorses it for, until it expires or is revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from forge.did import DID
from forge.keys import PublicKey, public_key

_CACHE_SIZE: Final = 16_384


class Relationship(Enum):
    """What a method may sign: its value is the name in a DID document."""

    INVOCATION = "capabilityInvocation"
    """Invocations: receipts and attestations among them."""
    DELEGATION = "capabilityDelegation"


EVERY: Final = frozenset(Relationship)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who attests the signatures of a DID that has no key, and how its own signatures are verified."""

    did: DID
    methods: tuple[VerificationMethod, ...]


@dataclass(frozen=True, slots=True)
class Unusable:
    """What stands in a document and verifies nothing here; why is told to whoever wonders."""

    reason: str


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """One way in which a DID's signatures are verified."""

    id: str
    """Such as `did:web:example.com#key-0`."""
    key: PublicKey | Authority | Unusable
    relationships: frozenset[Relationship] = EVERY
    expires: int | None = None
    """Unix seconds from which it verifies nothing any more."""
    revoked: int | None = None
    """Unix seconds from which it verifies nothing any more."""

    def refuses(self, relationship: Relationship, now: int) -> str | None:
        """Say why it does not serve `relationship` at `now`; None where it does."""
        if self.relationships is not EVERY and relationship not in self.relationships:
            return f"not listed in {relationship.value}"
        if self.expires is not None and now >= self.expires:
            return "expired"
        if self.revoked is not None and now >= self.revoked:
            return "revoked"
        return self.key.reason if isinstance(self.key, Unusable) else None


@lru_cache(_CACHE_SIZE)
def did_key_methods(did: DID) -> tuple[VerificationMethod, ...]:
    """Compute the one verification method of a did:key.

    Raises:
        KeyFormatError: the DID names no key of a kind known here.
    """
    return (VerificationMethod(f"{did}#{did.identifier}", public_key(did.multikey)),)


def attested_methods(did: DID, authority: DID, methods: tuple[VerificationMethod, ...]) -> tuple[VerificationMethod, ...]:
    """Give the one verification method of a DID whose signatures an authority attests (§2.8).

    Args:
        did: such as a did:mailto.
        authority: who attests.
        methods: the authority's own.
    """
    return (VerificationMethod(f"{did}#{authority}", Authority(authority, methods)),)
