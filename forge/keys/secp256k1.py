"""secp256k1 (ES256K): the key of most did:plc."""

from __future__ import annotations

import coincurve
from cryptography.hazmat.primitives.asymmetric import ec

from forge.errors import KeyFormatError
from forge.keys.ecdsa import ECDSAPrivateKey, ECDSAPublicKey
from forge.varsig import Algorithm


class Secp256k1PublicKey(ECDSAPublicKey):
    """A secp256k1 public key: a compressed point, 33 bytes."""

    code = b"\xe7\x01"
    algorithm = Algorithm.SECP256K1
    NAME = "secp256k1"
    ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141

    @classmethod
    def compress(cls, point: bytes) -> bytes:
        """Give the compressed form of an uncompressed point."""
        return _point(point).format(compressed=True)

    def load(self, raw: bytes) -> None:
        """Take the point in."""
        self._key = _point(raw)

    def check(self, message: bytes, der: bytes) -> bool:
        """Say whether this key made a signature over `message`."""
        return self._key.verify(der, message)


class Secp256k1PrivateKey(ECDSAPrivateKey):
    """A secp256k1 private key: a scalar of 32 bytes."""

    code = b"\x81\x26"
    CURVE = ec.SECP256K1
    KIND = Secp256k1PublicKey

    def der(self, message: bytes) -> bytes:
        """Sign `message`."""
        return coincurve.PrivateKey(self.secret).sign(message)


def _point(data: bytes) -> coincurve.PublicKey:
    try:
        return coincurve.PublicKey(data)
    except ValueError:
        raise KeyFormatError("these bytes are no point of secp256k1") from None
