"""A store beside the one that is looked at: what the events tell is written into it, and compared with the rows there are.

It is a SQLite file that goes away, whichever engine the store is on, so that any number of rows takes room on the disk alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

from store.records import AlreadyExists
from store.tables import TABLES, Cell, Row, Table
from store.transaction import Transaction

TOLD: Final = tuple(table for table in TABLES if table.identity)
"""The tables that events tell of."""

# It is thrown away: nothing is waited for. What it refers to is nobody's to check here, so that one event that is missing is
# one finding.
_PRAGMAS: Final = (
    "PRAGMA journal_mode = MEMORY",
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA cache_size = -32768",
    "PRAGMA locking_mode = EXCLUSIVE",
)
_SOURCES: Final = """
CREATE TABLE source (task BLOB, command TEXT, issuer TEXT, subject TEXT, seq INTEGER,
PRIMARY KEY (task, command, issuer, subject)) WITHOUT ROWID
"""


class Scratch:
    """A store that is there inside a `with` block, for the thread that opened it."""

    def __init__(self) -> None:
        self._opened = ExitStack()
        self.tx = Transaction(self._execute)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            file = Path(opened.enter_context(TemporaryDirectory(prefix="forge-fsck-"))) / "scratch.db"
            file.write_bytes(_empty())
            self._connection = opened.enter_context(closing(sqlite3.connect(file, isolation_level=None)))
            self.schema = self._connection.execute(SCHEMA).fetchall()
            for statement in (*_PRAGMAS, "BEGIN", _SOURCES):
                self._connection.execute(statement)
            for table in TOLD:
                # Those of the schema are of some rows only.
                columns = ", ".join(table.identity)
                self._connection.execute(f"CREATE INDEX told_{table.name} ON {table.name} ({columns})")
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    # -- tasks that events name ---------------------------------------------------------------------------------------

    def note(self, task: bytes, command: str, issuer: str, subject: str, seq: int) -> None:
        """Note what an event says of its task."""
        self._connection.execute("INSERT OR IGNORE INTO source VALUES (?, ?, ?, ?, ?)", (task, command, issuer, subject, seq))

    def said_of(self, task: bytes) -> list[tuple[str, str, str, int]]:
        """List what events say of a task: command, issuer, subject, and the first event that says it."""
        return self._connection.execute("SELECT command, issuer, subject, seq FROM source WHERE task = ?", (task,)).fetchall()

    # -- rows ----------------------------------------------------------------------------------------------------------

    def has(self, table: Table, row: Row) -> bool:
        """Say whether the events tell of this row, as it is."""
        told = _told(table)
        return any(one[1:] == table.cells(row, told) for one in self._like(table, row))

    def strike(self, table: Table, row: Row) -> bool:
        """Take a row away that is as the events tell. False: there is none."""
        cells = table.cells(row, _told(table))
        for number, *found in self._like(table, row):
            if tuple(found) == cells:
                self._remove(table, number)
                return True
        return False

    def strike_nearest(self, table: Table, row: Row) -> list[str] | None:
        """Take the row away that is most like this one; say in which columns it differs. None: there is none like it."""
        columns = _told(table)
        cells = table.cells(row, columns)
        differing = [
            ([column for column, one, other in zip(columns, found, cells, strict=True) if one != other], number)
            for number, *found in self._like(table, row)
        ]
        if not differing:
            return None
        nearest, number = min(differing, key=lambda pair: len(pair[0]))
        self._remove(table, number)
        return nearest

    def left(self, table: Table) -> Iterator[Row]:
        """Give what was not taken away: the cells of `identity`, and the tasks that made and ended it."""
        columns = ", ".join((*table.identity, *table.causes))
        yield from self._connection.execute(f"SELECT {columns} FROM {table.name} ORDER BY rowid")  # noqa: S608 - names of our own

    def _like(self, table: Table, row: Row) -> Iterator[Any]:
        place = " AND ".join(f"{column} = ?" for column in table.identity)
        columns = ", ".join(_told(table))
        statement = f"SELECT rowid, {columns} FROM {table.name} WHERE {place} ORDER BY rowid"  # noqa: S608 - names of our own
        return self._connection.execute(statement, table.cells(row, table.identity))

    def _remove(self, table: Table, number: int) -> None:
        self._connection.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (number,))  # noqa: S608 - a name of our own

    def _execute(self, statement: str, values: Sequence[Cell] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(statement, values)
        except sqlite3.IntegrityError as error:
            raise AlreadyExists(str(error)) from error


@cache
def _empty() -> bytes:
    """Make an empty store."""
    with TemporaryDirectory(prefix="forge-fsck-") as folder:
        file = Path(folder) / "empty.db"
        # Imported here: it is large.
        migrate = import_module("store.migrations").migrate
        migrate("sqlite", lambda: sqlite3.connect(file, isolation_level=None), "BEGIN IMMEDIATE")
        return file.read_bytes()


SCHEMA: Final = """
SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name
"""
"""What a SQLite file's schema is."""


def _told(table: Table) -> tuple[str, ...]:
    """Say what events tell of a row: all but the number that the store gave."""
    return tuple(column for column in table.columns if column != "seq")
