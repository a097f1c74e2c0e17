"""Strict DAG-CBOR (protocol §1.1): one value has exactly one encoding, and nothing else is read.

    definite lengths, shortest heads, text keys in order of length and then of bytes without duplicates, UTF-8,
    64-bit floats without NaN and infinities, no tag but 42 (a link), one item and not a byte behind it

Two departures from the letter, because Go peers emit them. Integers beyond 64 bits are read and written as bignums (tags 2 and
3); those too have exactly one encoding. And where the reader is told to, a map's keys may be in the order of their bytes alone,
whatever their lengths: `cbor-gen` writes a `map[string]string` like this. Such a map is an `AsWritten`, so that what was signed
can be written again; whatever is signed here has the one order.

Reading is our own: a lenient decoder followed by a second encoding to compare costs more than this one, and cannot say where
it went wrong. Maps are read by `forge.swift` first, where it can; what it does not take is for ours to decide. Writing is
cbor2's, on a value whose maps have been put in order first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from struct import unpack_from
from typing import Final, TypeAlias

import cbor2

from forge import swift
from forge.allowance import Allowance
from forge.cid import CID
from forge.errors import CIDError, DagCborError

Value: TypeAlias = "bool | int | float | str | bytes | CID | list[Value] | dict[str, Value] | None"
"""What DAG-CBOR can say."""

# Deep enough for any policy or argument seen, and far from Python's own limit.
MAX_DEPTH: Final = 64
# ucantone's limit for bignums.
MAX_BIGNUM_BYTES: Final = 256

_UINT, _NINT, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_LINK: Final = 42
_POSITIVE_BIGNUM: Final = 2
_NEGATIVE_BIGNUM: Final = 3
_FALSE, _TRUE, _NULL = 20, 21, 22
_MAX_UINT64: Final = (1 << 64) - 1
_INLINE: Final = 24

# additional information → (bytes that follow, smallest argument that needs so many)
_ARGUMENT: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}

_WIDTHS: Final = {width: information for information, (width, _) in _ARGUMENT.items()}
_INITIAL: Final = tuple(bytes((byte,)) for byte in range(256))

_HEADS_OF_MANY: Final = bytes(range(_ARRAY << 5, (_MAP + 1) << 5))
_TWO_BYTES_LONG: Final = bytes((_BYTES << 5 | 25,))
"""The head of a byte string whose length is in the two bytes that follow."""
_LINK_COST: Final = 3
"""What a link takes beyond the item that it is: reading one takes four times as long. 4 MiB of them are allowed."""


class AsWritten(dict[str, Value]):
    """A map that was read with its keys in the order of their bytes alone: `external_id` before `region`."""


def decode(data: bytes, allowance: Allowance | None = None) -> Value:
    """Read the one item that `data` is.

    Raises:
        DagCborError: `data` is not strict DAG-CBOR, whatever else it may be, or has more items than are allowed.
    """
    value, end = read(data, 0, allowance)
    if end != len(data):
        raise DagCborError(f"{len(data) - end} bytes after the end of the item", end)
    return value


def read(data: bytes, offset: int = 0, allowance: Allowance | None = None, *, depth: int = 0) -> tuple[Value, int]:
    """Read the item that begins at `offset`; return it and the offset behind it.

    `depth` is how many items it stands within.

    Raises:
        DagCborError: there is no strict DAG-CBOR item there.
    """
    try:
        return _item(data, offset, depth, allowance or Allowance())
    except IndexError:
        raise DagCborError("the bytes end within an item", len(data)) from None


def read_array(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Read the head of an array; return the number of its items and the offset of the first.

    Raises:
        DagCborError: there is no array there.
    """
    return _container(data, offset, _ARRAY, "an array")


