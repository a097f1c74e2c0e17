"""Keys: what signs, and what verifies (protocol §2.2, §2.3).

    tagged public key  ::= varint(multicodec) key        Ed25519: ed01 and 32 bytes
    tagged private key ::= varint(multicodec) secret     Ed25519: 8026 and the 32-byte seed
    did:key            ::= "did:key:z" base58btc(tagged public key)
    private key's text ::= "M" base64 with padding (tagged private key)
    PEM                ::= PKCS #8, "-----BEGIN PRIVATE KEY-----"

A kind of key is one `PublicKey` and one `PrivateKey` class and a line in each of the two tables at the end.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as _PemEd25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from multiformats import multibase
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import SigningKey, VerifyKey

from forge.did import DID
from forge.errors import KeyFormatError
from forge.varsig import Algorithm

_PEM_BLOCK: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)
_CACHE_SIZE: Final = 16_384
MAX_KEY_TEXT: Final = 1024


class PublicKey(ABC):
    """What verifies. Equal exactly when kind and bytes are."""

    code: ClassVar[bytes]
    """The varint of the key's multicodec."""
    algorithm: ClassVar[Algorithm]
    """The one algorithm whose signatures this kind of key verifies."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    @property
    def tagged(self) -> bytes:
        """The key behind its multicodec."""
        return self.code + self.raw

    @property
    def text(self) -> str:
        """Multibase base58btc of the tagged key: what follows `did:key:`, and a `publicKeyMultibase`."""
        return str(multibase.encode(self.tagged, "base58btc"))

    @property
    def did(self) -> DID:
        """The did:key that this key is."""
        return DID(f"did:key:{self.text}")

    @abstractmethod
    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made `signature` over `message`. Never raises."""

    def __eq__(self, other: object) -> bool:
        return self.tagged == other.tagged if isinstance(other, PublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.tagged)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class PrivateKey(ABC):
    """What signs. It never shows itself in text that a log or a traceback could hold."""

    code: ClassVar[bytes]
    """The varint of the private key's multicodec."""

    @property
    @abstractmethod
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""

    @property
    @abstractmethod
    def secret(self) -> bytes:
        """The private key's bytes, without their tag."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """Sign `message`; the signature has the algorithm's raw form."""

    @abstractmethod
    def pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted."""

    @property
    def text(self) -> str:
        """The text form: `M` and padded base64 of the tagged private key."""
        return "M" + b64encode(self.code + self.secret).decode()

    @property
    def did(self) -> DID:
        """The did:key of this key."""
        return self.public.did

    def __repr__(self) -> str:
        return f"{type(self).__name__}(of {self.did})"


class Ed25519PublicKey(PublicKey):
    """An Ed25519 public key: 32 bytes that are a point of the prime-order group."""

    code = b"\xed\x01"
    algorithm = Algorithm.ED25519
    LENGTH: ClassVar[int] = 32
    SIGNATURE_LENGTH: ClassVar[int] = 64

    def __init__(self, raw: bytes) -> None:
        """Check the bytes.

        Raises:
            KeyFormatError: they are no key. A point of small order is not one either: anybody can sign for it.
        """
        if len(raw) != self.LENGTH:
            raise KeyFormatError(f"an Ed25519 public key has {self.LENGTH} bytes, this has {len(raw)}")
        if not crypto_core_ed25519_is_valid_point(raw):
            raise KeyFormatError("these 32 bytes are no Ed25519 public key (not on the curve, or of small order)")
        super().__init__(raw)
        self._key = VerifyKey(raw)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made `signature` over `message`."""
        if len(signature) != self.SIGNATURE_LENGTH:
            return False
        try:
            self._key.verify(message, signature)
        except (BadSignatureError, CryptoError, ValueError):
            return False
        return True


class Ed25519PrivateKey(PrivateKey):
    """An Ed25519 private key: a 32-byte seed."""

    code = b"\x80\x26"
    LENGTH: ClassVar[int] = 32

    def __init__(self, seed: bytes) -> None:
        """Check the seed.

        Raises:
            KeyFormatError: it does not have 32 bytes.
        """
        if len(seed) != self.LENGTH:
            raise KeyFormatError(f"an Ed25519 seed has {self.LENGTH} bytes, this has {len(seed)}")
        self._key = SigningKey(seed)
        self._public = Ed25519PublicKey(bytes(self._key.verify_key))

    @classmethod
    def generate(cls) -> Self:
        """Make a fresh key from the operating system's randomness."""
        return cls(bytes(SigningKey.generate()))

    @property
    def public(self) -> Ed25519PublicKey:
        """The key that verifies what this one signs."""
        return self._public

    @property
    def secret(self) -> bytes:
        """The seed."""
        return bytes(self._key)

    def sign(self, message: bytes) -> bytes:
        """Sign `message`: 64 bytes, deterministic."""
        return self._key.sign(message).signature

    def pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted."""
        key = _PemEd25519.from_private_bytes(self.secret)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who signs: a key, and the DID it signs as. Without a DID, the key's own did:key."""

    key: PrivateKey
    as_did: DID | None = None

    @property
    def did(self) -> DID:
        """The issuer's DID."""
        return self.as_did or self.key.did

    @classmethod
    def generate(cls) -> Signer:
        """Make somebody with a fresh Ed25519 key."""
        return cls(Ed25519PrivateKey.generate())


@dataclass(frozen=True, slots=True)
class VerificationMethod:
    """One way in which a DID's signatures are verified: its id, such as `did:web:example.com#key-0`, and its key."""

    id: str
    key: PublicKey


def public_key(tagged: bytes) -> PublicKey:
    """Read a tagged public key.

    Raises:
        KeyFormatError: it is no key of a kind known here.
    """
    for kind in PUBLIC_KEYS:
        if tagged.startswith(kind.code):
            return kind(tagged[len(kind.code) :])
    raise KeyFormatError(f"not a public key of a kind known here: {tagged[:4].hex()}…")


@lru_cache(_CACHE_SIZE)
def did_key_methods(did: DID) -> tuple[VerificationMethod, ...]:
    """Compute the one verification method of a did:key.

    Raises:
        KeyFormatError: the DID names no key of a kind known here.
    """
    return (VerificationMethod(f"{did}#{did.identifier}", public_key(did.multikey)),)


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
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFormatError("the PRIVATE KEY block of this file cannot be read") from None
    if isinstance(key, _PemEd25519):
        return Ed25519PrivateKey(key.private_bytes_raw())
    raise KeyFormatError(f"a key of a kind not known here: {type(key).__name__}")


PUBLIC_KEYS: Final = (Ed25519PublicKey,)
PRIVATE_KEYS: Final = (Ed25519PrivateKey,)
