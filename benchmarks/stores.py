"""Where the stores of a run are made, and how large they become. What knows an engine is here, and in `benchmarks.crowd`."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import psycopg

from benchmarks import masses
from benchmarks.crowd import Crowd, multiply
from benchmarks.failure import MeasurementError

SQLITE: Final = "sqlite:///"
POSTGRESQL: Final = "postgresql://"


@dataclass(frozen=True)
class Volume:
    """Bytes on the disk."""

    everything: int
    ledger: int


class Stores(Protocol):
    """Stores of one engine."""

    version: str

    def fresh(self, name: str) -> str:
        """Give the URL of a store that is not there yet."""

    def copy(self, url: str, name: str) -> str:
        """Copy a store that nobody serves; give the copy's URL."""

    def remove(self, url: str) -> None:
        """Remove a store that nobody serves: it was measured."""

    def volume(self, url: str) -> Volume:
        """Measure a store, while it is served or not."""

    def multiply(self, url: str, crowd: Crowd, many: int) -> None:
        """Put `many` customers like the one of `crowd` beside it, with all that it has. Nobody serves the store meanwhile."""


class SQLiteStores:
    """SQLite files in a folder."""

    version = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def fresh(self, name: str) -> str:
        """Give the URL of a file that is not there yet."""
        return f"{SQLITE}{self._folder / name}.db"

    def copy(self, url: str, name: str) -> str:
        """Copy the file, page by page."""
        copied = self.fresh(name)
        with self._opened(url) as source, self._opened(copied) as target:
            source.backup(target)
        # What is left to be written would be waited for by what is measured next.
        os.sync()
        return copied

    def remove(self, url: str) -> None:
        """Remove the file, and what SQLite has beside it."""
        for suffix in ("", "-wal", "-shm"):
            Path(url.removeprefix(SQLITE) + suffix).unlink(missing_ok=True)

    def volume(self, url: str) -> Volume:
        """Add up the pages of its tables and their indexes."""
        with self._opened(url) as connection:
            of_ledger = "(SELECT name FROM sqlite_schema WHERE tbl_name LIKE 'ledger%')"
            try:
                (row,) = connection.execute(
                    f"SELECT sum(pgsize), sum(CASE WHEN name IN {of_ledger} THEN pgsize ELSE 0 END)"  # noqa: S608 - a constant
                    " FROM dbstat WHERE aggregate = TRUE"
                ).fetchall()
            except sqlite3.OperationalError:
                # Compiled without `dbstat`: all its pages are known, and whose they are is not.
                ((count,), (size,)) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
                return Volume(count * size, 0)
        return Volume(*row)

    def multiply(self, url: str, crowd: Crowd, many: int) -> None:
        """Insert the rows."""
        with self._opened(url) as connection:
            multiply(connection, crowd, many)
        os.sync()

    @contextmanager
    def _opened(self, url: str) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(url.removeprefix(SQLITE), isolation_level=None)) as connection:
            yield connection


class PostgreSQLStores:
    """Databases on a server, each made for a run by whoever the URL names."""

    def __init__(self, url: str) -> None:
        self._url = url
        (self.version,) = self._do("SELECT 'PostgreSQL ' || current_setting('server_version')", self._url)

    def fresh(self, name: str) -> str:
        """Make an empty database. One of that name is left from a run that broke off."""
        database = _named(name)
        self._do(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', self._url)
        self._do(f'CREATE DATABASE "{database}"', self._url)
        return self._at(database)

    def copy(self, url: str, name: str) -> str:
        """Copy the database."""
        database = _named(name)
        self._do(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', self._url)
        self._do(f'CREATE DATABASE "{database}" TEMPLATE "{_database(url)}"', self._url)
        self._do("CHECKPOINT", self._url)
        return self._at(database)

    def remove(self, url: str) -> None:
        """Remove the database."""
        self._do(f'DROP DATABASE "{_database(url)}" WITH (FORCE)', self._url)

    def volume(self, url: str) -> Volume:
        """Add up its tables and their indexes."""
        return Volume(
            *self._do(
                "SELECT sum(pg_total_relation_size(oid))::bigint, pg_total_relation_size('ledger') FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                url,
            )
        )

    def multiply(self, url: str, crowd: Crowd, many: int) -> None:
        """Insert the rows, and have the planner look at them."""
        with psycopg.connect(url, autocommit=True) as connection:
            masses.multiply(connection, crowd, many)
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def _at(self, database: str) -> str:
        parts = urlsplit(self._url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{parts.scheme}://{parts.netloc}/{database}{query}"

    @staticmethod
    def _do(statement: str, url: str) -> tuple[Any, ...]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return (cursor.fetchone() or ()) if cursor.description else ()


def _named(name: str) -> str:
    return f"forge-bench-{name}"


def _database(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def stores(url: str | None, folder: Path) -> Stores:
    """Give the stores at `url`, a folder of SQLite files or a PostgreSQL server; in `folder` where there is none.

    Raises:
        MeasurementError: no engine is known here that has such URLs.
    """
    if url is None:
        return SQLiteStores(folder)
    if url.startswith(POSTGRESQL):
        try:
            return PostgreSQLStores(url)
        except psycopg.Error as error:
            raise MeasurementError(f"--store {url}: {error}") from None
    if "://" in url and not url.startswith(SQLITE):
        raise MeasurementError(
            f"--store {url}: known are folders of SQLite files ({SQLITE}/absolute, or a path) and servers ({POSTGRESQL}host/db)"
        )
    named = Path(url.removeprefix(SQLITE))
    if not named.is_dir():
        raise MeasurementError(f"--store {url}: there is no folder {named}")
    return SQLiteStores(named)
