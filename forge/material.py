"""Verification material: the key of a verification method, in whichever form its type has it (W3C DID Core §5.2.1).

                                       publicKey…
    Multikey                           Multibase of the tagged key
    Ed25519VerificationKey2020         Multibase of the tagged key
    Ed25519VerificationKey2018         Base58 of the bare key
    EcdsaSecp256k1VerificationKey2019  Multibase, Base58 or Hex of a point, or Jwk
    EcdsaSecp256r1VerificationKey2019  the same
    JsonWebKey, JsonWebKey2020         Jwk

A point may be compressed or not; older did:plc documents have it without its multicodec.

    jwk ::= { "kty": "OKP", "crv": "Ed25519", "x" } | { "kty": "EC", "crv": "P-256" | "secp256k1", "x", "y" }
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias, TypeVar

from multiformats import multibase

from forge.errors import KeyFormatError
from forge.keys import Ed25519PublicKey, P256PublicKey, PublicKey, Secp256k1PublicKey, public_key

MAX_TEXT: Final = 1024
"""Characters of a key's text: those of the three kinds in use have at most 281, in base 2."""
MAX_SHOWN: Final = 64
_COORDINATE: Final = 32

Point: TypeAlias = type[Secp256k1PublicKey] | type[P256PublicKey]
Reader: TypeAlias = Callable[[object], PublicKey]
Kind = TypeVar("Kind", bound=PublicKey)


def read(kind: str, entry: Mapping[str, object]) -> PublicKey:
    """Read the key of a method of type `kind`.

    Raises:
        KeyFormatError: the type or the key is not known here.
    """
    if kind == "AuthorityAttestation":
        raise KeyFormatError("who attests is for the configuration to say, not for a document")
    readers = _READERS.get(kind)
    if readers is None:
        raise KeyFormatError(f"unsupported verification method type: {kind[:MAX_SHOWN]}")
    given = [name for name in readers if entry.get(name) is not None]
    if len(given) != 1:
        raise KeyFormatError(f"expected one of {', '.join(readers)}, found {len(given)}")
    return readers[given[0]](entry[given[0]])


def jwk(value: object) -> PublicKey:
    """Read a JSON Web Key (RFC 7517; RFC 7518 §6.2, RFC 8037 §2, RFC 8812 §3).

    Raises:
        KeyFormatError: it is not a public key of a kind known here.
    """
    if not isinstance(value, Mapping):
        raise KeyFormatError("a JWK is an object")
    if "d" in value:
        raise KeyFormatError("a JWK that shows its private key")
    if value.get("use") not in (None, "sig"):
        raise KeyFormatError("a JWK that is not for signatures")
    match value.get("kty"), value.get("crv"):
        case "OKP", "Ed25519":
            return Ed25519PublicKey(_coordinate(value, "x"))
        case "EC", "P-256":
            return _jwk_point(P256PublicKey, value)
        case "EC", "secp256k1":
            return _jwk_point(Secp256k1PublicKey, value)
        case kty, crv:
            raise KeyFormatError(f"not a JWK of a kind known here: {_shown(kty)}, {_shown(crv)}")


def _jwk_point(kind: Point, value: Mapping[str, object]) -> PublicKey:
    return kind.of_point(kind.UNCOMPRESSED + _coordinate(value, "x") + _coordinate(value, "y"))


def _coordinate(value: Mapping[str, object], name: str) -> bytes:
    """Read 32 bytes of base64url without padding, in their one form."""
    text = value.get(name)
    try:
        data = urlsafe_b64decode(_text(text) + "=")
    except (Base64Error, ValueError):
        data = b""
    if len(data) != _COORDINATE or urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise KeyFormatError(f"{name} of a JWK is {_COORDINATE} bytes in base64url without padding")
    return data


def _shown(value: object) -> str:
    return repr(value[:MAX_SHOWN]) if isinstance(value, str) else "no text"


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise KeyFormatError(f"a key is text of at most {MAX_TEXT} characters")
    return value


def _multibase(value: object) -> bytes:
    text = _text(value)
    try:
        return bytes(multibase.decode(text))
    except (ValueError, KeyError):
        raise KeyFormatError("the key is not multibase") from None


def _base58(value: object) -> bytes:
    return _multibase(f"z{_text(value)}")


def _hex(value: object) -> bytes:
    text = _text(value)
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise KeyFormatError("the key is not hexadecimal") from None


def _tagged(value: object) -> PublicKey:
    return public_key(_multibase(value))


def _only(kind: type[Kind], reader: Reader, value: object) -> Kind:
    key = reader(value)
    if not isinstance(key, kind):
        raise KeyFormatError("the key is not of the kind that the type says")
    return key


def _bare_point(kind: Point, decode: Callable[[object], bytes], value: object) -> PublicKey:
    # The newer of these types' specifications have the multicodec; no point begins like one.
    return kind.of_point(decode(value).removeprefix(kind.code))


def _of_points(kind: Point) -> Mapping[str, Reader]:
    return {
        "publicKeyMultibase": partial(_bare_point, kind, _multibase),
        "publicKeyBase58": partial(_bare_point, kind, _base58),
        "publicKeyHex": partial(_bare_point, kind, _hex),
        "publicKeyJwk": partial(_only, kind, jwk),
    }


_READERS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "Multikey": {"publicKeyMultibase": _tagged},
    "Ed25519VerificationKey2020": {"publicKeyMultibase": partial(_only, Ed25519PublicKey, _tagged)},
    "Ed25519VerificationKey2018": {"publicKeyBase58": lambda value: Ed25519PublicKey(_base58(value))},
    "EcdsaSecp256k1VerificationKey2019": _of_points(Secp256k1PublicKey),
    "EcdsaSecp256r1VerificationKey2019": _of_points(P256PublicKey),
    "JsonWebKey": {"publicKeyJwk": jwk},
    "JsonWebKey2020": {"publicKeyJwk": jwk},
}
