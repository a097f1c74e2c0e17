"""The model's book: all that docs/domain.md says is known, in plain lists and dictionaries, and what follows from it at a time.

DIDs, ids and tasks are plain text, times Unix seconds. Nothing is ever taken out: what ended has an end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from commands.period import Period


class Refused(Exception):
    """A failure: its name on the wire, and the message where the law is about that."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Ask:
    """One task, as it comes."""

    command: str
    subject: str
    issuer: str
    arguments: dict[str, Any]
    at: int
    task: str


@dataclass
class Span:
    """Something that was so from a time on, and until another one."""

    since: int
    until: int | None = None

    def covers(self, at: int) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass
class Customer:
    did: str
    product: str
    external_account: str | None
    details: dict[str, str]
    inserted_at: int
    task: str
    updated_at: int | None = None
    closed_at: int | None = None
    suspensions: list[Span] = field(default_factory=list)


@dataclass
class Paying(Span):
    leaf: str = ""
    payer: str = ""


@dataclass
class Plan:
    """What a plan says. What it leaves out is as outside the catalogue."""

    product: str
    name: str = ""
    kind: str = "open"
    period: str | None = None
    seats: int | None = None
    exclusive: bool = False
    clock: str = "purchase"
    within: str | None = None
    grace: str | None = None
    consent: bool = False
    self_serve: bool = False
    inserted_at: int = 0
    task: str = ""
    retired_at: int | None = None


@dataclass
class Holding(Span):
    customer: str = ""
    order: int = 0


@dataclass
class Payment:
    begins: int | None
    ends: int | None


@dataclass
class Subscription:
    id: str
    product: str
    terms: Plan
    """The plan's; those of nobody's where its product is not in the catalogue."""
    starts_at: int
    inserted_at: int
    task: str
    planned: bool = False
    seats: int | None = None
    holdings: list[Holding] = field(default_factory=list)
    ends: list[tuple[int, int | None]] = field(default_factory=list)
    """When it was decided, and the end that was: complimentary ones and trials."""
    granted_by: str | None = None
    reason: str | None = None
    cancelled_now: int | None = None
    cancelled_at_end: int | None = None
    payments: dict[tuple[str, str], Payment] = field(default_factory=dict)
    """By event and reference."""
    first_given: dict[int, int] = field(default_factory=dict)
    """When each seat was first assigned."""

    @property
    def kind(self) -> str:
        return self.terms.kind

    @property
    def customer(self) -> str:
        return self.holdings[-1].customer

    @property
    def counted(self) -> bool:
        """Whether its seats have numbers."""
        return self.seats is not None or self.terms.clock == "assignment"

    def kept(self) -> list[Payment]:
        """What was paid and not paid back."""
        return [
            paid for (event, ref), paid in self.payments.items() if event == "paid" and ("refunded", ref) not in self.payments
        ]

    def paid_until(self) -> int | None:
        return max((paid.ends for paid in self.kept() if paid.ends is not None), default=None)

    def ever_paid(self) -> bool:
        return any(event == "paid" for event, _ in self.payments)

    def earned(self, at: int, *, grace: bool) -> int | None:
        """When it ends as long as nobody cancels it, as decided until `at`."""
        if self.kind == "open":
            return None
        if self.kind in ("complimentary", "trial"):
            return [end for decided, end in self.ends if decided <= at][-1]
        if not self.ever_paid():
            return None
        until = self.paid_until()
        if until is None:
            return self.starts_at
        return Period(self.terms.grace).after(until) if grace and self.terms.grace is not None else until

    def end(self, at: int) -> int | None:
        at_end = self.cancelled_at_end if self.cancelled_at_end is not None and self.cancelled_at_end <= at else None
        now = self.cancelled_now if self.cancelled_now is not None and self.cancelled_now <= at else None
        end = self.earned(at, grace=at_end is None)
        if at_end is not None:
            end = at_end if end is None else max(end, at_end)
        if now is not None:
            end = now if end is None else min(end, now)
        return end

    def lapses(self) -> int | None:
        return None if self.terms.within is None else Period(self.terms.within).after(self.starts_at)

    def seat_end(self, seat: int | None) -> int | None:
        """When the term of a seat ends, where it has its own."""
        if self.terms.clock != "assignment" or seat is None or self.terms.period is None:
            return None
        return Period(self.terms.period).after(self.first_given[seat])


@dataclass
class Stay(Span):
    """A consumer's time in a subscription."""

    consumer: str = ""
    subscription: str = ""
    seat: int | None = None
    accepted_at: int | None = None
    task: str = ""
    order: int = 0


@dataclass
class Event:
    ask: Ask
    type: str
    customer: str | None = None
    giver: str | None = None
    subscription: str | None = None
    consumer: str | None = None
    seq: int = 0
    """Its place, as the store gave it."""


