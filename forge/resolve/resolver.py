"""The resolver: how the signatures of any DID are verified. One object serves a whole process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from forge.did import DID
from forge.errors import DecodeError, DIDKeyResolutionError
from forge.method import VerificationMethod, attested_methods, did_key_methods
from forge.resolve.failure import unresolved
from forge.resolve.source import Found
from forge.verify import Keys
from forge.wording import show_did

MAX_STRANGERS: Final = 16
"""DIDs of which nothing is known that one request may have looked up."""
MAX_KNOWN: Final = 64
"""DIDs that were found before and are due, which one request may have asked for again: once found, strangers' count too."""


class Finder(Protocol):
    """Finds the DIDs of one method: a `Source`."""

    def knows(self, did: DID) -> bool:
        """Say whether it was found before."""

    def at_once(self, did: DID) -> Found | None:
        """Give what is known without asking anybody. None: it must be asked for."""

    async def find(self, did: DID) -> Found:
        """Give what is known, or ask, for a bounded time. Never raises."""


class Resolver:
    """Finds out how the signatures of DIDs are verified.

    own        as configured; never asked for elsewhere
    did:key    computed
    did:mailto attested by one authority, which is any of the others
    others     by a source, where there is one: did:web, did:plc
    """

    def __init__(
        self,
        own: Mapping[DID, Sequence[VerificationMethod]] | None = None,
        sources: Mapping[str, Finder] | None = None,
        authority: DID | None = None,
    ) -> None:
        """Make a resolver.

        Args:
            own: DIDs whose methods are known from the configuration.
            sources: who finds the DIDs of a method, by its name, such as `web`.
            authority: who attests for did:mailto; nobody where None.

        Raises:
            ValueError: the authority would need one itself.
        """
        if authority is not None and authority.method == "mailto":
            raise ValueError(f"a did:mailto has no key, and attests nothing: {authority}")
        self._own = dict(own or {})
        self._sources = dict(sources or {})
        self._authority = authority

    def at_once(self, dids: Collection[DID]) -> Keys | None:
        """Give what `resolve` gives where nobody has to be asked; else None."""
        found: dict[DID, Found] = {}
        for did in dids:
            known = self._at_once(did)
            if known is None:
                return None
            found[did] = known
        return found

    async def resolve(self, dids: Collection[DID]) -> Keys:
        """Find out about `dids`, all at once. Never raises: a failure stands where the methods would."""
        found: dict[DID, Found] = {}
        asked: list[DID] = []
        counted = {True: 0, False: 0}
        for did in dids:
            known = self._at_once(did)
            if known is not None:
                found[did] = known
                continue
            # A did:mailto is asked for as its authority, which is one for all.
            if did.method in self._sources:
                knows = self._sources[did.method].knows(did)
                most = MAX_KNOWN if knows else MAX_STRANGERS
                if counted[knows] == most:
                    again = " again" if knows else ""
                    found[did] = unresolved(
                        did, f"the request names more than {most} DIDs that must be looked up{again}; send some of it later"
                    )
                    continue
                counted[knows] += 1
            asked.append(did)
        if asked:
            answers = await asyncio.gather(*(self._find(did) for did in asked))
            found.update(zip(asked, answers, strict=True))
        return found

    def _at_once(self, did: DID) -> Found | None:
        if did in self._own:
            return self._own[did]
        method = did.method
        if method == "key":
            return _did_key(did)
        if method == "mailto" and self._authority is not None:
            found = self._at_once(self._authority)
            return None if found is None else _attested(did, self._authority, found)
        if method in self._sources:
            return self._sources[method].at_once(did)
        hint = " (nobody is set to attest for it: authority)" if method == "mailto" else ""
        return unresolved(did, f"no resolver found for method: {method}{hint}")

    async def _find(self, did: DID) -> Found:
        """Ask for a DID that is not known at once: of a did:mailto, for its authority."""
        if did.method == "mailto" and self._authority is not None:
            return _attested(did, self._authority, await self._find(self._authority))
        return await self._sources[did.method].find(did)


def _attested(did: DID, authority: DID, found: Found) -> Found:
    """Say how a DID is verified whose authority is verified like this (§2.8)."""
    if isinstance(found, DIDKeyResolutionError):
        return unresolved(did, f"its authority {show_did(authority)}: {found.message}")
    return attested_methods(did, authority, tuple(found))


def _did_key(did: DID) -> Found:
    try:
        return did_key_methods(did)
    except DecodeError as error:
        return unresolved(did, str(error))
