"""Races: of fifty who want the same at the same moment exactly one gets it, whatever way they ask, on one worker and on two.

`FORGE_ROUNDS` says how many times; `-s` shows who won.
"""

from __future__ import annotations

import asyncio
import os
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import pytest
import pytest_asyncio

from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.conftest import ENGINES
from tests.faults.crowd import CLIENTS, Crowd, crowd, sign
from tests.faults.processes import Place
from tests.faults.traces import traces

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS: Final = int(os.environ.get("FORGE_ROUNDS", "20"))
SEATS: Final = 3
STARTER: Final = DID("did:web:starter.example.com")
TEAM: Final = DID("did:web:team.example.com")
ONE: Final = DID("did:web:one.example.com")

Made = Mapping[str, int]
"""How many rows, for each table and column that names the task that made them."""


@dataclass(frozen=True)
class Round:
    """One race."""

    entries: Sequence[Invocation]
    """What the clients ask, one each."""
    made: Mapping[str, Made]
    """What the winner leaves in the store, by its command."""
    setup: Sequence[Invocation] = ()
    """What is done before."""
    proofs: Sequence[Delegation] = ()


@dataclass
class Race(ABC):
    """Something of which there is one, and how it is asked for."""

    PRIZE: ClassVar[str]
    LOST: ClassVar[str]
    """What all are told but the winner."""
    RAN: ClassVar[bool] = True
    """Whether a loser's task ran: its receipt is an outcome then, and kept. A refusal leaves no trace."""

    service: Signer
    winners: list[Invocation] = field(default_factory=list)

    def before(self) -> Sequence[Invocation]:
        """Say what is done once, before all rounds."""
        return ()

    @abstractmethod
    def round(self, number: int) -> Round:
        """Make the next round, with people and things of its own."""

    @abstractmethod
    def check(self, place: Place) -> None:
        """See that the store has what the winners were told."""

    def by(self, who: Signer, command: str, subject: DID | None = None, /, **arguments: Any) -> Invocation:
        return sign(who, self.service.did, command, arguments, subject=subject)

    def customer(self, who: Signer, product: DID = STARTER) -> Invocation:
        return self.by(self.service, "/customer/add", customer=who.did, product=product, details={})

    def subscription(self, who: Signer, product: DID = STARTER, *, by: Signer | None = None) -> Invocation:
        """Subscribe; the task is the subscription's id."""
        arguments = {"customer": who.did, "provider": self.service.did, "product": product}
        return self.by(by or self.service, "/subscription/add", **arguments)

    def assign(self, subscription: str, *consumers: DID, by: Signer | None = None) -> Invocation:
        return self.by(by or self.service, "/subscription/assign", subscription=subscription, consumers=list(consumers))

    def provision(self, who: Signer, consumer: DID) -> Invocation:
        return self.by(who, "/provider/add", provider=self.service.did, consumer=consumer)


def newcomers(count: int) -> list[DID]:
    return [Signer.generate().did for _ in range(count)]