def read_bytes(data: bytes, offset: int = 0) -> tuple[bytes, int]:
    """Read the byte string that begins at `offset`; return it and the offset behind it.

    Raises:
        DagCborError: there is no byte string there.
    """
    if data[offset : offset + 1] == _TWO_BYTES_LONG:
        # Nearly every token has between 256 and 65,535 bytes.
        start = offset + 3
        length = int.from_bytes(data[offset + 1 : start], "big")
        end = start + length
        if length >= 1 << 8 and end <= len(data):
            return data[start:end], end
    length, start = _container(data, offset, _BYTES, "a byte string")
    return data[start : start + length], start + length


def read_map(
    data: bytes, offset: int = 0, allowance: Allowance | None = None, *, depth: int = 0, lax: str | None = None
) -> tuple[dict[str, Value], int]:
    """Read the map that begins at `offset`; return it and the offset behind it.

    `depth` is how many items it stands within, and `lax` names the entry within which maps may be `AsWritten`.

    Raises:
        DagCborError: there is no strict DAG-CBOR map there.
    """
    allowance = allowance or Allowance()
    swiftly = swift.read_map(data[offset:], MAX_DEPTH - depth, _LINK_COST)
    if swiftly is not None and swiftly[1] <= allowance.left:
        entries, items = swiftly
        allowance.take(items)
        return entries, len(data)
    count, position = _container(data, offset, _MAP, "a map")
    if depth >= MAX_DEPTH:
        raise DagCborError(f"nested more than {MAX_DEPTH} deep", offset)
    allowance.take(count, offset)
    try:
        return _entries(data, position, count, depth, allowance, lax=lax)
    except IndexError:
        raise DagCborError("the bytes end within a map", len(data)) from None


def encode(value: object) -> bytes:
    """Write `value`. Subclasses of text are written as text, tuples as arrays.

    Raises:
        DagCborError: `value` is nothing that DAG-CBOR can say.
    """
    try:
        return cbor2.dumps(_ordered(value, 0))
    except (cbor2.CBOREncodeError, UnicodeEncodeError) as error:
        raise DagCborError(f"cannot be encoded: {error}") from error


def join(*parts: object) -> bytes:
    """Write several items one behind the other, such as keys and values of a map whose head stands before them."""
    return b"".join(map(encode, parts))


def is_shallow(data: bytes, *, depth: int = 0) -> bool:
    """Say whether an item that stands within `depth` others is surely not nested too deeply, from its bytes alone.

    There are not so many heads of arrays and maps in it, even if every byte that could be one is. False says nothing.
    """
    return len(data) - len(data.translate(None, _HEADS_OF_MANY)) <= MAX_DEPTH - depth


def byte_string(value: bytes) -> bytes:
    """Write a byte string: what `encode` gives, for where that is done for every token."""
    return _head(_BYTES, len(value)) + value


def link(cid: CID) -> bytes:
    """Write a link: what `encode` gives."""
    data = bytes(cid)
    return b"\xd8\x2a%b\0%b" % (_head(_BYTES, len(data) + 1), data)


def array(items: Sequence[bytes]) -> bytes:
    """Write an array of items that are encoded."""
    return _head(_ARRAY, len(items)) + b"".join(items)


def map_head(count: int) -> bytes:
    """Write what stands before a map's entries, each a key and a value, which follow in their order."""
    return _head(_MAP, count)


def _head(major: int, number: int) -> bytes:
    if number < _INLINE:
        return _INITIAL[major << 5 | number]
    if number < 1 << 8:
        return _INITIAL[major << 5 | 24] + _INITIAL[number]
    width = 2 if number < 1 << 16 else 4 if number < 1 << 32 else 8
    return _INITIAL[major << 5 | _WIDTHS[width]] + number.to_bytes(width, "big")


def encode_again(value: object) -> bytes:
    """Write what was read strictly, or will be: the bytes that it was read from, for there is one way to write it."""
    return swift.write(value) or encode(value)


def encode_as_read(value: object) -> bytes:
    """Write what was read, the bytes that it was read from: an `AsWritten` as it was written."""
    return swift.write(value) or cbor2.dumps(_ordered(value, 0, again=True))


