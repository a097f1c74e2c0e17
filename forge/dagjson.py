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
from forge.dagcbor import MAX_DEPTH, Value
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
    if depth > MAX_DEPTH:
        raise DagJsonError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return [_read(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if _SLASH in value:
            return _special(value)
        return {key: _read(item, depth + 1) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
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
            return b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (Base64Error, ValueError) as error:
            raise DagJsonError("bytes are base64 without padding") from error
    raise DagJsonError('the key "/" is reserved for links and bytes')


def _write(value: object, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise DagJsonError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, CID):
        return {_SLASH: str(value)}
    if isinstance(value, bytes):
        return {_SLASH: {"bytes": b64encode(value).decode().rstrip("=")}}
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: str(key).encode("utf-8", "surrogatepass"))
        return {str(key): _write(value[key], depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_write(item, depth + 1) for item in value]
    if isinstance(value, float) and not isfinite(value):
        raise DagJsonError(f"{value} is not a number")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise DagJsonError(f"a {type(value).__name__} is nothing that DAG-JSON can say")
