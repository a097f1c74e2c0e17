"""What every engine does. Nothing here knows which one it is."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from forge.cid import CID
from forge.errors import StoreError
from store import AlreadyExists, Assignment, Transaction, connect
from store.transaction import EVENTS_PAGE
from tests.store import samples
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, OTHER, SERVICE, SHELF, SPACE, entry, event, task


class Boom(Exception):
    """What a unit raises."""


class Doom(BaseException):
    """The same, and no `except Exception` stops it."""


class Gate:
    """A unit of work that holds the writer up, so that what is submitted meanwhile becomes one group."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, tx: Transaction) -> None:
        del tx
        self._entered.set()
        assert self._open.wait(30)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, 30)

    def open(self) -> None:
        self._open.set()


async def submitted(store: Tx, works: list[Callable[[Transaction], Any]]) -> list[asyncio.Task[Any]]:
    """Start changes, in order, and see that all are queued."""
    tasks = [asyncio.create_task(store.change(work)) for work in works]
    await asyncio.sleep(0)
    return tasks


def appending(*numbers: int) -> Callable[[Transaction], None]:
    """A unit that appends these events."""

    def work(tx: Transaction) -> None:
        for number in numbers:
            tx.append(event(number))

    return work


def peopled(tx: Transaction) -> None:
    tx.add_customer(samples.customer())
    tx.add_subscription(samples.subscription("one"))
    tx.add_subscription(samples.subscription("two"))


# -- rows ------------------------------------------------------------------------------------------------------------


async def test_a_customer_comes_out_as_it_went_in(store: Tx) -> None:
    plain = samples.customer()
    full = dataclasses.replace(samples.customer(BOB), external_account="f1:A/b:c", updated_at=7, details={})
    await store.change(lambda tx: tx.add_customer(plain))
    await store.change(lambda tx: tx.add_customer(full))
    assert await store.read(lambda tx: tx.customer(ALICE)) == plain
    assert await store.read(lambda tx: tx.customer(BOB)) == full
    assert await store.read(lambda tx: tx.customer(SPACE)) is None


async def test_dids_and_cids_come_out_as_such(store: Tx) -> None:
    await store.change(peopled)
    found = await store.read(lambda tx: tx.customer(ALICE))
    assert found is not None
    assert type(found.did) is type(ALICE)
    assert found.did.method == "mailto"
    assert isinstance(found.task, CID)


async def test_a_customer_is_added_once(store: Tx) -> None:
    await store.change(lambda tx: tx.add_customer(samples.customer()))
    with pytest.raises(AlreadyExists):
        await store.change(lambda tx: tx.add_customer(samples.customer(number=9)))
    found = await store.read(lambda tx: tx.customer(ALICE))
    assert found is not None
    assert found.task == task(1)


async def test_a_subscription_comes_out_as_it_went_in(store: Tx) -> None:
    await store.change(peopled)
    assert await store.read(lambda tx: tx.subscription(SERVICE, "one")) == samples.subscription("one")
    assert await store.read(lambda tx: tx.subscription(SERVICE, "three")) is None
    assert await store.read(lambda tx: tx.subscription(OTHER, "one")) is None


async def test_an_id_is_taken_once_for_each_provider(store: Tx) -> None:
    await store.change(peopled)
    await store.change(lambda tx: tx.add_subscription(samples.subscription("one", provider=OTHER)))
    with pytest.raises(AlreadyExists):
        await store.change(lambda tx: tx.add_subscription(samples.subscription("one", number=9)))


async def test_a_subscription_needs_its_customer(store: Tx) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the driver's own: the unit is at fault
        await store.change(lambda tx: tx.add_subscription(samples.subscription()))
    assert not isinstance(caught.value, (AlreadyExists, StoreError))


async def test_an_assignment_needs_its_subscription(store: Tx) -> None:
    await store.change(peopled)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the same
        await store.change(lambda tx: tx.assign(OTHER, SPACE, "one", at=1, task=task(1)))
    assert not isinstance(caught.value, (AlreadyExists, StoreError))


