"""Resolving DIDs: from who somebody is to how their signatures are verified (protocol §2.6, §8.5).

One resolver object serves a whole process. did:key is computed, the own DID is answered from the configuration; did:web is
fetched where a fetcher was given, and nothing else is known here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import unquote

import aiohttp

from forge.did import DID
from forge.document import methods_of
from forge.errors import DecodeError, DIDKeyResolutionError
from forge.method import VerificationMethod, did_key_methods
from forge.verify import Keys

WEB_TIMEOUT: Final = 10.0
"""Seconds that fetching a document may take in all; the Go peers' limit."""
MAX_DOCUMENT_BYTES: Final = 64 * 1024
_OK: Final = 200
_LOOPBACK: Final = ("localhost", "127.0.0.1")


class Fetcher(Protocol):
    """Gets the verification methods of a DID from elsewhere."""

    async def fetch(self, did: DID) -> Sequence[VerificationMethod]:
        """Get the methods.

        Raises:
            DIDKeyResolutionError: they could not be had; the message says why.
        """


class Resolver:
    """Finds out how the signatures of DIDs are verified."""

    def __init__(
        self,
        own: Mapping[DID, Sequence[VerificationMethod]] | None = None,
        fetchers: Mapping[str, Fetcher] | None = None,
    ) -> None:
        """Make a resolver.

        Args:
            own: DIDs whose methods are known from the configuration. They are never asked for elsewhere.
            fetchers: who fetches the documents of a DID method, by its name, such as `web`.
        """
        self._own = dict(own or {})
        self._fetchers = dict(fetchers or {})

    async def resolve(self, dids: Collection[DID]) -> Keys:
        """Find out about `dids`, all at once. Never raises: a failure stands where the methods would."""
        known: dict[DID, Sequence[VerificationMethod] | DIDKeyResolutionError] = {}
        unknown: list[DID] = []
        for did in dids:
            if did in self._own:
                known[did] = self._own[did]
            elif did.method == "key":
                known[did] = _did_key(did)
            elif did.method in self._fetchers:
                unknown.append(did)
            else:
                known[did] = _unresolved(did, f"no resolver found for method: {did.method}")
        if unknown:
            answers = await asyncio.gather(*(self._fetch(did) for did in unknown))
            known.update(zip(unknown, answers, strict=True))
        return known

    async def _fetch(self, did: DID) -> Sequence[VerificationMethod] | DIDKeyResolutionError:
        try:
            return await self._fetchers[did.method].fetch(did)
        except DIDKeyResolutionError as failure:
            return failure


class WebFetcher:
    """Fetches did:web documents: over HTTPS, from the host that the DID names and no other.

    On the loopback interface, where there is nobody in between, plain HTTP is used.
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def fetch(self, did: DID) -> Sequence[VerificationMethod]:
        """Get the methods of a did:web.

        Raises:
            DIDKeyResolutionError: that; the message says why.
        """
        url = web_url(did)
        try:
            timeout = aiohttp.ClientTimeout(total=WEB_TIMEOUT)
            async with self._session.get(url, timeout=timeout, allow_redirects=False) as response:
                if response.status != _OK:
                    raise _unresolved(did, f"{url} answered {response.status}")
                body = await response.content.read(MAX_DOCUMENT_BYTES + 1)
                while len(body) <= MAX_DOCUMENT_BYTES and (more := await response.content.read(MAX_DOCUMENT_BYTES)):
                    body += more
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # A ValueError: the host is nothing that can be looked up, such as a label of more than 63 characters.
            raise _unresolved(did, f"{url} could not be fetched: {type(error).__name__}") from error
        if len(body) > MAX_DOCUMENT_BYTES:
            raise _unresolved(did, f"{url} has more than {MAX_DOCUMENT_BYTES} bytes")
        try:
            return methods_of(json.loads(body), did)
        except (DecodeError, ValueError, RecursionError) as error:
            raise _unresolved(did, f"{url}: {error}") from error


def web_url(did: DID) -> str:
    """Say where the document of a did:web is (§2.6).

    Raises:
        DIDKeyResolutionError: the DID names no host.
    """
    host, *path = did.identifier.split(":")
    host = host.replace("%3A", ":").replace("%3a", ":")
    parts = [unquote(part) for part in path]
    if not host or "%" in host or "#" in did or any("/" in part or part in ("", ".", "..") for part in parts):
        raise _unresolved(did, "it names no host and path")
    scheme = "http" if host.partition(":")[0] in _LOOPBACK else "https"
    return f"{scheme}://{host}/{'/'.join(path) if path else '.well-known'}/did.json"


def _did_key(did: DID) -> Sequence[VerificationMethod] | DIDKeyResolutionError:
    try:
        return did_key_methods(did)
    except DecodeError as error:
        return _unresolved(did, str(error))


def _unresolved(did: DID, reason: str) -> DIDKeyResolutionError:
    return DIDKeyResolutionError(f'unable to resolve "{did}" key: not resolvable by any resolver: {reason}')
