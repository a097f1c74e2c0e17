"""Ledgers with rows to move, and what must be true of them whatever happens."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from forge.ports import LedgerEntry, Moved
from store import AlreadyExists, Transaction, connect
from tests.store import samples
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, task

EVER = 2**40
"""A time that comes after all of them."""


def entry(number: int, at: int | None = None) -> LedgerEntry:
    """A row of which no two are alike, written at its number's time unless something else is said."""
    return replace(
        samples.entry(number),
        at=number if at is None else at,
        command=f"/c{number % 3}",
        issuer=(ALICE, BOB)[number % 2],
        invocation=b"invocation %d" % number * (1 + number % 90),
        proofs=tuple(map(task, range(number % 4))),
    )


def recording(*entries: LedgerEntry) -> Callable[[Transaction], None]:
    """A unit that writes these rows."""

    def work(tx: Transaction) -> None:
        for one in entries:
            tx.record(one)

    return work


async def filled(store: Tx, count: int, first: int = 1) -> list[LedgerEntry]:
    """Write so many rows, one second after the other."""
    entries = [entry(number) for number in range(first, first + count)]
    await store.change(recording(*entries))
    return entries


async def moved(store: Tx, file: Path, before: int = EVER) -> Moved:
    return await store.archive(file, before=before, tell=lambda _, __: None)


async def answered(store: Tx, entries: Iterable[LedgerEntry]) -> None:
    """See that each of these tasks has its receipt, whoever asks, and none runs again."""
    for one in entries:
        assert await store.receipt(one.task) == one.receipt
        assert await store.read(lambda tx, one=one: (tx.entry(one.task), tx.recorded(one.task))) == (one, one.receipt)  # type: ignore[misc] # its default binds it
    await none_runs_again(store, entries)


async def none_runs_again(store: Tx, entries: Iterable[LedgerEntry]) -> None:
    """See that none of these tasks can be entered once more."""
    tries = [store.change(recording(replace(one, receipt=b"another"))) for one in entries]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(result) for result in results} <= {AlreadyExists}


def ledger(file: Path) -> dict[bytes, bytes | None]:
    """Each task of a SQLite store, and its receipt where it was not moved."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return dict(connection.execute("SELECT task, receipt FROM ledger").fetchall())


def whole(file: Path) -> set[int]:
    """The times of the rows that were not moved."""
    with closing(sqlite3.connect(file)) as connection:
        return {at for (at,) in connection.execute("SELECT at FROM ledger WHERE archive IS NULL")}


def ask(file: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Execute statements on a SQLite file; give what the last one found."""
    found: list[tuple[Any, ...]] = []
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            found = connection.execute(statement).fetchall()
    return found


async def another(folder: Path, count: int) -> Path:
    """Make another store with an archive, and give that archive's file."""
    store = await connect(str(folder / "store.db"))
    await filled(store, count)
    await moved(store, folder / "archive.db")
    await store.close()
    return folder / "archive.db"
