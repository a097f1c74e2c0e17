"""The stream that a store is written out as: records, one behind the other, the same bytes for the same rows.

    stream ::= head, { table, { rows } }, end      every table of `store.tables`, in that order
    record ::= its length (4 bytes, big-endian), a DAG-CBOR map
    head   ::= {"forge": "store", "step": text, "version": 1}
    table  ::= {"table": name, "columns": [name]}
    rows   ::= {"rows": [[cell]]}                  a cell is text, bytes, an integer or null
    end    ::= {"counts": {name: integer}, "digest": bytes}

The digest is the SHA-256 of all that stands before the end. Nothing in it says when, where or on what it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO, Final

from forge import dagcbor
from forge.errors import ConfigurationError, DecodeError
from forge.ports import Inventory
from store import sql
from store.tables import Row, Table

VERSION: Final = 1
LENGTH_BYTES: Final = 4
MAX_RECORD: Final = 256 * 1024 * 1024
"""Bytes: more than the largest rows of a page together."""
_KIND: Final = "store"


class StreamWriter:
    """Writes a stream. `write` is told its bytes, in their order."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._digest = sha256()
        self._counts: dict[str, int] = {}
        self._table = ""
        self._record(dagcbor.encode({"forge": _KIND, "step": sql.STEP, "version": VERSION}))

    def table(self, table: Table) -> None:
        """Begin with a table."""
        self._table = table.name
        self._counts[table.name] = 0
        self._record(dagcbor.encode({"table": table.name, "columns": list(table.columns)}))

    def rows(self, rows: list[Row]) -> None:
        """Write rows of that table."""
        self._counts[self._table] += len(rows)
        self._record(dagcbor.encode_again({"rows": [list(row) for row in rows]}))

    def end(self) -> Inventory:
        """Finish; say what was written."""
        digest = self._digest.digest()
        self._record(dagcbor.encode({"counts": self._counts, "digest": digest}))
        return Inventory(rows=self._counts, digest=digest.hex())

    def _record(self, record: bytes) -> None:
        data = len(record).to_bytes(LENGTH_BYTES) + record
        self._digest.update(data)
        self._write(data)


def check(file: BinaryIO) -> Inventory:
    """Read a stream to its end, and see that it is whole; say what is in it. The rows themselves are not looked at.

    Raises:
        ConfigurationError: it is something else, of another version, or damaged. The message does not name the file.
    """
    digest, before = sha256(), b""
    _begin(_decode(next(_records(file), b"")))
    file.seek(0)
    for record in _records(file):
        digest.update(before)
        before = len(record).to_bytes(LENGTH_BYTES) + record
    match _decode(before[LENGTH_BYTES:]):
        case {"counts": dict() as counts, "digest": bytes() as told} if told == digest.digest():
            return Inventory(rows=counts, digest=told.hex())
        case {"digest": _}:
            raise ConfigurationError("it is damaged: its digest is another one. Export it again, or copy it again")
    raise ConfigurationError("it is not whole: its end is missing. Export it again, or copy it again")


def read(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """Give the records of a stream, as maps.

    Raises:
        ConfigurationError: it is something else, of another version, or damaged. The message does not name the file.
    """
    records = map(_decode, _records(file))
    _begin(next(records, {}))
    yield from records


def _begin(head: dict[str, Any]) -> None:
    if head.get("forge") != _KIND:
        raise ConfigurationError("it is no export of a store")
    if head.get("version") != VERSION:
        raise ConfigurationError(f"it has version {head.get('version')}; this version of forge reads {VERSION}")
    if head.get("step") != sql.STEP:
        raise ConfigurationError(
            f"it was exported at step {head.get('step')} of the schema, and this version of forge is at {sql.STEP}:"
            " import it with the version that exported it; to start a newer one brings the store up to date"
        )


def _records(file: BinaryIO) -> Iterator[bytes]:
    while length := file.read(LENGTH_BYTES):
        size = int.from_bytes(length)
        record = file.read(size) if len(length) == LENGTH_BYTES and size <= MAX_RECORD else b""
        if len(record) != size or not size:
            raise ConfigurationError("it is not whole: it ends within a record, or is something else")
        yield record


def _decode(record: bytes) -> dict[str, Any]:
    try:
        found, end = dagcbor.read_map(record)
    except DecodeError:
        end, found = -1, {}
    if end != len(record):
        raise ConfigurationError("it is damaged, or no export of a store: a record cannot be read")
    return found
