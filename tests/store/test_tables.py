"""`store.tables` is the schema: no table and no column is left out of an export."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.migrations import VERSION_TABLE
from store.tables import TABLES
from tests.store.conftest import empty

OURS = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    (tmp_path / "store.db").write_bytes(empty())
    return sqlite3.connect(tmp_path / "store.db")


def test_every_table_and_column_is_there(connection: sqlite3.Connection) -> None:
    with closing(connection):
        found = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for (name,) in connection.execute(OURS)}
        del found[VERSION_TABLE]
        assert found.keys() == {table.name for table in TABLES}
        for table in TABLES:
            assert sorted(column[1] for column in found[table.name]) == sorted(table.columns), table.name
            assert [column[1] for column in sorted(found[table.name], key=lambda column: column[5]) if column[5]] == list(
                table.key
            )


def test_what_a_row_refers_to_comes_before_it(connection: sqlite3.Connection) -> None:
    before: set[str] = set()
    with closing(connection):
        for table in TABLES:
            referred = {row[2] for row in connection.execute(f"PRAGMA foreign_key_list({table.name})")}
            assert referred <= before, table.name
            before.add(table.name)


def test_what_names_a_task_is_looked_up() -> None:
    tasks = {"task", "ended_by", "accepted_by", "succeeded_by"}
    for table in TABLES:
        if table.name not in ("ledger", "statement"):
            assert set(table.causes) == tasks & set(table.columns), table.name
