"""Varsig v1 headers: which algorithm made a signature, over which encoding (protocol §3).

    header    ::= 0x34 0x01 algorithm payload-encoding        each an unsigned varint, shortest form
    algorithm ::= 0xed 0xed 0x13                 Ed25519
                | 0xec 0xe7 0x12                 secp256k1, ES256K
                | 0xec 0x1200 0x12               P-256, ES256
                | 0x300001                       attested authority
                | 0xd000                         absentee: somebody signs out of band, or nobody does

Nothing may follow the payload encoding, and that encoding is always DAG-CBOR here: it is what a UCAN signs.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from forge.errors import VarsigError

_PREFIX: Final = b"\x34\x01"
_DAG_CBOR: Final = b"\x71"


class Algorithm(Enum):
    """A signature algorithm; its value is the algorithm's segments in a header."""

    ED25519 = bytes.fromhex("ed01ed0113")
    SECP256K1 = bytes.fromhex("ec01e70112")
    P256 = bytes.fromhex("ec01802412")
    ATTESTED = bytes.fromhex("8180c001")
    ABSENTEE = bytes.fromhex("80a003")

    @property
    def header(self) -> bytes:
        """The whole header for a DAG-CBOR payload."""
        return _PREFIX + self.value + _DAG_CBOR


_BY_HEADER: Final = {algorithm.header: algorithm for algorithm in Algorithm}


def parse(header: bytes) -> Algorithm:
    """Read a header.

    Every header that is read here has exactly one form, so reading is looking up.

    Raises:
        VarsigError: it is not a header of an algorithm known here over DAG-CBOR.
    """
    try:
        return _BY_HEADER[header]
    except KeyError:
        raise VarsigError(f"not a varsig header that is known here: {header[:32].hex()}") from None
