"""Where a store comes from: a new file, an older one, one that is not ours."""

from __future__ import annotations

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from forge.errors import ConfigurationError, StoreError
from store import migrations, session, sql, sqlite
from store.sqlite import connect

OPEN = """
import asyncio, sys, store, store.migrations, store.sqlite
print("ready", flush=True)
sys.stdin.readline()
async def main():
    opened = await store.connect(sys.argv[1])
    await opened.ready()
    await opened.close()
asyncio.run(main())
print("done", flush=True)
"""

# prctl(2): PR_CAPBSET_DROP and CAP_DAC_OVERRIDE. Without it root, too, minds a file's mode.
_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1


def schema(file: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


async def opened_and_closed(file: Path) -> None:
    await (await connect(str(file))).close()


async def test_a_new_file_is_taken_to_the_step_the_statements_are_for(tmp_path: Path) -> None:
    await opened_and_closed(tmp_path / "store.db")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        assert connection.execute("SELECT version_num FROM forge_schema").fetchall() == [(sql.STEP,)]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {
            "forge_schema",
            "archive",
            "ledger",
            "statement",
            "revocation",
            "delegation",
            "followed",
            "postponed",
            "clock",
            "customer",
            "profile",
            "suspension",
            "closure",
            "link",
            "payer",
            "plan",
            "retirement",
            "subscription",
            "holding",
            "complimentary",
            "trial",
            "term",
            "payment",
            "cancellation",
            "assignment",
            "event",
        }
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_newest_step_is_the_one_the_statements_are_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [sql.STEP]
    assert f" FROM {migrations.VERSION_TABLE}\n" in sql.CURRENT_STEP


async def test_a_second_start_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "store.db"
    await opened_and_closed(file)
    before = schema(file)
    migrations.migrate("sqlite", lambda: sqlite._open(file, ()), "BEGIN IMMEDIATE")
    assert schema(file) == before

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(migrations, "migrate", never)
    await opened_and_closed(file)


@pytest.mark.parametrize("round_", range(2))
def test_processes_that_start_at_once_all_end_well(tmp_path: Path, round_: int) -> None:
    del round_
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", OPEN, str(tmp_path / "store.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    ends = [child.communicate(timeout=60) for child in children]
    assert ends == [("done\n", "")] * 4
    assert [child.returncode for child in children] == [0] * 4


async def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    await opened_and_closed(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE forge_schema SET version_num = '9999', oldest = '9999'")
    before = schema(file)
    with pytest.raises(ConfigurationError, match=r"step 9999.*newer version"):
        await connect(str(file))
    assert schema(file) == before


async def test_a_newer_schema_that_serves_this_version_is_worked_with_and_left_alone(tmp_path: Path) -> None:
    """Of two versions that follow each other, the older one goes on when the newer one has taken its step."""
    file = tmp_path / "store.db"
    await opened_and_closed(file)
    opened = await connect(str(file))
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE forge_schema SET version_num = '9999'")
    before = schema(file)
    await opened.ready()
    await opened.close()
    again = await connect(str(file))
    await again.change(lambda tx: tx.set_time(7))
    await again.ready()
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("UPDATE forge_schema SET oldest = '9999'")
    with pytest.raises(StoreError, match="step 9999 now"):
        await again.ready()
    await again.close()
    assert schema(file) == before


async def test_the_database_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE customer (id)")
    content = file.read_bytes()
    with pytest.raises(ConfigurationError, match=r"somebody else's.*customer"):
        await connect(str(file))
    assert file.read_bytes() == content


async def test_a_file_of_another_kind_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    content = b"Dear Sir or Madam, " * 100
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not a database"):
        await connect(str(file))
    assert file.read_bytes() == content


async def test_a_step_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "store.db"
    copied = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, copied)
    (copied / "versions" / "r0002.py").write_text(
        'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n'
        'def upgrade():\n    op.execute("CREATE TABLE more (id)")\n    op.execute("nonsense")\n'
    )
    with monkeypatch.context() as ahead:
        ahead.setattr(migrations, "__file__", str(copied / "__init__.py"))
        with pytest.raises(ConfigurationError, match="syntax error"):
            await connect(str(file))
    assert schema(file) == []
    await opened_and_closed(file)


def without_privilege() -> None:
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0)


@pytest.mark.parametrize("new", [True, False], ids=["a step is missing", "up to date"])
async def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path, new: bool) -> None:  # noqa: FBT001 - a case
    file = tmp_path / "store.db"
    if new:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("VACUUM")
    else:
        await opened_and_closed(file)
    file.chmod(0o400)
    child = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        [sys.executable, "-c", OPEN, str(file)],
        input="go\n",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=without_privilege if os.geteuid() == 0 else None,
    )
    assert child.returncode == 1
    assert "ConfigurationError: store: " in child.stderr
    assert "readonly database" in child.stderr


async def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be used: unable to open"):
        await connect(str(tmp_path))


async def test_a_place_without_a_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = session.patiently

    def no_wal(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
        return real(connection, statement.replace("WAL", "DELETE"))

    monkeypatch.setattr(sqlite, "patiently", no_wal)
    with pytest.raises(ConfigurationError, match="write-ahead log"):
        await connect(str(tmp_path / "store.db"))


async def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(ConfigurationError, match=r"99\.0\.0 or later"):
        await connect(str(tmp_path / "store.db"))
