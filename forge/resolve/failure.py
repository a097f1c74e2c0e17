"""Why a DID could not be resolved: what the invoker is told, and what only the operator is."""

from __future__ import annotations

from enum import Enum
from typing import Final

from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.wording import show_did

MAX_REASON: Final = 500
"""Characters: a reason may quote what a stranger's host sent."""
TOO_BUSY: Final = "too many others are being resolved; try again"
"""What whoever invoked is told where nothing was tried."""


class Fault(Enum):
    """Whose doing it was that a document was not had."""

    GONE = "gone"
    """Whoever must know says that there is no such DID."""
    HOST = "host"
    """The host gave no document of it."""
    HOST_BUSY = "host busy"
    """The host was not asked, because too many others ask it: it may be slow, or they may be many."""
    BUSY = "busy"
    """The host was not asked, because of others."""


class Unfetched(Exception):
    """A document was not had."""

    def __init__(self, reason: str, detail: str = "", fault: Fault = Fault.HOST) -> None:
        """Say why.

        Args:
            reason: for whoever invoked. Whatever did not answer or was refused is told in the same words: addresses and errors
                would map the network that this process is in.
            detail: for the operator.
            fault: whose doing it was.
        """
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.fault = fault


def unresolved(did: DID, reason: str) -> DIDKeyResolutionError:
    """Give the failure of a DID, on one line (§8.5)."""
    line = " ".join("".join(one if one.isprintable() else " " for one in reason[:MAX_REASON]).split())
    return DIDKeyResolutionError(f'unable to resolve "{show_did(did)}" key: not resolvable by any resolver: {line}')
