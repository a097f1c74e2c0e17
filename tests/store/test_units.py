"""Units of work, on every engine: each whole or not at all, in their order, whoever waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from store import AlreadyExists, Transaction
from tests.store import samples
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, GOLD, SERVICE, SHELF, SPACE, entry, event, task
from tests.store.units import Boom, Doom, Gate, appending, submitted

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


async def test_a_unit_undoes_what_it_did_and_goes_on(store: Tx) -> None:
    """As a task does that ran and failed: its rows are not there, and its receipt is. Others of its group keep theirs."""

    def work(tx: Transaction) -> str:
        tx.add_customer(samples.customer())
        tx.append(event(2))
        with suppress(AlreadyExists):
            tx.add_customer(samples.customer())
        tx.undo()
        tx.append(event(3))
        return "done"

    def nothing(tx: Transaction) -> None:
        tx.undo()

    gate = Gate()
    (first,) = await submitted(store, [gate])
    await gate.entered()
    rest = await submitted(store, [appending(1), work, nothing, appending(4)])
    gate.open()
    await asyncio.gather(first, *rest)
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1, 3, 4]
    assert await store.read(lambda tx: tx.customer(ALICE)) is None


async def test_what_raises_after_it_undid_something_leaves_nothing(store: Tx) -> None:
    def work(tx: Transaction) -> None:
        tx.append(event(2))
        tx.undo()
        tx.append(event(3))
        raise Boom

    await store.change(appending(1))
    with pytest.raises(Boom):
        await store.change(work)
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1]


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
        samples.register(tx, ALICE, BOB)
        tx.update_customer(samples.customer(product=GOLD), at=101, task=task(3))
        tx.add_plan(samples.plan())
        tx.add_subscription(samples.subscription("one"))
        tx.assign(SERVICE, SPACE, "one", at=10, task=task(3), seat=1)
        tx.release(SERVICE, SPACE, at=10, task=task(3))
        tx.assign(SERVICE, SHELF, "one", at=10, task=task(3), seat=1)
        tx.transfer(SERVICE, "one", BOB, at=10, task=task(3))
        tx.add_payment(samples.payment())
        tx.append(event())
        tx.revoke(samples.revocation(), at=1)
        tx.record(entry())

    def all_of_it(tx: Transaction) -> tuple[object, ...]:
        return (
            tx.customer(ALICE),
            *(tx.profiles(ALICE) or [None]),
            tx.plan(GOLD),
            tx.subscription(SERVICE, "one"),
            tx.payment(SERVICE, "one", "paid", "one"),
            *(tx.history(SPACE) or [None]),
            *(tx.history(SHELF) or [None]),
            *(tx.events() or [None]),
            tx.recorded(task(1)),
            tx.revokers([task(1)]) or None,
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

    statements = 0
    while True:
        try:
            await store.change(broken(statements))
        except Boom:
            assert set(await store.read(all_of_it)) == {None}
            statements += 1
        else:
            break
    assert statements == 20
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
