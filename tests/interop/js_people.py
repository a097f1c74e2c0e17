"""Who signs: the same keys on both sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from forge.did import DID
from forge.keys import P256PrivateKey, Secp256k1PrivateKey, Signer
from tests.interop.js_driver import Driver
from tests.interop.stage import Service


@dataclass(frozen=True)
class People:
    """Signers by name."""

    signers: dict[str, Signer]

    @classmethod
    def of(cls, service: Service, driver: Driver) -> Self:
        """Make everybody, and let the driver sign for them. The service is among them: it can lend what is its own."""
        signers = {name: Signer.generate() for name in ("owner", "agent", "robot", "other")}
        signers["secp"] = Signer(Secp256k1PrivateKey.generate())
        signers["nist"] = Signer(P256PrivateKey.generate())
        signers["service"] = service.signer
        for name, signer in signers.items():
            driver.person(name, signer)
        return cls(signers)

    def __getitem__(self, name: str) -> Signer:
        return self.signers[name]

    def did(self, name: str) -> DID:
        return self.signers[name].did
