"""Containers: tokens that travel together (protocol §9).

    container ::= { "ctn-v1": [ token: bytes ... ] }
    text      ::= letter body

    letter        body                                     letter in go-ucan
    @  (0x40)     the CBOR
    B             base64, padded
    C             base64url, without padding
    D             gzip                                     M
    E             gzip, base64, padded                     O
    F             gzip, base64url, without padding         P

Both alphabets of letters are read; the left one is written. An HTTP body is the CBOR without a letter.
"""

from __future__ import annotations

import gzip
import zlib
from base64 import b64encode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, Self, TypeAlias

from propcache.api import cached_property

from forge import dagcbor, envelope
from forge.allowance import Allowance
from forge.cid import CID
from forge.delegation import Delegation
from forge.errors import ContainerError, DagCborError, TokenError
from forge.invocation import Invocation
from forge.receipt import COMMAND, Receipt

Token: TypeAlias = Delegation | Invocation | Receipt

KEY: Final = "ctn-v1"
MAX_BYTES: Final = 4 * 1024 * 1024
"""Of a container's CBOR, also after gunzip: the HTTP server's limit for a body, so that every encoding carries the same."""
MAX_TOKENS: Final = 8192
"""ucantone's limit."""

# What is remembered of delegations is bounded by these, each: an ordinary one has 400 bytes and a dozen items.
_FAMILIAR_BYTES: Final = 2048
_FAMILIAR_ITEMS: Final = 256

_HEAD: Final = dagcbor.encode({KEY: []})[:-1]  # the map's head and its key
_GZIP_WINDOW: Final = 31  # zlib's way of saying: a gzip header, and the largest window


class Encoding(Enum):
    """How a container is written; the value is its letter."""

    RAW = "@"
    BASE64 = "B"
    BASE64URL = "C"
    GZIP = "D"
    GZIP_BASE64 = "E"
    GZIP_BASE64URL = "F"


_LETTERS: Final = {
    **{encoding.value.encode(): encoding for encoding in Encoding},
    b"M": Encoding.GZIP,
    b"O": Encoding.GZIP_BASE64,
    b"P": Encoding.GZIP_BASE64URL,
}
_ZIPPED: Final = (Encoding.GZIP, Encoding.GZIP_BASE64, Encoding.GZIP_BASE64URL)
_STANDARD: Final = (Encoding.BASE64, Encoding.GZIP_BASE64)
_BINARY: Final = (Encoding.RAW, Encoding.GZIP)


@dataclass(frozen=True)
class Container:
    """Tokens in the order in which they came, and what stood among them that is none."""

    tokens: tuple[Token, ...] = ()
    undecodable: tuple[str, ...] = ()
    """Why, for each entry that was left aside: its place and the reason."""

    @classmethod
    def of(cls, *tokens: Token | Iterable[Token]) -> Self:
        """Put tokens together, each once."""
        flat: dict[CID, Token] = {}
        for token in tokens:
            for one in (token,) if isinstance(token, Token) else token:
                flat[one.cid] = one
        return cls(tuple(flat.values()))

    @classmethod
    def from_cbor(cls, data: bytes, memory: DelegationMemory | None = None) -> Self:
        """Read the bare CBOR: an HTTP body.

        An entry that is no token is left aside; the others are read. `memory` is of delegations that were read before.

        Raises:
            ContainerError: it is not a container, or larger than one may be.
        """
        if len(data) > MAX_BYTES:
            raise ContainerError(f"a container has at most {MAX_BYTES} bytes, this has {len(data)}")
        tokens: list[Token] = []
        undecodable: list[str] = []
        allowance = Allowance()
        for index, entry in enumerate(_entries(data)):
            try:
                tokens.append(decode_token(entry, allowance) if memory is None else memory.decode_token(entry, allowance))
            except TokenError as error:
                undecodable.append(f"{KEY}[{index}]: {error}")
        return cls(tuple(tokens), tuple(undecodable))

    @classmethod
    def decode(cls, data: bytes | str, limit: int = MAX_BYTES) -> Self:
        """Read a container in any encoding, its letter first. White space around a text form is passed over.

        Args:
            data: the container.
            limit: bytes of its CBOR.

        Raises:
            ContainerError: it is not a container, or larger than one may be.
        """
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogatepass")
        body = data.strip()
        try:
            encoding = _LETTERS[body[:1]]
        except KeyError:
            raise ContainerError(f"not a container: it begins with {body[:1]!r}, not with a letter of an encoding") from None
        if encoding in _BINARY:
            if data[:1] != body[:1]:
                raise ContainerError("not a container: white space before a binary form")
            body = data
        return cls.from_cbor(_unpack(encoding, body[1:], limit))

    def to_cbor(self) -> bytes:
        """Write the bare CBOR: an HTTP body. Tokens are in the order of their bytes, each once."""
        if len(self.tokens) == 1:
            return _HEAD + dagcbor.array([dagcbor.byte_string(bytes(self.tokens[0]))])
        return _HEAD + dagcbor.array([dagcbor.byte_string(data) for data in sorted({bytes(token) for token in self.tokens})])

    def encode(self, encoding: Encoding = Encoding.GZIP_BASE64) -> bytes:
        """Write the container in an encoding, its letter first."""
        body = self.to_cbor()
        if encoding in _ZIPPED:
            # Without a time in it, the same tokens are the same bytes.
            body = gzip.compress(body, mtime=0)
        if encoding not in _BINARY:
            body = b64encode(body) if encoding in _STANDARD else urlsafe_b64encode(body).rstrip(b"=")
        return encoding.value.encode() + body

    @cached_property
    def delegations(self) -> Mapping[CID, Delegation]:
        """The delegations, by their CIDs."""
        return MappingProxyType({token.cid: token for token in self.tokens if isinstance(token, Delegation)})

    @cached_property
    def by_cid(self) -> Mapping[CID, Token]:
        """All tokens, by their CIDs."""
        return MappingProxyType({token.cid: token for token in self.tokens})

    @cached_property
    def invocations(self) -> tuple[Invocation, ...]:
        """The invocations that are not receipts, in the order in which they came."""
        return tuple(token for token in self.tokens if isinstance(token, Invocation))

    @cached_property
    def receipts(self) -> Mapping[CID, Receipt]:
        """The receipts, by the task that they are about; the first of a task counts."""
        return MappingProxyType({token.ran: token for token in reversed(self.tokens) if isinstance(token, Receipt)})


