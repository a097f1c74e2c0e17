"""The line of units that change: brief ones run on the event loop, others on the writer's thread, all in one order."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from forge.errors import StoreError
from store import Transaction, line, session, sqlite
from store.groups import Thread
from store.sqlite import MOST_CHANGES, SQLiteStore, connect
from tests.store.conftest import empty
from tests.store.samples import event, register
from tests.store.test_sqlite import Connections, all_ats, bulky, no_file_longer_than, whole
from tests.store.units import Boom, Doom, Gate, appending

Work = Callable[[Transaction], Any]


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
    """The store's own connection for writing."""
    del store
    (found,) = (connection for pragmas, connection in connections if pragmas is sqlite._WRITING)
    return found


@pytest.fixture
def reader(store: SQLiteStore, connections: Connections) -> sqlite3.Connection:
    """The connection of brief reads."""
    del connections
    return store._brief._connection


@contextmanager
def traced(connection: sqlite3.Connection) -> Iterator[list[str]]:
    said: list[str] = []
    connection.set_trace_callback(said.append)
    yield said
    connection.set_trace_callback(None)


def commits(said: list[str]) -> tuple[int, int]:
    """How often a transaction was begun, and committed."""
    return said.count("BEGIN IMMEDIATE"), said.count("COMMIT")


async def submitted(store: SQLiteStore, works: Sequence[tuple[Work, bool]]) -> list[asyncio.Task[Any]]:
    """Start changes, in order, each brief or not, and see that all are queued."""
    tasks = [asyncio.create_task(store.change(work, brief=brief)) for work, brief in works]
    await asyncio.sleep(0)
    return tasks


def log_of(file: Path) -> tuple[int, int, bytes]:
    """The log on the disk: its size, when it was written last, and what is in it."""
    log = file.with_name(file.name + "-wal")
    state = log.stat()
    return state.st_size, state.st_mtime_ns, log.read_bytes()


HOURS: Final = 36_000.0


def thread_of(tx: Transaction) -> int:
    tx.append(event(1))
    return threading.get_ident()


