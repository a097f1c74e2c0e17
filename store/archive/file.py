"""The file of an archive: rows that were moved out of a ledger, in a SQLite file of its own, whatever engine the store is on.

    archive   one row: by which id the store knows it
    entry     the rows, in the order of their moving, each with a digest; none is ever changed or taken away

While it is written it has a log beside it (`-wal`), so that whoever reads a receipt waits for nobody. Nothing is taken out of
the ledger before that log was copied into the file: the file alone holds all that it is needed for, after a crash too.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from forge.cid import CID
from forge.errors import StoreError
from forge.ports import LedgerEntry
from store.archive.rows import Filed, to_cells, to_entry
from store.cells import join
from store.moving.whole import whole

# In the file's header, so that no other database is taken for an archive: "Forg", and a version of what is below.
APPLICATION_ID: Final = 0x466F7267
FORMAT: Final = 1

# Seconds that a look-up waits for a file that is just being opened or closed for writing: it may hold others up meanwhile.
READ_TIMEOUT: Final = 1.0

# Seconds that whoever moves rows waits for others, and between two tries meanwhile.
WRITE_TIMEOUT: Final = 30.0
PAUSE: Final = (0.0005, 0.003)

_PRIMARY: Final = 0xFF
_BUSY: Final = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))

_SCHEMA: Final = (
    "CREATE TABLE archive (id BLOB NOT NULL) STRICT",
    """CREATE TABLE entry (seq INTEGER PRIMARY KEY, task BLOB NOT NULL UNIQUE, command TEXT NOT NULL, issuer TEXT NOT NULL,
    subject TEXT NOT NULL, invocation BLOB NOT NULL, proofs BLOB NOT NULL, receipt BLOB NOT NULL, at INTEGER NOT NULL,
    digest BLOB NOT NULL) STRICT""",
)
FIND: Final = "SELECT task, command, issuer, subject, invocation, proofs, receipt, at, digest FROM entry WHERE task = ?"
_ADD: Final = (
    "INSERT INTO entry (task, command, issuer, subject, invocation, proofs, receipt, at, digest)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (task) DO NOTHING RETURNING seq"
)
# Rows are numbered from 1, and stay.
LAST: Final = "SELECT seq FROM entry ORDER BY seq DESC LIMIT 1"


class ArchiveFile:
    """An archive's file, open. One thread uses it at a time."""

    def __init__(self, file: Path, *, write: bool = False) -> None:
        """Open it.

        Raises:
            StoreError: there is none, it is something else, or it cannot be read.
        """
        self.file = file
        try:
            found = file.stat()
            if not S_ISREG(found.st_mode):
                raise StoreError(f"archive: {file} is no file")
        except OSError as error:
            raise StoreError(f"archive: {file} cannot be read: {error.strerror}") from error
        self._found = found
        self._logs = False
        timeout = WRITE_TIMEOUT if write else READ_TIMEOUT
        try:
            # For writing, where that is allowed, even if it is only read: whoever comes next puts in order what a crash left.
            self._connection = sqlite3.connect(
                f"file:{quote(str(file))}?mode=rw", uri=True, timeout=timeout, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise StoreError(f"archive: {file} cannot be opened: {error}") from error
        try:
            self.id = self._begin(write=write)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def count(self) -> int:
        """Say how many rows are in it."""
        row = self._execute(LAST).fetchone()
        return 0 if row is None else int(row[0])

    def find(self, task: CID) -> LedgerEntry | None:
        """Read the row of a task.

        Raises:
            StoreError: it is damaged.
        """
        row = self._execute(FIND, (bytes(task),)).fetchone()
        if row is None:
            return None
        *cells, digest = row
        if _digest(cells) != digest:
            raise StoreError(f"archive: {self.file} is damaged: what it has of task {task} is not what was put in")
        return to_entry(cells)

    def append(self, entries: Sequence[LedgerEntry]) -> None:
        """Add rows, those that are not there yet. When this returns they are on the disk, in the file itself.

        Raises:
            StoreError: that could not be done, and nothing was added, or a task of theirs has another receipt there.
        """
        if not self._logs:
            # Only now: what turns out to be somebody else's is left as it is.
            self._patiently("PRAGMA journal_mode = WAL")
            self._logs = True
        self._patiently("BEGIN IMMEDIATE")
        try:
            for entry in entries:
                cells = to_cells(entry)
                # One that is there was copied before a crash, or by somebody else at work here.
                if self._execute(_ADD, (*cells, _digest(cells))).fetchone() is None and self.find(entry.task) != entry:
                    raise StoreError(
                        f"archive: {self.file} has another receipt of task {entry.task}: it has been used with a copy of this"
                        " store. Name another file"
                    )
            self._execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
            raise
        # (busy, pages of the log, pages of it that were copied): busy while somebody reads what the file had before.
        self._until(lambda: self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
        try:
            there = os.path.samestat(self.file.stat(), self._found)
        except OSError:
            there = False
        if not there:
            raise StoreError(f"archive: {self.file} was taken away while it was written")

    def close(self) -> None:
        """Let go of it. Whoever wrote leaves one file, without a log beside it, if nobody reads just then."""
        if self._logs:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def _begin(self, *, write: bool) -> bytes:
        """See that it is an archive, and give its id."""
        (application,) = self._execute("PRAGMA application_id").fetchone()
        (version,) = self._execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise StoreError(f"archive: {self.file} is something else than an archive")
        if version != FORMAT:
            raise StoreError(f"archive: {self.file} has format {version}; this version of forge knows {FORMAT}")
        # Extra: should no log be possible there, what was committed is on the disk all the same.
        self._execute("PRAGMA synchronous = EXTRA" if write else "PRAGMA query_only = ON")
        row = self._execute("SELECT id FROM archive").fetchone()
        if row is None:
            raise StoreError(f"archive: {self.file} is damaged: it does not say which archive it is")
        return bytes(row[0])

    def _execute(self, statement: str, values: Sequence[str | bytes | int] = ()) -> sqlite3.Cursor:
        """Execute a statement.

        Raises:
            StoreError: the file does not take it.
        """
        try:
            return self._connection.execute(statement, values)
        except sqlite3.Error as error:
            raise StoreError(f"archive: {self.file}: {error}") from error

    def _patiently(self, statement: str) -> None:
        """Execute a statement that others may be in the way of. SQLite does not wait for all of them by itself."""

        def attempt() -> bool:
            try:
                self._connection.execute(statement)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY in _BUSY:
                    return False
                raise StoreError(f"archive: {self.file}: {error}") from error
            except sqlite3.Error as error:
                raise StoreError(f"archive: {self.file}: {error}") from error
            return True

        self._until(attempt)

    def _until(self, attempt: Callable[[], bool]) -> None:
        until = time.monotonic() + WRITE_TIMEOUT
        while not attempt():
            if time.monotonic() > until:
                raise StoreError(f"archive: {self.file} is in use by somebody else for {WRITE_TIMEOUT} s")
            time.sleep(random.uniform(*PAUSE))  # noqa: S311 - not a secret


class Folder:
    """Where a store's archives are: a `store.archive.rows.Shelf`.

    Beside a store that is a file, or below it, a place is kept as seen from there, so that the folder can be moved as a whole.
    """

    def __init__(self, store: Path | None = None) -> None:
        """`store` is the file that the store is; None where it is none."""
        self.store = None if store is None else store.resolve()

    def place(self, file: Path) -> str:
        """Write down where a file is."""
        whole = file.resolve()
        if self.store is not None and whole.is_relative_to(self.store.parent):
            whole = whole.relative_to(self.store.parent)
        return str(whole)

    def file(self, place: str) -> Path:
        """Find the file that `place` wrote down."""
        return Path(place) if self.store is None else self.store.parent / place

    def fetch(self, archive: Filed, task: CID) -> LedgerEntry:
        """Read a row that was moved.

        Raises:
            StoreError: the file is not there, or damaged, or another one. The message names it.
        """
        file = self.file(archive.place)
        with ArchiveFile(file) as opened:
            if opened.id != archive.id:
                raise StoreError(f"archive: {file} is not the one that was there: it is of another store")
            found = opened.find(task)
        if found is None:
            raise StoreError(
                f"archive: {file} has nothing of task {task}, which was moved there: it is damaged, or an older copy"
            )
        return found

    def create(self, file: Path, id_: bytes) -> None:
        """Make an archive's file, whole or not at all. Whoever may read the store may read it.

        Raises:
            FileExistsError: there is something.
            StoreError: it cannot be made.
        """
        try:
            with (
                whole(file, like=self.store) as beside,
                closing(sqlite3.connect(beside, isolation_level=None)) as connection,
            ):
                for statement in (f"PRAGMA application_id = {APPLICATION_ID}", f"PRAGMA user_version = {FORMAT}", *_SCHEMA):
                    connection.execute(statement)
                connection.execute("INSERT INTO archive (id) VALUES (?)", (id_,))
        except FileExistsError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"archive: {file} cannot be made: {error}") from error


def _digest(cells: Sequence[Any]) -> bytes:
    """Say what a row is, so that a disk that forgot a bit is noticed."""
    return sha256(join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in cells)).digest()
