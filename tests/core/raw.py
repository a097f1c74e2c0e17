"""CBOR written by hand, well or badly: an encoder that shares nothing with the one under test (RFC 8949, protocol §1.1)."""

from __future__ import annotations

from struct import pack
from typing import Final

from forge.cid import CID
from forge.dagcbor import AsWritten

UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
WIDTHS: Final = {1: 24, 2: 25, 4: 26, 8: 27}
BREAK: Final = b"\xff"


class Raw(bytes):
    """Bytes that are encoded already, and go in as they are."""

    __slots__ = ()


class Pairs:
    """A map with its entries in the order given, as often as they are given, under whatever keys."""

    def __init__(self, *pairs: tuple[object, object]) -> None:
        self.pairs = pairs


def head(major: int, argument: int, width: int | None = None) -> bytes:
    """A head, in its shortest form or with an argument of `width` bytes (0: within the initial byte)."""
    if width is None:
        width = next(
            wide for wide, beyond in ((0, 24), (1, 1 << 8), (2, 1 << 16), (4, 1 << 32), (8, 1 << 64)) if argument < beyond
        )
    if width == 0:
        return bytes((major << 5 | argument,))
    return bytes((major << 5 | WIDTHS[width],)) + argument.to_bytes(width, "big")


def indefinite(major: int) -> bytes:
    return bytes((major << 5 | 31,))


def key_order(key: str) -> tuple[int, bytes]:
    data = key.encode()
    return len(data), data


def cbor(value: object) -> bytes:  # noqa: C901, PLR0911 - one return a kind of value
    """Strict DAG-CBOR, but for what `Raw`, `Pairs` and what was read `AsWritten` bring in."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Pairs):
        return head(MAP, len(value.pairs)) + b"".join(cbor(key) + cbor(item) for key, item in value.pairs)
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        magnitude, major = (value, UINT) if value >= 0 else (-1 - value, NINT)
        if magnitude < 1 << 64:
            return head(major, magnitude)
        return head(TAG, 2 + major) + cbor(magnitude.to_bytes((magnitude.bit_length() + 7) // 8, "big"))
    if isinstance(value, float):
        return b"\xfb" + pack(">d", value)
    if isinstance(value, bytes):
        return head(BYTES, len(value)) + value
    if isinstance(value, str):
        data = value.encode()
        return head(TEXT, len(data)) + data
    if isinstance(value, CID):
        return head(TAG, 42) + cbor(b"\0" + bytes(value))
    if isinstance(value, list):
        return head(ARRAY, len(value)) + b"".join(cbor(item) for item in value)
    if isinstance(value, dict):
        keys = value if isinstance(value, AsWritten) else sorted(value, key=key_order)
        entries = [cbor(key) + cbor(value[key]) for key in keys]
        return head(MAP, len(entries)) + b"".join(entries)
    raise TypeError(type(value).__name__)