@contextmanager
def held(file: Path) -> Iterator[Callable[[], None]]:
    """Have somebody else write, until they are told to let go."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            other.execute("COMMIT")

        yield let_go


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> asyncio.Semaphore:
    """Counts how often the writer has found the file held and waits for it."""
    waited = asyncio.Semaphore(0)
    real = session.Writer.begin_now

    def begin_now(self: session.Writer) -> bool:
        begun = real(self)
        if not begun:
            waited.release()
        return begun

    monkeypatch.setattr(session.Writer, "begin_now", begin_now)
    return waited


# -- where ------------------------------------------------------------------------------------------------------------


async def test_brief_units_run_on_the_loop_and_others_on_one_thread(store: SQLiteStore) -> None:
    here = threading.get_ident()
    brief = {await store.change(thread_of, brief=True) for _ in range(3)}
    others = {await store.change(thread_of) for _ in range(3)}
    mixed = await asyncio.gather(*(store.change(thread_of, brief=number % 3 == 0) for number in range(9)))
    assert brief == {here}
    assert len(others) == 1
    assert others != {here}
    assert mixed == [here if number % 3 == 0 else next(iter(others)) for number in range(9)]


async def test_the_commit_of_what_changed_something_is_not_on_the_loop(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, found = session.Writer.commit, list[int]()

    def commit(self: session.Writer) -> None:
        found.append(threading.get_ident())
        real(self)

    monkeypatch.setattr(session.Writer, "commit", commit)
    other = await store.change(thread_of)
    await store.change(thread_of, brief=True)
    await store.change(lambda tx: tx.events(), brief=True)
    assert found == [other, other, threading.get_ident()]


async def test_the_loop_goes_on_while_the_disk_is_at_work(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real, go_on = session.Writer.commit, threading.Event()

    def commit(self: session.Writer) -> None:
        # Nobody but the loop lets it.
        assert go_on.wait(30)
        real(self)

    monkeypatch.setattr(session.Writer, "commit", commit)
    (changing,) = await submitted(store, [(appending(1), True)])
    for _ in range(5):
        await asyncio.sleep(0)
    assert not changing.done()
    assert await store.read(lambda tx: tx.events(), brief=True) == ()
    go_on.set()
    await changing
    assert await all_ats(store) == [1]


# -- the order, and the groups ----------------------------------------------------------------------------------------


MIXES = {
    "one by one": lambda number: number % 2 == 0,
    "in runs": lambda number: number // 7 % 2 == 0,
    "mostly brief": lambda number: number % 11 != 5,
    "mostly not": lambda number: number % 11 == 5,
    "all brief": lambda _: True,
}


@pytest.mark.parametrize("is_brief", MIXES.values(), ids=MIXES)
async def test_units_run_in_the_order_in_which_they_came(store: SQLiteStore, is_brief: Callable[[int], bool]) -> None:
    many = MOST_CHANGES + 44
    done: list[int] = []
    units = await submitted(store, [(appending(number), is_brief(number)) for number in range(many)])
    for number, unit in enumerate(units):
        unit.add_done_callback(lambda _, number=number: done.append(number))  # type: ignore[misc]
    await asyncio.gather(*units)
    assert await all_ats(store) == list(range(many))
    await asyncio.sleep(0)
    assert done == list(range(many)), "callers are told in that order too"


async def test_what_comes_from_a_unit_that_is_done_stands_behind_what_was_queued(store: SQLiteStore) -> None:
    async def caller(number: int) -> None:
        await store.change(appending(number), brief=True)
        await store.change(appending(10 + number), brief=number % 2 == 0)

    await asyncio.gather(*(caller(number) for number in range(10)))
    assert sorted((await all_ats(store))[:10]) == list(range(10))
    assert (await all_ats(store))[10:] == list(range(10, 20))


async def test_brief_units_that_come_together_share_a_commit(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    with traced(writer) as said:
        await asyncio.gather(*(store.change(appending(number), brief=True) for number in range(20)))
    assert commits(said) == (1, 1)
    assert sum("INSERT INTO event" in text for text in said) == 20


async def test_a_group_has_so_many_at_most(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    with traced(writer) as said:
        await asyncio.gather(*(store.change(appending(number), brief=True) for number in range(MOST_CHANGES + 1)))
    assert commits(said) == (2, 2)


async def test_a_group_is_of_one_kind(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    with traced(writer) as said:
        await asyncio.gather(*(store.change(appending(number), brief=number // 5 % 2 == 0) for number in range(20)))
    assert commits(said) == (4, 4)


async def test_what_queues_behind_a_slow_unit_shares_a_commit(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    gate = Gate()
    (first,) = await submitted(store, [(gate, False)])
    await gate.entered()
    with traced(writer) as said:
        rest = await submitted(store, [(appending(number), True) for number in range(30)])
        assert await store.read(lambda tx: tx.events(), brief=True) == ()
        gate.open()
        await asyncio.gather(first, *rest)
    assert commits(said) == (1, 2), "the gate's commit, and one for all of the rest"


async def test_results_come_out_after_the_commit(store: SQLiteStore, file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:

        async def caller(number: int) -> bool:
            await store.change(appending(number), brief=True)
            return bool(other.execute("SELECT count(*) FROM event WHERE at = ?", (number,)).fetchone() == (1,))

        assert all(await asyncio.gather(*(caller(number) for number in range(50))))


# -- what changed nothing ---------------------------------------------------------------------------------------------


def refused(tx: Transaction) -> None:
    assert tx.events() != ()
    raise Boom


def undoing(tx: Transaction) -> None:
    tx.set_time(5)
    raise Boom


@pytest.mark.parametrize("brief", [True, False], ids=["brief", "not"])
async def test_what_changed_nothing_costs_the_disk_nothing(
    store: SQLiteStore, writer: sqlite3.Connection, file: Path, monkeypatch: pytest.MonkeyPatch, *, brief: bool
) -> None:
    await store.change(appending(1))
    before = log_of(file)
    on_thread: list[object] = []
    do = Thread.do

    def spy(self: Thread, job: Callable[[], object], then: Callable[[], object]) -> None:
        on_thread.append(job)
        do(self, job, then)

    monkeypatch.setattr(Thread, "do", spy)
    with traced(writer) as said:
        results = await asyncio.gather(
            *(store.change(refused, brief=brief) for _ in range(5)),
            *(store.change(lambda tx: tx.events(), brief=brief) for _ in range(5)),
            return_exceptions=True,
        )
    assert [type(one) for one in results] == [Boom] * 5 + [tuple] * 5
    assert log_of(file) == before
    assert commits(said) == (1, 1)
    assert bool(on_thread) is not brief, "and a brief one goes to no thread for it"
    await store.change(appending(2), brief=brief)
    assert log_of(file)[0] > before[0], "that would be seen"


async def test_one_that_changed_something_makes_the_whole_group_durable(store: SQLiteStore, file: Path) -> None:
    await store.change(appending(1))
    before = log_of(file)
    results = await asyncio.gather(
        store.change(refused, brief=True),
        store.change(appending(2), brief=True),
        store.change(refused, brief=True),
        return_exceptions=True,
    )
    assert [type(one) for one in results] == [Boom, type(None), Boom]
    assert log_of(file)[0] > before[0]
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT at FROM event").fetchall() == [(1,), (2,)]


async def test_what_was_changed_and_undone_is_not_there(store: SQLiteStore) -> None:
    with pytest.raises(Boom):
        await store.change(undoing, brief=True)
    assert await store.read(lambda tx: tx.time(), brief=True) is None
    assert not store._changes._session._connection.in_transaction  # type: ignore[attr-defined]


# -- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Boom("why"), Doom("why")], ids=["Exception", "BaseException"])
async def test_a_unit_that_raises_fails_alone(store: SQLiteStore, writer: sqlite3.Connection, error: BaseException) -> None:
    def bad(tx: Transaction) -> None:
        register(tx, event().issuer)
        tx.append(event(2))
        raise error

    with traced(writer) as said:
        units = await submitted(store, [(appending(1), True), (bad, True), (appending(3), True)])
        results = await asyncio.gather(*units, return_exceptions=True)
    assert results == [None, error, None]
    assert commits(said) == (1, 1)
    assert await all_ats(store) == [1, 3]
    assert await store.read(lambda tx: tx.customer(event().issuer)) is None


async def test_a_unit_may_raise_what_no_coroutine_can(store: SQLiteStore) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.change(lambda _: next(iter(())), brief=True)
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.read(lambda _: next(iter(())), brief=True)
    await store.change(appending(1), brief=True)
    assert await all_ats(store) == [1]


async def test_where_the_engine_gives_up_in_the_middle_all_of_the_group_fails(
    store: SQLiteStore, writer: sqlite3.Connection
) -> None:
    ran: list[int] = []

    def interrupted(tx: Transaction) -> str:
        writer.set_progress_handler(lambda: 1, 1)
        with pytest.raises(StoreError, match="interrupted"):
            tx.append(event(3))
        writer.set_progress_handler(None, 1)
        assert not writer.in_transaction
        with pytest.raises(StoreError, match="interrupted"):
            tx.append(event(4))
        return "as if nothing had happened"

    units = await submitted(
        store, [(appending(1), True), (interrupted, True), (lambda _: ran.append(5), True), (appending(6), False)]
    )
    results = await asyncio.gather(*units, return_exceptions=True)
    assert [type(one) for one in results] == [StoreError] * 3 + [type(None)]
    assert len({id(one) for one in results}) == 4, "each caller has an error of its own"
    assert ran == [], "what is lost anyhow is not run"
    assert await all_ats(store) == [6], "the next group works"
    await store.change(appending(7), brief=True)
    assert await all_ats(store) == [6, 7]


async def test_a_commit_that_the_disk_refuses_fails_its_whole_group(store: SQLiteStore, file: Path) -> None:
    await store.change(bulky(0))
    size = file.with_name(file.name + "-wal").stat().st_size
    with no_file_longer_than(size + 100_000):
        results = await asyncio.gather(
            *(store.change(bulky(number), brief=True) for number in range(1, 11)), return_exceptions=True
        )
    assert [type(result) for result in results] == [StoreError] * 10
    await whole(store, [0])
    for number in range(1, 11):
        await store.change(bulky(number), brief=True)
    await whole(store, range(11))


async def test_a_transaction_that_cannot_be_begun_fails_its_group(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: session.Writer) -> bool:
        del self
        raise StoreError("store: disk I/O error")

    with monkeypatch.context() as bad:
        bad.setattr(session.Writer, "begin_now", broken)
        results = await asyncio.gather(*(store.change(appending(n), brief=True) for n in range(3)), return_exceptions=True)
    assert [str(one) for one in results] == ["store: disk I/O error"] * 3
    await store.change(appending(9), brief=True)
    assert await all_ats(store) == [9]


async def test_a_refusal_to_begin_that_is_no_lock_is_the_stores_failure(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    writer.execute("BEGIN")
    with pytest.raises(StoreError, match="within a transaction"):
        await store.change(appending(1), brief=True)
    await store.change(appending(2), brief=True)
    assert await all_ats(store) == [2]


# -- somebody else writes ---------------------------------------------------------------------------------------------


async def test_brief_units_wait_for_another_process(
    store: SQLiteStore, file: Path, writer: sqlite3.Connection, waiting: asyncio.Semaphore
) -> None:
    """The loop goes on meanwhile; when the file is free, what has queued by then shares a commit, in its order."""
    here = threading.get_ident()
    threads: list[int] = []

    def noting(number: int) -> Work:
        def work(tx: Transaction) -> None:
            threads.append(threading.get_ident())
            tx.append(event(number))

        return work

    with traced(writer) as said, held(file) as let_go:
        first = await submitted(store, [(noting(number), True) for number in range(10)])
        for _ in range(2):
            await asyncio.wait_for(waiting.acquire(), 30)
        assert await store.read(lambda tx: tx.events(), brief=True) == ()
        rest = await submitted(store, [(noting(number), True) for number in range(10, 20)])
        assert not any(unit.done() for unit in (*first, *rest))
        let_go()
        await asyncio.gather(*first, *rest)
    assert threads == [here] * 20
    assert said.count("COMMIT") == 1
    assert await all_ats(store) == list(range(20))


async def test_whoever_waits_does_not_hold_the_file_while_the_loop_is_busy(
    store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch, waiting: asyncio.Semaphore
) -> None:
    """Else two processes that both have much to verify would each keep the other waiting for nothing."""
    ran: list[str] = []
    real = session.Writer.begin_now

    def begin_now(self: session.Writer) -> bool:
        begun = real(self)
        if begun:
            ran.append("begun")
            asyncio.get_running_loop().call_soon(ran.append, "other")
        return begun

    def unit(tx: Transaction) -> None:
        tx.append(event(1))
        ran.append("unit")

    monkeypatch.setattr(session.Writer, "begin_now", begin_now)
    with held(file) as let_go:
        units = await submitted(store, [(unit, True)] * 3)
        await asyncio.wait_for(waiting.acquire(), 30)
        let_go()
        await asyncio.gather(*units)
    assert ran[:4] == ["begun", "unit", "unit", "unit"]


async def test_who_came_while_the_file_was_waited_for_waits_on(
    store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch, waiting: asyncio.Semaphore
) -> None:
    """Only those fail who have waited for as long as anybody may."""
    monkeypatch.setattr(session, "BUSY_TIMEOUT", HOURS)
    with held(file) as let_go:
        first = await submitted(store, [(appending(number), True) for number in range(3)])
        await asyncio.wait_for(waiting.acquire(), 30)
        late = await submitted(store, [(appending(number), True) for number in range(3, 6)])
        await asyncio.wait_for(waiting.acquire(), 30)
        # Time is over for what has waited since the beginning.
        monkeypatch.setattr(session.time, "monotonic", lambda: time.perf_counter() + 2 * HOURS)  # type: ignore[attr-defined]
        results = await asyncio.gather(*first, return_exceptions=True)
        assert [str(one) for one in results] == ["store: database is locked"] * 3
        assert not any(one.done() for one in late)
        let_go()
        await asyncio.gather(*late)
    assert await all_ats(store) == [3, 4, 5]


async def test_a_file_that_stays_held_fails_the_group_and_then_goes_on(
    store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BUSY_TIMEOUT", 0.02)
    with held(file) as let_go:
        results = await asyncio.gather(*(store.change(appending(n), brief=True) for n in range(5)), return_exceptions=True)
        assert [str(one) for one in results] == ["store: database is locked"] * 5
        assert len({id(one) for one in results}) == 5
        let_go()
    await store.change(appending(9), brief=True)
    assert await all_ats(store) == [9]


async def test_what_could_not_be_begun_is_not_run(store: SQLiteStore, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be free again by then: without a transaction each statement would be kept by itself."""
    ran: list[int] = []

    def work(tx: Transaction) -> None:
        ran.append(1)
        tx.append(event(1))

    with held(file) as let_go:

        def broken(self: session.Writer) -> None:
            del self
            let_go()
            raise StoreError("store: database is locked")

        with monkeypatch.context() as bad:
            bad.setattr(session.Writer, "begin", broken)
            with pytest.raises(StoreError, match="locked"):
                await store.change(work, brief=True)
    assert ran == []
    assert await all_ats(store) == []


