"""What is SQLite's own: how it is opened, how it groups, and what becomes of a unit when the file lets it down."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from forge.errors import StoreError
from forge.ports import LedgerEntry
from store import Event, Transaction, session, sql, sqlite
from store.sqlite import MOST_CHANGES, READERS, SQLiteStore, connect
from tests.store import samples
from tests.store.conftest import empty
from tests.store.samples import ALICE, BOB, SERVICE, entry, event, names, task
from tests.store.units import Gate, appending, submitted

Connections = list[tuple[Sequence[str], sqlite3.Connection]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "store.db").write_bytes(empty())
    return tmp_path / "store.db"


@pytest.fixture
async def store(file: Path, connections: Connections) -> AsyncIterator[SQLiteStore]:
    del connections  # It is watched from the start.
    opened = await connect(str(file))
    yield opened
    await opened.close()


@pytest.fixture
def writer(store: SQLiteStore, connections: Connections) -> sqlite3.Connection:
    """The store's own connection for writing. A test touches it only while the store is idle, or inside a unit."""
    del store
    (found,) = (connection for pragmas, connection in connections if pragmas is sqlite._WRITING)
    return found


async def all_ats(store: SQLiteStore) -> list[int]:
    """The events that are there, page by page."""
    found: list[Event] = []
    while page := await store.read(partial(Transaction.events, since=found[-1].seq or 0 if found else 0)):
        found += page
    return [event.at for event in found]


# -- opening ---------------------------------------------------------------------------------------------------------


async def test_every_connection_is_durable_and_checks_keys(store: SQLiteStore, connections: Connections) -> None:
    found = [(pragmas, connection) for pragmas, connection in connections if pragmas is not sqlite._PRAGMAS]
    assert len(found) == 2 + READERS + 1  # the writer, who copies its log, the readers, and the look-ups of aiosqlite
    for pragmas, connection in found:
        asked = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")
        }
        assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
        assert connection.isolation_level is None
        assert connection.execute("PRAGMA query_only").fetchone() == (int(pragmas is not sqlite._WRITING),)
        waits = connection.execute("PRAGMA busy_timeout").fetchone()[0] > 0
        assert waits == (pragmas is sqlite._READING)
    await store.ready()