async def test_subscriptions_are_counted_by_customer(store: Tx) -> None:
    def work(tx: Transaction) -> None:
        peopled(tx)
        tx.add_customer(samples.customer(BOB))
        tx.add_subscription(samples.subscription("three", of=BOB))
        tx.add_subscription(samples.subscription("four", provider=OTHER))

    await store.change(work)
    assert await store.read(lambda tx: [tx.count_subscriptions(did) for did in (ALICE, BOB, SPACE)]) == [3, 1, 0]


async def test_a_consumer_is_in_one_subscription_of_a_provider(store: Tx) -> None:
    def work(tx: Transaction) -> None:
        peopled(tx)
        tx.add_subscription(samples.subscription("one", provider=OTHER))
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
        tx.assign(OTHER, SPACE, "one", at=10, task=task(3))
        tx.assign(SERVICE, SHELF, "one", at=10, task=task(3))

    await store.change(work)
    for id_ in ("one", "two"):
        with pytest.raises(AlreadyExists):
            await store.change(
                partial(Transaction.assign, provider=SERVICE, consumer=SPACE, subscription=id_, at=11, task=task(4))
            )
    row = Assignment(provider=SERVICE, consumer=SPACE, subscription="one", since=10, task=task(3))
    assert await store.read(lambda tx: tx.current(SERVICE, SPACE)) == row
    assert await store.read(lambda tx: tx.providers_of(SPACE)) == (OTHER, SERVICE)
    assert await store.read(lambda tx: tx.providers_of(SHELF)) == (SERVICE,)
    assert await store.read(lambda tx: tx.used(SERVICE, "one")) == 2
    assert await store.read(lambda tx: tx.used(SERVICE, "two")) == 0
    found = await store.read(lambda tx: tx.provisioned(SERVICE, SPACE))
    assert found is not None
    assert found.assignment == row
    assert found.subscription == samples.subscription("one")


async def test_whoever_was_never_assigned_is_nowhere(store: Tx) -> None:
    await store.change(peopled)

    def work(tx: Transaction) -> tuple[object, ...]:
        return (tx.current(SERVICE, SPACE), tx.provisioned(SERVICE, SPACE), tx.providers_of(SPACE), tx.history(SPACE))

    assert await store.read(work) == (None, None, (), ())


async def test_a_move_closes_one_row_and_opens_another(store: Tx) -> None:
    def work(tx: Transaction) -> Assignment:
        peopled(tx)
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
        return tx.move(SERVICE, SPACE, "two", at=20, task=task(4))

    closed = await store.change(work)
    first = Assignment(provider=SERVICE, consumer=SPACE, subscription="one", since=10, task=task(3), until=20, ended_by=task(4))
    second = Assignment(provider=SERVICE, consumer=SPACE, subscription="two", since=20, task=task(4))
    assert closed == first
    assert await store.read(lambda tx: tx.history(SPACE)) == (first, second)
    assert await store.read(lambda tx: tx.current(SERVICE, SPACE)) == second
    assert await store.read(lambda tx: (tx.used(SERVICE, "one"), tx.used(SERVICE, "two"))) == (0, 1)


async def test_a_release_closes_the_row_and_frees_the_consumer(store: Tx) -> None:
    def work(tx: Transaction) -> Assignment | None:
        peopled(tx)
        tx.add_subscription(samples.subscription("one", provider=OTHER))
        tx.assign(OTHER, SPACE, "one", at=10, task=task(3))
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
        return tx.release(SERVICE, SPACE, at=20, task=task(4))

    closed = await store.change(work)
    assert closed is not None
    assert (closed.until, closed.ended_by) == (20, task(4))
    assert await store.read(lambda tx: tx.current(SERVICE, SPACE)) is None
    assert await store.read(lambda tx: tx.provisioned(SERVICE, SPACE)) is None
    assert await store.read(lambda tx: tx.providers_of(SPACE)) == (OTHER,)
    assert await store.change(lambda tx: tx.release(SERVICE, SPACE, at=30, task=task(5))) is None
    await store.change(lambda tx: tx.assign(SERVICE, SPACE, "two", at=40, task=task(6)))
    assert [row.subscription for row in await store.read(lambda tx: tx.history(SPACE))] == ["one", "one", "two"]


