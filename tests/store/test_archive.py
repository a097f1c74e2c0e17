"""Rows of the ledger that were moved to an archive, on every engine: all is as before, but where they are."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from forge.errors import StoreError
from forge.ports import LedgerEntry
from store import Transaction, connect
from store.archive import moving, rows
from store.archive.file import ArchiveFile
from tests.store.archived import EVER, answered, ask, entry, filled, ledger, moved, none_runs_again, recording, whole
from tests.store.conftest import ENGINES, Tx
from tests.store.samples import event, names, task
from tests.store.units import appending

MANY = 60


@pytest.fixture
def _pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows be a page, and fewer a transaction."""
    monkeypatch.setattr(moving, "PAGE", 7)
    monkeypatch.setattr(moving, "HOLD", 0)
    monkeypatch.setattr(moving, "REST", 0)


async def numbers_of_whole(store: Tx) -> list[int]:
    return [at for _, at in await store.read(lambda tx: tx.oldest(0, 10_000))]


# -- what was moved -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_pages")
async def test_what_was_moved_is_answered_as_before(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, MANY)
    said = await moved(store, file, before=41)
    assert (said.rows, said.size) == (40, sum(map(rows.weight, entries[:40])))
    assert await numbers_of_whole(store) == list(range(41, MANY + 1))
    await answered(store, entries)
    assert await store.read(lambda tx: (tx.recorded(task(999)), tx.entry(task(999)))) == (None, None)
    assert await store.receipt(task(999)) is None


async def test_the_last_row_stays_and_the_next_follow_it(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, MANY)
    assert (await moved(store, file)).rows == MANY - 1
    assert (await moved(store, file)).rows == 0
    entries += await filled(store, 5, first=MANY + 1)
    assert (await moved(store, file)).rows == 5
    assert await numbers_of_whole(store) == [MANY + 5]
    await answered(store, entries)


async def test_a_row_is_moved_by_its_own_time(store: Tx, tmp_path: Path) -> None:
    """Those between which a clock was put back or forward."""
    file = tmp_path / "archive.db"
    ats = [50, 90, 51, 10, 52, 95, 53, 99]
    entries = [entry(number, at) for number, at in enumerate(ats)]
    await store.change(recording(*entries))
    assert (await moved(store, file, before=52)).rows == 3
    assert await numbers_of_whole(store) == [90, 52, 95, 53, 99]
    await answered(store, entries)