# -- turns of the loop ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("turn", "breathes"), [(-1.0, True), (3600.0, False)], ids=["a turn a unit", "one turn"])
async def test_others_get_their_turn_between_brief_units(
    store: SQLiteStore, writer: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, *, turn: float, breathes: bool
) -> None:
    monkeypatch.setattr(line, "TURN", turn)
    ran: list[str] = []

    def unit(tx: Transaction) -> None:
        tx.append(event(1))
        ran.append("unit")
        asyncio.get_running_loop().call_soon(ran.append, "other")

    with traced(writer) as said:
        await asyncio.gather(*(store.change(unit, brief=True) for _ in range(10)))
    # The last one's is not waited for.
    if breathes:
        assert ran[:19] == ["unit", "other"] * 9 + ["unit"]
    else:
        assert ran[:10] == ["unit"] * 10
    assert commits(said) == (1, 1), "and it stays one group"


async def test_what_comes_during_a_turn_waits_for_the_next_group(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch, writer: sqlite3.Connection
) -> None:
    monkeypatch.setattr(line, "TURN", -1.0)
    late: list[asyncio.Task[Any]] = []

    def unit(tx: Transaction) -> None:
        tx.append(event(1))
        late.append(asyncio.ensure_future(store.change(appending(2), brief=True)))

    with traced(writer) as said:
        await asyncio.gather(*(store.change(unit, brief=True) for _ in range(5)))
        await asyncio.gather(*late)
    assert await all_ats(store) == [1] * 5 + [2] * 5
    assert commits(said) == (2, 2)