async def test_who_is_nowhere_cannot_be_moved(store: Tx) -> None:
    await store.change(peopled)
    with pytest.raises(LookupError, match="in no subscription"):
        await store.change(lambda tx: tx.move(SERVICE, SPACE, "two", at=20, task=task(4)))
    assert await store.read(lambda tx: tx.history(SPACE)) == ()


async def test_a_row_never_ends_before_it_began(store: Tx) -> None:
    """The clock of the process that ends it may be behind."""

    def work(tx: Transaction) -> None:
        peopled(tx)
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
        tx.move(SERVICE, SPACE, "two", at=8, task=task(4))

    await store.change(work)
    rows = await store.read(lambda tx: tx.history(SPACE))
    assert [(row.since, row.until) for row in rows] == [(10, 10), (10, None)]


# -- events, ledger --------------------------------------------------------------------------------------------------


async def test_events_are_numbered_in_the_order_of_their_appending(store: Tx) -> None:
    full = dataclasses.replace(
        event(2), customer=ALICE, subscription="one", consumer=SPACE, data={"moved": ["ä", 1, None]}, seq=77
    )
    await store.change(appending(1))
    await store.change(lambda tx: tx.append(full))
    await store.change(appending(3))
    found = await store.read(lambda tx: tx.events())
    assert [dataclasses.replace(one, seq=None) for one in found] == [event(1), dataclasses.replace(full, seq=None), event(3)]
    numbers = [one.seq for one in found if one.seq is not None]
    assert len(set(numbers)) == 3
    assert numbers == sorted(numbers)
    assert await store.read(lambda tx: tx.events(since=numbers[0])) == found[1:]
    assert await store.read(lambda tx: tx.events(since=numbers[0], limit=1)) == found[1:2]
    assert await store.read(lambda tx: tx.events(since=numbers[2])) == ()


async def test_a_page_of_events_has_an_end(store: Tx) -> None:
    await store.change(appending(*range(EVENTS_PAGE + 1)))
    assert len(await store.read(lambda tx: tx.events(limit=EVENTS_PAGE + 1))) == EVENTS_PAGE


async def test_a_ledger_entry_comes_out_as_it_went_in(store: Tx) -> None:
    bare = dataclasses.replace(entry(2), proofs=())
    await store.change(lambda tx: tx.record(entry()))
    await store.change(lambda tx: tx.record(bare))
    assert await store.read(lambda tx: tx.entry(task(1))) == entry()
    assert await store.read(lambda tx: tx.entry(task(2))) == bare
    assert await store.read(lambda tx: tx.entry(task(3))) is None
    assert await store.read(lambda tx: tx.recorded(task(1))) == b"receipt 1"
    assert await store.read(lambda tx: tx.recorded(task(3))) is None
    assert await store.receipt(task(1)) == b"receipt 1"
    assert await store.receipt(task(3)) is None


async def test_a_task_is_recorded_once(store: Tx) -> None:
    await store.change(lambda tx: tx.record(entry()))
    with pytest.raises(AlreadyExists):
        await store.change(lambda tx: tx.record(dataclasses.replace(entry(), receipt=b"another")))
    assert await store.receipt(task(1)) == b"receipt 1"


# -- savepoints ------------------------------------------------------------------------------------------------------


async def test_a_savepoint_undoes_what_failed_inside_it_alone(store: Tx) -> None:
    def work(tx: Transaction) -> str:
        tx.append(event(1))
        with suppress(Boom), tx.savepoint():
            tx.append(event(2))
            with tx.savepoint():
                tx.append(event(3))
            raise Boom
        with tx.savepoint():
            tx.append(event(4))
            with suppress(AlreadyExists), tx.savepoint():
                tx.add_customer(samples.customer())
                tx.add_customer(samples.customer())
            with suppress(Doom), tx.savepoint():
                tx.append(event(5))
                raise Doom
            tx.append(event(6))
        tx.append(event(7))
        return "done"

    assert await store.change(work) == "done"
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1, 4, 6, 7]
    assert await store.read(lambda tx: tx.customer(ALICE)) is None


