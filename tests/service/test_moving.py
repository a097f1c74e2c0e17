"""Moving a subscription to another customer: as much work for ten thousand consumers as for ten. Counted, not timed."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import pytest

from forge.did import DID
from forge.keys import Signer
from store import session, sqlite
from tests.service.scene import Scene, staged

TRANSFER: Final = "/subscription/transfer"
FEW: Final = 10
MANY: Final = 10_000
AT_ONCE: Final = 1000
MOVES: Final = 20
"""Of each, for the times that are printed."""

Rows = dict[str, Counter[tuple[Any, ...]]]


@dataclass(frozen=True)
class Work:
    """What a change made the store do."""

    statements: tuple[str, ...]
    changed: int
    """Rows that were written, whatever wrote them."""
    steps: int
    """Instructions of SQLite's virtual machine: a row that is looked at takes some."""


@dataclass
class Meter:
    """Looks over the shoulder of the connection that writes."""

    statements: list[str] = field(default_factory=list)
    connection: sqlite3.Connection | None = None
    steps: int = 0

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watch the writer of the store that is opened next."""
        opened, execute = sqlite._open, session.Reader._execute

        def spy(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
            connection = opened(path, pragmas)
            if pragmas is sqlite._WRITING:
                self.connection = connection
            return connection

        def note(writer: Any, statement: str, values: Sequence[str | bytes | int | None] = ()) -> sqlite3.Cursor:
            self.statements.append(statement)
            return execute(writer, statement, values)

        monkeypatch.setattr(sqlite, "_open", spy)
        monkeypatch.setattr(session.Writer, "_execute", note, raising=False)

    def step(self) -> int:
        self.steps += 1
        return 0

    async def of(self, change: Awaitable[object]) -> Work:
        """Do one change while nothing else happens."""
        assert self.connection is not None
        self.statements.clear()
        self.steps, before = 0, self.connection.total_changes
        self.connection.set_progress_handler(self.step, 1)
        await change
        self.connection.set_progress_handler(None, 0)
        return Work(tuple(self.statements), self.connection.total_changes - before, self.steps)


@dataclass
class Purchase:
    """A subscription with so many consumers, who holds it, and who is to have it."""

    giver: Signer
    receiver: Signer
    name: str
    consumers: list[DID]

    @classmethod
    async def of(cls, scene: Scene, count: int) -> Purchase:
        """Buy, and seat everybody: not at once, so that their clocks differ."""
        giver, name = await scene.bought("open", seats=count, clock="assignment", period="P1Y")
        consumers = [DID(f"did:web:space{number}.of{count}.example.com") for number in range(count)]
        for begin in range(0, count, min(AT_ONCE, count // 2)):
            await scene.assign(name, *consumers[begin : begin + min(AT_ONCE, count // 2)])
            await scene.advance("P1D")
        return cls(giver, await scene.customer(), name, consumers)

    async def listed(self, scene: Scene, by: Signer) -> list[dict[str, Any]]:
        return await scene.all("/consumer/list", by=by, customer=by, size=AT_ONCE)

    def move(self, scene: Scene) -> Awaitable[object]:
        """Let the receiver take it, by the giver's leave."""
        proof = scene.lend(TRANSFER, of=self.giver, to=self.receiver)
        how = {"by": self.receiver, "subject": self.giver, "proofs": [proof]}
        return scene.do(TRANSFER, **how, subscription=self.name, customer=self.receiver)


def rows(folder: Path) -> Rows:
    """Read everything that the store has."""
    with closing(sqlite3.connect(folder / "forge.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: Counter(connection.execute(f'SELECT * FROM "{name}"')) for name in tables}  # noqa: S608 - a name


def difference(these: Rows, those: Rows) -> dict[str, list[tuple[Any, ...]]]:
    """Give the rows that only these have."""
    return {name: list(left.elements()) for name in these if (left := these[name] - those[name])}


@pytest.mark.no_cover
async def test_as_much_work_for_ten_thousand_as_for_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = Meter()
    meter.install(monkeypatch)
    async with staged(tmp_path) as scene:
        few, many = await Purchase.of(scene, FEW), await Purchase.of(scene, MANY)
        work: list[Work] = []
        for bought in (few, many):
            before, listed = rows(tmp_path), await bought.listed(scene, bought.giver)
            assert len(listed) == len(bought.consumers)
            work.append(await meter.of(bought.move(scene)))
            after = rows(tmp_path)
            gone, new = difference(before, after), difference(after, before)
            assert {name: len(found) for name, found in gone.items()} == {"holding": 1}, "one row is changed"
            assert {name: len(found) for name, found in new.items()} == {"holding": 2, "event": 1, "ledger": 1}
            (held,) = gone["holding"]
            (closed,) = (row for row in new["holding"] if row[0] == held[0])
            assert sum(now != then for now, then in zip(closed, held, strict=True)) == 2, "only until when, and by what task"

            # All are with the new customer, on the seats that they had, with what was left of their time.
            assert await bought.listed(scene, bought.giver) == []
            theirs = await bought.listed(scene, bought.receiver)
            assert theirs == [{**one, "customer": bought.receiver.did} for one in listed]
            assert [one["consumer"] for one in theirs] == bought.consumers
            assert [one["seat"] for one in theirs] == list(range(1, len(theirs) + 1))
            assert len({one["endsAt"] for one in theirs}) == max(2, len(theirs) // AT_ONCE)
            for consumer in bought.consumers[:: len(theirs) // 5]:
                own = await scene.do("/consumer/get", by=bought.receiver, consumer=consumer)
                assert (own["customer"], own["entitled"]) == (bought.receiver.did, True)
        assert work[0] == work[1]
        assert work[1].changed == 4, "a holding that ends, one that begins, the event, the ledger"
        ratio = await _compare(scene, many, few)
    said = f"{len(work[1].statements)} statements, {work[1].steps} steps, {work[1].changed} rows"
    print(f"a transfer: {said}, be it of {FEW} consumers or of {MANY}; that took {ratio:.2f} times as long")  # noqa: T201


async def _compare(scene: Scene, *purchases: Purchase) -> float:
    """Move two there and back, in turn; give how many times as long the first one took. To be looked at, not relied on."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(MOVES):
        for bought, times in zip(purchases, taken, strict=True):
            begin = time.perf_counter()
            await scene.do(TRANSFER, subscription=bought.name, customer=(bought.giver, bought.receiver)[number % 2])
            times.append(time.perf_counter() - begin)
    return median(taken[0]) / median(taken[1])
