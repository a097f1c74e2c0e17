"""did:web: the document is on the host that the DID names (protocol §2.6).

did:web    ::= "did:web:" host [ "%3A" port ] { ":" segment }
host       ::= IPv4 address | label { "." label }         the last label not of digits alone
segment    ::= { unreserved | "%" hex hex }               nothing that leads up, down or out of the path
document   ::= https://host:port/segment/…/did.json       or /.well-known/did.json where there is no segment
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from forge.did import DID
from forge.resolve.failure import Unfetched, unresolved
from forge.resolve.fetcher import Document, read
from forge.resolve.http import Http
from forge.resolve.reach import Reach
from forge.wording import MAX_SHOWN

MAX_HOST: Final = 253
MAX_PORT: Final = 65_535

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# A last label that begins with a digit is an address in disguise for some part of the way (127.1, 0x7f.1): URL Standard §3.5.
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]){_LABEL}")
_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS: Final = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")
_SEGMENT: Final = re.compile(r"(?:[A-Za-z0-9._~!*'()+-]|%[0-9A-Fa-f]{2})+")
# Some server on the way might take them for what they stand for.
_LEADING_ELSEWHERE: Final = re.compile(rb"[\x00-\x1f\x7f/\\%?#;]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a did:web's document is."""

    host: str
    port: int | None
    path: str

    @classmethod
    def of(cls, did: DID) -> Place:
        """Read a did:web.

        Raises:
            Unfetched: it names no host and path.
        """
        first, *segments = did.identifier.split(":")
        host, colon, port = first.replace("%3a", "%3A").lower().partition("%3a")
        good = (
            did.method == "web"
            and len(host) <= MAX_HOST
            and bool(_NAME.fullmatch(host) or _ADDRESS.fullmatch(host))
            and (not colon or (_PORT.fullmatch(port) is not None and int(port) <= MAX_PORT))
            and all(_is_segment(segment) for segment in segments)
        )
        if not good:
            raise Unfetched("it names no host and path")
        path = "/".join(segments) if segments else ".well-known"
        return cls(host, int(port) if colon else None, f"/{path}/did.json")

    def url(self, scheme: str) -> str:
        """Give the document's URL."""
        port = "" if self.port is None else f":{self.port}"
        return f"{scheme}://{self.host}{port}{self.path}"


class WebFetcher:
    """Fetches did:web documents."""

    def __init__(self, http: Http, reach: Reach) -> None:
        self._http = http
        self._reach = reach

    def host(self, did: DID) -> str:
        """Give the host, all of whose ports are one.

        Raises:
            Unfetched: the DID names none.
        """
        return Place.of(did).host

    async def fetch(self, did: DID, etag: str | None) -> Document | None:
        """Ask the host for the document.

        Raises:
            Unfetched: it was not had.
        """
        place = Place.of(did)
        url = place.url(self._reach.scheme(place.host))
        name = url if len(url) <= MAX_SHOWN else f"{url[:MAX_SHOWN]}…"
        return read(await self._http.get(url, etag, name), did, etag, name)


def web_url(did: DID, reach: Reach | None = None) -> str:
    """Say where the document of a did:web is (§2.6).

    Raises:
        DIDKeyResolutionError: the DID names no host and path.
    """
    try:
        place = Place.of(did)
    except Unfetched as failure:
        raise unresolved(did, failure.reason) from None
    return place.url((reach or Reach()).scheme(place.host))


def _is_segment(segment: str) -> bool:
    if not _SEGMENT.fullmatch(segment):
        return False
    plain = unquote_to_bytes(segment)
    return plain.strip(b".") != b"" and _LEADING_ELSEWHERE.search(plain) is None
