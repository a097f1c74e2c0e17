"""Keys: what signs, and what verifies (protocol §2.2, §2.3).

    tagged public key  ::= varint(multicodec) key
    tagged private key ::= varint(multicodec) secret
    did:key            ::= "did:key:z" base58btc(tagged public key)
    private key's text ::= "M" base64 with padding (tagged private key)
    PEM                ::= PKCS #8, "-----BEGIN PRIVATE KEY-----"

              public                    private
    Ed25519   ed01, 32 bytes            8026, the 32-byte seed
    secp256k1 e701, 33, compressed      8126, the 32-byte scalar
    P-256     8024, 33, compressed      8626, the 32-byte scalar

A kind of key is one `PublicKey` and one `PrivateKey` class in a module of its own, and a line in each of the tables at the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as _PemEd25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from multiformats import multibase

from forge.did import DID
from forge.errors import KeyFormatError
from forge.keys.ecdsa import scalar
from forge.keys.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from forge.keys.key import PrivateKey, PublicKey
from forge.keys.p256 import P256PrivateKey, P256PublicKey
from forge.keys.secp256k1 import Secp256k1PrivateKey, Secp256k1PublicKey
from forge.varsig import Algorithm

__all__ = [
    "PRIVATE_KEYS",
    "PUBLIC_KEYS",
    "Ed25519PrivateKey",
    "Ed25519PublicKey",
    "P256PrivateKey",
    "P256PublicKey",
    "PrivateKey",
    "PublicKey",
    "Secp256k1PrivateKey",
    "Secp256k1PublicKey",
    "Signer",
    "private_key",
    "private_key_from_pem",
    "public_key",
]

_PEM_BLOCK: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)
MAX_KEY_TEXT: Final = 1024


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who signs: a key, and the DID it signs as. Without a DID, the key's own did:key."""

    key: PrivateKey
    as_did: DID | None = None

    @property
    def did(self) -> DID:
        """The issuer's DID."""
        return self.as_did or self.key.did

    @property
    def algorithm(self) -> Algorithm:
        """What the header of a token says that made its signature."""
        return self.key.public.algorithm

    def sign(self, message: bytes) -> bytes:
        """Sign what a token signs."""
        return self.key.sign(message)

    @classmethod
    def generate(cls) -> Signer:
        """Make somebody with a fresh Ed25519 key."""
        return cls(Ed25519PrivateKey.generate())


def public_key(tagged: bytes) -> PublicKey:
    """Read a tagged public key.

    Raises:
        KeyFormatError: it is no key of a kind known here.
    """
    for kind in PUBLIC_KEYS:
        if tagged.startswith(kind.code):
            return kind(tagged[len(kind.code) :])
    raise KeyFormatError(f"not a public key of a kind known here: {tagged[:4].hex()}…")


def private_key(text: str) -> PrivateKey:
    """Read a private key's text: multibase (usually `M…`) of the tagged private key.

    Raises:
        KeyFormatError: it is no key of a kind known here. The message never holds the text.
    """
    if len(text) > MAX_KEY_TEXT:
        raise KeyFormatError(f"a private key's text has at most {MAX_KEY_TEXT} characters")
    try:
        tagged = bytes(multibase.decode(text.strip()))
    except (ValueError, KeyError):
        raise KeyFormatError("a private key's text is multibase, such as 'Mg…'; this is not") from None
    for kind in PRIVATE_KEYS:
        if tagged.startswith(kind.code):
            return kind(tagged[len(kind.code) :])
    raise KeyFormatError("not a private key of a kind known here")


def private_key_from_pem(pem: bytes) -> PrivateKey:
    """Read the first PKCS #8 private key of a PEM file; blocks of other types are passed over.

    Raises:
        KeyFormatError: there is none, or it is of a kind not known here.
    """
    block = _PEM_BLOCK.search(pem)
    if block is None:
        raise KeyFormatError("no '-----BEGIN PRIVATE KEY-----' (PKCS #8) in this file")
    try:
        key = load_pem_private_key(block.group(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, InternalError):
        # An internal error is how OpenSSL takes a key of a kind that is shorter or longer than that kind's.
        raise KeyFormatError("the PRIVATE KEY block of this file cannot be read") from None
    if isinstance(key, _PemEd25519):
        return Ed25519PrivateKey(key.private_bytes_raw())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        for kind in (Secp256k1PrivateKey, P256PrivateKey):
            if isinstance(key.curve, kind.CURVE):
                return kind(scalar(key))
        raise KeyFormatError(f"a key of a curve not known here: {key.curve.name}")
    raise KeyFormatError(f"a key of a kind not known here: {type(key).__name__}")


PUBLIC_KEYS: Final = (Ed25519PublicKey, Secp256k1PublicKey, P256PublicKey)
PRIVATE_KEYS: Final = (Ed25519PrivateKey, Secp256k1PrivateKey, P256PrivateKey)
