"""Brief reads: on the event loop while they are brief, and on a thread as soon as they are not."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from forge.errors import StoreError
from store import Transaction
from store.glance import MOST_STATEMENTS, MOST_THOUSANDS
from store.sqlite import SQLiteStore, connect
from tests.store import samples
from tests.store.conftest import on_sqlite
from tests.store.samples import ALICE
from tests.store.units import appending


@pytest.fixture
def file(tmp_path: Path) -> str:
    return on_sqlite(tmp_path)


@pytest.fixture
async def store(file: str) -> AsyncIterator[SQLiteStore]:
    opened = await connect(file)
    await opened.change(lambda tx: samples.register(tx, ALICE))
    yield opened
    await opened.close()


def located(work: Callable[[Transaction], Any], found: list[int]) -> Callable[[Transaction], Any]:
    """Note on which thread a unit runs, each time."""

    def unit(tx: Transaction) -> Any:
        found.append(threading.get_ident())
        return work(tx)

    return unit


def counting(to: int) -> Callable[[Transaction], int]:
    """Have the engine count: some ten steps for each number."""
    text = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ?) SELECT max(x) FROM n"
    return lambda tx: int(tx._execute(text, (to,)).fetchone()[0])


async def test_what_is_brief_is_read_here_however_often(store: SQLiteStore) -> None:
    """SQLite counts the steps of a prepared statement on and on: those of others are not this one's."""
    found: list[int] = []
    for _ in range(3000):
        assert (await store.read(located(lambda tx: tx.customer(ALICE), found), brief=True)).did == ALICE
    assert set(found) == {threading.get_ident()}


async def test_what_takes_many_steps_is_read_elsewhere(store: SQLiteStore) -> None:
    found: list[int] = []
    assert await store.read(located(counting(MOST_THOUSANDS * 1000), found), brief=True) == MOST_THOUSANDS * 1000
    here, elsewhere = found
    assert here == threading.get_ident() != elsewhere
    assert await store.read(located(counting(20), found), brief=True) == 20
    assert found[2:] == [here], "the next one is read here again"


async def test_what_takes_many_statements_is_read_elsewhere(store: SQLiteStore) -> None:
    def asking(times: int) -> Callable[[Transaction], Any]:
        return lambda tx: [tx.payer(ALICE) for _ in range(times)]

    for statements, runs in ((MOST_STATEMENTS, 1), (MOST_STATEMENTS + 1, 2)):
        found: list[int] = []
        assert await store.read(located(asking(statements), found), brief=True) == [None] * statements
        assert len(found) == runs


async def test_a_unit_that_takes_no_notice_is_run_again_all_the_same(store: SQLiteStore) -> None:
    def stubborn(tx: Transaction) -> str:
        try:
            counting(MOST_THOUSANDS * 1000)(tx)
        except StoreError:
            return "half"
        return "whole"

    assert await store.read(stubborn, brief=True) == "whole"


async def test_what_a_unit_raises_comes_out_and_leaves_nothing_open(store: SQLiteStore) -> None:
    def bad(tx: Transaction) -> None:
        tx.customer(ALICE)
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            await store.read(bad, brief=True)
    assert await store.read(lambda tx: tx.customer(ALICE), brief=True) is not None


async def test_it_sees_what_was_committed_before_and_writes_nothing(store: SQLiteStore) -> None:
    for number in range(3):
        await store.change(appending(number))
        assert len(await store.read(lambda tx: tx.events(), brief=True)) == number + 1
    with pytest.raises(StoreError):
        await store.read(lambda tx: tx.append(samples.event(9)), brief=True)


async def test_a_closed_store_is_not_glanced_at(store: SQLiteStore) -> None:
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.read(lambda tx: tx.customer(ALICE), brief=True)
