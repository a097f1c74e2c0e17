"""What PostgreSQL alone has: connections that are lost, others that quarrel, pools, versions that meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest

from forge.did import DID
from forge.errors import ConfigurationError, StoreError
from store import AlreadyExists, Transaction, connect, sql
from store.postgres import session, turns
from store.postgres.turns import QUARRELS
from store.postgres.wire import marked
from tests.store import pgbouncer, postgresql
from tests.store.conftest import Tx
from tests.store.cut import Cutter
from tests.store.postgresql import Server
from tests.store.samples import ALICE, BOB, customer, entry, event, plan, register, task
from tests.store.statements import STATEMENTS
from tests.store.units import Gate, appending, submitted


@pytest.fixture
def server() -> Server:
    """The server of all tests, which nobody ends."""
    postgresql.needed()
    return postgresql.server()


@pytest.fixture
def place(server: Server) -> str:
    return server.store()


@pytest.fixture
async def store(place: str) -> AsyncIterator[Tx]:
    opened = await connect(place)
    yield opened
    await opened.close()


def ats(tx: Transaction) -> list[int]:
    return [one.at for one in tx.events()]


# -- statements --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planner() -> Iterator[psycopg.Connection[Any]]:
    postgresql.needed()
    with psycopg.connect(postgresql.server().store(), autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute("SET enable_seqscan = off")
        yield connection


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in {"CURRENT_STEP", "TOUCH"}])
def test_every_statement_is_understood_and_answered_by_an_index(planner: psycopg.Connection[Any], name: str) -> None:
    statement = STATEMENTS[name]
    planner.execute(b"PREPARE one AS " + marked(statement))
    try:
        nulls = ", ".join(["NULL"] * statement.count("?"))
        steps = "\n".join(
            row[0] for row in planner.execute(f"EXPLAIN EXECUTE one({nulls})" if nulls else "EXPLAIN EXECUTE one")
        )
        assert "Seq Scan" not in steps
    finally:
        planner.execute("DEALLOCATE one")


async def test_text_with_a_nought_is_refused_and_never_cut_off(store: Tx) -> None:
    with pytest.raises(psycopg.DataError):
        await store.change(lambda tx: tx.add_plan(plan(name="a\0b")))
    await store.change(lambda tx: tx.add_plan(plan(name="a")))


# -- connections that are lost ------------------------------------------------------------------------------------------

_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def cut_off(place: str) -> None:
    """End all connections to a store's database."""
    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute(_OTHERS)


async def test_a_connection_that_was_lost_in_between_is_made_anew(store: Tx, place: str) -> None:
    await store.change(lambda tx: tx.record(entry()))
    assert await store.read(lambda tx: tx.recorded(task(1))) == b"receipt 1"
    assert await store.receipt(task(1)) == b"receipt 1"
    cut_off(place)
    await store.change(appending(1))
    assert await store.read(ats) == [1]
    assert await store.receipt(task(1)) == b"receipt 1"
    await store.ready()


async def test_a_group_that_loses_its_connection_is_run_again_from_the_start(store: Tx, place: str) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> str:
        runs.append(len(runs))
        tx.append(event(2))
        if len(runs) == 1:
            cut_off(place)
        return f"run {len(tx.events())}"

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    rest = await submitted(store, [appending(1), work, appending(3)])
    gate.open()
    assert await asyncio.gather(first, *rest) == [None, None, "run 2", None]
    assert await store.read(ats) == [1, 2, 3]
    assert len(runs) == 2


async def test_a_read_that_loses_its_connection_is_run_again(store: Tx, place: str) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> list[int]:
        runs.append(1)
        if len(runs) == 1:
            cut_off(place)
        return ats(tx)

    await store.change(appending(7))
    assert await store.read(work) == [7]
    assert len(runs) == 2


@pytest.fixture
def cutter(place: str) -> Iterator[Cutter]:
    # The path of a socket is short.
    with TemporaryDirectory() as folder:
        made = Cutter(Path(folder), place)
        yield made
        made.close()


@pytest.fixture
async def cut(cutter: Cutter) -> AsyncIterator[Tx]:
    """A store whose connections go through the cutter."""
    opened = await connect(cutter.url)
    yield opened
    await opened.close()


