"""The ledger and a test's time, on every engine."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from store import AlreadyExists, Transaction
from tests.store.conftest import Tx
from tests.store.samples import entry, event, task
from tests.store.units import inside, taken, undone


async def test_a_ledger_entry_comes_out_as_it_went_in(store: Tx) -> None:
    plain = dataclasses.replace(entry(2), proofs=())
    await store.change(lambda tx: tx.record(entry()))
    await store.change(lambda tx: tx.record(plain))
    assert await store.read(lambda tx: tx.entry(task(1))) == entry()
    assert await store.read(lambda tx: tx.entry(task(2))) == plain
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


@inside
def test_a_unit_may_go_on_after_a_task_that_was_recorded(tx: Transaction) -> None:
    tx.record(entry())
    with taken(tx):
        tx.append(event(1))
        tx.record(entry())
    tx.record(entry(2))
    assert tx.events() == ()
    assert tx.recorded(task(2)) == b"receipt 2"


async def test_what_is_large_comes_out_as_it_went_in(store: Tx) -> None:
    """Several at once, too: more than a connection takes at a time."""
    large = [dataclasses.replace(entry(number), invocation=bytes([number]) * 4_000_000) for number in range(1, 4)]
    await asyncio.gather(*(store.change(lambda tx, one=one: tx.record(one)) for one in large))  # type: ignore[misc] # binds it
    assert await asyncio.gather(*(store.read(lambda tx, one=one: tx.entry(one.task)) for one in large)) == large  # type: ignore[misc] # the same


# -- a test's time ------------------------------------------------------------------------------------------------------


async def test_the_time_is_what_was_set_last(store: Tx) -> None:
    assert await store.read(Transaction.time) is None
    for now in (5, 253402300799, 0, 7):
        await store.change(lambda tx, now=now: tx.set_time(now))  # type: ignore[misc] # its default binds it
        assert await store.read(Transaction.time) == now


@inside
def test_the_time_belongs_to_the_unit_that_set_it(tx: Transaction) -> None:
    tx.set_time(5)
    with undone(tx):
        tx.set_time(9)
        assert tx.time() == 9
    assert tx.time() == 5
