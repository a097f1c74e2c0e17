"""Cells: what a column holds that is more than one value, or that was checked before it went in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from forge.did import DID
from store.statement import Rows

# Made once: `json.dumps` makes an encoder at every call that wants other than its defaults.
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

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
    """Take the DID out of the row that counts at a time, of rows of a DID, since, until and a number. None: none does."""
    # Rows that begin in one second follow each other by their numbers.
    last = max(rows, key=lambda row: (row[1], row[3]), default=None)
    return to_did(last[0]) if last is not None and (last[2] is None or at < last[2]) else None


def to_json(value: Mapping[str, Any]) -> str:
    """Write a map as JSON."""
    return _ENCODE(value if isinstance(value, dict) else dict(value))