class LastSeat(Race):
    """The last seat of a subscription: one that was never taken, and every other time one that became free."""

    PRIZE = "the last seat"
    LOST = "SeatsExhausted"

    def before(self) -> Sequence[Invocation]:
        return [self.by(self.service, "/plan/add", product=TEAM, name="Team", kind="open", seats=SEATS)]

    def round(self, number: int) -> Round:
        customer = Signer.generate()
        bought = self.subscription(customer, TEAM)
        subscription = str(bought.task)
        seated = newcomers(SEATS - 1 + number % 2)
        setup = [self.customer(customer, TEAM), bought, self.assign(subscription, *seated)]
        made = Counter({"assignment.task": 1, "event.task": 1})
        if number % 2:
            setup.append(self.by(self.service, "/subscription/unassign", subscription=subscription, consumers=[seated[1]]))
            made["assignment.succeeded_by"] = 1
        entries = [self.assign(subscription, one, by=customer) for one in newcomers(CLIENTS // 2)]
        entries += [self.provision(customer, one) for one in newcomers(CLIENTS // 2)]
        return Round(entries, {"/subscription/assign": made, "/provider/add": made}, setup)

    def check(self, place: Place) -> None:
        taken = place.query(
            "SELECT count(*), count(DISTINCT seat), min(seat), max(seat) FROM assignment"
            " WHERE until IS NULL AND seat IS NOT NULL GROUP BY subscription"
        )
        assert taken == [(SEATS, SEATS, 1, SEATS)] * ROUNDS
        seated = dict(place.query("SELECT task, consumer FROM assignment WHERE until IS NULL"))
        for winner in self.winners:
            asked = winner.arguments["consumer"] if winner.command == "/provider/add" else winner.arguments["consumers"]
            assert asked in (seated[bytes(winner.task)], [seated[bytes(winner.task)]])


class OneConsumer(Race):
    """A consumer for which many would pay: one that is new, and every other time one whose subscription was cancelled."""

    PRIZE = "one consumer"
    LOST = "ConsumerExists"

    def before(self) -> Sequence[Invocation]:
        self.former = Signer.generate()
        self.customers = [Signer.generate() for _ in range(CLIENTS)]
        bought = [self.subscription(one) for one in self.customers]
        self.subscriptions = [str(one.task) for one in bought]
        self.consumers: list[DID] = []
        return [*map(self.customer, (self.former, *self.customers)), *bought]

    def round(self, number: int) -> Round:
        (consumer,) = newcomers(1)
        self.consumers.append(consumer)
        setup: list[Invocation] = []
        assigned = Counter({"assignment.task": 1, "event.task": 1})
        if number % 2:
            bought = self.subscription(self.former)
            ended = str(bought.task)
            cancelled = self.by(self.service, "/subscription/cancel", subscription=ended, at="now")
            setup += [bought, self.assign(ended, consumer), cancelled]
            assigned["assignment.ended_by"] = 1
        entries = [
            self.assign(subscription, consumer, by=customer) if index % 2 else self.provision(customer, consumer)
            for index, (customer, subscription) in enumerate(zip(self.customers, self.subscriptions, strict=True))
        ]
        of_its_own = assigned + Counter({"subscription.task": 1, "holding.task": 1, "event.task": 1})
        return Round(entries, {"/subscription/assign": assigned, "/provider/add": of_its_own}, setup)

    def check(self, place: Place) -> None:
        paid = place.query(
            "SELECT a.consumer, h.customer, a.task FROM assignment a JOIN holding h ON h.subscription = a.subscription"
            " WHERE a.until IS NULL AND h.until IS NULL"
        )
        wanted = [one for one in paid if one[0] in self.consumers]
        expected = [
            (consumer, winner.issuer, bytes(winner.task)) for consumer, winner in zip(self.consumers, self.winners, strict=True)
        ]
        assert sorted(wanted) == sorted(expected)


class ExclusivePlan(Race):
    """The one subscription to a plan that a customer may have: it asks by itself, and the service for it."""

    PRIZE = "one exclusive plan"
    LOST = "SubscriptionActive"

    def before(self) -> Sequence[Invocation]:
        self.customers: list[DID] = []
        terms = {"kind": "complimentary", "exclusive": True, "selfServe": True}
        return [self.by(self.service, "/plan/add", product=ONE, name="One", **terms)]

    def round(self, number: int) -> Round:
        del number
        customer = Signer.generate()
        self.customers.append(customer.did)
        entries = [self.subscription(customer, ONE, by=(customer, self.service)[index % 2]) for index in range(CLIENTS)]
        made = {"subscription.task": 1, "holding.task": 1, "term.task": 1, "event.task": 1}
        return Round(entries, {"/subscription/add": made}, [self.customer(customer)])

    def check(self, place: Place) -> None:
        bought = "SELECT h.customer, s.product, s.id FROM holding h JOIN subscription s ON s.id = h.subscription"
        held = [(customer, id_) for customer, product, id_ in place.query(bought) if product == ONE]
        expected = zip(self.customers, (str(winner.task) for winner in self.winners), strict=True)
        assert sorted(held) == sorted(expected)


class OneSubscription(Race):
    """A subscription that its customer gives to two others: each signs, again and again, with the giver's delegation.

    Who is too late is told by a customer that holds it no longer, and so is the winner when it asks once more.
    """

    PRIZE = "one subscription, given to two"
    LOST = "SubscriptionNotFound"
    RAN = False

    def before(self) -> Sequence[Invocation]:
        self.receivers = (Signer.generate(), Signer.generate())
        self.given: list[tuple[str, DID]] = []
        return [self.customer(one) for one in self.receivers]

    def round(self, number: int) -> Round:
        del number
        giver = Signer.generate()
        bought = self.subscription(giver)
        subscription = str(bought.task)
        self.given.append((subscription, giver.did))
        setup = [self.customer(giver), bought, self.assign(subscription, *newcomers(SEATS))]
        proofs = [
            Delegation.issue(
                giver,
                audience=one.did,
                subject=giver.did,
                command=CommandPath("/subscription/transfer"),
                expiration=None,
            )
            for one in self.receivers
        ]
        entries = [
            sign(
                receiver,
                self.service.did,
                "/subscription/transfer",
                {"subscription": subscription, "customer": receiver.did},
                subject=giver.did,
                proofs=[proof],
            )
            for receiver, proof in zip(self.receivers, proofs, strict=True)
            for _ in range(CLIENTS // 2)
        ]
        made = {"holding.task": 1, "holding.ended_by": 1, "event.task": 1}
        return Round(entries, {"/subscription/transfer": made}, setup, proofs)

    def check(self, place: Place) -> None:
        held: dict[str, list[tuple[str, bytes | None]]] = {}
        for subscription, customer, ended_by in place.query(
            "SELECT subscription, customer, ended_by FROM holding ORDER BY seq"
        ):
            held.setdefault(subscription, []).append((customer, ended_by))
        used = dict(place.query("SELECT subscription, count(*) FROM assignment WHERE until IS NULL GROUP BY subscription"))
        for (subscription, giver), winner in zip(self.given, self.winners, strict=True):
            assert held[subscription] == [(giver, bytes(winner.task)), (winner.issuer, None)]
            assert used[subscription] == SEATS


ARENAS = {"one worker": ("sqlite", 1), "two workers": ("sqlite", 2), "two workers on PostgreSQL": ("postgresql", 2)}


@pytest_asyncio.fixture(params=ARENAS, scope="module", loop_scope="module")
async def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Crowd]:
    """Run a server for all races: those before leave it full of others' things."""
    engine, workers = ARENAS[request.param]
    place = await asyncio.to_thread(ENGINES[engine], tmp_path_factory.mktemp("arena"))
    async with crowd(place, workers) as made:
        yield made


@pytest.mark.parametrize("kind", [LastSeat, OneConsumer, ExclusivePlan, OneSubscription])
async def test_exactly_one_wins(arena: Crowd, kind: type[Race]) -> None:
    race = kind(arena.service)
    source = random.Random(50)  # noqa: S311 - who asks where, repeatable
    await arena.do(*race.before())
    expected: dict[bytes, Made] = {}
    receipts: dict[bytes, bytes] = {}
    won = [0] * arena.workers
    before = arena.answered()
    for number in range(ROUNDS):
        one = race.round(number)
        await arena.do(*one.setup)
        entries = source.sample(one.entries, CLIENTS)
        answers = await arena.race([Container.of(entry, one.proofs) for entry in entries])
        outcomes = Counter(answer.error_name or "ok" for answer in answers)
        assert outcomes == {"ok": 1, race.LOST: CLIENTS - 1}, f"round {number}"
        for index, (entry, answer) in enumerate(zip(entries, answers, strict=True)):
            task = bytes(entry.task)
            if answer.error is None:
                won[index % arena.workers] += 1
                race.winners.append(entry)
                expected[task] = {**one.made[entry.command], "ledger.task": 1}
            else:
                expected[task] = {"ledger.task": 1} if race.RAN else {}
            if expected[task]:
                receipts[task] = bytes(answer)

    left = traces(arena.place)
    assert {task: left.get(task, {}) for task in expected} == expected, "the winner's rows, and nothing of the others"
    kept = dict(arena.place.query("SELECT task, receipt FROM ledger"))
    assert {task: kept[task] for task in receipts} == receipts, "what is kept is what was answered"
    race.check(arena.place)
    assert arena.place.halves() == {}
    answered = {name: count - before[name] for name, count in arena.answered().items()}
    assert len(answered) == arena.workers
    assert min(answered.values()) >= ROUNDS * CLIENTS // arena.workers, "each worker had its share of each race"
    workers = "1 worker" if arena.workers == 1 else f"{arena.workers} workers (winners at each: {won})"
    print(f"{race.PRIZE}: {ROUNDS} rounds of {CLIENTS} on {workers}: exactly one won each time")  # noqa: T201
