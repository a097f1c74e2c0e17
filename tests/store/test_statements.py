"""What others say came of a task: kept as it was said, beside the ledger and never in it."""

from __future__ import annotations

from dataclasses import replace

from forge.cid import CID
from store.records import Statement
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, entry, task


def statement(number: int = 1, **parts: object) -> Statement:
    said = Statement(
        receipt=CID.of(f"receipt {number}".encode()),
        task=task(1),
        executor=ALICE,
        failed=False,
        data=b"said \0%d" % number,
        cause=task(9),
        at=7,
    )
    return replace(said, **parts)  # type: ignore[arg-type] # the record's own parts


async def test_what_is_kept_is_found_in_the_order_in_which_it_was_said(store: Tx) -> None:
    for number in (3, 1, 2):
        await store.change(lambda tx, number=number: tx.keep(statement(number)))  # type: ignore[misc] # its default binds it
    assert list(await store.statements(task(1), ALICE, 10)) == [b"said \x003", b"said \x001", b"said \x002"]
    assert list(await store.statements(task(1), ALICE, 2)) == [b"said \x003", b"said \x001"]


async def test_what_came_of_it_stands_before_refusals(store: Tx) -> None:
    for number in range(1, 20):
        await store.change(lambda tx, number=number: tx.keep(statement(number, failed=True)))  # type: ignore[misc] # the same
    await store.change(lambda tx: tx.keep(statement(20)))
    assert list(await store.statements(task(1), ALICE, 2)) == [b"said \x0020", b"said \x001"]


async def test_the_same_receipt_again_stays_as_it_was(store: Tx) -> None:
    await store.change(lambda tx: tx.keep(statement()))
    await store.change(lambda tx: tx.keep(statement(data=b"something else", executor=BOB, at=8)))
    assert list(await store.statements(task(1), ALICE, 10)) == [b"said \x001"]
    assert list(await store.statements(task(1), BOB, 10)) == []


async def test_another_task_or_executor_is_another_matter(store: Tx) -> None:
    await store.change(lambda tx: tx.keep(statement()))
    assert list(await store.statements(task(2), ALICE, 10)) == []
    assert list(await store.statements(task(1), BOB, 10)) == []


async def test_it_is_no_receipt_of_ours(store: Tx) -> None:
    await store.change(lambda tx: tx.keep(statement()))
    assert await store.receipt(task(1)) is None
    assert await store.read(lambda tx: tx.recorded(task(1))) is None
    await store.change(lambda tx: tx.record(entry(1)))
    assert await store.receipt(task(1)) == entry(1).receipt
    assert list(await store.statements(task(1), ALICE, 10)) == [b"said \x001"]


async def test_undone_with_its_unit_of_work(store: Tx) -> None:
    class OhNoError(Exception):
        pass

    def work(tx: object) -> None:
        tx.keep(statement())  # type: ignore[attr-defined] # a Transaction
        raise OhNoError

    try:
        await store.change(work)
    except OhNoError:
        pass
    else:
        raise AssertionError("the exception comes out")
    assert list(await store.statements(task(1), ALICE, 10)) == []
