"""The store on PostgreSQL: `forge.ports.Store`.

One connection writes, on a thread of its own, in groups that take turns with those of other processes. Others read beside it,
a group of reads on one snapshot. Nothing in a process knows what another process must know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Final, TypeVar

import psycopg

from forge.cid import CID
from forge.did import DID
from forge.errors import ConfigurationError, StoreError
from forge.ports import Tell
from store import schema, sql
from store.archive.file import Folder
from store.archive.moving import Archiving
from store.fsck.checking import Checking
from store.groups import Work
from store.moving.house import Moving
from store.postgres.address import Address
from store.postgres.faults import faults
from store.postgres.lookups import Lookups
from store.postgres.session import Reader, Writer
from store.postgres.turns import Turns
from store.tables import TABLES

T = TypeVar("T")

OLDEST_POSTGRESQL: Final = 150_000
"""As the server says it."""
MOST_CHANGES: Final = 60
"""Units that share a commit. Waiting for the disk is long shared out by then, and another process gets its turn."""
MOST_READS: Final = 16
"""Units that share a snapshot. Few, so that the other readers get some of what is queued."""
READERS: Final = 4
"""Connections that read: several, so that no long listing holds up the next."""

# Nobody's number in particular, and the same for every process that would migrate.
_LOCK: Final = "SELECT pg_advisory_xact_lock(8027366)"


# Sequences know nothing of numbers that others gave.
_RENUMBER: Final = """
SELECT setval(pg_get_serial_sequence('{table}', '{key}'), greatest((SELECT max({key}) FROM {table}), 0) + 1, FALSE)
"""


class PostgresStore(Archiving, Moving, Checking):
    """The store in a PostgreSQL database: `forge.ports.Store`."""

    _faults = staticmethod(faults)
    _renumber = tuple(_RENUMBER.format(table=table.name, key=table.key[0]) for table in TABLES if table.is_numbered)

    def __init__(self, address: Address) -> None:
        self._folder = Folder(Path.cwd() / "forge")
        self._changes = Turns("store-writer", [Writer(address.wire, self._folder)], MOST_CHANGES)
        self._reads = Turns("store-reader", [Reader(address.wire, self._folder) for _ in range(READERS)], MOST_READS)
        self._lookups = Lookups(address)

    async def change(self, work: Work[T], *, brief: bool = False) -> T:
        """Run `work` in the next group, and return what it returned once that is durable.

        Raises:
            StoreError: nothing of it was kept; or, by its message, that is not known.
        """
        return await self.begin(work, brief=brief)

    def begin(self, work: Work[T], *, brief: bool = False) -> asyncio.Future[T]:
        """Begin what `change` does. What is brief is run like everything else: a server is waited for on threads.

        Raises:
            StoreError: the store is closed.
        """
        del brief
        return self._changes.submit(work)

    async def read(self, work: Work[T], *, brief: bool = False) -> T:
        """Run `work` on a snapshot that is taken after this call.

        Raises:
            StoreError: the store did not answer.
        """
        return await self.begin_read(work, brief=brief)

    def begin_read(self, work: Work[T], *, brief: bool = False) -> asyncio.Future[T]:
        """Begin what `read` does.

        Raises:
            StoreError: the store is closed.
        """
        del brief
        return self._reads.submit(work)

    async def receipt(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up.

        Raises:
            StoreError: the store did not answer.
        """
        rows = await self._lookups.fetch(sql.RECORDED, bytes(task))
        if rows == [(None,)]:
            # It was moved to an archive.
            return await self.read(lambda tx: tx.recorded(task))
        return rows[0][0] if rows else None

    async def statements(self, task: CID, executor: DID, limit: int) -> Sequence[bytes]:
        """Look up what `executor` says came of `task`, results before failures, at most `limit` of it.

        Raises:
            StoreError: the store did not answer.
        """
        return [data for (data,) in await self._lookups.fetch(sql.STATEMENTS, bytes(task), str(executor), limit)]

    async def backup(self, file: Path, *, tell: Tell) -> None:
        """Say who does that.

        Raises:
            ConfigurationError: always.
        """
        del tell
        raise ConfigurationError(
            f"backup: {file} is not made: PostgreSQL is backed up by its own tools, base backups with the log or pg_dump."
            " Or use `forge export`, which writes what any engine reads in"
        )

    async def ready(self) -> None:
        """Touch the store.

        Raises:
            StoreError: it cannot serve.
        """
        for row in await self._lookups.fetch(sql.CURRENT_STEP):
            schema.check(*row)

    async def close(self) -> None:
        """Finish what was taken, end the threads, and let go of the connections."""
        await self._reads.close()
        await self._changes.close()
        await self._lookups.close()


async def connect(url: str) -> PostgresStore:
    """Open the database at `url`, making its tables where there are none.

    Raises:
        ConfigurationError: there is no usable store there and none can be made.
    """
    address = Address.of(url)
    await asyncio.to_thread(_prepare, address)
    return PostgresStore(address)


def _prepare(address: Address) -> None:
    """Bring the schema up to date.

    Raises:
        ConfigurationError: that cannot be done.
    """
    try:
        with address.connect(autocommit=True, prepare_threshold=None) as connection:
            _check(connection)
            if not _is_up_to_date(connection):
                # Imported here, for most starts find nothing to do, and Alembic is large.
                connect = lambda: address.connect(prepare_threshold=None)  # noqa: E731 - it is handed in
                import_module("store.migrations").migrate("postgresql+psycopg", connect, _LOCK)
    except (psycopg.Error, StoreError) as error:
        raise ConfigurationError(f"store: the database cannot be used: {error}") from error


def _check(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """See that the server keeps what this service promises.

    Raises:
        ConfigurationError: it does not.
    """
    if connection.info.server_version < OLDEST_POSTGRESQL:
        raise ConfigurationError(f"store: PostgreSQL {OLDEST_POSTGRESQL // 10_000} or later is needed")
    if connection.info.parameter_status("server_encoding") != "UTF8":
        raise ConfigurationError("store: the database is not in UTF8. Make one that is: CREATE DATABASE … ENCODING 'UTF8'")
    row = connection.execute("SHOW synchronous_commit").fetchone()
    if row == ("off",):
        raise ConfigurationError("store: synchronous_commit is off: receipts would be sent that may be lost. Turn it on")


def _is_up_to_date(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    try:
        rows = connection.execute(sql.CURRENT_STEP).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return False
    return any(schema.is_usable(str(step), str(oldest)) for step, oldest in rows)
