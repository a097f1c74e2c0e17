"""The store on SQLite: one file, shared by the processes of one machine.

One connection writes, on a thread of its own, and commits in groups. Others read beside it, a group of reads on one snapshot.
The journal is a write-ahead log that is synchronised at every commit: what was committed survives a loss of power.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

import aiosqlite

from forge.cid import CID
from forge.did import DID
from forge.errors import ConfigurationError, StoreError
from forge.ports import Tell
from store import schema, sql
from store.archive.moving import Archiving
from store.backup import back_up
from store.checkpoint import Checkpoints
from store.faults import faults
from store.fsck.checking import Checking
from store.glance import Glance, TooLongError
from store.groups import Groups, Work
from store.line import Line
from store.moving.house import Moving
from store.session import BUSY_TIMEOUT, Reader, Writer, patiently

T = TypeVar("T")

# Strict tables and RETURNING.
OLDEST_SQLITE: Final = (3, 37, 0)

# Seconds after which a look-up that is not part of a transaction is given up.
LOOKUP_TIMEOUT: Final = 5.0

# Units that share a commit. Waiting for the disk is long shared out by then, and another process gets its turn.
MOST_CHANGES: Final = 256

# Units that share a snapshot. Few, so that the other readers get some of what is queued.
MOST_READS: Final = 16

# Connections that read: one for what is brief, on the loop; several on threads, so that no long listing holds up the next.
READERS: Final = 5

# Statements kept prepared on a connection: all there are, and the sizes of `sql.revokers`.
STATEMENTS: Final = 256

# KiB of pages that a connection keeps in memory.
CACHE_KIB: Final = 32_768

# Pages after which a commit copies the log into the file, where `store.checkpoint` has not done it long before.
CHECKPOINT_PAGES: Final = 32_000

_PRAGMAS: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)
# The writer waits in `patiently`; inside a transaction it needs no more locks.
_WRITING: Final = (*_PRAGMAS, "PRAGMA busy_timeout = 0")
# Nor does whoever copies the log: it goes as far as nobody is in the way.
_COPYING: Final = (*_PRAGMAS, "PRAGMA busy_timeout = 0", "PRAGMA query_only = ON")
# Not where something is written: with its journals of statements in memory, 8,000 updates took three times as long.
_READING: Final = (*_PRAGMAS, "PRAGMA temp_store = MEMORY", "PRAGMA query_only = ON")
_GLANCING: Final = (*_READING, "PRAGMA busy_timeout = 0")

_URL: Final = re.compile(r"sqlite://(?P<authority>[^/]*)(?:/(?P<path>.*))?", re.DOTALL | re.IGNORECASE)


class SQLiteStore(Archiving, Moving, Checking):
    """The store in a SQLite file: `forge.ports.Store`."""

    _faults = staticmethod(faults)
    _free = "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"

    def __init__(
        self, writer: Writer, checkpoints: Checkpoints, readers: Sequence[Reader], lookups: aiosqlite.Connection
    ) -> None:
        self._checkpoints = checkpoints
        self._changes = Line("store-writer", writer, MOST_CHANGES)
        self._brief, *others = readers
        self._glance: Glance | None = self._brief.glance()
        self._reads = Groups("store-reader", others, MOST_READS)
        self._lookups = lookups
        self._folder = writer.folder
        self._closing = asyncio.Lock()

    async def change(self, work: Work[T], *, brief: bool = False) -> T:
        """Run `work` in the next group, and return what it returned once that is on the disk.

        Raises:
            StoreError: nothing of it was kept.
        """
        return await self.begin(work, brief=brief)

    def begin(self, work: Work[T], *, brief: bool = False) -> asyncio.Future[T]:
        """Begin what `change` does.

        Raises:
            StoreError: the store is closed.
        """
        line = self._changes
        return (line.submit if line.is_here else line.submit_from_elsewhere)(work, brief=brief)

    async def read(self, work: Work[T], *, brief: bool = False) -> T:
        """Run `work` on a snapshot that is taken after this call.

        Raises:
            StoreError: the store did not answer.
        """
        return await self.begin_read(work, brief=brief)

    def begin_read(self, work: Work[T], *, brief: bool = False) -> asyncio.Future[T]:
        """Begin what `read` does: what is brief at once, if that holds nobody up.

        Raises:
            StoreError: the store is closed, or did not answer at once.
        """
        if brief and self._glance is not None and self._changes.is_here:
            with suppress(TooLongError):
                value = self._glance.look(work)
                found: asyncio.Future[T] = asyncio.get_running_loop().create_future()
                found.set_result(value)
                return found
        return self._reads.submit(work)

    async def receipt(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up.

        Raises:
            StoreError: the store did not answer.
        """
        rows = await self._look_up(sql.RECORDED, bytes(task))
        if rows == [(None,)]:
            # It was moved to an archive.
            return await self.read(lambda tx: tx.recorded(task))
        return rows[0][0] if rows else None

    async def statements(self, task: CID, executor: DID, limit: int) -> list[bytes]:
        """Look up what `executor` says came of `task`, results before failures, at most `limit` of it.

        Raises:
            StoreError: the store did not answer.
        """
        return [data for (data,) in await self._look_up(sql.STATEMENTS, bytes(task), str(executor), limit)]

    async def backup(self, file: Path, *, tell: Tell) -> None:
        """Copy the file, as it is at one moment, to a new one.

        Raises:
            ConfigurationError: there is such a file, or it cannot be made.
            StoreError: the store did not answer.
        """
        assert self._folder.store is not None  # noqa: S101 - it is a file
        await asyncio.to_thread(back_up, self._folder.store, file, tell)

    async def ready(self) -> None:
        """Touch the store.

        Raises:
            StoreError: it cannot serve.
        """
        for row in await self._look_up(sql.CURRENT_STEP):
            schema.check(*row)

    async def close(self) -> None:
        """Finish what was taken, end the threads, and let go of the file."""
        async with self._closing:
            await self._reads.close()
            if self._glance is not None:
                self._glance = None
                self._brief.close()
            await self._lookups.close()
            await self._checkpoints.close()
            # Last, so that the log can be emptied.
            await self._changes.close()

    async def _look_up(self, statement: str, *values: bytes | str | int) -> list[tuple[Any, ...]]:
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                return [tuple(row) for row in await self._lookups.execute_fetchall(statement, values)]
        except TimeoutError as error:
            raise StoreError(f"store: no answer within {LOOKUP_TIMEOUT} s") from error
        except (sqlite3.Error, ValueError) as error:
            # ValueError: aiosqlite's word for a connection that was closed.
            raise StoreError(f"store: {error}") from error


