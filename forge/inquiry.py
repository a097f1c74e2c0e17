"""Inquiries: the tokens of a revocation, asked for where it was announced, and verified (protocol §13.2).

    GET {source}/revocation/{cid}?cause={cid}

A delegation may have been revoked by several, each for the chains that it is in. A service that passes `cause` over gives the
last revocation of the delegation, whatever was announced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

import aiohttp
import structlog

from forge import notice, revocation
from forge.container import MAX_BYTES
from forge.did import DID
from forge.errors import DecodeError, DIDKeyResolutionError, Failure, InvalidSignature, ServiceError
from forge.ports import Clock, Revocation, Wanted
from forge.signature import Keys, verify_signature

CONNECT: Final = 10.0
"""Seconds in which a service must be reached."""
DEADLINE: Final = 30.0
"""Seconds in which a record must have arrived."""
AT_ONCE: Final = 8
"""Records that are asked for at once."""
ROTATION: Final = 8
"""Tries after which a signature is taken for wrong whose issuer may just have replaced its key."""
_OK: Final = 200
_REQUEST_IS_AT_FAULT: Final = frozenset(range(400, 500)) - {408, 429}
_SHOWN: Final = 400  # characters of a reason in the log

log = structlog.get_logger("forge")


class Resolves(Protocol):
    """What an inquiry asks of a resolver."""

    async def resolve(self, dids: Sequence[DID]) -> Keys:
        """Find out how the signatures of `dids` are verified."""


class UnsettledError(Exception):
    """It cannot be said yet whether a revocation is one."""


class Inquiry:
    """Asks one service for records."""

    def __init__(self, source: str, resolver: Resolves, session: aiohttp.ClientSession, clock: Clock) -> None:
        """Ask the service at the URL `source`."""
        self._source = source
        self._resolver = resolver
        self._session = session
        self._clock = clock
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def obtain(self, wanted: Wanted) -> Revocation | Wanted | None:
        """Get a revocation, verified. None: it is none. The same with one try more: that cannot be said yet.

        Raises:
            ServiceError: the service does not give it now.
        """
        said = log.bind(source=self._source, cause=str(wanted.cause))
        try:
            async with self._slots:
                found = await self._verify(notice.read_record(await self._fetch(wanted)), wanted.tries)
        except UnsettledError as reason:
            said.debug("postponed", reason=str(reason)[:_SHOWN])
            return Wanted(wanted.delegation, wanted.cause, wanted.tries + 1)
        except (DecodeError, Failure) as reason:
            said.debug("no revocation", reason=str(reason)[:_SHOWN])
            return None
        if found.cause != wanted.cause:
            # It counts, since it is verified. What was announced cannot be had any more.
            said.warning("another revocation is in its place", instead=str(found.cause))
        return found

    async def _fetch(self, wanted: Wanted) -> bytes:
        """Ask.

        Raises:
            DecodeError: the answer is larger than a record may be.
            UnsettledError: the service has no such record.
            ServiceError: it does not answer, or not with a record.
        """
        url = f"{self._source}/revocation/{wanted.delegation}"
        timeout = aiohttp.ClientTimeout(total=DEADLINE, sock_connect=CONNECT)
        try:
            async with self._session.get(
                url, params={"cause": str(wanted.cause)}, allow_redirects=False, timeout=timeout
            ) as response:
                if response.status in _REQUEST_IS_AT_FAULT:
                    # Announced, and not there: a source may be several, which are not of one mind yet.
                    raise UnsettledError(f"{url} answered {response.status}")
                if response.status != _OK or response.content_type != notice.CONTENT_TYPE:
                    raise ServiceError(f"{url} answered {response.status} ({response.content_type}), and no record")
                data = bytearray()
                async for part in response.content.iter_any():
                    data += part
                    if len(data) > MAX_BYTES:
                        raise DecodeError(f"a record has at most {MAX_BYTES} bytes")
                return bytes(data)
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceError(f"{url} was not read: {str(error) or type(error).__name__}") from error

    async def _verify(self, record: notice.Record, tries: int) -> Revocation:
        """Verify a record, as if it had been sent here; whom it was for, and its times, do not matter.

        Raises:
            DecodeError: its tokens are none.
            UnsettledError: the keys of an issuer are not found out now, or may not be the right ones any more.
            Failure: it is not the revoker's, or the revoker has no say in it.
        """
        found = revocation.claim(record)
        keys = await self._resolver.resolve(list(dict.fromkeys(token.issuer for token in found.tokens)))
        for token in found.tokens:
            try:
                verify_signature(token, keys, self._clock(), what="revocation" if token is found.cause else "delegation")
            except (DIDKeyResolutionError, InvalidSignature) as failure:
                # The keys of a did:key are what they are. Others' are asked for, and kept for a while.
                settled = isinstance(failure, InvalidSignature) and tries >= ROTATION
                if token.issuer.method == "key" or settled:
                    raise
                raise UnsettledError(failure.message) from failure
        return found.revocation
