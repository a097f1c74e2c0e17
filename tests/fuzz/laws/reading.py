"""How any reader is held to its word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from forge import dagcbor
from forge.errors import DagCborError
from tests.core.raw import cbor

Read = TypeVar("Read")


def refused(read: Callable[[Any], Read], data: object, error: type[Exception]) -> Read | None:
    """Read, or give None for a refusal of the declared class, whose message everybody can be shown."""
    try:
        return read(data)
    except error as refusal:
        str(refusal).encode()
        return None


def item(data: bytes) -> Any:
    """Read DAG-CBOR and hold it to its law: one value, one encoding.

    Raises:
        DagCborError: it is none.
    """
    try:
        value = dagcbor.decode(data)
    except DagCborError as refusal:
        placed(refusal, data)
        raise
    assert dagcbor.encode(value) == data, "decoding accepted what encoding does not write"
    assert cbor(value) == data, "another encoder writes something else"
    return value


def placed(refusal: DagCborError, data: bytes) -> None:
    """A refusal says where, and that is within the bytes."""
    assert refusal.offset is not None, "a refusal without a place"
    assert 0 <= refusal.offset <= len(data), "a refusal's place is outside of the bytes"
