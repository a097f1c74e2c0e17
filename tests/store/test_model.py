"""The store against a model in plain Python: whatever is done to both, both say the same."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from forge.did import DID
from forge.ports import Store
from store import AlreadyExists, Transaction, connect
from store.records import Provision
from tests.store import samples
from tests.store.conftest import ENGINES, give_back
from tests.store.model import Key, Model
from tests.store.samples import ALICE, BOB, CAROL, GOLD, OTHER, PRODUCT, SERVICE, SHELF, SPACE, task

CUSTOMERS = (ALICE, BOB, CAROL)
CONSUMERS = (SPACE, SHELF)
PROVIDERS = (SERVICE, OTHER)
KEYS = ((SERVICE, "one"), (SERVICE, "two"), (OTHER, "one"))
MOMENTS = range(0, 8, 3)
TASKS = range(4)

EXAMPLES = {"sqlite": 50, "postgresql": 20}
"""A look at everything after each step takes PostgreSQL longer."""

# Few of each, so that they meet.
customers = st.sampled_from(CUSTOMERS)
keys = st.sampled_from(KEYS)
consumers = st.sampled_from(CONSUMERS)
places = st.tuples(keys, consumers)
seats = st.sampled_from([None, 1, 2])
times = st.integers(0, 8)
ends = st.sampled_from([None, 3, 6])
tasks = st.sampled_from([task(number) for number in TASKS])
numbers = st.sampled_from(TASKS)


class Fault(Exception):
    """What a unit raises at its end."""


def bare(found: Any) -> Any:
    """A record without the places in lists that the store gave it."""
    if isinstance(found, (tuple, list)):
        return [bare(one) for one in found]
    if isinstance(found, Provision):
        return Provision(assignment=bare(found.assignment), subscription=bare(found.subscription))
    return found if found is None else dataclasses.replace(found, seq=None)


class Laws(RuleBasedStateMachine):
    """Rules do the same to the store and to the model; invariants compare them."""

    engine: ClassVar[str]
    folder: ClassVar[Path]
    opened: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        place = self.folder / str(Laws.opened)
        place.mkdir()
        Laws.opened += 1
        self.url = ENGINES[self.engine](place)
        self.store: Store[Transaction] = self.loop.run(connect(self.url))
        self.model = Model()
        self.made = 0

    def teardown(self) -> None:
        self.loop.run(self.store.close())
        self.loop.close()
        give_back(self.url)

    def change(self, work: Callable[[Transaction], object], *, taken: bool = False, absurd: bool = False) -> bool:
        """Do it, with an event. It is refused where it should be, and nothing of it stays: False then."""
        self.made += 1
        event = samples.event(self.made)

        def unit(tx: Transaction) -> None:
            tx.append(event)
            work(tx)

        if not taken and not absurd:
            self.loop.run(self.store.change(unit))
            self.model.events.append(event)
            return True
        # Where a key is taken and another is missing, engines may notice either first.
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the engine's own, where it makes no sense
            self.loop.run(self.store.change(unit))
        assert isinstance(caught.value, AlreadyExists) or absurd
        assert not isinstance(caught.value, AlreadyExists) or taken
        return False

    @initialize(peopled=st.sampled_from([True, True, True, False]))
    def begin(self, *, peopled: bool) -> None:
        """Begin with nothing, or with what most rules need."""
        if peopled:
            for did in CUSTOMERS:
                self.add_a_customer(did=did, by=task(0), at=0)
            for key, did in zip(KEYS, CUSTOMERS, strict=True):
                self.add_a_subscription(key=key, did=did, by=task(0), at=0)

    # -- customers ---------------------------------------------------------------------------------------------------

    @rule(did=customers, by=tasks, at=times)
    def add_a_customer(self, did: DID, by: Any, at: int) -> None:
        customer = samples.customer(did, task=by, inserted_at=at)
        if self.change(lambda tx: tx.add_customer(customer), taken=did in self.model.customers):
            self.model.customers[did] = customer

    @rule(did=customers, product=st.sampled_from([PRODUCT, GOLD]), account=st.sampled_from([None, "f1:a"]), by=tasks, at=times)
    def update_a_customer(self, did: DID, product: DID, account: str | None, by: Any, at: int) -> None:
        customer = samples.customer(did, product=product, external_account=account)
        self.change(lambda tx: tx.update_customer(customer, at=at, task=by))
        self.model.update(customer, at, by)

    @rule(did=customers, by=tasks, at=times)
    def suspend(self, did: DID, by: Any, at: int) -> None:
        taken = self.model.suspensions.current(did) is not None
        if self.change(
            lambda tx: tx.suspend(did, reason=None, at=at, task=by), taken=taken, absurd=did not in self.model.customers
        ):
            self.model.suspensions.begin(did, did, at, by)

    @rule(did=customers, by=tasks, at=times)
    def resume(self, did: DID, by: Any, at: int) -> None:
        self.change(lambda tx: tx.resume(did, at=at, task=by))
        self.model.suspensions.end(did, at, by)

    @rule(did=customers, by=tasks, at=times)
    def close(self, did: DID, by: Any, at: int) -> None:
        if self.change(lambda tx: tx.close(did, at=at, task=by), absurd=did not in self.model.customers):
            self.model.closures.setdefault(did, at)

    @rule(guest=customers, did=customers, by=tasks)
    def link(self, guest: DID, did: DID, by: Any) -> None:
        absurd = not {guest, did} <= self.model.customers.keys()
        if guest != did and self.change(
            lambda tx: tx.link(guest, did, at=1, task=by), taken=guest in self.model.links, absurd=absurd
        ):
            self.model.links[guest] = did

    @rule(did=customers, payer=customers, by=tasks, at=times)
    def add_a_payer(self, did: DID, payer: DID, by: Any, at: int) -> None:
        absurd = did == payer or not {did, payer} <= self.model.customers.keys()
        taken = self.model.payer(did) is not None
        if self.change(lambda tx: tx.add_payer(did, payer, at=at, task=by), taken=taken, absurd=absurd):
            self.model.payers.begin(did, payer, at, by)

    @rule(did=customers, by=tasks, at=times)
    def end_a_payer(self, did: DID, by: Any, at: int) -> None:
        self.change(lambda tx: tx.end_payer(did, at=at, task=by))
        self.model.payers.end(did, at, by)

    # -- subscriptions -----------------------------------------------------------------------------------------------

    @rule(key=keys, did=customers, by=tasks, at=times)
    def add_a_subscription(self, key: Key, did: DID, by: Any, at: int) -> None:
        subscription = samples.subscription(key[1], provider=key[0], of=did, task=by, inserted_at=at)
        absurd = did not in self.model.customers
        if self.change(lambda tx: tx.add_subscription(subscription), taken=key in self.model.subscriptions, absurd=absurd):
            self.model.add(subscription)

    @rule(key=keys, did=customers, by=tasks, at=times)
    def transfer(self, key: Key, did: DID, by: Any, at: int) -> None:
        absurd = key not in self.model.subscriptions or did not in self.model.customers
        if self.change(lambda tx: tx.transfer(*key, did, at=at, task=by), absurd=absurd):
            self.model.transfer(key, did, at, by)

    @rule(key=keys, ends_at=ends, by=tasks, at=times)
    def say_when_it_ends(self, key: Key, ends_at: int | None, by: Any, at: int) -> None:
        if self.change(lambda tx: tx.set_term(*key, ends_at, at=at, task=by), absurd=key not in self.model.subscriptions):
            self.model.terms.setdefault(key, []).append((at, ends_at))

    @rule(key=keys, effect=st.sampled_from(["now", "end"]), by=tasks, at=times)
    def cancel(self, key: Key, effect: Any, by: Any, at: int) -> None:
        taken = (key, effect) in self.model.cancellations
        if self.change(
            lambda tx: tx.cancel(*key, effect, at=at, task=by), taken=taken, absurd=key not in self.model.subscriptions
        ):
            self.model.cancellations[key, effect] = at

    @rule(key=keys, event=st.sampled_from(["paid", "failed", "refunded"]), reference=st.sampled_from("ab"), ends_at=ends)
    def say_what_was_paid(self, key: Key, event: Any, reference: str, ends_at: int | None) -> None:
        payment = samples.payment(event, reference, ends_at, provider=key[0], subscription=key[1])
        absurd = key not in self.model.subscriptions or (event == "paid" and ends_at is None)
        taken = (key, event, reference) in self.model.payments
        if self.change(lambda tx: tx.add_payment(payment), taken=taken, absurd=absurd):
            self.model.payments[key, event, reference] = payment

    # -- consumers ---------------------------------------------------------------------------------------------------

    @rule(place=places, seat=seats, by=tasks, at=times)
    def assign(self, place: tuple[Key, DID], seat: int | None, by: Any, at: int) -> None:
        (provider, id_), consumer = place
        free = self.model.assignments.current((provider, consumer)) is None and self.model.can_sit((provider, id_), seat)
        absurd = (provider, id_) not in self.model.subscriptions
        if self.change(lambda tx: tx.assign(provider, consumer, id_, at=at, task=by, seat=seat), taken=not free, absurd=absurd):
            self.model.assign(provider, consumer, (id_, seat), at, by)

    @rule(provider=st.sampled_from(PROVIDERS), consumer=consumers, by=tasks, at=times)
    def release(self, provider: DID, consumer: DID, by: Any, at: int) -> None:
        self.change(lambda tx: tx.release(provider, consumer, at=at, task=by))
        self.model.assignments.end((provider, consumer), at, by)

    @rule(provider=st.sampled_from(PROVIDERS), consumer=consumers, by=tasks, at=times)
    def accept(self, provider: DID, consumer: DID, by: Any, at: int) -> None:
        self.change(lambda tx: tx.accept(provider, consumer, at=at, task=by))
        row = self.model.assignments.current((provider, consumer))
        if row is not None and row.accepted_at is None:
            row.accepted_at = at

    # -- the core's, and what fails ----------------------------------------------------------------------------------

    @rule(number=numbers, did=customers, at=times)
    def revoke(self, number: int, did: DID, at: int) -> None:
        self.change(lambda tx: tx.revoke(samples.revocation(number, did), at=at))
        self.model.revokers.setdefault(task(number), set()).add(did)

    @rule(number=numbers, at=times)
    def record(self, number: int, at: int) -> None:
        entry = dataclasses.replace(samples.entry(number), at=at)
        if self.change(lambda tx: tx.record(entry), taken=entry.task in self.model.ledger):
            self.model.ledger[entry.task] = entry

    @rule(did=customers, place=places, number=numbers, inside=st.booleans())
    def fail(self, did: DID, place: tuple[Key, DID], number: int, *, inside: bool) -> None:
        """A unit that does what it can and then raises, or undoes it itself by a savepoint."""
        (provider, id_), consumer = place

        def work(tx: Transaction) -> None:
            tx.append(samples.event(99))
            if tx.customer(did) is None:
                tx.add_customer(samples.customer(did, number))
            tx.update_customer(samples.customer(did), at=1, task=task(number))
            tx.close(did, at=1, task=task(number))
            if tx.is_taken(provider, id_):
                tx.transfer(provider, id_, did, at=1, task=task(number))
            else:
                tx.add_subscription(samples.subscription(id_, of=did, provider=provider))
            tx.release(provider, consumer, at=1, task=task(number))
            tx.assign(provider, consumer, id_, at=1, task=task(number), seat=9)
            tx.revoke(samples.revocation(number, did), at=1)
            raise Fault

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
    def both_say_the_same(self) -> None:
        """A unit that failed left nothing; one that did not left all."""
        model = self.model

        def look(tx: Transaction) -> None:
            for did in CUSTOMERS:
                assert tx.customer(did) == model.customer(did)
                assert tx.profiles(did) == tuple(one for one in model.profiles if one.customer == did)
                assert tx.payer(did) == model.payer(did)
                leaves = [row.key for row in model.payers.all_current() if row.value == did]
                assert [leaf.customer for leaf in tx.leaves(did)] == leaves
                assert [leaf.subscriptions for leaf in tx.leaves(did)] == [len(model.held(leaf)) for leaf in leaves]
                assert bare(tx.subscriptions(customer=did)) == [model.subscription(key) for key in model.held(did)]
                assert tx.count_subscriptions(did) == len(model.held(did))
                assert bare(tx.consumers(customer=did)) == model.consumers(model.held(did))
                for at in MOMENTS:
                    assert tx.was_blocked(did, at) == model.was_blocked(did, at)
                    assert tx.payer_at(did, at) == model.payers.last_at(did, at)
            assert [one.did for one in tx.customers("", 9)] == model.listed()
            for key in KEYS:
                assert bare(tx.subscription(*key)) == model.subscription(key)
                assert tx.used(*key) == len(model.used(key))
                assert tx.vacant_seat(*key) == model.vacant(key)
                assert tx.last_seat(*key) == model.last_seat(key)
                assert bare(tx.consumers(subscription=key)) == model.consumers([key])
                for at in MOMENTS:
                    assert tx.holder_at(*key, at) == model.holdings.last_at(key, at)
                    assert tx.term_at(*key, at) == model.term_at(key, at)
            assert bare(tx.consumers()) == model.consumers(model.held())
            for consumer in CONSUMERS:
                rows = [row for row in model.assignments if row.key[1] == consumer]
                assert bare(tx.history(consumer)) == [model.assignment(row) for row in rows]
                current = {row.key[0]: row for row in rows if row.until is None}
                assert tx.providers_of(consumer) == tuple(sorted(current))
                for provider in PROVIDERS:
                    row = current.get(provider)
                    assert bare(tx.provisioned(provider, consumer)) == (None if row is None else model.provision(row))
            assert bare(tx.events()) == model.events
            assert {by: entry for by in map(task, TASKS) if (entry := tx.entry(by))} == model.ledger
            assert tx.revokers(map(task, TASKS)) == model.revokers

        self.loop.run(self.store.read(look))

    @invariant()
    def the_model_keeps_the_laws_itself(self) -> None:
        """One row is current for each key, one consumer is on each seat, and a row that has ended is as it was."""
        model = self.model
        for dated in (model.suspensions, model.payers, model.holdings, model.assignments):
            current = [row.key for row in dated.all_current()]
            assert len(set(current)) == len(current)
            assert all((row.until is None) == (row.ended_by is None) for row in dated)
            assert all(row.until is None or row.since <= row.until for row in dated)
        seated = [(row.key[0], *row.value) for row in model.assignments.all_current() if row.value[1] is not None]
        assert len(set(seated)) == len(seated)


@pytest.mark.no_cover
@pytest.mark.parametrize("engine", ENGINES)
def test_the_store_keeps_the_laws(engine: str, tmp_path: Path) -> None:
    Laws.engine, Laws.folder, Laws.opened = engine, tmp_path, 0
    run_state_machine_as_test(
        Laws,
        settings=settings(
            max_examples=EXAMPLES[engine],
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