async def test_a_log_is_emptied_into_the_file_at_the_end(file: Path, tmp_path: Path) -> None:
    store = await connect(str(file))
    other = await connect(str(file))  # so that the last connection is not the one that closes
    await store.change(appending(1, 2))
    await store.close()
    shutil.copy(file, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (2,)
    await other.close()
    assert names(tmp_path) == ["copy.db", "store.db"]


# -- groups ----------------------------------------------------------------------------------------------------------


async def test_what_queues_shares_one_commit(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    said: list[str] = []
    writer.set_trace_callback(said.append)
    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    rest = await submitted(store, [appending(number) for number in range(MOST_CHANGES + 40)])
    gate.open()
    await asyncio.gather(first, *rest)
    writer.set_trace_callback(None)
    assert said.count("COMMIT") == 3  # the gate; as many as a group has at most; the rest
    assert said.count("BEGIN IMMEDIATE") == 3
    assert sum("INSERT INTO event" in text for text in said) == MOST_CHANGES + 40


async def test_a_unit_alone_waits_for_nobody(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    said: list[str] = []
    writer.set_trace_callback(said.append)
    for number in range(3):
        await store.change(appending(number))
    writer.set_trace_callback(None)
    assert said.count("COMMIT") == 3


async def test_results_come_out_after_the_commit(store: SQLiteStore, file: Path) -> None:
    """Each caller, at the moment it is told, finds its own row through a connection of somebody else."""
    with closing(sqlite3.connect(file)) as other:

        async def caller(number: int) -> bool:
            await store.change(appending(number))
            return bool(other.execute("SELECT count(*) FROM event WHERE at = ?", (number,)).fetchone() == (1,))

        assert all(await asyncio.gather(*(caller(number) for number in range(300))))


# -- what goes wrong -------------------------------------------------------------------------------------------------


async def test_a_statement_that_the_engine_refuses_fails_its_unit_alone(store: SQLiteStore) -> None:
    def careless(tx: Transaction) -> str:
        tx.append(event(1))
        with pytest.raises(StoreError):
            tx._execute("SELECT * FROM nowhere")
        tx.append(event(2))
        return "as if nothing had happened"

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    bad, good = await submitted(store, [careless, appending(3)])
    gate.open()
    await asyncio.gather(first, good)
    with pytest.raises(StoreError, match="nowhere"):
        await bad
    assert await all_ats(store) == [3]


async def test_a_statement_that_makes_no_sense_is_its_units_fault(store: SQLiteStore) -> None:
    with pytest.raises(sqlite3.ProgrammingError):
        await store.change(lambda tx: tx._execute(sql.RECORDED, ()))
    await store.change(appending(1))


async def test_where_sqlite_gives_up_the_transaction_nothing_of_the_group_is_kept(
    store: SQLiteStore, writer: sqlite3.Connection
) -> None:
    """An interrupted write rolls the whole transaction back. What the unit does next must not be committed on its own."""

    def interrupted(tx: Transaction) -> str:
        tx.append(event(2))
        writer.set_progress_handler(lambda: 1, 1)
        with pytest.raises(StoreError, match="interrupted"):
            tx.append(event(3))
        writer.set_progress_handler(None, 1)
        assert not writer.in_transaction
        with pytest.raises(StoreError, match="interrupted"):
            tx.append(event(4))
        with pytest.raises(StoreError, match="interrupted"), tx.savepoint():
            pass
        return "as if nothing had happened"

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    group = await submitted(store, [appending(1), interrupted, appending(5)])
    gate.open()
    await first
    results = await asyncio.gather(*group, return_exceptions=True)
    assert [type(result) for result in results] == [StoreError] * 3
    assert await all_ats(store) == []
    await store.change(appending(6))
    assert await all_ats(store) == [6]


def bulky(number: int) -> Any:
    """A unit of several rows, some 40 KiB of them."""

    def work(tx: Transaction) -> int:
        tx.append(event(number))
        tx.record(LedgerEntry(task(number), "/x", ALICE, SERVICE, bytes(20_000), (), bytes(20_000), number))
        tx.revoke(samples.revocation(number), at=number)
        return number

    return work


async def whole(store: SQLiteStore, numbers: Sequence[int]) -> None:
    """See that exactly these units are there, and each of them whole."""
    assert await all_ats(store) == sorted(numbers)
    found = await store.read(lambda tx: set(tx.revokers([task(number) for number in range(500)])))
    assert found == {task(number) for number in numbers}
    recorded = await store.read(lambda tx: [number for number in range(500) if tx.recorded(task(number)) is not None])
    assert recorded == sorted(numbers)


async def test_a_full_disk_loses_nothing_and_halves_nothing(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    (pages,) = writer.execute("PRAGMA page_count").fetchone()
    (most,) = writer.execute("PRAGMA max_page_count").fetchone()
    writer.execute(f"PRAGMA max_page_count = {pages + 200}")
    done: list[int] = []
    failed: list[int] = []
    for start in range(0, 60, 6):
        results = await asyncio.gather(
            *(store.change(bulky(number)) for number in range(start, start + 6)), return_exceptions=True
        )
        for number, result in enumerate(results, start):
            assert result == number or isinstance(result, StoreError)
            (done if result == number else failed).append(number)
    assert done
    assert failed
    await whole(store, done)
    writer.execute(f"PRAGMA max_page_count = {most}")
    for number in failed:
        await store.change(bulky(number))
    await whole(store, [*done, *failed])


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """Make the operating system refuse whatever would make a file longer."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_commit_that_the_disk_refuses_fails_its_whole_group(store: SQLiteStore, file: Path) -> None:
    await store.change(bulky(0))
    size = file.with_name(file.name + "-wal").stat().st_size
    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    group = await submitted(store, [bulky(number) for number in range(1, 11)])
    with no_file_longer_than(size + 100_000):
        gate.open()
        results = await asyncio.gather(*group, return_exceptions=True)
    await first
    assert [type(result) for result in results] == [StoreError] * 10
    await whole(store, [0])
    for number in range(1, 11):
        await store.change(bulky(number))
    await whole(store, range(11))


async def test_a_file_that_another_process_locks_is_waited_for(
    store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = threading.Semaphore(0)
    real = time.sleep

    def sleep(seconds: float) -> None:
        waited.release()
        real(seconds)

    monkeypatch.setattr(session.time, "sleep", sleep)  # type: ignore[attr-defined]
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        changing = asyncio.create_task(store.change(appending(1)))
        for _ in range(3):
            assert await asyncio.to_thread(waited.acquire, timeout=30)
        assert await store.read(lambda tx: tx.events()) == ()
        other.execute("COMMIT")
        await changing
    assert await all_ats(store) == [1]


async def test_a_file_that_stays_locked_fails_the_group_and_then_goes_on(
    store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT", 0.02)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        results = await asyncio.gather(*(store.change(appending(number)) for number in range(5)), return_exceptions=True)
        assert [str(result) for result in results] == ["store: database is locked"] * 5
        assert {type(result) for result in results} == {StoreError}
        assert len({id(result) for result in results}) == 5
        other.execute("ROLLBACK")
    await store.change(appending(9))
    assert await all_ats(store) == [9]


async def test_a_look_up_that_hangs_is_given_up(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    await store.change(lambda tx: tx.record(entry()))
    hanging = asyncio.create_task(store._lookups._execute(go_on.wait, 30))  # type: ignore[no-untyped-call]
    await asyncio.sleep(0)
    with monkeypatch.context() as impatient:
        impatient.setattr(sqlite, "LOOKUP_TIMEOUT", 0.01)
        with pytest.raises(StoreError, match="no answer"):
            await store.receipt(task(1))
        with pytest.raises(StoreError, match="no answer"):
            await store.ready()
    go_on.set()
    await hanging
    assert await store.receipt(task(1)) == b"receipt 1"


async def test_a_look_up_that_fails_is_the_stores_failure(store: SQLiteStore, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE forge_schema SET version_num = '9999', oldest = '9999'")
        with pytest.raises(StoreError, match="schema"):
            await store.ready()
        other.execute("DROP TABLE ledger")
        with pytest.raises(StoreError, match="no such table"):
            await store.receipt(task(1))


async def test_a_thread_outlives_what_it_did_not_expect(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        del self
        raise MemoryError("no room")

    with monkeypatch.context() as poor:
        poor.setattr(session.Writer, "commit", broken)
        with pytest.raises(StoreError, match="no room"):
            await store.change(appending(1))
    await store.change(appending(2))
    assert await all_ats(store) == [2]


BENT = {
    "it ends by a task": "UPDATE {} SET until = 999",
    "a task ends it": "UPDATE {} SET ended_by = x'00'",
    "not before it began": "UPDATE {} SET until = since - 1, ended_by = x'00'",
    "its times are numbers": "UPDATE {} SET since = 'soon'",
    "it is made by a task": "UPDATE {} SET task = NULL",
}


@pytest.mark.parametrize("table", ["suspension", "payer", "holding", "assignment"])
@pytest.mark.parametrize("change", BENT.values(), ids=BENT)
async def test_the_history_cannot_be_bent(store: SQLiteStore, file: Path, table: str, change: str) -> None:
    """Law 1, in the schema."""
    await store.change(current)
    with closing(sqlite3.connect(file, isolation_level=None)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(change.format(table))


@pytest.mark.parametrize("table", ["suspension", "payer", "holding", "assignment"])
async def test_one_row_is_current_and_any_number_has_ended(store: SQLiteStore, file: Path, table: str) -> None:
    await store.change(current)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        columns = ", ".join(name for _, name, *_ in other.execute(f"PRAGMA table_info({table})") if name not in ("seq", "seat"))
        again = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table}"  # noqa: S608 - names of ours
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            other.execute(again)
        other.execute(f"UPDATE {table} SET until = since, ended_by = x'00'")  # noqa: S608 - the same
        other.execute(again)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE subscription SET kind = 'free'",
        "UPDATE subscription SET plan = 'did:web:another.example.com'",
        "UPDATE customer SET inserted_at = 'soon'",
        "UPDATE assignment SET accepted_at = 11",
        "UPDATE assignment SET succeeded_by = x'00'",
        "UPDATE payer SET payer = customer",
        "INSERT INTO clock (one, now) VALUES (2, 5)",
    ],
)
async def test_a_row_makes_sense(store: SQLiteStore, file: Path, change: str) -> None:
    await store.change(current)
    with closing(sqlite3.connect(file, isolation_level=None)) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(change)


def current(tx: Transaction) -> None:
    """Make a row that has not ended in each table of such."""
    samples.subscribe(tx, "one")
    samples.register(tx, BOB)
    tx.assign(SERVICE, ALICE, "one", at=10, task=task(3), seat=1)
    tx.suspend(ALICE, reason=None, at=10, task=task(3))
    tx.add_payer(BOB, ALICE, at=10, task=task(3))
