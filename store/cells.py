"""Cells: what a column holds that is more than one value, or that was checked before it went in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pydantic_core

from forge.did import DID
from store.statement import Rows

# An item's length, before its bytes. The longest is a token's.
_LENGTH_BYTES: Final = 4


def join(items: Iterable[bytes]) -> bytes:
    """Put several byte strings into one: each its length, then its bytes."""
    return b"".join(len(item).to_bytes(_LENGTH_BYTES) + item for item in items)


def split(cell: bytes) -> Iterator[bytes]:
    """Take apart what `join` put together."""
    begin = 0
    while begin < len(cell):
        end = begin + _LENGTH_BYTES + int.from_bytes(cell[begin : begin + _LENGTH_BYTES])
        yield cell[begin + _LENGTH_BYTES : end]
        begin = end


def to_did(text: str) -> DID:
    """Take a DID out of a row. It was checked when it went in, and checking a did:key again costs more than the row."""
    return str.__new__(DID, text)


def to_dids(rows: Rows) -> tuple[DID, ...]:
    """Take DIDs out of rows of one column."""
    return tuple(to_did(text) for (text,) in rows.fetchall())


def to_did_at(rows: Iterable[tuple[str, int, int | None, int]], at: int) -> DID | None:
    """Take the DID out of the row that counts at a time, of rows of a DID, since, until and a number. None: none does.

    All had begun by then. Where clocks that differ made two of them overlap, the one that was made last counts.
    """
    last = max((row for row in rows if row[2] is None or at < row[2]), key=lambda row: row[3], default=None)
    return None if last is None else to_did(last[0])


def to_json(value: Mapping[str, Any]) -> str:
    """Write a map as JSON."""
    return pydantic_core.to_json(value).decode()