def counted(number: int, runs: list[int]) -> Callable[[Transaction], str]:
    def work(tx: Transaction) -> str:
        runs.append(number)
        tx.append(event(number))
        tx.record(entry(number))
        return f"done {number}"

    return work


@pytest.mark.parametrize(("moment", "times"), [("after", 1), ("before", 2)])
async def test_what_was_lost_in_its_commit_is_looked_for_in_the_ledger(
    cut: Tx, cutter: Cutter, moment: Any, times: int
) -> None:
    """It is not run again where it was kept, and run again where it was not; whoever waits learns nothing of it."""
    runs: list[int] = []
    gate = Gate()
    (first,) = await submitted(cut, [gate])
    await gate.entered()
    rest = await submitted(cut, [counted(number, runs) for number in (1, 2, 3)])
    cutter.cut(moment)
    gate.open()
    assert await asyncio.gather(first, *rest) == [None, "done 1", "done 2", "done 3"]
    assert cutter.cuts == 1
    assert runs == [1, 2, 3] * times
    assert await cut.read(ats) == [1, 2, 3]
    assert await cut.receipt(task(3)) == b"receipt 3"


@pytest.mark.parametrize(("moment", "kept"), [("after", [1]), ("before", [])])
async def test_what_recorded_nothing_and_was_lost_in_its_commit_is_not_claimed(
    cut: Tx, cutter: Cutter, moment: Any, kept: list[int]
) -> None:
    cutter.cut(moment)
    with pytest.raises(StoreError, match="whether it was kept is not known"):
        await cut.change(appending(1))
    assert await cut.read(ats) == kept
    await cut.change(appending(2))
    assert await cut.read(ats) == [*kept, 2]


async def test_beside_one_that_recorded_nothing_none_is_claimed(cut: Tx, cutter: Cutter) -> None:
    runs: list[int] = []
    gate = Gate()
    (first,) = await submitted(cut, [gate])
    await gate.entered()
    rest = await submitted(cut, [counted(1, runs), appending(2)])
    cutter.cut("after")
    gate.open()
    results = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [type(one) for one in results] == [type(None), StoreError, StoreError]
    assert await cut.read(ats) == [1, 2]


async def test_what_was_not_kept_finds_what_somebody_else_did_in_the_meantime(cut: Tx, cutter: Cutter, store: Tx) -> None:
    """Another node gets the turn when the connection is cut, and runs the same task; its receipt is everybody's then."""
    runs: list[str] = []

    def work(said: bytes, tx: Transaction) -> bytes:
        runs.append(said.decode())
        known = tx.recorded(task(1))
        if known is None:
            tx.append(event(1))
            tx.record(replace(entry(1), receipt=said))
        return known or said

    gate = Gate()
    (first,) = await submitted(cut, [gate])
    await gate.entered()
    (ours,) = await submitted(cut, [partial(work, b"ours")])
    cutter.cut("before")
    # Waits for the turn meanwhile.
    (theirs,) = await submitted(store, [partial(work, b"theirs")])
    gate.open()
    await first
    assert await ours == await theirs == await store.receipt(task(1))
    assert await store.read(ats) == [1]
    assert runs.count("ours") == (2 if cutter.cuts else 1)


