"""Ed25519 (RFC 8032): the key that every UCAN implementation has."""

from __future__ import annotations

from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as _PemEd25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign, crypto_sign_open
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.signing import SigningKey

from forge.errors import KeyFormatError
from forge.keys.key import PrivateKey, PublicKey
from forge.varsig import Algorithm


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

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made `signature` over `message`."""
        if len(signature) != self.SIGNATURE_LENGTH:
            return False
        try:
            crypto_sign_open(signature + message, self.raw)
        except (BadSignatureError, CryptoError, ValueError):
            return False
        return True


class Ed25519PrivateKey(PrivateKey):
    """An Ed25519 private key: a 32-byte seed."""

    code = b"\x80\x26"
    LENGTH: ClassVar[int] = 32

    def __init__(self, secret: bytes) -> None:
        """Check the seed.

        Raises:
            KeyFormatError: it does not have 32 bytes.
        """
        if len(secret) != self.LENGTH:
            raise KeyFormatError(f"an Ed25519 seed has {self.LENGTH} bytes, this has {len(secret)}")
        self._key = SigningKey(secret)
        self._public = Ed25519PublicKey(bytes(self._key.verify_key))
        self._expanded = secret + self._public.raw

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
        return crypto_sign(message, self._expanded)[: Ed25519PublicKey.SIGNATURE_LENGTH]

    def pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted."""
        key = _PemEd25519.from_private_bytes(self.secret)
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
