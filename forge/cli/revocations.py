"""Asking a service what it knows to be revoked (protocol §13.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from forge import notice
from forge.cid import CID
from forge.cli.terminal import complain
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
    url: str, delegations: Collection[CID], resolve: Callable[[Collection[DID]], Awaitable[Keys]], at: int
) -> dict[CID, frozenset[DID]]:
    """Ask who has revoked which of some delegations. A service tells one revocation of each, the last.

    What it tells is verified; what does not hold is complained about, and does not count.

    Args:
        url: where the service is.
        delegations: which.
        resolve: finds out about keys.
        at: Unix seconds.

    Raises:
        ServiceError: the service was not reached, or answered something else.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(cid: CID) -> DID | None:
        async with slots:
            data = await asyncio.to_thread(_get, f"{url.rstrip('/')}/revocation/{cid}")
        if data is None:
            return None
        try:
            return await _revoker(data, cid, resolve, at)
        except (DecodeError, Failure) as error:
            complain(f"{url} tells of a revocation of {cid} that does not hold: {error}")
            return None

    asked = list(delegations)
    found = await asyncio.gather(*(one(cid) for cid in asked))
    return {cid: frozenset({did}) for cid, did in zip(asked, found, strict=True) if did is not None}


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
        if error.code == _NOT_FOUND:
            return None
        raise ServiceError(f"{url} answered {error.code}") from error
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise ServiceError(f"{url} was not reached: {error}") from error
    if len(data) > _MAX_BYTES:
        raise ServiceError(f"{url} answered more than {_MAX_BYTES} bytes")
    return data