def _container(data: bytes, offset: int, major: int, what: str) -> tuple[int, int]:
    if offset >= len(data):
        raise DagCborError(f"expected {what}, found the end", offset)
    initial = data[offset]
    if initial >> 5 != major:
        raise DagCborError(f"expected {what}", offset)
    count, position = _argument(data, offset + 1, initial & 31) if initial & 31 >= _INLINE else (initial & 31, offset + 1)
    if count > len(data) - position:
        raise DagCborError(f"announces {count} items, more than the bytes that are left", offset)
    return count, position


def _argument(data: bytes, position: int, information: int) -> tuple[int, int]:
    """Read the argument of a head whose additional information is 24 or more."""
    try:
        width, least = _ARGUMENT[information]
    except KeyError:
        what = "an indefinite length" if information == 31 else "a reserved head"  # noqa: PLR2004 - RFC 8949 §3
        raise DagCborError(what, position - 1) from None
    end = position + width
    if end > len(data):
        raise DagCborError("the bytes end within a head", position)
    number = int.from_bytes(data[position:end], "big")
    if number < least:
        raise DagCborError(f"{number} is not in its shortest form", position - 1)
    return number, end


def _key(data: bytes, position: int) -> tuple[str, int]:
    """Read a map's key."""
    initial = data[position]
    if initial >> 5 != _TEXT:
        raise DagCborError("a map's key is not text", position)
    length = initial & 31
    start = position + 1
    if length >= _INLINE:
        length, start = _argument(data, start, length)
    end = start + length
    if end > len(data):
        raise DagCborError("the bytes end within a key", position)
    try:
        return data[start:end].decode(), end
    except UnicodeDecodeError:
        raise DagCborError("a key is not UTF-8", position) from None


def _entries(  # noqa: PLR0913 - where it stands, and how it is read
    data: bytes, position: int, count: int, depth: int, allowance: Allowance, *, lax: str | None = None, all_lax: bool = False
) -> tuple[dict[str, Value], int]:
    """Read a map's entries and check that each key follows the one before it.

    Heads are shortest, so comparing encoded keys compares lengths first and then bytes.
    """
    entries: dict[str, Value] = {}
    previous, before = b"", ""
    as_written, strict = all_lax, True
    for _ in range(count):
        key, value_at = _key(data, position)
        encoded = data[position:value_at]
        strict = strict and encoded > previous
        # For text, the order of UTF-8 bytes is the order of code points.
        as_written = as_written and (key > before or not entries)
        if not strict and not as_written:
            what = "occurs twice" if encoded == previous else "is out of order"
            raise DagCborError(f"the key {key.encode()[:64]!r} {what}", position)
        previous, before = encoded, key
        entries[key], position = _item(data, value_at, depth + 1, allowance, lax=all_lax or key == lax)
    return (entries if strict else AsWritten(entries)), position


def _item(data: bytes, position: int, depth: int, allowance: Allowance, *, lax: bool = False) -> tuple[Value, int]:  # noqa: C901, PLR0911, PLR0912 - one branch a major type
    initial = data[position]
    start = position
    major = initial >> 5
    number = initial & 31
    position += 1
    if major == _SIMPLE:
        return _simple(data, start, number)
    if number >= _INLINE:
        number, position = _argument(data, position, number)
    if major == _TEXT:
        end = position + number
        if end > len(data):
            raise DagCborError("the bytes end within a text", start)
        try:
            return data[position:end].decode(), end
        except UnicodeDecodeError:
            raise DagCborError("a text is not UTF-8", start) from None
    if major == _BYTES:
        end = position + number
        if end > len(data):
            raise DagCborError("the bytes end within a byte string", start)
        return data[position:end], end
    if major == _UINT:
        return number, position
    if major == _NINT:
        return -1 - number, position
    if major == _TAG:
        return _tagged(data, start, number, position, allowance)
    if depth >= MAX_DEPTH:
        raise DagCborError(f"nested more than {MAX_DEPTH} deep", start)
    if number > len(data) - position:
        raise DagCborError(f"announces {number} items, more than the bytes that are left", start)
    allowance.take(number, start)
    if major == _ARRAY:
        items: list[Value] = []
        for _ in range(number):
            item, position = _item(data, position, depth + 1, allowance, lax=lax)
            items.append(item)
        return items, position
    return _entries(data, position, number, depth, allowance, all_lax=lax)


