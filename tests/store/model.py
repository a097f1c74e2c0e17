"""The store in plain Python: lists and dicts, and every question answered by looking at all of it.

Nothing is checked here: whoever asks for what the store would refuse asks `refusal` first, where that is not plain to see.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Any

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry
from store import Assignment, Customer, Event, Subscription
from store.records import Payment, Profile, Provision

FOREVER = 2**63 - 1
Key = tuple[DID, str]


@dataclass
class Row:
    """A row that begins and ends."""

    key: Any
    value: Any
    since: int
    task: CID
    until: int | None = None
    ended_by: CID | None = None
    accepted_at: int | None = None
    succeeded: bool = False

    def covers(self, at: int) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


class Dated(list[Row]):
    """Rows that begin and end, in the order in which they began."""

    def current(self, key: Hashable) -> Row | None:
        return next((row for row in self if row.key == key and row.until is None), None)

    def all_current(self) -> list[Row]:
        return [row for row in self if row.until is None]

    def begin(self, key: Hashable, value: Any, at: int, task: CID) -> None:
        assert self.current(key) is None
        self.append(Row(key, value, at, task))

    def end(self, key: Hashable, at: int, task: CID) -> Row | None:
        row = self.current(key)
        if row is not None:
            row.until, row.ended_by = max(at, row.since), task
        return row

    def at(self, key: Hashable, at: int) -> Any:
        found = [row.value for row in self if row.key == key and row.covers(at)]
        return found[-1] if found else None

    def last_at(self, key: Hashable, at: int) -> Any:
        """Say what counted, also where clocks made rows overlap: the last that had begun and has ended, or what goes on."""
        begun = [(number, row) for number, row in enumerate(self) if row.key == key and row.since <= at]
        ended = max((one for one in begun if one[1].until is not None), key=lambda one: (one[1].since, one[0]), default=None)
        found = [one for one in (ended, *(one for one in begun if one[1].until is None)) if one is not None]
        covering = [row.value for _, row in sorted(found, key=lambda one: one[0]) if row.covers(at)]
        return covering[-1] if covering else None


@dataclass
class Model:
    """What there should be."""

    customers: dict[DID, Customer] = field(default_factory=dict)
    profiles: list[Profile] = field(default_factory=list)
    suspensions: Dated = field(default_factory=Dated)
    closures: dict[DID, int] = field(default_factory=dict)
    links: dict[DID, DID] = field(default_factory=dict)
    payers: Dated = field(default_factory=Dated)
    subscriptions: dict[Key, Subscription] = field(default_factory=dict)
    holdings: Dated = field(default_factory=Dated)
    terms: dict[Key, list[tuple[int, int | None]]] = field(default_factory=dict)
    cancellations: dict[tuple[Key, str], int] = field(default_factory=dict)
    payments: dict[tuple[Key, str, str], Payment] = field(default_factory=dict)
    assignments: Dated = field(default_factory=Dated)
    events: list[Event] = field(default_factory=list)
    ledger: dict[CID, LedgerEntry] = field(default_factory=dict)
    revokers: dict[CID, set[DID]] = field(default_factory=dict)

    # -- customers -----------------------------------------------------------------------------------------------------

    def blocked(self, did: DID | None) -> bool:
        return did is not None and (self.suspensions.current(did) is not None or did in self.closures)

    def payer(self, did: DID) -> DID | None:
        row = self.payers.current(did)
        return None if row is None else row.value

    def customer(self, did: DID) -> Customer | None:
        found = self.customers.get(self.links.get(did, did))
        if found is None:
            return None
        payer = self.payer(found.did)
        return replace(
            found,
            suspended=self.suspensions.current(found.did) is not None,
            closed_at=self.closures.get(found.did),
            payer=payer,
            payer_account=None if payer is None else self.customers[payer].external_account,
            payer_blocked=self.blocked(payer),
        )

    def listed(self) -> list[DID]:
        return sorted(did for did in self.customers if did not in self.links)

    def update(self, customer: Customer, at: int, task: CID) -> None:
        was = self.customers.get(customer.did)
        if was is None:
            return
        since = was.inserted_at if was.updated_at is None else was.updated_at
        until = max(at, since)
        self.profiles.append(
            Profile(
                customer=was.did,
                external_account=was.external_account,
                product=was.product,
                details=was.details,
                since=since,
                task=was.task,
                until=until,
                ended_by=task,
            )
        )
        self.customers[customer.did] = replace(
            was,
            product=customer.product,
            details=customer.details,
            external_account=customer.external_account,
            updated_at=until,
            task=task,
        )

    def was_blocked(self, did: DID, at: int) -> bool:
        return self.suspensions.at(did, at) is not None or self.closures.get(did, FOREVER) <= at

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def add(self, subscription: Subscription) -> None:
        key = (subscription.provider, subscription.id)
        self.subscriptions[key] = subscription
        self.holdings.begin(key, subscription.customer, subscription.inserted_at, subscription.task)

    def transfer(self, key: Key, customer: DID, at: int, task: CID) -> None:
        ended = self.holdings.end(key, at, task)
        assert ended is not None
        assert ended.until is not None
        self.holdings.begin(key, customer, ended.until, task)

    def subscription(self, key: Key) -> Subscription | None:
        found, held = self.subscriptions.get(key), self.holdings.current(key)
        if found is None or held is None:
            return None
        said = [one for (of, _, _), one in self.payments.items() if of == key]
        paid = {one.reference: one.ends_at for one in said if one.event == "paid"}
        back = {one.reference for one in said if one.event == "refunded"}
        failed = [one for one in said if one.event == "failed" and one.reference not in paid]
        return replace(
            found,
            customer=held.value,
            held_since=held.since,
            granted_until=self.terms[key][-1][1] if key in self.terms else None,
            cancelled_at=self.cancellations.get((key, "now")),
            cancelled_at_end=self.cancellations.get((key, "end")),
            paid_until=max((end for one, end in paid.items() if one not in back and end is not None), default=None),
            ever_paid=bool(paid),
            failed_until=max((FOREVER if one.ends_at is None else one.ends_at for one in failed), default=None),
            blocked=self.blocked(held.value) or self.blocked(self.payer(held.value)),
        )

    def term_at(self, key: Key, at: int) -> int | None:
        said = [ends_at for when, ends_at in self.terms.get(key, []) if when <= at]
        return said[-1] if said else None

    def held(self, customer: DID | None = None) -> list[Key]:
        return [row.key for row in self.holdings.all_current() if customer in (None, row.value)]

    # -- consumers -----------------------------------------------------------------------------------------------------

    def seated(self, key: Key, seat: int) -> list[Row]:
        return [row for row in self.assignments if (row.key[0], *row.value) == (*key, seat)]

    def can_sit(self, key: Key, seat: int | None) -> bool:
        return seat is None or all(row.until is not None for row in self.seated(key, seat))

    def assign(self, provider: DID, consumer: DID, place: tuple[str, int | None], at: int, task: CID) -> None:
        id_, seat = place
        if seat is not None:
            for row in self.seated((provider, id_), seat):
                row.succeeded = True
        self.assignments.begin((provider, consumer), place, at, task)

    def vacant(self, key: Key) -> tuple[int, int] | None:
        seats = {row.value[1] for row in self.assignments if (row.key[0], row.value[0]) == key}
        free = [seat for seat in seats if seat is not None and any(not row.succeeded for row in self.seated(key, seat))]
        left = [seat for seat in free if self.can_sit(key, seat)]
        return (max(left), min(row.since for row in self.seated(key, max(left)))) if left else None

    def last_seat(self, key: Key) -> int:
        rows = [row.value[1] for row in self.assignments if (row.key[0], row.value[0]) == key]
        return max((seat for seat in rows if seat is not None), default=0)

    def used(self, key: Key) -> list[Row]:
        return [row for row in self.assignments.all_current() if (row.key[0], row.value[0]) == key]

    def assignment(self, row: Row) -> Assignment:
        provider, consumer = row.key
        id_, seat = row.value
        return Assignment(
            provider=provider,
            consumer=consumer,
            subscription=id_,
            since=row.since,
            task=row.task,
            seat=seat,
            seated_since=row.since if seat is None else min(one.since for one in self.seated((provider, id_), seat)),
            accepted_at=row.accepted_at,
            until=row.until,
            ended_by=row.ended_by,
        )

    def provision(self, row: Row) -> Provision:
        assignment = self.assignment(row)
        subscription = self.subscription((assignment.provider, assignment.subscription))
        assert subscription is not None
        return Provision(assignment=assignment, subscription=subscription)

    def consumers(self, keys: list[Key]) -> list[Provision]:
        """Subscription by subscription, in the order of holdings, each in the order in which they came."""
        return [self.provision(row) for key in keys for row in self.used(key)]
