"""The envelope around every token: a signature, and what was signed (protocol §4.1).

    envelope   ::= [ signature: bytes, SigPayload ]
    SigPayload ::= { "h": varsig header, tag: payload }
    tag        ::= "ucan/" ( "dlg" | "inv" ) "@" version

The bytes that came are kept. The signature is over the SigPayload's own bytes as they stand in the token; nothing here is ever
encoded a second time to be verified.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from os import urandom
from typing import Final

from propcache.api import cached_property

from forge import dagcbor, varsig
from forge.allowance import Allowance
from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.did import DID
from forge.errors import DecodeError, TokenError
from forge.keys import Signer

VERSIONS: Final = ("1.0.0-rc.1", "1.0.0")
"""The versions that are read. The first is the one that is written: it is the only one that Go peers read."""

NONCE_BYTES: Final = 16
MAX_TIMESTAMP: Final = (1 << 53) - 1
MAX_TOKEN_BYTES: Final = 2 * 1024 * 1024
"""ucantone's limit for one byte string."""

_ARRAY_OF_2: Final = 2
_PAYLOAD_DEPTH: Final = 2  # in the array, and in the map that is signed: what is read can be written again
_LAX: Final = "args"  # Go's typed arguments, and results within a receipt's, have maps in an order of their own
_MAP_OF_H_AND_TAG: Final = b"\xa2\x61h"


@dataclass(frozen=True)
class Envelope:
    """A token's bytes and their parts. Nothing about it has been verified."""

    data: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: varsig.Algorithm
    signed: bytes = field(repr=False)
    """The SigPayload's bytes: what the signature is over."""
    tag: str
    payload: dict[str, Value] = field(repr=False)

    @cached_property
    def cid(self) -> CID:
        """The token's name: the CID of all its bytes."""
        return CID.of(self.data)

    @cached_property
    def digest(self) -> CID:
        """The raw CID of what is signed: what an attestation names."""
        return CID.of_raw(self.signed)

    def raw(self, key: str) -> bytes:
        """Give the received bytes of one of the payload's values. They are the only ones that say it."""
        return dagcbor.encode_as_read(self.payload[key])


class Sealed:
    """What every token is: the bytes that were signed. Two tokens are equal exactly when their bytes are."""

    envelope: Envelope

    @property
    def cid(self) -> CID:
        """The token's name. Two tokens that say the same have two."""
        return self.envelope.cid

    def __bytes__(self) -> bytes:
        return self.envelope.data

    def __eq__(self, other: object) -> bool:
        return bytes(self) == bytes(other) if isinstance(other, Sealed) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.cid)


def decode(data: bytes, allowance: Allowance | None = None) -> Envelope:
    """Take an envelope apart. `allowance` is what may be read of it and of what came with it.

    Raises:
        TokenError: `data` is not an envelope.
    """
    if len(data) > MAX_TOKEN_BYTES:
        raise TokenError(f"a token has at most {MAX_TOKEN_BYTES} bytes, this has {len(data)}")
    try:
        # Almost all tokens are an Ed25519 key's: what stands before the payload is looked up in one piece then.
        frame = _FRAMES.get(data[_ED25519_SIGNED_AT:_ED25519_PAYLOAD_AT]) if data.startswith(_ED25519_HEAD) else None
        if frame is not None:
            signature, signed_at, position = data[_ED25519_SIGNATURE], _ED25519_SIGNED_AT, _ED25519_PAYLOAD_AT
            algorithm, tag = frame
        else:
            signature, signed_at, algorithm, tag, position = _open(data, allowance)
        payload, end = dagcbor.read_map(data, position, allowance, depth=_PAYLOAD_DEPTH, lax=_LAX)
    except TokenError:
        raise
    except DecodeError as error:
        raise TokenError(str(error)) from error
    if end != len(data):
        raise TokenError(f"{len(data) - end} bytes after the end of the envelope")
    return Envelope(data, signature, algorithm, data[signed_at:], tag, payload)


def _open(data: bytes, allowance: Allowance | None) -> tuple[bytes, int, varsig.Algorithm, str, int]:
    """Read what stands before the payload: the signature, where what is signed begins, the algorithm, the tag, the end."""
    count, position = dagcbor.read_array(data)
    if count != _ARRAY_OF_2:
        raise TokenError(f"an envelope has two items, this has {count}")
    signature, signed_at = dagcbor.read(data, position, allowance)
    if not isinstance(signature, bytes):
        raise TokenError("an envelope's signature is a byte string")
    # Keys are in order of length, so "h" is first and whatever follows it is longer.
    if data[signed_at : signed_at + 3] != _MAP_OF_H_AND_TAG:
        raise TokenError("what is signed is a map of 'h' and one tag")
    header, position = dagcbor.read(data, signed_at + 3, allowance)
    if not isinstance(header, bytes):
        raise TokenError("the varsig header is a byte string")
    tag, position = dagcbor.read(data, position, allowance)
    if not isinstance(tag, str) or len(tag) <= len("h"):
        raise TokenError("the tag is text such as 'ucan/inv@1.0.0'")
    return signature, signed_at, varsig.parse(header), tag, position


