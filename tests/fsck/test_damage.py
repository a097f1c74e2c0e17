"""Every kind of damage is found by its name, where it is, and nothing else is found."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import pytest

from store import Transaction
from store.fsck.findings import REMEDIES
from store.postgres.address import Address
from tests.fsck.damages import DAMAGES, IN_ARCHIVE, ON_SQLITE
from tests.fsck.filled import ARCHIVE, examined, made, within
from tests.store import postgresql
from tests.store.conftest import ENGINES

NEVER_PLANTED = {"two-current", "unreadable"}
"""What has tests of its own: it cannot be planted alone."""


def assert_found(url: str, name: str) -> None:
    found, said = examined(url)
    assert {one.name for one in found} == {name}, found
    assert said.findings == len(found)
    assert len({one.place + one.said for one in found}) == len(found)


@pytest.mark.parametrize("engine", ENGINES)
class TestOnEveryEngine:
    def test_nothing_is_found_where_nothing_is(self, engine: str, tmp_path: Path) -> None:
        found, said = examined(within(engine, tmp_path, lambda _: None))
        assert found == []
        assert said.findings == said.unchecked == 0
        assert said.rows > 300

    @pytest.mark.parametrize("done", DAMAGES)
    def test_what_was_planted_is_found(self, engine: str, tmp_path: Path, done: str) -> None:
        name, plant = DAMAGES[done]

        def work(tx: Transaction) -> None:
            plant(tx)

        assert_found(within(engine, tmp_path, lambda store: store.change(work)), name)

    @pytest.mark.parametrize("done", IN_ARCHIVE)
    def test_so_it_is_in_an_archive(self, engine: str, tmp_path: Path, done: str) -> None:
        name, statement = IN_ARCHIVE[done]
        url = within(engine, tmp_path, lambda _: None)
        with closing(sqlite3.connect(tmp_path / ARCHIVE)) as connection, connection:
            connection.execute(statement)
        assert_found(url, name)


@pytest.mark.parametrize("done", ON_SQLITE)
def test_what_only_sqlite_lets_happen(tmp_path: Path, done: str) -> None:
    name, plant = ON_SQLITE[done]
    url = within("sqlite", tmp_path, lambda _: None)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        plant(connection)
    assert_found(url, name)


def test_every_name_is_planted() -> None:
    planted = {name for name, _ in (*DAMAGES.values(), *ON_SQLITE.values(), *IN_ARCHIVE.values())}
    assert planted == REMEDIES.keys() - NEVER_PLANTED
    assert len(planted) >= 20


class TestTwoCurrent:
    """It takes an index that is gone, which is named as well."""

    @pytest.mark.parametrize(
        ("index", "table", "columns"),
        [
            ("assignment_current", "assignment", "provider, consumer, subscription, since, task"),
            ("holding_current", "holding", "provider, subscription, customer, since, task"),
            ("payer_current", "payer", "customer, payer, since, task"),
            ("suspension_current", "suspension", "customer, since, task"),
        ],
    )
    def test_is_found(self, tmp_path: Path, index: str, table: str, columns: str) -> None:
        url = within("sqlite", tmp_path, lambda _: None)
        with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
            connection.execute(f"DROP INDEX {index}")
            again = f"SELECT {columns} FROM {table} WHERE until IS NULL LIMIT 1"  # noqa: S608 - ours
            connection.execute(f"INSERT INTO {table} ({columns}) {again}")
        found, _ = examined(url)
        # What it holds besides is another law's to say: it may have no seat left.
        assert {one.name for one in found} >= {"two-current", "schema-differs"}


def test_what_cannot_be_read_is_named_with_what_was_found_before(tmp_path: Path) -> None:
    url = within("sqlite", tmp_path, lambda _: None)
    with closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchone()
    with (tmp_path / "store.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    found, said = examined(url)
    assert {one.name for one in found} == {"engine", "unreadable"}
    assert said.rows == 0


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DROP INDEX assignment_current", "schema-differs"),
        # As a CREATE INDEX CONCURRENTLY leaves one that was broken off.
        ("UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'event_by_giver'::regclass", "engine"),
    ],
)
def test_an_index_that_postgresql_does_not_have_or_use(tmp_path: Path, statement: LiteralString, name: str) -> None:
    postgresql.needed()
    # Of its own: the others' are emptied, and used again.
    server = postgresql.server()
    url = made(server.url(server.database(template=server._empty())), tmp_path, lambda _: None)
    with Address.of(url).connect(autocommit=True) as connection:
        connection.execute(statement)
    assert_found(url, name)
