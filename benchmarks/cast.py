"""Who takes part: a service, and a tenant to whom it has delegated; and what the tenant sends, a container a request.

Everything is unique, and signed before it is sent.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.stencil import Stencil
from forge import dagcbor
from forge.cid import CID
from forge.command import CommandPath
from forge.config import write_private
from forge.container import KEY, Container
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.receipt import Receipt

SERVICE: Final = DID("did:web:service.example")
PRODUCT: Final = DID("did:web:product.example")
ADD: Final = CommandPath("/customer/add")
GET: Final = CommandPath("/customer/get")
BATCH: Final = 100
"""Invocations of a large container."""
VALID: Final = 86_400
"""Seconds for which what is signed is valid: longer than any run."""
NONCE: Final = 16

# Of an Ed25519 did:key the first four characters are always the same, and the others may be any.
_KEY: Final = b"did:key:z6Mk"
_KEY_LENGTH: Final = 44
_BASE58: Final = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_TO_BASE58: Final = bytes(_BASE58[byte % len(_BASE58)] for byte in range(256))


def fresh_did() -> bytes:
    """Make the did:key of nobody: a customer is only named, and making a key takes as long as signing."""
    return _KEY + os.urandom(_KEY_LENGTH).translate(_TO_BASE58)


@dataclass(frozen=True)
class Granted:
    """A command that the tenant may invoke, and how its tokens are printed."""

    delegation: bytes
    """The one that all invocations share."""
    link: bytes
    """Its CID."""
    own: Stencil
    """Delegations that say the same, with another nonce."""
    invocation: Stencil
    """By customer, nonce and proof."""


class Cast:
    """The service's key, in a file, and what its tenant signs."""

    def __init__(self, folder: Path) -> None:
        """Make everybody's keys; the service's is kept in `folder`."""
        self.key = folder / "service.pem"
        private = Ed25519PrivateKey.generate()
        write_private(self.key, private.pem())
        self.service = Signer(private, SERVICE)
        self.tenant = Signer.generate()
        self._expiration = int(time.time()) + VALID
        self._add = self._grant(ADD, product=PRODUCT, details={"name": "Example Ltd"})
        self._get = self._grant(GET)

    def added(self, customer: bytes | None = None, *, own: bool = False) -> bytes:
        """Give a container in which somebody becomes a customer; on a delegation that was never seen, where `own`."""
        return _container(self._tokens(self._add, customer or fresh_did(), own=own))

    def batch(self, *, own: bool = False) -> bytes:
        """Give a container in which a hundred become customers."""
        return _container([token for _ in range(BATCH) for token in self._tokens(self._add, fresh_did(), own=own)])

    def got(self, customer: bytes) -> bytes:
        """Give a container in which the tenant asks about a customer."""
        return _container(self._tokens(self._get, customer, own=False))

    def answer(self) -> bytes:
        """Give what the service answers to such a container: as many bytes, that is."""
        (invocation,) = Container.from_cbor(self.added()).invocations
        return Container.of(Receipt.issue(self.service, ran=invocation.task, out={}, issued_at=int(time.time()))).to_cbor()

    def _grant(self, command: CommandPath, **arguments: object) -> Granted:
        delegation = Delegation.issue(self.service, audience=self.tenant.did, subject=SERVICE, command=command, expiration=None)
        somebody = fresh_did()
        invocation = Invocation.issue(
            self.tenant,
            subject=SERVICE,
            command=command,
            arguments={"customer": somebody.decode(), **arguments},
            expiration=self._expiration,
            proofs=[delegation.cid],
        )
        link = bytes(delegation.cid)
        return Granted(
            bytes(delegation),
            link,
            Stencil(delegation, self.service, [delegation.nonce]),
            Stencil(invocation, self.tenant, [somebody, invocation.nonce, link]),
        )

    @staticmethod
    def _tokens(granted: Granted, customer: bytes, *, own: bool) -> list[bytes]:
        delegation, link = granted.delegation, granted.link
        if own:
            delegation = granted.own.print(os.urandom(NONCE))
            link = bytes(CID.of(delegation))
        return [granted.invocation.print(customer, os.urandom(NONCE), link), delegation]


def _container(tokens: list[bytes]) -> bytes:
    # As `Container.to_cbor` writes them: each once, in the order of their bytes.
    return dagcbor.encode({KEY: sorted(set(tokens))})