async def test_who_says_nothing_in_its_turn_loses_it(store: Tx, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a node does that was stopped, or cut off; what it was doing is run again, if it comes back."""
    monkeypatch.setattr(session, "_SETTINGS", session._SETTINGS.replace(f"'{session.IDLE_TIMEOUT}s'", "'200ms'"))
    other = await connect(place)
    runs: list[int] = []
    gate = Gate()

    def stopped(tx: Transaction) -> None:
        runs.append(1)
        tx.events()
        gate(tx)
        tx.append(event(1))
        tx.record(entry())

    (stopping,) = await submitted(store, [stopped])
    await gate.entered()
    # It has the turn, and keeps it for as long as the gate is shut.
    await other.change(appending(2))
    gate.open()
    await stopping
    assert await other.read(ats) == [2, 1]
    assert len(runs) == 2
    await other.close()


# -- quarrels ----------------------------------------------------------------------------------------------------------


async def test_a_deadlock_with_somebody_elses_transaction_is_run_again(store: Tx, place: str) -> None:
    await store.change(lambda tx: register(tx, ALICE, BOB))
    runs: list[int] = []
    with psycopg.connect(place) as other:
        # Ours notices first.
        other.execute("SET deadlock_timeout = '30s'")
        other.execute("UPDATE customer SET product = product WHERE did = %s", (str(BOB),))

        def work(tx: Transaction) -> None:
            runs.append(1)
            tx.append(event(len(runs)))
            tx.update_customer(customer(BOB), at=5, task=task(5))

        ours = asyncio.create_task(store.change(work))
        while not runs:  # noqa: ASYNC110 - on another thread
            await asyncio.sleep(0.01)
        await asyncio.to_thread(other.execute, "SELECT 1 FROM forge_schema FOR UPDATE")
    await ours
    assert await store.read(ats) == [2]


def quarrelsome(tx: Transaction) -> None:
    tx.append(event(99))
    tx._execute("DO $$ BEGIN RAISE EXCEPTION 'a quarrel' USING ERRCODE = '40001'; END $$")


async def test_one_that_always_quarrels_holds_up_no_others(store: Tx) -> None:
    runs: list[int] = []

    def counting(number: int, tx: Transaction) -> None:
        runs.append(number)
        tx.append(event(number))

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    works: list[Callable[[Transaction], None]] = [partial(counting, number) for number in range(16)]
    works[5] = quarrelsome
    rest = await submitted(store, works)
    gate.open()
    results = await asyncio.gather(first, *rest, return_exceptions=True)
    assert [type(one) for one in results] == [StoreError if number == 6 else type(None) for number in range(17)]
    assert await store.read(ats) == [number for number in range(16) if number != 5]
    assert max(runs.count(number) for number in range(16)) < QUARRELS


@pytest.mark.parametrize("inside", [False, True], ids=["plain", "in a block"])
async def test_what_fails_at_its_end_fails_alone(store: Tx, *, inside: bool) -> None:
    """The next one has begun by the time at which that is known, or all were about to be committed."""

    def recording(number: int, tx: Transaction) -> None:
        tx.append(event(number))
        tx.record(entry(1))

    def reading(tx: Transaction) -> list[int]:
        if inside:
            with tx.savepoint():
                return ats(tx)
        return ats(tx)

    for expected in ([1], [1, 2]):
        gate = Gate()
        (first,) = await submitted(store, [gate])
        await gate.entered()
        works: list[Callable[[Transaction], Any]] = [
            partial(recording, 1),
            partial(recording, 9),
            reading,
            appending(2),
            partial(recording, 9),
        ]
        rest = await submitted(store, works[3:] if expected == [1, 2] else works[:3])
        gate.open()
        results = await asyncio.gather(first, *rest, return_exceptions=True)
        assert [type(one) for one in results[1:]] == (
            [type(None), AlreadyExists, list] if expected == [1] else [type(None), AlreadyExists]
        )
        assert await store.read(ats) == expected


# -- servers that stop --------------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[Server]:
    postgresql.needed()
    made = Server()
    yield made
    made.remove()


async def test_a_server_that_comes_back_finds_everybody_again(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    # However long that takes here.
    monkeypatch.setattr(turns, "PATIENCE", 60.0)
    store = await connect(await asyncio.to_thread(own.store))
    await store.change(lambda tx: tx.record(entry()))
    for how in ("fast", "immediate"):
        await asyncio.to_thread(own.stop, how)
        with pytest.raises(StoreError):
            await store.ready()
        with pytest.raises(StoreError):
            await store.receipt(task(1))
        changing = asyncio.create_task(store.change(appending(len(how))))
        reading = asyncio.create_task(store.read(lambda tx: tx.recorded(task(1))))
        await asyncio.sleep(0)
        await asyncio.to_thread(own.start)
        assert await reading == b"receipt 1"
        await changing
        assert await store.receipt(task(1)) == b"receipt 1"
        await store.ready()
    assert await store.read(ats) == [4, 9]
    await asyncio.to_thread(own.stop)
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with pytest.raises(StoreError):
        await store.change(appending(3))
    with pytest.raises(StoreError):
        await store.read(ats)
    await store.close()


# -- what a store needs --------------------------------------------------------------------------------------------------


async def test_a_database_that_cannot_keep_what_is_promised_is_refused(server: Server) -> None:
    name = server.database()
    server.do(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(ConfigurationError, match="synchronous_commit is off"):
        await connect(server.url(name))
    server.do("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(ConfigurationError, match="not in UTF8"):
        await connect(server.url("latin"))
    name = server.database()
    server.do("CREATE TABLE customer (id int)", database=name)
    with pytest.raises(ConfigurationError, match=r"somebody else's.*customer"):
        await connect(server.url(name))


async def test_the_first_of_several_hosts_that_can_write_is_taken(place: str) -> None:
    store = await connect(f"{place.replace('?host=', '?host=/no/such/folder,')}&port=5432")
    await store.ready()
    await store.close()


# -- versions that meet --------------------------------------------------------------------------------------------------


def taken_to(place: str, step: str, oldest: str) -> None:
    with psycopg.connect(place) as connection:
        connection.execute("UPDATE forge_schema SET version_num = %s, oldest = %s", (step, oldest))


async def test_a_newer_schema_that_serves_this_version_is_worked_with(store: Tx, place: str) -> None:
    taken_to(place, "9999", sql.STEP)
    await store.change(appending(1))
    await store.ready()
    again = await connect(place)
    await again.change(appending(2))
    assert await again.read(ats) == [1, 2]
    await again.close()


async def test_a_newer_schema_that_does_not_serve_it_is_not_written(store: Tx, place: str) -> None:
    await store.change(appending(1))
    taken_to(place, "9999", "9999")
    with pytest.raises(StoreError, match="step 9999 now, and this version of forge is for"):
        await store.change(appending(2))
    with pytest.raises(StoreError, match="run the newer one"):
        await store.ready()
    with pytest.raises(ConfigurationError, match=r"step 9999.*newer version"):
        await connect(place)
    taken_to(place, sql.STEP, sql.STEP)
    await store.change(appending(3))
    assert await store.read(ats) == [1, 3]


# -- a pool that lends its connections for a transaction -----------------------------------------------------------------


@pytest.fixture
def pool(server: Server, place: str) -> Iterator[str]:
    if pgbouncer.program() is None:
        pytest.skip("there is no pgbouncer here: apt-get install pgbouncer")
    with pgbouncer.pooled(server, place) as url:
        yield url


async def test_several_stores_share_a_pool_of_fewer_connections(pool: str, place: str) -> None:
    stores = await asyncio.gather(*(connect(pool) for _ in range(4)))

    def work(number: int, tx: Transaction) -> int:
        tx.add_customer(customer(DID(f"did:web:n{number}.example.com"), number))
        with suppress(AlreadyExists), tx.savepoint():
            tx.add_customer(customer(DID(f"did:web:n{number}.example.com"), number))
        tx.append(event(number))
        tx.record(entry(number))
        return number

    async def visit(number: int) -> None:
        one = stores[number % len(stores)]
        assert await one.change(partial(work, number)) == number
        # On another node: what was answered is seen by whoever asks next.
        other = stores[(number + 1) % len(stores)]
        assert await other.read(lambda tx: tx.recorded(task(number))) == b"receipt %d" % number
        assert await other.receipt(task(number)) == b"receipt %d" % number

    await asyncio.gather(*(visit(number) for number in range(200)))
    assert [one.seq for one in await stores[0].read(lambda tx: tx.events())] == list(range(1, 201))
    with psycopg.connect(place) as direct:
        row = direct.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()").fetchone()
    assert row is not None
    assert row[0] <= pgbouncer.SIZE + 1
    await asyncio.gather(*(one.close() for one in stores))


async def test_what_was_said_in_one_transaction_holds_in_no_other(pool: str) -> None:
    """Whoever gets the connection next has what it was given."""
    store = await connect(pool)
    await store.change(appending(1))
    await store.close()
    with psycopg.connect(pool.replace("&prepared=no", ""), prepare_threshold=None) as other:
        names = ("statement_timeout", "lock_timeout", "enable_seqscan", "jit")
        assert [other.execute(f"SHOW {name}").fetchone() for name in names] == [("0",), ("0",), ("on",), ("on",)]
