"""Principals: on whose behalf an authority signs."""

from __future__ import annotations

from typing import Final

from forge.cli.exits import UsageError
from forge.did import DID, address_of, mailto
from forge.errors import DIDError

ON_BEHALF: Final = "On whose behalf, as the authority that attests for it: an e-mail address, or its did:mailto."


def read_principal(text: str) -> DID:
    """Read an e-mail address, or a did:mailto.

    Raises:
        UsageError: it is neither.
    """
    try:
        if not text.startswith("did:"):
            return mailto(text)
        did = DID(text)
        address_of(did)
    except DIDError as error:
        raise UsageError(f"--for: {error}") from error
    return did
