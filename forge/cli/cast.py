"""The cast of the demonstration: who takes part, under which name, and how texts about them are made readable."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from forge.cli.files import write_private
from forge.cli.terminal import json_text
from forge.did import DID
from forge.keys import Ed25519PrivateKey, P256PrivateKey, PrivateKey, Secp256k1PrivateKey, Signer

ROLES: Final[dict[str, type[PrivateKey]]] = {
    "service": Ed25519PrivateKey,
    "tenant": Secp256k1PrivateKey,
    "customer": Ed25519PrivateKey,
    "space 1": Ed25519PrivateKey,
    "space 2": P256PrivateKey,
    "stranger": Ed25519PrivateKey,
}
"""Who takes part, and with a key of which kind: of each there is one."""
_HEAD, _TAIL = 16, 6  # characters that are left of a did:key


class Cast:
    """One fresh key a role."""

    def __init__(self) -> None:
        self._signers = {role: Signer(kind.generate()) for role, kind in ROLES.items()}

    def __getitem__(self, role: str) -> Signer:
        return self._signers[role]

    def did(self, role: str) -> DID:
        """Give a role's DID."""
        return self[role].did

    def keep(self, folder: Path) -> None:
        """Write each key to a file of the role's name."""
        for role, signer in self._signers.items():
            write_private(folder / f"{role.replace(' ', '-')}.pem", signer.key.pem())

    def readable(self, value: object) -> str:
        """Write a value with names where the cast's DIDs are."""
        text = value if isinstance(value, str) else json_text(value)
        for role, signer in self._signers.items():
            text = text.replace(signer.did, f"‹{role}›")
        return text

    def listing(self) -> list[tuple[str, str]]:
        """Give each role and its DID, shortened."""
        return [(role, f"{signer.did[:_HEAD]}…{signer.did[-_TAIL:]}") for role, signer in self._signers.items()]
