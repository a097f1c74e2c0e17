"""Sessions on SQLite: a connection as groups of units use it, and how it waits for other processes.

A session turns SQLite's errors into the store's, and notices where SQLite has given a transaction up by itself.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from forge.errors import StoreError
from store.archive.file import Folder
from store.checkpoint import Checkpoints, copy
from store.glance import Glance
from store.groups import Work
from store.records import AlreadyExists
from store.transaction import BEGIN, RELEASE, UNDO, Transaction

T = TypeVar("T")

# Seconds that a group waits for another process to let go of the file: longer than a group takes, shorter than a client waits.
BUSY_TIMEOUT: Final = 5.0

# Seconds between two tries meanwhile, drawn anew each time. SQLite's own waiting backs off to 0.1 s at a time, and whoever has
# work without end kept another process out for 0.9 s. A group takes some milliseconds: waiting for long beside it is idle time.
BUSY_PAUSE: Final = (0.0001, 0.0005)

_TAKEN: Final = frozenset((sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY))

# The unit is at fault then, not the store.
_OF_UNIT: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)

# The primary code is the low byte of an extended one.
_PRIMARY: Final = 0xFF


class Reader:
    """A connection that reads: a `store.groups.Session`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._failure: StoreError | None = None
        self.folder = Folder(Path(connection.execute("PRAGMA database_list").fetchone()[2]))
        self._transaction = Transaction(self._execute, self.folder)

    def begin(self) -> None:
        """Open a snapshot. The first look-up takes it."""
        self._failure = None
        self._execute("BEGIN")

    def run(self, work: Work[T]) -> T:
        """Run one unit."""
        try:
            value = work(self._transaction)
        except sqlite3.Error as error:
            if isinstance(error, _OF_UNIT):
                raise
            # Rows come when they are fetched, and so do some of SQLite's errors.
            raise StoreError(f"store: {error}") from error
        if self._failure is not None:
            # The unit went on as if nothing had happened.
            raise self._failure
        return value

    def glance(self) -> Glance:
        """Let brief units read here."""
        return Glance(self, self._execute, self._connection)

    def check(self) -> None:
        """See that the transaction still stands: after a full disk or an I/O error SQLite may have rolled it back by itself."""
        if self._failure is not None:
            if not self._connection.in_transaction:
                raise self._failure
            self._failure = None

    def commit(self) -> None:
        """Make the transaction durable."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Leave the transaction, if there is one."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file. The last connection of all copies the log into it and removes the log."""
        self._connection.close()

    def _execute(self, statement: str, values: Sequence[str | bytes | int | None] = ()) -> sqlite3.Cursor:
        if self._failure is not None and not self._connection.in_transaction:
            # SQLite gave the transaction up. Whatever came now would stand alone, and be committed at once.
            raise self._failure
        try:
            return self._connection.execute(statement, values)
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in _TAKEN:
                raise AlreadyExists(str(error)) from error
            raise
        except _OF_UNIT:
            raise
        except sqlite3.Error as error:
            self._failure = StoreError(f"store: {error}")
            raise self._failure from error


class Writer(Reader):
    """The connection that writes: a `store.line.Writer`."""

    def __init__(self, connection: sqlite3.Connection, checkpoints: Checkpoints) -> None:
        """`checkpoints` is told what is committed."""
        super().__init__(connection)
        self._checkpoints = checkpoints
        self._before = 0
        self._busy_until: float | None = None

    @property
    def is_clean(self) -> bool:
        """Whether the transaction has changed nothing so far."""
        return self._connection.total_changes == self._before

    def begin_now(self) -> bool:
        """Take the file's one lock for writing, if nobody has it.

        Raises:
            StoreError: another process has had it for `BUSY_TIMEOUT` of tries, or the file cannot be written.
        """
        self._failure = None
        self._before = self._connection.total_changes
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            now = time.monotonic()
            if is_busy(error) and now < (self._busy_until or now + BUSY_TIMEOUT):
                self._busy_until = self._busy_until or now + BUSY_TIMEOUT
                return False
            self._busy_until = None
            raise StoreError(f"store: {error}") from error
        self._busy_until = None
        return True

    def begin(self) -> None:
        """Take the file's one lock for writing.

        Raises:
            StoreError: another process had it for longer than `BUSY_TIMEOUT`, or the file cannot be written.
        """
        self._failure = None
        self._before = self._connection.total_changes
        try:
            patiently(self._connection, "BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise StoreError(f"store: {error}") from error

    def run(self, work: Work[T]) -> T:
        """Run one unit, in a savepoint of its own."""
        execute = self._execute
        execute(BEGIN)
        try:
            value = super().run(work)
        except BaseException:
            execute(UNDO)
            execute(RELEASE)
            raise
        execute(RELEASE)
        return value

    def commit(self) -> None:
        """Make the transaction durable."""
        super().commit()
        self._checkpoints.committed(self._connection.total_changes - self._before, self._connection)

    def close(self) -> None:
        """Copy the log into the file as far as nobody is in the way, and let go."""
        copy(self._connection)
        super().close()


def patiently(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    """Execute a statement that needs a lock, and wait while another process has it.

    Raises:
        sqlite3.OperationalError: it had it for longer than `BUSY_TIMEOUT`, or something else went wrong.
    """
    until = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > until:
                raise
        time.sleep(random.uniform(*BUSY_PAUSE))  # noqa: S311 - not a secret


def is_busy(error: sqlite3.Error) -> bool:
    """Say whether another process is in the way."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