# -- units of work ---------------------------------------------------------------------------------------------------


async def test_what_was_written_is_read(store: Tx) -> None:
    for number in range(20):
        await store.change(appending(number))
        assert len(await store.read(lambda tx: tx.events())) == number + 1
        await store.change(partial(Transaction.record, entry=entry(number)))
        assert await store.receipt(task(number)) == b"receipt %d" % number


async def test_calls_run_in_the_order_in_which_they_were_made(store: Tx) -> None:
    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    rest = await submitted(store, [appending(number) for number in range(600)])
    gate.open()
    await asyncio.gather(first, *rest)
    assert [one.at for one in await store.read(lambda tx: tx.events())] == list(range(600))


@pytest.mark.parametrize("error", [Boom("why"), Doom("why")], ids=["Exception", "BaseException"])
async def test_a_unit_that_raises_fails_alone(store: Tx, error: BaseException) -> None:
    def bad(tx: Transaction) -> None:
        tx.add_customer(samples.customer())
        tx.append(event(2))
        with tx.savepoint():
            tx.append(event(3))
        raise error

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    before, failed, after = await submitted(store, [appending(1), bad, appending(4)])
    gate.open()
    results = await asyncio.gather(first, before, failed, after, return_exceptions=True)
    assert list(results) == [None, None, error, None]
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1, 4]
    assert await store.read(lambda tx: tx.customer(ALICE)) is None


async def test_a_unit_may_raise_what_no_coroutine_can(store: Tx) -> None:
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.change(lambda _: next(iter(())))
    with pytest.raises(RuntimeError, match="StopIteration"):
        await store.read(lambda _: next(iter(())))


async def test_what_fails_at_any_statement_leaves_nothing(store: Tx) -> None:
    """Law 5: everything that belongs together commits together."""

    def unit(tx: Transaction) -> None:
        peopled(tx)
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
        tx.move(SERVICE, SPACE, "two", at=10, task=task(3))
        tx.append(event())
        tx.revoke(samples.revocation(), at=1)
        tx.record(entry())

    def all_of_it(tx: Transaction) -> tuple[object, ...]:
        return (
            tx.customer(ALICE),
            tx.subscription(SERVICE, "one"),
            tx.history(SPACE),
            tx.events(),
            tx.recorded(task(1)),
            tx.revokers([task(1)]),
        )

    def broken(statement: int) -> Callable[[Transaction], None]:
        def work(tx: Transaction) -> None:
            left = iter(range(statement))

            def execute(text: str, values: Any = (), /) -> Any:
                if next(left, None) is None:
                    raise Boom
                return tx._execute(text, values)

            unit(Transaction(execute))

        return work

    nothing: tuple[object, ...] = (None, None, (), (), None, {})
    statements = 0
    while True:
        try:
            await store.change(broken(statements))
        except Boom:
            assert await store.read(all_of_it) == nothing
            statements += 1
        else:
            break
    assert statements == 11
    assert None not in await store.read(all_of_it)


