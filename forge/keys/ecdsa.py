"""What the two ECDSA kinds of keys share (protocol §3; SEC 1, RFC 6979).

    public key ::= (0x02 | 0x03) x(32)        a compressed point
    signature  ::= r(32) s(32)                over the message's SHA-256, with s in the lower half of the order

Of a signature (r, s) and its twin (r, n - s) both verify; only the one with the low s is ever made or accepted, so that nobody
can make a second token that says the same.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from forge.errors import KeyFormatError
from forge.keys.key import PrivateKey, PublicKey

_SCALAR = 32


class ECDSAPublicKey(PublicKey):
    """A compressed point of a curve."""

    NAME: ClassVar[str]
    ORDER: ClassVar[int]
    LENGTH: ClassVar[int] = 33
    COMPRESSED: ClassVar[tuple[bytes, ...]] = (b"\x02", b"\x03")
    UNCOMPRESSED: ClassVar[bytes] = b"\x04"

    def __init__(self, raw: bytes) -> None:
        """Check the bytes.

        Raises:
            KeyFormatError: they are no key in its one form, the compressed one.
        """
        if len(raw) != self.LENGTH or not raw.startswith(self.COMPRESSED):
            raise KeyFormatError(f"a {self.NAME} public key has {self.LENGTH} bytes, the first 02 or 03; this has {len(raw)}")
        super().__init__(raw)
        self.load(raw)

    @classmethod
    def of_point(cls, point: bytes) -> Self:
        """Read a point in either form of SEC 1, compressed or not, as older DID documents have them.

        Raises:
            KeyFormatError: it is no point of the curve. The hybrid form is none either: it says the same thing twice.
        """
        return cls(cls.compress(point) if point.startswith(cls.UNCOMPRESSED) else point)

    @classmethod
    @abstractmethod
    def compress(cls, point: bytes) -> bytes:
        """Give the compressed form of an uncompressed point.

        Raises:
            KeyFormatError: it is no point of the curve.
        """

    @abstractmethod
    def load(self, raw: bytes) -> None:
        """Take the point in.

        Raises:
            KeyFormatError: it is not on the curve.
        """

    @abstractmethod
    def check(self, message: bytes, der: bytes) -> bool:
        """Say whether this key made a signature, in its DER form, over `message`."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Say whether this key made `signature` over `message`."""
        if len(signature) != 2 * _SCALAR:
            return False
        r, s = int.from_bytes(signature[:_SCALAR]), int.from_bytes(signature[_SCALAR:])
        if not (0 < r < self.ORDER and 0 < s <= self.ORDER // 2):
            return False
        return self.check(message, encode_dss_signature(r, s))


class ECDSAPrivateKey(PrivateKey):
    """A scalar: 32 bytes, the highest first."""

    CURVE: ClassVar[type[ec.EllipticCurve]]
    KIND: ClassVar[type[ECDSAPublicKey]]

    def __init__(self, secret: bytes) -> None:
        """Check the scalar.

        Raises:
            KeyFormatError: it does not have 32 bytes, or is not between 0 and the curve's order.
        """
        if len(secret) != _SCALAR:
            raise KeyFormatError(f"a {self.KIND.NAME} private key has {_SCALAR} bytes, this has {len(secret)}")
        if not 0 < int.from_bytes(secret) < self.KIND.ORDER:
            raise KeyFormatError(f"these {_SCALAR} bytes are no {self.KIND.NAME} private key (0, or not below the order)")
        self._secret = secret
        self._key = ec.derive_private_key(int.from_bytes(secret), self.CURVE())
        self._public = self.KIND(_compressed(self._key.public_key()))

    @classmethod
    def generate(cls) -> Self:
        """Make a fresh key from the operating system's randomness."""
        return cls(scalar(ec.generate_private_key(cls.CURVE())))

    @property
    def public(self) -> ECDSAPublicKey:
        """The key that verifies what this one signs."""
        return self._public

    @property
    def secret(self) -> bytes:
        """The scalar."""
        return self._secret

    @abstractmethod
    def der(self, message: bytes) -> bytes:
        """Sign `message`: the signature in its DER form, deterministic."""

    def sign(self, message: bytes) -> bytes:
        """Sign `message`: 64 bytes, deterministic (RFC 6979), with the low s."""
        r, s = decode_dss_signature(self.der(message))
        return r.to_bytes(_SCALAR) + min(s, self.KIND.ORDER - s).to_bytes(_SCALAR)

    def pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def scalar(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give the scalar of a key that a PEM file held."""
    return key.private_numbers().private_value.to_bytes(_SCALAR)


def _compressed(key: ec.EllipticCurvePublicKey) -> bytes:
    numbers = key.public_numbers()
    return bytes((2 + numbers.y % 2,)) + numbers.x.to_bytes(_SCALAR)
