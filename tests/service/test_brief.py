"""Commands that are marked `brief` run on the event loop, where all others wait for them: so they are short, whatever there is.

A command that lists, or that goes through what a customer has, is not brief, however few rows there are today.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from commands import CATALOG
from commands.subscription.assign import assign
from forge.binding import Command
from forge.did import DID
from forge.keys import Signer
from store import session, sqlite
from store.records import Subscription
from store.transaction import Transaction
from tests.service.deeds import DEEDS
from tests.service.scene import START, Scene, staged
from tests.store import samples
from tests.store.conftest import empty

BRIEF: Final = {str(route.command.path): route for route in CATALOG if route.command.brief}
MOST: Final = 24
"""Statements of a unit, with what is asked for every task."""
CROWD: Final = 60
LONG: Final = ("/customer/close", "/customer/get", "/subscription/list", "/subscription/cancel")
"""Some that are not brief, to see that this is noticed: it goes through what a customer has, or counts it, or what was paid."""


def arrays(schema: Any, place: str = "") -> list[str]:
    """Where a JSON schema lets a list stand."""
    if isinstance(schema, list):
        return [found for number, one in enumerate(schema) for found in arrays(one, f"{place}[{number}]")]
    if not isinstance(schema, dict):
        return []
    kinds = schema.get("type")
    here = [place] if "array" in ([kinds] if isinstance(kinds, str) else kinds or []) or "prefixItems" in schema else []
    return here + [found for key, one in schema.items() for found in arrays(one, f"{place}.{key}")]


def schema_of(command: Command[Any, Any]) -> Any:
    return command.arguments.model_json_schema(by_alias=True)


def test_some_are() -> None:
    assert "/customer/add" in BRIEF
    assert not BRIEF.keys() & set(LONG)


@pytest.mark.parametrize("path", BRIEF)
def test_it_takes_no_list(path: str) -> None:
    assert arrays(schema_of(BRIEF[path].command)) == []


def test_a_list_would_be_seen() -> None:
    assert arrays(schema_of(assign))


def crowded(tx: Transaction, service: DID, named: dict[DID, str], subscription: str | None) -> None:
    """Give everybody and everything that is named a crowd of its own, and have another crowd beside it."""
    strangers = [DID(f"did:web:stranger{number}.example.com") for number in range(CROWD)]
    samples.register(tx, *strangers)
    for holder in (*(one for one in named if tx.customer(one) is not None), strangers[0]):
        for number, leaf in enumerate(DID(f"did:web:leaf{number}.{holder.replace(':', '.')}") for number in range(CROWD)):
            samples.register(tx, leaf)
            if named.get(holder) != "customer":
                # Who is to be paid for pays for nobody.
                tx.add_payer(leaf, holder, at=START, task=samples.task(5))
            name = f"{number} of {holder}"
            made = Subscription(
                provider=service,
                id=name,
                customer=holder,
                product=samples.PRODUCT,
                starts_at=START,
                inserted_at=START,
                task=samples.task(6),
            )
            tx.add_subscription(made)
            tx.assign(service, leaf, name, at=START, task=samples.task(6))
            tx.append(samples.event(START, customer=holder, subscription=name, consumer=leaf))
            tx.record(samples.entry(abs(hash((holder, number)))))
    for number in range(CROWD if subscription else 0):
        seat = DID(f"did:web:seat{number}.example.com")
        tx.assign(service, seat, str(subscription), at=START, task=samples.task(7), seat=100 + number)
        paid = samples.payment(reference=f"past_{number}", ends_at=START + number, subscription=subscription, provider=service)
        tx.add_payment(paid)


@dataclass(frozen=True)
class Work:
    """What was asked of the store, and what SQLite's machine did for it: a row that is looked at takes some instructions."""

    statements: tuple[str, ...]
    steps: int


class Meter:
    """Looks over the shoulder of all connections of the store that is opened next."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._statements: list[str] = []
        self._steps = 0
        self._connections: list[sqlite3.Connection] = []
        opened, execute = sqlite._open, session.Reader._execute

        def spy(path: Path, pragmas: Sequence[str]) -> sqlite3.Connection:
            connection = opened(path, pragmas)
            # The one that brings the schema up to date is closed again.
            if pragmas is not sqlite._PRAGMAS:
                self._connections.append(connection)
            return connection

        def note(session: Any, statement: str, values: Sequence[str | bytes | int | None] = ()) -> sqlite3.Cursor:
            self._statements.append(statement)
            return execute(session, statement, values)

        patch.setattr(sqlite, "_open", spy)
        patch.setattr(session.Reader, "_execute", note)

    async def of(self, doing: Awaitable[object]) -> Work:
        """Do something while nothing else happens."""
        self._statements.clear()
        self._steps = 0
        for connection in self._connections:
            connection.set_progress_handler(self._step, 1)
        await doing
        for connection in self._connections:
            connection.set_progress_handler(None, 0)
        return Work(tuple(self._statements), self._steps)

    def _step(self) -> int:
        self._steps += 1
        return 0


async def work_of(folder: Path, path: str, *, crowd: bool) -> Work:
    """Run the command once, in a service of its own, with nobody about or with a crowd; give what the store did for it."""
    # Making it opens a store, too.
    await asyncio.to_thread(empty)
    with pytest.MonkeyPatch.context() as patch:
        meter = Meter(patch)
        async with staged(folder) as scene:
            await scene.set_time(START)
            deed = await DEEDS[path](scene)
            # The very first event of a store has none before it to be numbered after.
            await scene.world.app.state.host.store.change(lambda tx: tx.append(samples.event(START)))
            if crowd:
                await fill(scene, deed.arguments)
            how = deed.by.get("service") or next(iter(deed.by.values()))
            return await meter.of(scene.do(path, **how, **deed.arguments))


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    made = [tmp_path / "few", tmp_path / "many"]
    for folder in made:
        folder.mkdir()
    return made


async def both(folders: list[Path], path: str) -> list[Work]:
    """Do it with nobody about, and with a crowd."""
    return [await work_of(folder, path, crowd=crowd) for folder, crowd in zip(folders, (False, True), strict=True)]


async def fill(scene: Scene, arguments: dict[str, Any]) -> None:
    named = {value.did: name for name, value in arguments.items() if isinstance(value, Signer)}
    subscription, service = arguments.get("subscription"), scene.service.did
    await scene.world.app.state.host.store.change(lambda tx: crowded(tx, service, named, subscription))


@pytest.mark.parametrize("path", BRIEF)
async def test_it_does_as_much_whatever_there_is(folders: list[Path], path: str) -> None:
    few, many = await both(folders, path)
    assert few == many
    assert 0 < len(few.statements) <= MOST
    assert few.steps > 0


@pytest.mark.parametrize("path", LONG)
async def test_that_one_does_more_would_be_seen(folders: list[Path], path: str) -> None:
    few, many = await both(folders, path)
    assert many.steps > few.steps