async def test_a_cancelled_caller_breaks_nothing(store: Tx) -> None:
    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    gone, there = await submitted(store, [appending(1), appending(2)])
    gone.cancel()
    first.cancel()
    gate.open()
    await there
    assert (await asyncio.gather(gone, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert [one.at for one in await store.read(lambda tx: tx.events())][-1] == 2
    await store.change(appending(3))


async def test_callers_may_live_on_several_loops(store: Tx) -> None:
    async def elsewhere() -> None:
        await store.change(appending(2))

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    (here,) = await submitted(store, [appending(1)])
    there = asyncio.create_task(asyncio.to_thread(asyncio.run, elsewhere()))
    gate.open()
    await asyncio.gather(first, here, there)
    assert sorted(one.at for one in await store.read(lambda tx: tx.events())) == [1, 2]


async def test_a_loop_that_has_ended_breaks_nothing(store: Tx) -> None:
    def elsewhere() -> None:
        async def ask() -> None:
            asking = asyncio.ensure_future(store.change(appending(1)))
            await asyncio.sleep(0)
            asking.cancel()

        asyncio.run(ask())

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    await asyncio.to_thread(elsewhere)
    (here,) = await submitted(store, [appending(2)])
    gate.open()
    await asyncio.gather(first, here)
    await store.change(appending(3))
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1, 2, 3]


# -- reading ---------------------------------------------------------------------------------------------------------


async def test_a_read_sees_one_snapshot_and_holds_nobody_up(store: Tx) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def twice(tx: Transaction) -> tuple[int, int]:
        before = len(tx.events())
        entered.set()
        assert go_on.wait(30)
        return before, len(tx.events())

    await store.change(appending(1))
    reading = asyncio.create_task(store.read(twice))
    assert await asyncio.to_thread(entered.wait, 30)
    await store.change(appending(2))
    assert len(await store.read(lambda tx: tx.events())) == 2
    go_on.set()
    assert await reading == (1, 1)


async def test_a_read_that_raises_fails_alone(store: Tx) -> None:
    def bad(tx: Transaction) -> None:
        tx.events()
        raise Boom

    results = await asyncio.gather(
        *(store.read(bad if number % 3 == 0 else lambda tx: tx.events()) for number in range(60)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Boom if number % 3 == 0 else tuple for number in range(60)]


async def test_a_read_does_not_write(store: Tx) -> None:
    def sly(tx: Transaction) -> None:
        with pytest.raises(StoreError):
            tx.append(event(1))

    with pytest.raises(StoreError):
        await store.read(sly)
    results = await asyncio.gather(*(store.read(appending(1)) for _ in range(20)), return_exceptions=True)
    assert {type(result) for result in results} == {StoreError}
    assert await store.read(lambda tx: tx.events()) == ()


async def test_a_read_may_use_savepoints(store: Tx) -> None:
    def work(tx: Transaction) -> int:
        with pytest.raises(Boom), tx.savepoint():
            raise Boom
        return len(tx.events())

    assert await store.read(work) == 0


# -- life ------------------------------------------------------------------------------------------------------------


async def test_a_store_that_is_open_is_ready(store: Tx) -> None:
    await store.ready()


async def test_closing_finishes_what_was_taken(url: str) -> None:
    store = await connect(url)
    gate = Gate()
    changes = await submitted(store, [gate, *(appending(number) for number in range(600))])
    reads = [asyncio.create_task(store.read(lambda tx: tx.events())) for _ in range(100)]
    await gate.entered()
    closing = [asyncio.create_task(store.close()) for _ in range(2)]
    await asyncio.sleep(0)
    gate.open()
    await asyncio.gather(*changes, *reads, *closing)
    again = await connect(url)
    assert [one.at for one in await again.read(lambda tx: tx.events())] == list(range(600))
    await again.close()


async def test_a_closed_store_takes_nothing(url: str) -> None:
    store = await connect(url)
    before = set(threading.enumerate())
    await store.close()
    await store.close()
    for call in (
        store.change(lambda tx: tx.events()),
        store.read(lambda tx: tx.events()),
        store.receipt(task(1)),
        store.ready(),
    ):
        with pytest.raises(StoreError):
            await call
    assert not [thread.name for thread in before & set(threading.enumerate()) if thread.name.startswith("store-")]


async def test_what_was_kept_is_there_again(url: str) -> None:
    store = await connect(url)
    await store.change(peopled)
    await store.close()
    again = await connect(url)
    assert await again.read(lambda tx: tx.customer(ALICE)) == samples.customer()
    await again.close()


async def test_two_stores_share_one_place(url: str) -> None:
    one, two = await connect(url), await connect(url)
    await one.change(lambda tx: tx.add_customer(samples.customer()))
    assert await two.read(lambda tx: tx.customer(ALICE)) == samples.customer()
    with pytest.raises(AlreadyExists):
        await two.change(lambda tx: tx.add_customer(samples.customer()))
    await asyncio.gather(*((one, two)[number % 2].change(appending(number)) for number in range(200)))
    await one.close()
    found = await two.read(lambda tx: tx.events())
    assert sorted(event.at for event in found) == list(range(200))
    await two.close()
