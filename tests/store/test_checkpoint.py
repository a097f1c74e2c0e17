"""Checkpoints: the log is copied beside the writer, begins anew, and no commit copies all of it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from forge.errors import StoreError
from store import checkpoint, session
from store.checkpoint import Checkpoints, copy
from store.sqlite import connect
from tests.store.units import appending

PAGE = 4096
COPY = "PRAGMA wal_checkpoint(PASSIVE)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(opened(file)) as connection:
        connection.execute("CREATE TABLE row (number INTEGER PRIMARY KEY, filling BLOB)")
        yield connection


def write(writer: sqlite3.Connection, pages: int) -> None:
    writer.executemany("INSERT INTO row (filling) VALUES (?)", [(bytes(PAGE),)] * pages)


class Copier:
    """Checkpoints whose thread can be waited for, and the statements of either connection."""

    def __init__(self, file: Path, writer: sqlite3.Connection) -> None:
        self.writer = writer
        self.said: list[tuple[str, str]] = []
        self.here = threading.get_ident()
        copier = opened(file)
        for connection in (copier, writer):
            connection.set_trace_callback(self._note)
        self.checkpoints = Checkpoints(copier)

    def _note(self, statement: str) -> None:
        if statement == COPY:
            self.said.append((statement, "the writer's" if threading.get_ident() == self.here else "its own"))

    @property
    def threads(self) -> list[str]:
        return [thread for _, thread in self.said]

    def commit(self, rows: int) -> None:
        self.checkpoints.committed(rows, self.writer)

    def settle(self) -> None:
        """Wait for what the thread has to do."""
        done = threading.Event()
        self.checkpoints._thread.do(done.set, lambda: None)
        assert done.wait(30)


@pytest.fixture
async def copier(file: Path, writer: sqlite3.Connection) -> AsyncIterator[Copier]:
    made = Copier(file, writer)
    yield made
    await made.checkpoints.close()


async def test_most_is_copied_on_the_thread_and_the_rest_by_the_writer(copier: Copier, writer: sqlite3.Connection) -> None:
    write(writer, 50)
    copier.commit(checkpoint.ROWS)
    copier.settle()
    assert copier.threads == ["its own"]
    write(writer, 3)
    copier.commit(1)
    assert copier.threads == ["its own", "the writer's"]
    assert copy(writer) == 0
    copier.commit(1)
    assert len(copier.said) == 3, "and no more until there is enough again"


async def test_nothing_is_copied_before_there_is_enough(copier: Copier, writer: sqlite3.Connection) -> None:
    write(writer, 50)
    for _ in range(3):
        copier.commit((checkpoint.ROWS - 1) // 3)
    copier.settle()
    assert copier.said == []
    copier.commit(4)
    copier.settle()
    assert copier.threads == ["its own"]


async def test_what_is_many_after_a_round_is_another_round(
    copier: Copier, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rounds end, however fast the log grows."""
    del writer
    left = iter([9000, 2000, checkpoint.FEW + 1, checkpoint.FEW, 0])
    rounds: list[int] = []

    def copying(connection: sqlite3.Connection) -> int:
        del connection
        rounds.append(next(left))
        return rounds[-1]

    monkeypatch.setattr(checkpoint, "copy", copying)
    copier.commit(checkpoint.ROWS)
    copier.settle()
    assert rounds == [9000, 2000, checkpoint.FEW + 1, checkpoint.FEW]
    assert len(rounds) <= checkpoint.ROUNDS


async def test_the_log_begins_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "ROWS", 50)
    store = await connect(str(file))
    for number in range(1500):
        await store.change(appending(number), brief=True)
    log = file.with_name("store.db-wal").stat().st_size
    await store.close()
    assert log < 1500 * PAGE, "each commit adds a page at least: it never began anew"


async def test_a_copy_that_fails_fails_no_commit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "ROWS", 1)
    monkeypatch.setattr(checkpoint, "_COPY", "no statement")
    store = await connect(str(file))
    for number in range(10):
        await store.change(appending(number))
    assert len(await store.read(lambda tx: tx.events())) == 10
    await store.close()


async def test_a_commit_that_fails_is_not_counted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def committed(self: Checkpoints, rows: int, writer: sqlite3.Connection) -> None:
        del self, writer
        told.append(rows)

    monkeypatch.setattr(Checkpoints, "committed", committed)
    store = await connect(str(file))
    with monkeypatch.context() as poor:
        poor.setattr(session.Reader, "commit", broken)
        with pytest.raises(StoreError):
            await store.change(appending(1))
    assert told == []
    await store.change(appending(2))
    assert told == [1]
    await store.close()


def broken(self: session.Reader) -> None:
    del self
    raise StoreError("store: disk I/O error")


async def test_its_thread_ends(file: Path) -> None:
    store = await connect(str(file))
    assert "store-checkpoint" in {thread.name for thread in threading.enumerate()}
    await store.close()
    assert "store-checkpoint" not in {thread.name for thread in threading.enumerate()}