@pytest.mark.usefixtures("_pages")
async def test_what_follows_a_page_of_younger_ones_is_not_looked_for(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = [entry(number, at) for number, at in enumerate([1, *[99] * 2 * moving.PAGE, 2, 99])]
    await store.change(recording(*entries))
    assert (await moved(store, file, before=50)).rows == 1
    await answered(store, entries)


async def test_where_nothing_is_that_old_nothing_is_made(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "new" / "archive.db"
    for count in (0, 1, 2):
        await filled(store, count, first=100 * (count + 1))
        said = await moved(store, file, before=100)
        assert (said.archive, said.rows, said.size) == (None, 0, 0)
    assert await store.archives() == []
    assert not file.parent.exists()


async def test_a_moved_task_is_never_entered_again_even_without_the_file(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, MANY)
    await moved(store, file)
    file.unlink()
    await none_runs_again(store, entries)
    assert [await store.receipt(one.task) for one in entries[-1:]] == [entries[-1].receipt]


def counted(tx: Transaction, looked_up: Any) -> tuple[int, Any]:
    """Call something; give how many statements that took, and what came of it."""
    count = 0

    def execute(statement: str, values: Any = (), /) -> Any:
        nonlocal count
        count += 1
        return tx._execute(statement, values)

    found = looked_up(Transaction(execute, tx._shelf))
    return count, found


@pytest.mark.parametrize("name", ["recorded", "entry"])
async def test_a_look_up_costs_one_probe_but_where_the_row_was_moved(store: Tx, tmp_path: Path, name: str) -> None:
    file = tmp_path / "archive.db"
    await filled(store, 3)
    await moved(store, file, before=2)

    def work(tx: Transaction) -> list[int]:
        return [counted(tx, lambda tx, number=number: getattr(tx, name)(task(number)))[0] for number in (3, 999, 1)]

    assert await store.read(work) == [1, 1, 2]
    file.unlink()
    assert await store.receipt(task(3)) == entry(3).receipt, "an archive is opened only where it is needed"


async def test_a_missing_archive_fails_only_the_unit_that_needs_it(store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, 3)
    await moved(store, file)
    content = file.read_bytes()
    file.unlink()

    def asking(tx: Transaction) -> bytes | None:
        tx.append(event(7))
        return tx.recorded(entries[0].task)

    works: list[Callable[[Transaction], object]] = [appending(1), asking, appending(2)]
    results = await asyncio.gather(*map(store.change, works), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), StoreError, type(None)]
    assert str(file) in str(results[1])
    assert [one.at for one in await store.read(lambda tx: tx.events())] == [1, 2]
    results = await asyncio.gather(
        *(store.read(lambda tx, one=one: tx.recorded(one.task)) for one in entries),  # type: ignore[misc] # its default binds it
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [StoreError, StoreError, bytes]
    with pytest.raises(StoreError, match=r"archive: .*archive\.db cannot be read: No such file"):
        await store.receipt(entries[0].task)
    file.write_bytes(content)
    await answered(store, entries)


# -- moving beside others -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_pages")
async def test_others_write_between_the_rows_that_are_moved(url: str, store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, 40)
    beside = await connect(url)
    seen: list[int] = []

    async def write(store: Tx) -> None:
        while not moving_.done():
            await store.change(lambda tx: tx.append(event(1)))
            seen.append(len(await numbers_of_whole(store)))

    moving_ = asyncio.create_task(moved(beside, file))
    await asyncio.gather(write(store), write(store))
    assert (await moving_).rows == 39
    assert len(set(seen)) > 5, "its transactions are short, and others get their turn between them"
    await answered(store, entries)
    await beside.close()


@pytest.mark.usefixtures("_pages")
async def test_two_that_move_at_once_move_each_row_once(url: str, store: Tx, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    entries = await filled(store, MANY)
    beside = await connect(url)
    said = await asyncio.gather(moved(store, file), moved(beside, file))
    assert sum(one.rows for one in said) == MANY - 1
    (archive,) = await store.archives()
    assert (archive.rows, archive.oldest, archive.youngest, archive.fault) == (MANY - 1, 1, MANY - 1, None)
    await answered(store, entries)
    await beside.close()


@pytest.mark.usefixtures("_pages")
async def test_two_that_move_to_two_files_at_once(url: str, store: Tx, tmp_path: Path) -> None:
    entries = await filled(store, MANY)
    beside = await connect(url)
    said = await asyncio.gather(moved(store, tmp_path / "a.db"), moved(beside, tmp_path / "b.db"))
    assert sum(one.rows for one in said) == sum(one.rows for one in await store.archives()) == MANY - 1
    await answered(store, entries)
    await beside.close()


async def test_a_transaction_ends_when_its_time_is_over(store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "HOLD", 0)
    monkeypatch.setattr(moving, "REST", 0)
    entries = await filled(store, MANY)
    together: list[int] = []
    real = Transaction.count

    def count(self: Transaction, archive: int, ats: Sequence[int]) -> None:
        together.append(len(ats))
        real(self, archive, ats)

    monkeypatch.setattr(Transaction, "count", count)
    assert (await moved(store, tmp_path / "archive.db")).rows == MANY - 1
    assert sum(together) == MANY - 1
    assert max(together) < 10, "one row as a rule: the clock has gone on then"
    await answered(store, entries)


async def test_what_is_held_in_memory_is_bounded(store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "archive.db"
    entries = [replace(entry(number), invocation=bytes(1000)) for number in range(MANY)]
    await store.change(recording(*entries))
    monkeypatch.setattr(moving, "MOST_BYTES", 3500)
    held: list[int] = []
    real = ArchiveFile.append

    def append(self: ArchiveFile, added: list[LedgerEntry]) -> None:
        held.append(len(added))
        real(self, added)

    monkeypatch.setattr(ArchiveFile, "append", append)
    assert (await moved(store, file)).rows == MANY - 1
    assert max(held) == 4
    await answered(store, entries)


async def test_it_is_told_how_far_it_is(store: Tx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "archive.db"
    monkeypatch.setattr(moving, "PAGE", 10)
    await filled(store, MANY)
    said: list[tuple[int, float]] = []
    await store.archive(file, before=41, tell=lambda count, share: said.append((count, share)))
    assert [count for count, _ in said] == [10, 20, 30, 40]
    assert all(0 <= one < other <= 1 for (_, one), (_, other) in pairwise(said))


# -- whatever the order -------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 9), st.integers(0, 50)),
        st.tuples(st.just("move"), st.sampled_from(["a.db", "b.db"]), st.integers(0, 60)),
        st.tuples(st.just("again"), st.just(""), st.just(0)),
    ),
    max_size=12,
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("_pages")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_every_receipt_is_always_answered_and_nothing_runs_twice(engine: str, steps: list[tuple[str, Any, int]]) -> None:
    with TemporaryDirectory() as name:
        asyncio.run(play(ENGINES[engine](Path(name)), Path(name), steps))


async def play(url: str, folder: Path, steps: list[tuple[str, Any, int]]) -> None:
    store = await connect(url)
    written: list[LedgerEntry] = []
    for kind, what, at in steps:
        if kind == "write":
            new = [entry(len(written) + number, at + number) for number in range(what)]
            await store.change(recording(*new))
            written += new
        elif kind == "move":
            whole_before = await numbers_of_whole(store)
            said = await moved(store, folder / what, before=at)
            assert said.rows <= sum(one < at for one in whole_before)
        else:
            await store.close()
            store = await connect(url)
        await answered(store, written)
    listed = await store.archives()
    assert sum(one.rows for one in listed) == len(written) - len(await numbers_of_whole(store))
    assert [one.fault for one in listed] == [None] * len(listed)
    await store.close()


# -- what is SQLite's own -----------------------------------------------------------------------------------------------


async def test_pages_become_free_and_the_tasks_stay(tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    store = await connect(str(tmp_path / "store.db"))
    entries = [replace(entry(number), invocation=bytes(900)) for number in range(800)]
    await store.change(recording(*entries))
    before = await store.free()
    said = await moved(store, file)
    after = await store.free()
    assert before is not None
    assert after is not None
    assert after - before > said.size * 0.9, "what was moved is free, and nearly all of it"
    await store.close()
    kept = ledger(tmp_path / "store.db")
    assert kept.keys() == {bytes(one.task) for one in entries}
    assert [task for task, receipt in kept.items() if receipt is not None] == [bytes(entries[-1].task)]
    size = (tmp_path / "store.db").stat().st_size
    ask(tmp_path / "store.db", "VACUUM")
    assert (tmp_path / "store.db").stat().st_size < size - said.size * 0.9
    assert whole(tmp_path / "store.db") == {799}
    assert names(tmp_path) == ["archive.db", "store.db"], "one file each, and nothing beside it"
    store = await connect(str(tmp_path / "store.db"))
    entries += await filled(store, 2, first=900)
    await answered(store, entries)
    assert (await moved(store, file, before=EVER)).rows == 2
    await store.close()


@pytest.mark.parametrize(
    "values",
    [
        "NULL, x'01', 'c', 'i', 's', x'', x'', NULL, 1, NULL",
        "NULL, x'01', NULL, 'i', 's', x'', x'', x'', 1, NULL",
        "NULL, x'01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        "-1, x'01', 'c', 'i', 's', x'', x'', x'', 1, NULL",
        "-1, x'01', 'c', 'i', 's', x'', x'', x'', 1, 1",
        "1, x'01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1",
        "-1, x'01', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2",
    ],
)
async def test_a_row_is_whole_or_it_was_moved(tmp_path: Path, values: str) -> None:
    await (await connect(str(tmp_path / "store.db"))).close()
    ask(tmp_path / "store.db", "INSERT INTO archive (id, place, entries) VALUES (x'00', 'a', 0)")
    failed = "FOREIGN KEY" if values.endswith("2") else "CHECK"
    with pytest.raises(sqlite3.IntegrityError, match=f"{failed} constraint failed"):
        ask(tmp_path / "store.db", "PRAGMA foreign_keys = ON", f"INSERT INTO ledger VALUES ({values})")  # noqa: S608 - ours