class DelegationMemory:
    """Remembers delegations as they were read, by their bytes: what comes with a thousand invocations is read once.

    Reading the same bytes gives the same each time, so nothing that counts is decided by what is remembered here. It takes from
    an allowance what reading took. May be used by several threads.
    """

    def __init__(self, size: int = 4096) -> None:
        """`size` is how many are remembered at least; twice that at most."""
        self._size = size
        # Two generations: what is asked for comes into the young one. When that is full it becomes the old one, and what nobody
        # has asked for meanwhile is gone.
        self._young: dict[bytes, tuple[Delegation, int]] = {}
        self._old: dict[bytes, tuple[Delegation, int]] = {}

    def decode_token(self, data: bytes, allowance: Allowance) -> Token:
        """Read a token, as `decode_token` does.

        Raises:
            TokenError: it is none.
        """
        known = self._young.get(data)
        if known is None:
            known = self._old.get(data)
            if known is None:
                before = allowance.left
                token = decode_token(data, allowance)
                cost = before - allowance.left
                if isinstance(token, Delegation) and len(data) <= _FAMILIAR_BYTES and cost <= _FAMILIAR_ITEMS:
                    self._keep(data, token, cost)
                return token
            self._keep(data, *known)
        delegation, cost = known
        try:
            allowance.take(cost)
        except DagCborError as error:
            raise TokenError(str(error)) from error
        return delegation

    def _keep(self, data: bytes, delegation: Delegation, cost: int) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[data] = delegation, cost


def decode_token(data: bytes, allowance: Allowance | None = None) -> Token:
    """Read a token of whichever kind it is: a delegation, a receipt, or any other invocation (§9.3).

    `allowance` is what may be read of it and of what came with it.

    Raises:
        TokenError: it is none.
    """
    opened = envelope.decode(data, allowance)
    if opened.tag.startswith("ucan/dlg@"):
        return Delegation.of(opened, allowance)
    invocation = Invocation.of(opened)
    if invocation.command != COMMAND:
        return invocation
    try:
        return Receipt.of(invocation)
    except TokenError:
        return invocation


def _entries(data: bytes) -> list[bytes]:
    """Read the map with its one key part by part: nothing is made of what is no container, however much it holds."""
    if not data.startswith(_HEAD):
        raise ContainerError(f"not a container: expected a map with the one key {KEY!r}")
    entries: list[bytes] = []
    try:
        count, position = dagcbor.read_array(data, len(_HEAD))
        if count > MAX_TOKENS:
            raise ContainerError(f"a container has at most {MAX_TOKENS} tokens, this has {count}")
        for _ in range(count):
            entry, position = dagcbor.read_bytes(data, position)
            entries.append(entry)
    except DagCborError as error:
        raise ContainerError(f"not a container: {KEY}: {error}") from error
    if position != len(data):
        raise ContainerError(f"not a container: {len(data) - position} bytes after its end")
    return entries


def _unpack(encoding: Encoding, body: bytes, limit: int) -> bytes:
    if encoding not in _BINARY:
        # Four characters are three bytes: what could not fit after decoding need not be decoded.
        if len(body) > MAX_BYTES * 4 // 3 + 4:
            raise ContainerError(f"a container has at most {MAX_BYTES} bytes")
        body = _base64(encoding, body)
    return _gunzip(body, limit) if encoding in _ZIPPED else body


def _base64(encoding: Encoding, body: bytes) -> bytes:
    try:
        if encoding not in _STANDARD:
            if b"=" in body or b"+" in body or b"/" in body:
                raise ContainerError("not a container: base64url has no padding and no '+' or '/'")
            body = body.translate(_FROM_URL) + b"=" * (-len(body) % 4)
        data = a2b_base64(body, strict_mode=True)
    except Base64Error as error:
        raise ContainerError(f"not a container: {error}") from error
    if b64encode(data[-(len(data) % 3 or 3) :]) != body[-4:]:
        raise ContainerError("not a container: stray bits at the end of its base64")
    return data


def _gunzip(body: bytes, limit: int) -> bytes:
    """Unzip, and stop where the limit is: a bomb costs no more than a container."""
    stream = zlib.decompressobj(_GZIP_WINDOW)
    try:
        data = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise ContainerError(f"not a container: {error}") from error
    if len(data) > limit:
        raise ContainerError(f"a container has at most {limit} bytes, this unzips to more")
    if not stream.eof or stream.unused_data:
        raise ContainerError("not a container: the gzip stream is cut, or something follows it")
    return data


_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")
