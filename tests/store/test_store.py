"""A store, on every engine: what is read, who reads, and what becomes of it when it is closed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from forge.errors import StoreError
from store import AlreadyExists, Transaction, connect
from tests.store.conftest import Tx
from tests.store.samples import ALICE, customer, event, subscribe, task
from tests.store.units import Boom, Gate, appending, submitted

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
    await store.change(lambda tx: subscribe(tx, "one"))
    await store.close()
    again = await connect(url)
    assert await again.read(lambda tx: tx.customer(ALICE)) == customer()
    await again.close()


async def test_two_stores_share_one_place(url: str) -> None:
    one, two = await connect(url), await connect(url)
    await one.change(lambda tx: tx.add_customer(customer()))
    assert await two.read(lambda tx: tx.customer(ALICE)) == customer()
    with pytest.raises(AlreadyExists):
        await two.change(lambda tx: tx.add_customer(customer()))
    await asyncio.gather(*((one, two)[number % 2].change(appending(number)) for number in range(200)))
    await one.close()
    found = await two.read(lambda tx: tx.events())
    assert sorted(event.at for event in found) == list(range(200))
    await two.close()
