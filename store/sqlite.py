"""The store on SQLite: one file, shared by the processes of one machine.

One connection writes, on a thread of its own, and commits in groups; others read beside it, each group of reads on one snapshot.
The journal is a write-ahead log that is synchronised at every commit: what was committed survives a loss of power.
"""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, Self, TypeVar

import aiosqlite

from forge.cid import CID
from forge.errors import ConfigurationError, StoreError
from store import sql
from store.groups import Groups, Work
from store.records import AlreadyExists
from store.transaction import Transaction

T = TypeVar("T")

# Strict tables and RETURNING.
OLDEST_SQLITE: Final = (3, 37, 0)

# Seconds that a group waits for another process to let go of the file. Longer than any group takes, shorter than a client waits.
BUSY_TIMEOUT: Final = 5.0

# Seconds between two tries meanwhile, drawn anew each time. SQLite's own waiting backs off to 0.1 s, and then a process that is
# busy all the time leaves the others next to nothing.
BUSY_PAUSE: Final = (0.0002, 0.001)

# Seconds after which a look-up, by an idle server's health check for one, is given up.
LOOKUP_TIMEOUT: Final = 5.0

# Units that share a commit. Waiting for the disk is long shared out by then, and another process gets its turn.
MOST_CHANGES: Final = 256

# Units that share a snapshot. Few, so that the other readers get some of what is queued.
MOST_READS: Final = 16

# Connections that read. More than one, so that a long listing does not hold up what is short.
READERS: Final = 4

# Statements kept prepared on a connection: all there are, and the sizes of `sql.revokers`.
STATEMENTS: Final = 256

# Pages, in KiB, that a connection keeps in memory.
CACHE_KIB: Final = 32_768

# Pages after which the log is copied into the file: what changes again before that is copied once.
CHECKPOINT_PAGES: Final = 4_000

_PRAGMAS: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    "PRAGMA temp_store = MEMORY",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)

_TAKEN: Final = frozenset((sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY))

# The primary code is the low byte of an extended one.
_PRIMARY: Final = 0xFF

_URL: Final = re.compile(r"sqlite://(?P<authority>[^/]*)(?:/(?P<path>.*))?", re.DOTALL)


class _Reader:
    """A connection that reads."""

    begin_statement = "BEGIN"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._failure: StoreError | None = None
        self._transaction = Transaction(self._execute)

    def begin(self) -> None:
        self._failure = None
        self._execute("BEGIN")

    def run(self, work: Work[T]) -> T:
        value = work(self._transaction)
        if self._failure is not None:
            # The unit went on as if nothing had happened.
            raise self._failure
        return value

    def check(self) -> None:
        if self._failure is not None:
            if not self._connection.in_transaction:
                raise self._failure
            self._failure = None

    def commit(self) -> None:
        self._execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
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
        except (sqlite3.ProgrammingError, sqlite3.DataError):
            # What the unit asked was not a question.
            raise
        except sqlite3.Error as error:
            self._failure = StoreError(f"store: {error}")
            raise self._failure from error
