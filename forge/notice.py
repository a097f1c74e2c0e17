"""Notices of revocations, as services tell them each other: DAG-JSON (protocol §13.2).

    announcement ::= {"cause": link, "path": [link], "recorded_at": instant, "revoke": link}        an event of the feed
    record       ::= {"cause": bytes, "path": [bytes], "recorded_at": instant, "revoke": link}      the tokens themselves
    instant      ::= nanoseconds since 1970 | RFC 3339 text

Nanoseconds are what is written here: Swarf's documents show text, but its client reads numbers and nothing else, and so its
service writes them. What is read is somebody else's word: only the tokens in a record prove anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from forge import dagjson, instant
from forge.cid import CID
from forge.errors import DagJsonError, DecodeError
from forge.ports import Announcement, Revocation

CONTENT_TYPE: Final = "application/vnd.ipld.dag-json"
"""Of a record."""
_MOST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """The tokens of a revocation, as somebody gave them."""

    invocation: bytes
    path: tuple[bytes, ...]


def announce(announcement: Announcement) -> str:
    """Write an announcement."""
    return dagjson.encode(
        {
            "cause": announcement.cause,
            "path": announcement.path,
            "recorded_at": announcement.recorded_at,
            "revoke": announcement.delegation,
        }
    )


def record(revocation: Revocation) -> str:
    """Write a record."""
    return dagjson.encode(
        {
            "cause": revocation.invocation,
            "path": revocation.path,
            "recorded_at": revocation.recorded_at,
            "revoke": revocation.delegation,
        }
    )


def read_announcement(text: str) -> Announcement:
    """Read an announcement. Keys that are not known are passed over: a newer service may say more.

    Raises:
        DecodeError: it is none.
    """
    value = dagjson.decode(text)
    match value:
        case {"cause": CID() as cause, "path": list() as path, "recorded_at": recorded_at, "revoke": CID() as revoke}:
            links = tuple(link for link in path if isinstance(link, CID))
            if len(links) == len(path):
                return Announcement(delegation=revoke, cause=cause, path=links, recorded_at=_instant(recorded_at))
    raise DagJsonError("not an announcement of a revocation: expected cause, path, recorded_at and revoke")


def read_record(data: bytes) -> Record:
    """Read a record.

    Raises:
        DecodeError: it is none.
    """
    value = dagjson.decode(data)
    match value:
        case {"cause": bytes() as cause, "path": list() as path}:
            tokens = tuple(token for token in path if isinstance(token, bytes))
            if len(tokens) == len(path):
                return Record(cause, tokens)
    raise DagJsonError("not a record of a revocation: expected cause and path, as bytes")


def _instant(value: object) -> int:
    """Read an instant, within what a store can keep.

    Raises:
        DecodeError: it is none.
    """
    found = instant.read(value) if isinstance(value, str) else value
    if not isinstance(found, int) or isinstance(found, bool) or abs(found) > _MOST:
        raise DecodeError("recorded_at: expected an RFC 3339 time, or nanoseconds since 1970")
    return found
