"""The audit finds what is wrong with a store: each row here spoils one that was whole."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from forge.receipt import Receipt
from tests.faults import audit
from tests.faults.audit import Differences
from tests.faults.book import Book, Told
from tests.faults.processes import Place
from tests.faults.scene import Scene, Stage

SPOILT = {
    "a receipt is gone": ("lost", "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)"),
    "a receipt is another": ("doubled", "UPDATE ledger SET receipt = (SELECT receipt FROM ledger WHERE seq = 1) WHERE seq = 2"),
    "an event is gone": ("halves", "DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)"),
    "an event came twice": (
        "doubled",
        """
        INSERT INTO event (at, task, command, issuer, subject, type, customer, data, customer_seq)
        SELECT at, task, command, issuer, subject, type, customer, data, customer_seq FROM event WHERE seq = 1
        """,
    ),
    "a customer is gone": ("halves", "DELETE FROM customer WHERE seq = (SELECT max(seq) FROM customer)"),
    "a row is somebody else's": ("halves", "UPDATE assignment SET task = x'01711220' WHERE rowid = 1"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    stage = Stage(tmp_path_factory.mktemp("played"), 0.01, tell=lambda _: None)
    async with stage.scene("audit", "nothing") as scene:
        await scene.serve()
        scene.load.start()
        await scene.load.more(40)
    assert scene.line.differences.all == []
    yield scene


def spoil(scene: Scene, folder: Path, *statements: str) -> Differences:
    """Look at a copy of what was played, with something changed behind everybody's back."""
    place = Place(folder)
    place.key.write_bytes(scene.place.key.read_bytes())
    place.database.write_bytes(scene.place.database.read_bytes())
    with closing(sqlite3.connect(place.database)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1, statement
    return audit.look(place, scene.load.book, thoroughly=True)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(SPOILT))
async def test_it_is_found(played: Scene, tmp_path: Path, name: str) -> None:
    kind, statement = SPOILT[name]
    assert statement is not None
    assert spoil(played, tmp_path).all == []
    (tmp_path / "service.pem").unlink()
    assert getattr(spoil(played, tmp_path, statement), kind) != []


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_said_not_to_have_run_has_not(played: Scene, tmp_path: Path) -> None:
    one, receipt = next(iter(played.load.book.held.items()))
    book = Book()
    book.tell(one, Told.NOT_RUN)
    (tmp_path / "a").mkdir()
    assert "its client was told that it did not run" in audit.look(played.place, book).halves[0]
    book.tell(one, Told.NOTHING)
    assert audit.look(played.place, book).all == []
    assert book.receive(one, Receipt.decode(receipt))
    assert (book.open, book.held, book.troubles) == ({}, {one: receipt}, 2)


@pytest.mark.asyncio(loop_scope="module")
async def test_two_receipts_of_one_task_are_a_contradiction(played: Scene) -> None:
    (one, first), (_, second) = list(played.load.book.held.items())[:2]
    book = Book()
    book.receive(one, Receipt.decode(first))
    book.receive(one, Receipt.decode(second))
    assert audit.look(played.place, book).doubled != []