# -- the end ----------------------------------------------------------------------------------------------------------


async def test_what_was_queued_is_finished_at_the_end(file: Path) -> None:
    store = await connect(str(file))
    units = await submitted(store, [(appending(number), number % 3 != 0) for number in range(20)])
    await store.close()
    assert all(unit.done() for unit in units)
    await asyncio.gather(*units)
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT at FROM event ORDER BY seq").fetchall() == [(number,) for number in range(20)]


@pytest.mark.parametrize("brief", [True, False], ids=["brief", "not"])
async def test_after_the_end_nothing_is_taken(file: Path, *, brief: bool) -> None:
    store = await connect(str(file))
    await store.change(appending(1), brief=brief)
    await store.close()
    async with asyncio.timeout(30):
        with pytest.raises(StoreError, match="closed"):
            await store.change(appending(2), brief=brief)
        with pytest.raises(StoreError, match="closed"):
            await store.read(lambda tx: tx.events(), brief=brief)
    await store.close()


async def test_the_thread_ends(file: Path) -> None:
    def writers() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "store-writer"]

    store = await connect(str(file))
    await store.change(appending(1), brief=True)
    assert len(writers()) == 1
    await store.close()
    assert writers() == []


async def test_a_cancelled_callers_unit_commits(store: SQLiteStore, writer: sqlite3.Connection) -> None:
    """One that was taken is done, whoever still waits for it; one by one and in the middle of a group."""
    with traced(writer) as said:
        gone, there = await submitted(store, [(appending(1), True), (appending(2), True)])
        gone.cancel()
        await there
    assert gone.cancelled()
    assert commits(said) == (1, 1)
    assert await all_ats(store) == [1, 2]
    (alone,) = await submitted(store, [(appending(3), True)])
    alone.cancel()
    await store.change(appending(4), brief=True)
    assert await all_ats(store) == [1, 2, 3, 4]