@dataclass
class Book:
    """All there is."""

    service: str
    customers: dict[str, Customer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    payings: list[Paying] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    stays: dict[str, list[Stay]] = field(default_factory=dict)
    """By consumer."""
    events: list[Event] = field(default_factory=list)
    answers: dict[str, dict[str, Any] | Refused] = field(default_factory=dict)
    """By task, of those that ran."""
    order: int = 0

    def next(self) -> int:
        self.order += 1
        return self.order

    def tell(self, ask: Ask, type_: str, **of: str | None) -> None:
        self.events.append(Event(ask, type_, of.get("customer"), of.get("giver"), of.get("subscription"), of.get("consumer")))

    # -- customers

    def meant(self, did: str) -> str:
        return self.links.get(did, did)

    def customer(self, did: str) -> Customer | None:
        return self.customers.get(self.meant(did))

    def names(self, did: str) -> list[str]:
        """All DIDs that a customer has, or had as a guest."""
        own = self.meant(did)
        return [own, *(guest for guest, customer in self.links.items() if customer == own)]

    def paying(self, leaf: str, at: int | None = None) -> Paying | None:
        for row in reversed(self.payings):
            if row.leaf == leaf and (row.until is None if at is None else row.covers(at)):
                return row
        return None

    def leaves(self, payer: str) -> list[Paying]:
        return [row for row in self.payings if row.payer == payer and row.until is None]

    def stopped(self, did: str, at: int) -> bool:
        """Whether a customer itself is suspended or closed."""
        customer = self.customers[did]
        closed = customer.closed_at is not None and customer.closed_at <= at
        return closed or any(span.covers(at) for span in customer.suspensions)

    def blocked(self, did: str, at: int) -> bool:
        """Whether it is, or who pays for it."""
        row = self.paying(did, at)
        return self.stopped(did, at) or (row is not None and self.stopped(row.payer, at))

    # -- subscriptions

    def held(self, did: str) -> list[Subscription]:
        mine = [sub for sub in self.subscriptions.values() if sub.customer == did]
        return sorted(mine, key=lambda sub: sub.holdings[-1].order)

    def holder(self, sub: Subscription, at: int) -> str:
        return [row.customer for row in sub.holdings if row.since <= at][-1]

    def state(self, sub: Subscription, at: int) -> str:
        if sub.cancelled_now is not None and sub.cancelled_now <= at:
            return "cancelled"
        end = sub.end(at)
        if end is not None and end <= at:
            return "cancelled" if sub.cancelled_at_end is not None and sub.cancelled_at_end <= at else "expired"
        if self.blocked(self.holder(sub, at), at):
            return "suspended"
        if at < sub.starts_at or (sub.kind == "paid" and not sub.kept()):
            return "pending"
        if sub.kind == "paid":
            until = sub.paid_until()
            failed = any(
                event == "failed"
                and ("paid", ref) not in sub.payments
                and (failure.ends is None or until is None or failure.ends > until)
                for (event, ref), failure in sub.payments.items()
            )
            return "past_due" if failed and until is not None and at >= until else "active"
        return "active"

    def ended(self, sub: Subscription, at: int) -> bool:
        return self.state(sub, at) in ("expired", "cancelled")

    def in_force(self, sub: Subscription, at: int) -> bool:
        return self.state(sub, at) in ("active", "past_due")

    def live_to(self, did: str, product: str, at: int, *, but: str = "") -> bool:
        """Whether somebody holds another subscription to a plan that has not ended."""
        return any(
            sub.planned and sub.product == product and sub.id != but and not self.ended(sub, at) for sub in self.held(did)
        )

    # -- consumers

    def current(self, consumer: str) -> Stay | None:
        stays = self.stays.get(consumer)
        return stays[-1] if stays and stays[-1].until is None else None

    def stay_at(self, consumer: str, at: int) -> Stay | None:
        return next((stay for stay in self.stays.get(consumer, ()) if stay.covers(at)), None)

    def all_stays(self) -> Iterator[Stay]:
        for stays in self.stays.values():
            yield from stays

    def inside(self, sub: Subscription) -> list[Stay]:
        """Who is in it now."""
        mine = [stays[-1] for stays in self.stays.values() if stays and stays[-1].until is None]
        return sorted((stay for stay in mine if stay.subscription == sub.id), key=lambda stay: stay.order)

    def provisioned(self, consumer: str, at: int) -> Subscription | None:
        """The subscription that a consumer is in, where that has not ended."""
        stay = self.current(consumer)
        if stay is None or self.ended(sub := self.subscriptions[stay.subscription], at):
            return None
        return sub

    def stay_end(self, stay: Stay, at: int) -> int | None:
        sub = self.subscriptions[stay.subscription]
        return min((end for end in (sub.end(at), sub.seat_end(stay.seat)) if end is not None), default=None)

    def entitled(self, stay: Stay, at: int) -> bool:
        sub = self.subscriptions[stay.subscription]
        term = sub.seat_end(stay.seat)
        accepted = not sub.terms.consent or (stay.accepted_at is not None and stay.accepted_at <= at)
        return accepted and self.in_force(sub, at) and (term is None or at < term)
