"""DAG-JSON: DAG-CBOR's values as text, for people, fixtures and the revocation API (protocol §1.4).

bytes ::= {"/": {"bytes": base64 without padding}}      link ::= {"/": CID text}
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from math import isfinite
from typing import Final, NoReturn

from forge.cid import CID
from forge.dagcbor import MAX_BIGNUM_BYTES, MAX_DEPTH, Value
from forge.errors import CIDError, DagJsonError

_SLASH: Final = "/"


def decode(text: str | bytes) -> Value:
    """Read one DAG-JSON value.

    Raises:
        DagJsonError: `text` is not DAG-JSON.
    """
    try:
        return _read(json.loads(text, parse_constant=_constant, object_pairs_hook=_object), 0)
    except (ValueError, RecursionError) as error:
        if isinstance(error, DagJsonError):
            raise
        raise DagJsonError(f"not JSON: {error}") from error


def encode(value: object, *, indent: int | None = None) -> str:
    """Write a value, maps in bytewise order of their keys.

    Raises:
        DagJsonError: `value` is nothing that DAG-CBOR can say.
    """
    separators = (",", ":") if indent is None else None
    return json.dumps(_write(value, 0), ensure_ascii=False, indent=indent, separators=separators, allow_nan=False)


def _constant(name: str) -> NoReturn:
    raise DagJsonError(f"{name} is not a number")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise DagJsonError("a key occurs twice in one map")
    return entries


def _read(value: object, depth: int) -> Value:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        _not_too_deep(depth)
        return [_read(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if _SLASH in value:
            return _special(value)
        _not_too_deep(depth)
        return {_text(key): _read(item, depth + 1) for key, item in value.items()}
    if isinstance(value, float):
        return _finite(value)
    if value is None or isinstance(value, bool | int):
        return value
    raise DagJsonError(f"a {type(value).__name__}")  # pragma: no cover - json.loads makes nothing else


def _special(value: dict[str, object]) -> CID | bytes:
    content = value[_SLASH]
    if len(value) == 1 and isinstance(content, str):
        try:
            return CID.parse(content)
        except CIDError as error:
            raise DagJsonError(f"a link is {{'/': CID}}: {error}") from error
    if len(value) == 1 and isinstance(content, dict) and list(content) == ["bytes"] and isinstance(content["bytes"], str):
        text = content["bytes"]
        try:
            data = b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (Base64Error, ValueError) as error:
            raise DagJsonError("bytes are base64 without padding") from error
        # Padding that came along, or stray bits at the end: other texts for the same bytes.
        if _base64(data) != text:
            raise DagJsonError("bytes are base64 without padding")
        return data
    raise DagJsonError('the key "/" is reserved for links and bytes')


def _write(value: object, depth: int) -> object:  # noqa: C901, PLR0911 - one return a kind of value
    if isinstance(value, CID):
        return {_SLASH: str(value)}
    if isinstance(value, bytes):
        return {_SLASH: {"bytes": _base64(value)}}
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        _not_too_deep(depth)
        for key in value:
            if not isinstance(key, str):
                raise DagJsonError(f"a map's key is {type(key).__name__}, not text")
        if _SLASH in value:
            # Written, it would be read as a link or as bytes, or not at all.
            raise DagJsonError('the key "/" is reserved for links and bytes')
        # The order of UTF-8 bytes is the order of code points.
        return {_text(key): _write(value[key], depth + 1) for key in sorted(value)}
    if isinstance(value, list | tuple):
        _not_too_deep(depth)
        return [_write(item, depth + 1) for item in value]
    if isinstance(value, float):
        return _finite(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if (value if value >= 0 else ~value).bit_length() > MAX_BIGNUM_BYTES * 8:
            raise DagJsonError(f"an integer has at most {MAX_BIGNUM_BYTES} bytes")
        return value
    raise DagJsonError(f"a {type(value).__name__} is nothing that DAG-JSON can say")


def _not_too_deep(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise DagJsonError(f"nested more than {MAX_DEPTH} deep")


def _text(value: str) -> str:
    """Give text as it is, if it is Unicode: JSON can escape half a surrogate pair, which no UTF-8 says."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise DagJsonError("a text is not Unicode: it holds a surrogate") from None
    return str.__str__(value)


def _finite(value: float) -> float:
    """Give a number as it is, if it is one: JSON's numbers may be too large for a float."""
    if not isfinite(value):
        raise DagJsonError(f"{value} is not a number")
    return value


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")