def seal(signer: Signer, kind: str, payload: dict[str, object]) -> Envelope:
    """Sign a payload as a token of `kind` (`dlg` or `inv`).

    Raises:
        DagCborError: the payload holds something that DAG-CBOR cannot say.
    """
    signed = dagcbor.encode({"h": signer.algorithm.header, f"ucan/{kind}@{VERSIONS[0]}": payload})
    return decode(enclose(signer.sign(signed), signed))


def enclose(signature: bytes, signed: bytes) -> bytes:
    """Put a signature before the SigPayload that it is over."""
    return b"\x82" + dagcbor.byte_string(signature) + signed


def opening(algorithm: varsig.Algorithm, kind: str) -> bytes:
    """Write what stands before the payload of a token of `kind` that is signed with `algorithm`."""
    return dagcbor.map_head(2) + dagcbor.join("h", algorithm.header, f"ucan/{kind}@{VERSIONS[0]}")


def fresh_nonce() -> bytes:
    """Make a nonce from the operating system's randomness."""
    return urandom(NONCE_BYTES)


class Fields:
    """A payload, read field by field. Whatever is not known by the end is refused.

    An unknown field might restrict what the token means, so a token that has one is not understood, and what is not understood
    is not acted upon.
    """

    __slots__ = ("_payload", "get")

    def __init__(self, envelope: Envelope, kind: str) -> None:
        """Check that the tag is one of `kind`.

        Raises:
            TokenError: it is not.
        """
        if envelope.tag not in _TAGS[kind]:
            raise TokenError(f"the tag is {envelope.tag[:64]!r}, not one of {', '.join(sorted(_TAGS[kind]))}")
        self._payload = envelope.payload
        # Gives a field that may be absent; null counts as absent.
        self.get = envelope.payload.get

    def require(self, key: str) -> Value:
        """Give a field that must be there, though it may be null."""
        try:
            return self._payload[key]
        except KeyError:
            raise TokenError(f"{key}: missing") from None

    def did(self, key: str) -> DID:
        """Give a required DID."""
        return self._did(key, self.require(key))

    def did_or_none(self, key: str) -> DID | None:
        """Give a DID that may be absent or null."""
        value = self.get(key)
        return None if value is None else self._did(key, value)

    def command(self) -> CommandPath:
        """Give `cmd`."""
        value = self.require("cmd")
        if not isinstance(value, str):
            raise TokenError("cmd: expected text")
        try:
            return CommandPath(value)
        except DecodeError as error:
            raise TokenError(f"cmd: {error}") from error

    def expiration(self) -> int | None:
        """Give `exp`, which must be there: a time, or null for never."""
        return self._time("exp", self.require("exp"))

    def time(self, key: str) -> int | None:
        """Give a time that may be absent or null."""
        return self._time(key, self.get(key))

    def nonce(self) -> bytes:
        """Give `nonce`, which must be there and may be empty."""
        value = self.require("nonce")
        if not isinstance(value, bytes):
            raise TokenError("nonce: expected bytes")
        return value

    def map(self, key: str) -> dict[str, Value]:
        """Give a required map."""
        value = self.require(key)
        if not isinstance(value, dict):
            raise TokenError(f"{key}: expected a map")
        return value

    def map_or_none(self, key: str) -> dict[str, Value] | None:
        """Give a map that may be absent or null."""
        return None if self.get(key) is None else self.map(key)

    def array(self, key: str) -> list[Value]:
        """Give a required array."""
        value = self.require(key)
        if not isinstance(value, list):
            raise TokenError(f"{key}: expected an array")
        return value

    def link_or_none(self, key: str) -> CID | None:
        """Give a link that may be absent or null."""
        value = self.get(key)
        return None if value is None else self.link(key, value)

    @staticmethod
    def link(place: str, value: Value) -> CID:
        """Check that a value is a link."""
        if not isinstance(value, CID):
            raise TokenError(f"{place}: expected a link")
        return value

    def finish(self, known: frozenset[str]) -> None:
        """Refuse what is not among the fields that are known."""
        if not known.issuperset(self._payload):
            raise TokenError(f"{min(self._payload.keys() - known)[:64]}: unknown field")

    @staticmethod
    def _did(key: str, value: Value) -> DID:
        try:
            if isinstance(value, str):
                return DID(value)
        except DecodeError as error:
            raise TokenError(f"{key}: {error}") from error
        raise TokenError(f"{key}: expected a DID")

    @staticmethod
    def _time(key: str, value: Value) -> int | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise TokenError(f"{key}: expected whole Unix seconds")
        if not -MAX_TIMESTAMP <= value <= MAX_TIMESTAMP:
            raise TokenError(f"{key}: outside of ±(2^53-1)")
        return value


# What stands where in a token that an Ed25519 key signed.
_ED25519_HEAD: Final = b"\x82\x58\x40"
_ED25519_SIGNED_AT: Final = len(_ED25519_HEAD) + 64
_ED25519_SIGNATURE: Final = slice(len(_ED25519_HEAD), _ED25519_SIGNED_AT)
_FRAMES: Final = {
    opening(varsig.Algorithm.ED25519, kind): (varsig.Algorithm.ED25519, f"ucan/{kind}@{VERSIONS[0]}") for kind in ("dlg", "inv")
}
_ED25519_PAYLOAD_AT: Final = _ED25519_SIGNED_AT + len(next(iter(_FRAMES)))

_TAGS: Final = {kind: frozenset(f"ucan/{kind}@{version}" for version in VERSIONS) for kind in ("dlg", "inv")}
