"""P-256 (ES256): the key that browsers and hardware have."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forge.errors import KeyFormatError
from forge.keys.ecdsa import ECDSAPrivateKey, ECDSAPublicKey
from forge.varsig import Algorithm


class P256PublicKey(ECDSAPublicKey):
    """A P-256 public key: a compressed point, 33 bytes."""

    code = b"\x80\x24"
    algorithm = Algorithm.P256
    NAME = "P-256"
    ORDER = 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551

    @classmethod
    def compress(cls, point: bytes) -> bytes:
        """Give the compressed form of an uncompressed point."""
        return _point(point).public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def load(self, raw: bytes) -> None:
        """Take the point in."""
        self._key = _point(raw)

    def check(self, message: bytes, der: bytes) -> bool:
        """Say whether this key made a signature over `message`."""
        try:
            self._key.verify(der, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


class P256PrivateKey(ECDSAPrivateKey):
    """A P-256 private key: a scalar of 32 bytes."""

    code = b"\x86\x26"
    CURVE = ec.SECP256R1
    KIND = P256PublicKey

    def der(self, message: bytes) -> bytes:
        """Sign `message`."""
        return self._key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        raise KeyFormatError("these bytes are no point of P-256") from None
