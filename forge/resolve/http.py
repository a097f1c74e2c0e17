"""HTTP for documents: a GET that its host can make neither long nor large, and that goes nowhere else."""

from __future__ import annotations

import errno
import re
import socket
import zlib
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http import RawResponseMessage
from yarl import URL

from forge.resolve.failure import TOO_BUSY, Fault, Unfetched
from forge.resolve.names import LookUp, Names
from forge.resolve.reach import Reach

MAX_DOCUMENT_BYTES: Final = 32 * 1024
"""Of a document, packed and unpacked. Those in use have one to four thousand."""
MAX_REDIRECTS: Final = 3
MAX_INTERIM: Final = 8
"""Answers with which a host may say that its answer is still to come."""
OK: Final = 200
NOT_MODIFIED: Final = 304
# This process has no more to give, which whoever connects to it can bring about: the host was not asked.
_OUR_OWN: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# RFC 9110 §8.8.3. It is sent back as it came, so it must be nothing else.
_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,256}"')
_UNPACK: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's window bits for each encoding of a body."""
_HEADERS: Final = {
    "Accept": "application/did+json, application/did+ld+json;q=0.9, application/json;q=0.8",
    # Nothing packed is wanted; hosts that pack regardless are understood.
    "Accept-Encoding": "identity",
    "User-Agent": "forge",
}
_PARTS: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered."""

    status: int
    body: bytes = b""
    etag: str | None = None


class _Response(aiohttp.ClientResponse):
    """An answer before which there may not be interim ones without end: aiohttp would read on until its time is over."""

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        protocol = connection.protocol
        if protocol is None:
            return await super().start(connection)
        read, left = protocol.read, MAX_INTERIM + 1

        async def counted() -> tuple[RawResponseMessage, aiohttp.StreamReader]:
            nonlocal left
            left -= 1
            if left < 0:
                raise aiohttp.ClientPayloadError(f"more than {MAX_INTERIM} interim answers")
            return await read()

        # It has no setting for that. The connection may serve again, so it gets its own method back.
        protocol.read = counted  # type: ignore[method-assign]
        try:
            return await super().start(connection)
        finally:
            protocol.read = read  # type: ignore[method-assign]


class Http:
    """Asks hosts for documents. How long all of it may take is the caller's to bound."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @classmethod
    def open(cls, reach: Reach | None, look_up: LookUp = socket.getaddrinfo) -> Http:
        """Open one. It must be closed.

        Args:
            reach: which addresses it may connect to. None: any, and it keeps connections, since it asks one trusted host.
            look_up: what finds the addresses of a name.
        """
        connector = aiohttp.TCPConnector(
            resolver=Names(look_up),
            # An answer of the name server is for the one connection that asked: the guard sees what is connected to.
            use_dns_cache=False,
            socket_factory=None if reach is None else reach.socket,
            # How many at once is bounded elsewhere, per host and fairly.
            limit=0,
            force_close=reach is not None,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            response_class=_Response,
            # No proxies and no passwords from the environment.
            trust_env=False,
        )
        return cls(session)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def get(self, url: str, etag: str | None, name: str) -> Answer:
        """Ask for a document.

        Args:
            url: where it is.
            etag: of the one that is known already.
            name: how to speak of it to whoever invoked.

        Raises:
            Unfetched: there was no answer that could be read.
        """
        headers = _HEADERS if etag is None else _HEADERS | {"If-None-Match": etag}
        try:
            place = URL(url, encoded=True)
            for _ in range(MAX_REDIRECTS + 1):
                async with self._session.get(place, headers=headers, allow_redirects=False) as response:
                    if response.status not in _REDIRECTS:
                        return await _read(response, name)
                    place = _next(place, response, name)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if getattr(error, "errno", None) in _OUR_OWN:
                raise Unfetched(TOO_BUSY, f"{type(error).__name__}: {error}", Fault.BUSY) from error
            # Refused addresses, names without an address, closed ports, bad certificates: all the same to the invoker.
            raise Unfetched(f"{name} could not be fetched", f"{type(error).__name__}: {error}") from error
        raise Unfetched(f"{name} redirects more than {MAX_REDIRECTS} times")


async def _read(response: aiohttp.ClientResponse, name: str) -> Answer:
    if response.status != OK:
        return Answer(response.status)
    too_large = Unfetched(f"{name} has more than {MAX_DOCUMENT_BYTES} bytes")
    body = bytearray()
    while part := await response.content.read(_PARTS):
        body += part
        if len(body) > MAX_DOCUMENT_BYTES:
            raise too_large
    plain = bytes(body)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower() or "identity"
    if encoding != "identity":
        if encoding not in _UNPACK:
            raise Unfetched(f"{name} came packed in a way that was not asked for")
        unpacking = zlib.decompressobj(_UNPACK[encoding])
        try:
            plain = unpacking.decompress(plain, MAX_DOCUMENT_BYTES + 1)
        except zlib.error:
            raise Unfetched(f"{name} cannot be unpacked") from None
        if len(plain) > MAX_DOCUMENT_BYTES:
            raise too_large
        if not unpacking.eof:
            raise Unfetched(f"{name} cannot be unpacked")
    etag = response.headers.get("ETag", "")
    return Answer(OK, plain, etag if _ETAG.fullmatch(etag) else None)


def _next(place: URL, response: aiohttp.ClientResponse, name: str) -> URL:
    """Say where a redirect leads: elsewhere on the same host, and not from HTTPS to plain HTTP."""
    target = place.join(URL(response.headers.get("Location", "")))
    good = (
        target.scheme in ("http", "https")
        and not (place.scheme == "https" and target.scheme != "https")
        and target.host == place.host
        and target.user is None
        and target.password is None
    )
    if not good:
        raise Unfetched(f"{name} redirects to another host, or to plain HTTP", f"to {target}")
    return target
