"""Chains of delegations, link by link, so that each can be broken by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final

from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.verify import Facts, Keys, Verified, verify
from tests.core.principals import ALICE, NOW, N
from tests.core.tokens import DLG, HEADER, INV, delegation_payload, invocation_payload, keys_of, seal

PEOPLE: Final = tuple(Signer(Ed25519PrivateKey(bytes((number,)) * 32)) for number in range(1, 9))
STRANGER: Final = Signer(Ed25519PrivateKey(bytes((99,)) * 32))
BYSTANDER: Final = Signer(Ed25519PrivateKey(bytes((98,)) * 32))
"""Somebody who never issues anything."""
EVERYBODY_S_KEYS: Final = keys_of(*(signer.did for signer in (*PEOPLE, STRANGER, ALICE)))


@dataclass(frozen=True)
class Link:
    """A delegation to be made: its fields on the wire, and who signs it."""

    issuer: Signer
    fields: Mapping[str, Any]
    signer: Signer | None = None
    """Who signs, where that is not the issuer."""
    header: bytes = HEADER

    def but(self, **fields: Any) -> Link:
        return replace(self, fields={**self.fields, **fields})

    def make(self) -> Delegation:
        payload = delegation_payload(self.issuer, **self.fields)
        return Delegation.decode(seal(self.signer or self.issuer, DLG, payload, header=self.header))


@dataclass(frozen=True)
class Request:
    """An invocation with its chain, root first."""

    invoker: Signer
    links: tuple[Link, ...]
    fields: Mapping[str, Any]
    signer: Signer | None = None
    header: bytes = HEADER
    keys: Keys = field(default_factory=lambda: EVERYBODY_S_KEYS, repr=False)
    revoked: Mapping[CID, Collection[DID]] = field(default_factory=dict)
    left_out: frozenset[int] = frozenset()

    def but(self, **fields: Any) -> Request:
        return replace(self, fields={**self.fields, **fields})

    def with_link(self, position: int, link: Link) -> Request:
        return replace(self, links=(*self.links[:position], link, *self.links[position + 1 :]))

    @property
    def proofs(self) -> list[Delegation]:
        return [link.make() for link in self.links]

    def invocation(self) -> Invocation:
        payload = invocation_payload(self.invoker, **({"prf": [proof.cid for proof in self.proofs]} | dict(self.fields)))
        return Invocation.decode(seal(self.signer or self.invoker, INV, payload, header=self.header))

    def verify(self, now: int = NOW, leeway: int = 0, **more: Any) -> Verified:
        proofs = {proof.cid: proof for position, proof in enumerate(self.proofs) if position not in self.left_out}
        return verify(self.invocation(), proofs, Facts(now, self.keys, self.revoked), leeway=leeway, **more)


def request(path: Sequence[Signer], powerlines: Collection[int] = (), **fields: Any) -> Request:
    """The chain from the first of `path`, who is the subject, to the last, who invokes."""
    subject = str(path[0].did)
    links = tuple(
        # Told apart by their nonces, so that a path that comes by twice has no link twice.
        Link(
            issuer,
            {
                "aud": str(audience.did),
                "sub": None if position in powerlines else subject,
                "nonce": N + bytes((position,)),
            },
        )
        for position, (issuer, audience) in enumerate(pairwise(path))
    )
    return Request(path[-1], links, {"sub": subject} | fields)
