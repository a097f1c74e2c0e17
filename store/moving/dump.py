"""Writing all rows out, and reading them in: one snapshot, and one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from forge.errors import ConfigurationError, ForgeError
from forge.ports import Inventory, Tell
from store.moving import stream
from store.moving.stream import StreamWriter
from store.tables import BY_NAME, TABLES, Table
from store.transaction import Transaction


def dump(tx: Transaction, write: Callable[[bytes], object], tell: Tell) -> Inventory:
    """Write all rows out, as one snapshot has them."""
    told = _Told(sum(map(tx.total, TABLES)), tell)
    writer = StreamWriter(write)
    for table in TABLES:
        writer.table(table)
        for page in tx.pages(table):
            writer.rows(page)
            told.more(len(page))
    return writer.end()


def load(tx: Transaction, file: BinaryIO, inventory: Inventory, tell: Tell) -> None:
    """Read all rows in, and see that the store gives the same digest then.

    Raises:
        ConfigurationError: the store has rows, or these do not fit into it.
    """
    full = next(filter(tx.has_any, TABLES), None)
    if full is not None:
        raise ConfigurationError(
            f"the store has rows already, in {full.name}: import into one that has none, such as a new one"
        )
    count = sum(inventory.rows.values())
    # They are written, and then read again.
    told = _Told(2 * count, tell)
    left = list(TABLES)
    table: Table | None = None
    for record in stream.read(file):
        match record:
            case {"table": str() as name, "columns": list() as columns}:
                table = _next(left, name, columns)
            case {"rows": list() as rows} if table is not None:
                _put(tx, table, rows)
                told.more(len(rows))
    if left:
        raise ConfigurationError(f"it lacks the table {left[0].name}")
    # What was read is what is there now: as it was asked for, in the types and the order that this engine gives it.
    found = dump(tx, lambda _: None, lambda rows, _: tell(count + rows, (count + rows) / max(1, 2 * count)))
    if found != inventory:
        raise ConfigurationError(f"this store gives the digest {found.digest} for it, not {inventory.digest}: nothing was kept")


class _Told:
    """How far it is."""

    def __init__(self, count: int, tell: Tell) -> None:
        self._count = max(1, count)
        self._tell = tell
        self._done = 0

    def more(self, rows: int) -> None:
        """Tell that so many more are done."""
        self._done += rows
        self._tell(self._done, self._done / self._count)


def _next(left: list[Table], name: str, columns: list[object]) -> Table:
    """Take the next table, if it is the one that comes."""
    table = BY_NAME.get(name)
    if table is None or not left or left[0] is not table or list(table.columns) != columns:
        raise ConfigurationError(f"it has a table {name!r} with columns {columns} where another was expected")
    return left.pop(0)


def _put(tx: Transaction, table: Table, rows: list[list[str | bytes | int | None]]) -> None:
    """Insert rows.

    Raises:
        ConfigurationError: they do not fit.
    """
    if any(len(row) != len(table.columns) for row in rows):
        raise ConfigurationError(f"rows of {table.name} do not have its columns")
    try:
        tx.put(table, rows)
    except ForgeError:
        raise
    except Exception as error:
        # An engine's own word: each has another one.
        raise ConfigurationError(f"rows of {table.name} do not fit into a store: {error}") from error