async def connect(url: str) -> SQLiteStore:
    """Open the file at `url`, making it where there is none.

        url ::= "sqlite:///" path | path

    Raises:
        ConfigurationError: there is no usable store there and none can be made.
    """
    path = _path(url)
    copier, connection, readers = await asyncio.to_thread(_open_all, path)
    lookups = aiosqlite.Connection(lambda: _open(path, _READING), iter_chunk_size=1)
    # A daemon, as the threads of groups are: a program that dies without closing its store does die.
    lookups._thread.daemon = True  # noqa: SLF001 - aiosqlite has no other way
    await lookups
    # Now: from here on nothing fails, so no thread is left behind.
    checkpoints = Checkpoints(copier)
    return SQLiteStore(Writer(connection, checkpoints), checkpoints, readers, lookups)


def _path(url: str) -> Path:
    """Find the file that `url` means.

    Raises:
        ConfigurationError: it means none that processes could share.
    """
    found = _URL.fullmatch(url)
    if found and (found["authority"] or "?" in url):
        raise ConfigurationError(
            f"store: {url!r} is not sqlite:///relative or sqlite:////absolute, without host and parameters"
        )
    path: str | None = found["path"] if found else url
    if not path or path == ":memory:":
        raise ConfigurationError(f"store: {url!r} names no file, and what is in memory is neither shared by workers nor kept")
    # Absolute, so that SQLite takes nothing in it for anything but a path.
    absolute = Path(path).absolute()
    if not absolute.parent.is_dir():
        raise ConfigurationError(f"store: there is no directory {absolute.parent}. Make it, or name another file")
    return absolute


def _open_all(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection, list[Reader]]:
    """Bring the schema up to date, then open the connections.

    Raises:
        ConfigurationError: that cannot be done.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        raise ConfigurationError(f"store: this Python has SQLite {sqlite3.sqlite_version}; {oldest} or later is needed")
    with ExitStack() as opened:
        try:
            with closing(_open(path, _PRAGMAS)) as connection:
                if not _is_up_to_date(connection):
                    # Imported here, for most starts find nothing to do, and Alembic is large.
                    import_module("store.migrations").migrate("sqlite", lambda: _open(path, _PRAGMAS), "BEGIN IMMEDIATE")
                (mode,) = patiently(connection, "PRAGMA journal_mode = WAL").fetchone()
                if mode != "wal":
                    raise ConfigurationError(f"store: {path} lies where a write-ahead log cannot be kept")
                # A file that may only be read does not refuse the transaction, but what is written in it.
                patiently(connection, "BEGIN IMMEDIATE")
                connection.execute(sql.TOUCH)
                connection.execute("ROLLBACK")
                copier, writer = (opened.enter_context(closing(_open(path, pragmas))) for pragmas in (_COPYING, _WRITING))
                pragmas = (_GLANCING, *[_READING] * (READERS - 1))
                readers = [Reader(opened.enter_context(closing(_open(path, one)))) for one in pragmas]
        except sqlite3.Error as error:
            raise ConfigurationError(f"store: {path} cannot be used: {error}") from error
        opened.pop_all()
    return copier, writer, readers


def _open(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
    """Open a connection that leaves transactions to us, and may be handed to another thread."""
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
    )
    for pragma in pragmas:
        connection.execute(pragma)
    return connection


def _is_up_to_date(connection: sqlite3.Connection) -> bool:
    try:
        return any(schema.is_usable(*row) for row in connection.execute(sql.CURRENT_STEP).fetchall())
    except sqlite3.OperationalError:
        return False