async def test_a_caller_cancelled_while_the_disk_is_at_work(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real, entered, go_on = session.Writer.commit, threading.Event(), threading.Event()

    def commit(self: session.Writer) -> None:
        entered.set()
        assert go_on.wait(30)
        real(self)

    monkeypatch.setattr(session.Writer, "commit", commit)
    gone, there = await submitted(store, [(appending(1), True), (appending(2), True)])
    assert await asyncio.to_thread(entered.wait, 30)
    gone.cancel()
    await asyncio.sleep(0)
    assert gone.cancelled()
    go_on.set()
    await there
    assert await all_ats(store) == [1, 2]


# -- brief reads ------------------------------------------------------------------------------------------------------


async def test_a_brief_read_sees_what_was_committed_before(store: SQLiteStore, file: Path) -> None:
    here = threading.get_ident()
    for number in range(1, 11):
        await store.change(appending(number), brief=number % 2 == 0)
        found, thread = await store.read(lambda tx: (len(tx.events()), threading.get_ident()), brief=True)
        assert (found, thread) == (number, here)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("DELETE FROM event WHERE at > 4")
    assert len(await store.read(lambda tx: tx.events(), brief=True)) == 4, "whoever committed it"


async def test_a_brief_read_sees_one_state(store: SQLiteStore, file: Path) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        before = len(tx.events())
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("INSERT INTO event SELECT seq + 1, " + columns + " FROM event")  # noqa: S608 - names of ours
        return before, len(tx.events())

    await store.change(appending(1))
    with closing(sqlite3.connect(file)) as other:
        columns = ", ".join(name for _, name, *_ in other.execute("PRAGMA table_info(event)") if name != "seq")
    assert await store.read(work, brief=True) == (1, 1)
    assert len(await store.read(lambda tx: tx.events(), brief=True)) == 2


async def test_a_brief_read_leaves_no_transaction(store: SQLiteStore, reader: sqlite3.Connection) -> None:
    for work, error in ((lambda tx: tx.events(), None), (refused, Exception), (missing, StoreError)):
        if error is None:
            await store.read(work, brief=True)
        else:
            with pytest.raises(error):
                await store.read(work, brief=True)
        assert not reader.in_transaction
    await store.change(appending(1))
    assert len(await store.read(lambda tx: tx.events(), brief=True)) == 1


def missing(tx: Transaction) -> None:
    with pytest.raises(StoreError):
        tx._execute("SELECT * FROM nowhere")


async def test_a_brief_read_changes_nothing(store: SQLiteStore) -> None:
    with pytest.raises(StoreError, match="readonly"):
        await store.read(appending(1), brief=True)
    assert await all_ats(store) == []


# -- callers on other loops -------------------------------------------------------------------------------------------


async def elsewhere(ask: Callable[[], Any]) -> Any:
    """Have a coroutine run on a loop of its own, on a thread of its own."""

    async def asking() -> Any:
        return await ask()

    return await asyncio.to_thread(asyncio.run, asking())


async def test_brief_units_of_other_loops_run_on_this_one(store: SQLiteStore) -> None:
    here = threading.get_ident()
    assert await elsewhere(lambda: store.change(thread_of, brief=True)) == here
    assert await elsewhere(lambda: store.change(thread_of)) != here
    assert len(await all_ats(store)) == 2


async def test_brief_reads_of_other_loops_leave_this_ones_connection_alone(
    store: SQLiteStore, reader: sqlite3.Connection
) -> None:
    here = threading.get_ident()
    await store.change(appending(1), brief=True)

    def work(tx: Transaction) -> tuple[int, int]:
        return len(tx.events()), threading.get_ident()

    with traced(reader) as said:
        found, thread = await elsewhere(lambda: store.read(work, brief=True))
    assert found == 1
    assert thread != here
    assert said == []


async def test_units_of_several_loops_are_in_one_line(store: SQLiteStore) -> None:
    async def asking(start: int) -> None:
        async def many() -> None:
            await asyncio.gather(*(store.change(appending(start + number), brief=number % 2 == 0) for number in range(20)))

        await elsewhere(many)

    own = asyncio.gather(*(store.change(appending(number), brief=number % 3 == 0) for number in range(20)))
    await asyncio.gather(own, asking(100), asking(200))
    found = await all_ats(store)
    for start in (0, 100, 200):
        assert [number for number in found if start <= number < start + 100] == list(range(start, start + 20))


async def test_what_fails_fails_for_other_loops(file: Path) -> None:
    store = await connect(str(file))
    with pytest.raises(Boom):
        await elsewhere(lambda: store.change(undoing, brief=True))
    await store.close()
    async with asyncio.timeout(30):
        with pytest.raises(StoreError, match="closed"):
            await elsewhere(lambda: store.change(appending(1), brief=True))
        with pytest.raises(StoreError, match="closed"):
            await elsewhere(lambda: store.read(lambda tx: tx.events(), brief=True))
