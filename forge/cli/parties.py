"""Who takes part: DIDs, and the words that stand for them."""

from __future__ import annotations

from typing import Final

from forge.cli.exits import UsageError
from forge.did import DID
from forge.errors import DIDError

SELF: Final = "self"
SERVICE: Final = "service"
ANY: Final = "null"


def read_did(option: str, text: str) -> DID:
    """Read the DID that an option gives.

    Raises:
        UsageError: it is none.
    """
    try:
        return DID(text)
    except DIDError as error:
        raise UsageError(f"{option}: {error}") from error


def read_subject(text: str, *, issuer: DID, audience: DID | None = None) -> DID:
    """Read a subject: a DID, `self` for whoever signs, or `service` for the audience, where there is one to be addressed.

    Raises:
        UsageError: it is none of these.
    """
    if text == SELF:
        return issuer
    if text == SERVICE and audience is not None:
        return audience
    return read_did("--subject", text)
