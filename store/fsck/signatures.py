"""Signatures, as far as they can be looked at without asking anybody: those of did:keys, and of this service's own keys."""

from __future__ import annotations

from collections.abc import Sequence

from forge.did import DID
from forge.envelope import Envelope
from forge.errors import DecodeError
from forge.keys import PublicKey
from forge.method import did_key_methods


class Signatures:
    """What verifies them."""

    def __init__(self, ours: Sequence[PublicKey]) -> None:
        """`ours` are the keys that this service signs with, or has signed with."""
        self._ours = ours
        self.unchecked = 0
        """Signatures whose keys are not known here."""

    def are_false(self, token: Envelope, issuer: DID, *, of_service: bool = False) -> bool:
        """Say whether a token is certainly not signed by who it says. Where the key is not known here, that is counted."""
        if issuer.method == "key":
            try:
                keys: Sequence[object] = [method.key for method in did_key_methods(issuer)]
            except DecodeError:
                return True
        else:
            keys = self._ours if of_service else ()
        if not keys:
            self.unchecked += 1
            return False
        return not any(
            isinstance(key, PublicKey) and key.algorithm is token.algorithm and key.verify(token.signed, token.signature)
            for key in keys
        )
