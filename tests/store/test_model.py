"""The store against a model in plain Python: whatever is done to both, both say the same."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry, Store
from store import AlreadyExists, Assignment, Customer, Event, Subscription, Transaction, connect
from tests.store import samples
from tests.store.samples import ALICE, BOB, OTHER, SERVICE, SHELF, SPACE

CUSTOMERS = (ALICE, BOB)
PROVIDERS = (SERVICE, OTHER)
CONSUMERS = (SPACE, SHELF)
IDS = ("one", "two")
NUMBERS = range(6)

customers = st.sampled_from(CUSTOMERS)
providers = st.sampled_from(PROVIDERS)
consumers = st.sampled_from(CONSUMERS)
ids = st.sampled_from(IDS)
numbers = st.sampled_from(NUMBERS)
times = st.integers(0, 50)


class Fault(Exception):
    """What a unit raises at its end."""


@dataclasses.dataclass
class Model:
    """What there should be."""

    customers: dict[DID, Customer] = dataclasses.field(default_factory=dict)
    subscriptions: dict[tuple[DID, str], Subscription] = dataclasses.field(default_factory=dict)
    rows: list[Assignment] = dataclasses.field(default_factory=list)
    events: list[Event] = dataclasses.field(default_factory=list)
    ledger: dict[CID, LedgerEntry] = dataclasses.field(default_factory=dict)
    revokers: dict[CID, set[DID]] = dataclasses.field(default_factory=dict)

    def current(self, provider: DID, consumer: DID) -> Assignment | None:
        return next((row for row in self.rows if (row.provider, row.consumer, row.until) == (provider, consumer, None)), None)

    def close(self, row: Assignment, at: int, task: CID) -> int:
        until = max(at, row.since)
        self.rows[self.rows.index(row)] = dataclasses.replace(row, until=until, ended_by=task)
        return until


class Laws(RuleBasedStateMachine):
    """Rules do the same to the store and to the model; invariants compare them."""

    folder: ClassVar[Path]
    opened: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        file = self.folder / f"{Laws.opened}.db"
        Laws.opened += 1
        shutil.copy(self.folder / "empty.db", file)
        self.store: Store[Transaction] = self.loop.run(connect(str(file)))
        self.model = Model()
        self.before: tuple[Assignment, ...] = ()
        self.made = 0

    def teardown(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()

    def change(self, work: Callable[[Transaction], object], refusal: type[Exception] | None = None) -> None:
        """Do it, with an event; it is refused exactly when it should be."""
        self.made += 1
        event = samples.event(self.made)

        def unit(tx: Transaction) -> None:
            tx.append(event)
            work(tx)

        if refusal is None:
            self.loop.run(self.store.change(unit))
            self.model.events.append(event)
        else:
            with pytest.raises(refusal):
                self.loop.run(self.store.change(unit))

    def ask(self, look_up: Callable[..., Any], *values: object) -> Any:
        return self.loop.run(self.store.read(lambda tx: look_up(tx, *values)))

    # -- rules -------------------------------------------------------------------------------------------------------

    @rule(did=customers, number=numbers)
    def add_a_customer(self, did: DID, number: int) -> None:
        customer = samples.customer(did, number)
        taken = did in self.model.customers
        self.change(lambda tx: tx.add_customer(customer), AlreadyExists if taken else None)
        self.model.customers.setdefault(did, customer)

    @rule(provider=providers, id_=ids, did=customers, number=numbers)
    def add_a_subscription(self, provider: DID, id_: str, did: DID, number: int) -> None:
        subscription = samples.subscription(id_, of=did, provider=provider, number=number)
        if (provider, id_) in self.model.subscriptions:
            self.change(lambda tx: tx.add_subscription(subscription), AlreadyExists)
        elif did not in self.model.customers:
            self.change(lambda tx: tx.add_subscription(subscription), sqlite3.IntegrityError)
        else:
            self.change(lambda tx: tx.add_subscription(subscription))
            self.model.subscriptions[provider, id_] = subscription

    @rule(provider=providers, consumer=consumers, id_=ids, at=times, number=numbers)
    def assign(self, provider: DID, consumer: DID, id_: str, at: int, number: int) -> None:
        def work(tx: Transaction) -> None:
            tx.assign(provider, consumer, id_, at=at, task=samples.task(number))

        if self.model.current(provider, consumer) is not None:
            self.change(work, AlreadyExists)
        elif (provider, id_) not in self.model.subscriptions:
            self.change(work, sqlite3.IntegrityError)
        else:
            self.change(work)
            row = Assignment(provider=provider, consumer=consumer, subscription=id_, since=at, task=samples.task(number))
            self.model.rows.append(row)

    @rule(provider=providers, consumer=consumers, at=times, number=numbers)
    def release(self, provider: DID, consumer: DID, at: int, number: int) -> None:
        self.change(lambda tx: tx.release(provider, consumer, at=at, task=samples.task(number)))
        current = self.model.current(provider, consumer)
        if current is not None:
            self.model.close(current, at, samples.task(number))

    @rule(provider=providers, consumer=consumers, id_=ids, at=times, number=numbers)
    def move(self, provider: DID, consumer: DID, id_: str, at: int, number: int) -> None:
        def work(tx: Transaction) -> None:
            tx.move(provider, consumer, id_, at=at, task=samples.task(number))

        current = self.model.current(provider, consumer)
        if current is None:
            self.change(work, LookupError)
        elif (provider, id_) not in self.model.subscriptions:
            self.change(work, sqlite3.IntegrityError)
        else:
            self.change(work)
            since = self.model.close(current, at, samples.task(number))
            row = Assignment(provider=provider, consumer=consumer, subscription=id_, since=since, task=samples.task(number))
            self.model.rows.append(row)

    @rule(number=numbers, did=customers, at=times)
    def revoke(self, number: int, did: DID, at: int) -> None:
        self.change(lambda tx: tx.revoke(samples.revocation(number, did), at=at))
        self.model.revokers.setdefault(samples.task(number), set()).add(did)

    @rule(number=numbers, at=times)
    def record(self, number: int, at: int) -> None:
        entry = dataclasses.replace(samples.entry(number), at=at)
        taken = entry.task in self.model.ledger
        self.change(lambda tx: tx.record(entry), AlreadyExists if taken else None)
        self.model.ledger.setdefault(entry.task, entry)

    @rule(did=customers, place=st.tuples(providers, consumers, ids), number=numbers, inside=st.booleans())
    def fail(self, did: DID, place: tuple[DID, DID, str], number: int, *, inside: bool) -> None:
        """A unit that does what it can and then raises, or undoes it itself by a savepoint."""
        provider, consumer, id_ = place

        def all_sorts(tx: Transaction) -> None:
            if tx.customer(did) is None:
                tx.add_customer(samples.customer(did, number))
            if tx.subscription(provider, id_) is None:
                tx.add_subscription(samples.subscription(id_, of=did, provider=provider))
            if tx.current(provider, consumer) is None:
                tx.assign(provider, consumer, id_, at=1, task=samples.task(number))
            else:
                tx.move(provider, consumer, id_, at=1, task=samples.task(number))
            tx.revoke(samples.revocation(number, did), at=1)
            raise Fault

        def work(tx: Transaction) -> None:
            tx.append(samples.event(99))
            all_sorts(tx)

        def guarded(tx: Transaction) -> None:
            with suppress(Fault), tx.savepoint():
                work(tx)

        if inside:
            self.change(guarded)
        else:
            with pytest.raises(Fault):
                self.loop.run(self.store.change(work))

    # -- laws --------------------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """A unit that failed left nothing; one that did not left all."""
        model = self.model
        assert {did: found for did in CUSTOMERS if (found := self.ask(Transaction.customer, did))} == model.customers
        for provider in PROVIDERS:
            for id_ in IDS:
                found = self.ask(Transaction.subscription, provider, id_)
                assert found == model.subscriptions.get((provider, id_))
                used = sum((row.provider, row.subscription, row.until) == (provider, id_, None) for row in model.rows)
                assert self.ask(Transaction.used, provider, id_) == used
        for did in CUSTOMERS:
            count = sum(subscription.customer == did for subscription in model.subscriptions.values())
            assert self.ask(Transaction.count_subscriptions, did) == count
        assert [dataclasses.replace(event, seq=None) for event in self.ask(Transaction.events)] == model.events
        tasks = [samples.task(number) for number in NUMBERS]
        assert {task: entry for task in tasks if (entry := self.ask(Transaction.entry, task))} == model.ledger
        assert self.ask(Transaction.revokers, tasks) == model.revokers

    @invariant()
    def a_consumer_is_in_one_subscription_of_a_provider(self) -> None:
        for consumer in CONSUMERS:
            current = [row for row in self.ask(Transaction.history, consumer) if row.until is None]
            with_whom = [row.provider for row in current]
            assert len(set(with_whom)) == len(with_whom)
            assert self.ask(Transaction.providers_of, consumer) == tuple(sorted(with_whom))
            for provider in PROVIDERS:
                row = self.model.current(provider, consumer)
                assert self.ask(Transaction.current, provider, consumer) == row
                found = self.ask(Transaction.provisioned, provider, consumer)
                if row is None:
                    assert found is None
                else:
                    assert found.assignment == row
                    assert found.subscription == self.model.subscriptions[provider, row.subscription]

    @invariant()
    def history_loses_no_row_and_changes_none_that_ended(self) -> None:
        rows: tuple[Assignment, ...] = ()
        for consumer in CONSUMERS:
            mine = self.ask(Transaction.history, consumer)
            assert list(mine) == [row for row in self.model.rows if row.consumer == consumer]
            rows += mine
        for row in self.before:
            assert row in rows or (
                row.until is None
                and any(dataclasses.replace(now, until=None, ended_by=None) == row and now.ended_by is not None for now in rows)
            )
        self.before = rows


def test_the_store_keeps_the_laws(tmp_path: Path) -> None:
    async def make_one() -> None:
        await (await connect(str(tmp_path / "empty.db"))).close()

    asyncio.run(make_one())
    Laws.folder = tmp_path
    run_state_machine_as_test(
        Laws,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
        ),
    )