def _simple(data: bytes, start: int, information: int) -> tuple[Value, int]:
    if information == _FALSE:
        return False, start + 1
    if information == _TRUE:
        return True, start + 1
    if information == _NULL:
        return None, start + 1
    if information != 27:  # noqa: PLR2004 - RFC 8949 §3.3: a double follows
        raise DagCborError("a simple value or a short float, which DAG-CBOR does not have", start)
    if start + 9 > len(data):
        raise DagCborError("the bytes end within a float", start)
    number: float = unpack_from(">d", data, start + 1)[0]
    if not isfinite(number):
        raise DagCborError("a float is not finite", start)
    return number, start + 9


def _tagged(data: bytes, start: int, tag: int, position: int, allowance: Allowance) -> tuple[Value, int]:
    if tag not in (_LINK, _POSITIVE_BIGNUM, _NEGATIVE_BIGNUM):
        raise DagCborError(f"tag {tag}, which DAG-CBOR does not have", start)
    if data[position] >> 5 != _BYTES:
        raise DagCborError(f"tag {tag} does not hold a byte string", start)
    content, end = read(data, position)
    if not isinstance(content, bytes):  # pragma: no cover - major type 2 is bytes; this is for the type checker
        raise DagCborError(f"tag {tag} does not hold a byte string", start)
    if tag == _LINK:
        allowance.take(_LINK_COST, start)
        if content[:1] != b"\0":
            raise DagCborError("a link does not begin with the identity multibase prefix 00", start)
        try:
            return CID(content[1:]), end
        except CIDError as error:
            raise DagCborError(str(error), start) from error
    if len(content) > MAX_BIGNUM_BYTES:
        raise DagCborError(f"a bignum has at most {MAX_BIGNUM_BYTES} bytes", start)
    number = int.from_bytes(content, "big")
    if content[:1] == b"\0" or number <= _MAX_UINT64:
        raise DagCborError("a bignum is not in its shortest form", start)
    return (number if tag == _POSITIVE_BIGNUM else -1 - number), end


def _ordered(value: object, depth: int, *, again: bool = False) -> object:  # noqa: C901, PLR0911 - one return a kind of value
    """Put `value` into the form in which cbor2 writes strict DAG-CBOR; or, `again`, what was read as it was written."""
    kind = type(value)
    if kind is str or kind is bytes or value is None or kind is bool:
        return value
    if isinstance(value, int):
        # A negative number is written as its distance from -1.
        if (value if value >= 0 else ~value).bit_length() > MAX_BIGNUM_BYTES * 8:
            raise DagCborError(f"cannot be encoded: a bignum has at most {MAX_BIGNUM_BYTES} bytes")
        return int(value)
    if isinstance(value, CID):
        return cbor2.CBORTag(_LINK, b"\0" + bytes(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if depth >= MAX_DEPTH:
        raise DagCborError(f"cannot be encoded: nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise DagCborError(f"cannot be encoded: a map's key is {type(key).__name__}, not text")
        # For text, the order of UTF-8 bytes is the order of code points: but lengths are of bytes.
        as_written = again and isinstance(value, AsWritten)
        keys = value if as_written else sorted(value, key=lambda key: (len(key.encode()), key))
        return {_text(key): _ordered(value[key], depth + 1, again=again) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, depth + 1, again=again) for item in value]
    raise DagCborError(f"cannot be encoded: {value!r}" if isinstance(value, float) else f"cannot be encoded: a {kind.__name__}")


def _text(value: str) -> str:
    """Give the text that an instance of a subclass is; `str()` of an enumeration's member would be the member's name."""
    return str.__str__(value)
