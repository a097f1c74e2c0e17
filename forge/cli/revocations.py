"""Asking a service what it knows to be revoked (protocol §13.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from forge import notice
from forge.cid import CID
from forge.cli.terminal import complain
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DecodeError, Failure, ServiceError
from forge.revocation import MAX_RECORD, claim
from forge.signature import Keys, verify_signature

TIMEOUT: Final = 10.0
"""Seconds for one answer."""
AT_ONCE: Final = 8
_MAX_BYTES: Final = 2 * MAX_RECORD  # its bytes are told as base64
_NOT_FOUND: Final = 404


async def revokers(
    url: str, delegations: Collection[Delegation], resolve: Callable[[Collection[DID]], Awaitable[Keys]], at: int
) -> dict[CID, frozenset[DID]]:
    """Ask who has revoked which of some delegations, of all who issued one of them.

    What a service tells is verified; what does not hold is complained about, and does not count.

    Args:
        url: where the service is.
        delegations: which, with those of their chains.
        resolve: finds out about keys.
        at: Unix seconds.

    Raises:
        ServiceError: the service was not reached, or answered something else.
    """
    issuers = list(dict.fromkeys(one.issuer for one in delegations))
    inquiries = [_Inquiry(f"{url.rstrip('/')}/revocation/{one.cid}", url, one, resolve, at) for one in delegations]
    slots = asyncio.Semaphore(AT_ONCE)

    async def ask(inquiry: _Inquiry) -> frozenset[DID]:
        async with slots:
            return await inquiry.revokers(issuers)

    found = await asyncio.gather(*(ask(inquiry) for inquiry in inquiries))
    return {one.cid: dids for one, dids in zip(delegations, found, strict=True) if dids}


@dataclass
class _Inquiry:
    """What one service tells of one delegation."""

    endpoint: str
    service: str
    delegation: Delegation
    resolve: Callable[[Collection[DID]], Awaitable[Keys]]
    at: int
    known: dict[bytes, DID | None] = field(default_factory=dict)
    """Who revoked, by records that were looked at: a service may answer everything with the same."""

    async def revokers(self, issuers: Iterable[DID]) -> frozenset[DID]:
        """Ask for any record, and where that one does not settle it, for those by each of `issuers`.

        Somebody else's, for chains of its own, may be all that a service tells who is not asked by name.
        """
        first = await self._ask({})
        if first is None:
            return frozenset()
        found = {await self._revoker(first)}
        if self.delegation.issuer not in found:
            for issuer in issuers:
                data = None if issuer in found else await self._ask({"revoker": issuer})
                if data is not None:
                    found.add(await self._revoker(data))
        return frozenset(did for did in found if did is not None)

    async def _ask(self, question: dict[str, str]) -> bytes | None:
        return await asyncio.to_thread(_get, f"{self.endpoint}?{urlencode(question)}" if question else self.endpoint)

    async def _revoker(self, data: bytes) -> DID | None:
        if data not in self.known:
            try:
                self.known[data] = await _revoker(data, self.delegation.cid, self.resolve, self.at)
            except (DecodeError, Failure) as error:
                complain(f"{self.service} tells of a revocation of {self.delegation.cid} that does not hold: {error}")
                self.known[data] = None
        return self.known[data]


async def _revoker(data: bytes, revoked: CID, resolve: Callable[[Collection[DID]], Awaitable[Keys]], at: int) -> DID:
    """Verify a record, and say who revoked.

    Raises:
        DecodeError: it is none, or is about another delegation.
        Failure: it is not the revoker's, or the revoker has no say in it.
    """
    found = claim(notice.read_record(data))
    if found.delegation != revoked:
        raise DecodeError(f"the invocation in it does not revoke {revoked}")
    keys = await resolve({token.issuer for token in found.tokens})
    for token in found.tokens:
        verify_signature(token, keys, at, what="revocation" if token is found.cause else "delegation")
    return found.cause.issuer


def _get(url: str) -> bytes | None:
    """Ask for a record. None: there is none.

    Raises:
        ServiceError: the service was not reached, or answered something else.
    """
    request = Request(url, headers={"Accept": notice.CONTENT_TYPE, "User-Agent": "forge"})  # noqa: S310 - its scheme was looked at
    try:
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - the same
            data: bytes = response.read(_MAX_BYTES + 1)
    except HTTPError as error:
        # It is an answer too, and holds its connection.
        error.close()
        if error.code == _NOT_FOUND:
            return None
        raise ServiceError(f"{url} answered {error.code}") from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise ServiceError(f"{url} was not reached: {error}") from error
    if len(data) > _MAX_BYTES:
        raise ServiceError(f"{url} answered more than {_MAX_BYTES} bytes")
    return data
