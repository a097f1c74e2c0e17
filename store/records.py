"""What the store keeps, in the domain's words. A record is a row as it was read, or as it is to be written.

    Customer 1—n Subscription 1—n Assignment (of a consumer)

Who the customer of a consumer is, is read through the subscription; nothing is copied down. Every record names the task that
made it. Times are Unix seconds, periods ISO 8601 text.

Nothing here says whether something is active: that follows from these facts and the time (`commands.standing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from forge.cid import CID
from forge.did import DID
from forge.errors import ForgeError
from forge.record import record

Kind = Literal["open", "complimentary", "trial", "paid"]
"""What a subscription is: open (no end until it is cancelled), granted, tried out, or paid for."""
Clock = Literal["purchase", "assignment"]
"""When a seat's term begins: with the subscription, or when the seat is first assigned."""
PaymentEvent = Literal["paid", "failed", "refunded"]


class AlreadyExists(ForgeError):
    """The row's business key is taken. Let it leave the innermost savepoint: an engine may take nothing more before that."""


@record(kw_only=True)
class Customer:
    """Who pays: an organisation or a person."""

    did: DID
    product: DID
    task: CID
    inserted_at: int
    details: Mapping[str, str] = field(default_factory=dict)
    external_account: str | None = None
    """The customer's id in a billing system, `prefix:rest`, kept as it was sent."""
    updated_at: int | None = None
    suspended: bool = False
    closed_at: int | None = None
    payer: DID | None = None
    """Who pays for it, where that is another customer."""
    payer_account: str | None = None
    payer_blocked: bool = False
    """Whether the payer is suspended or closed."""

    @property
    def blocked(self) -> bool:
        """Whether nothing of the customer's is entitled."""
        return self.suspended or self.closed_at is not None or self.payer_blocked


@record(kw_only=True)
class Profile:
    """What a customer was, until it was changed."""

    customer: DID
    external_account: str | None
    product: DID
    details: Mapping[str, str]
    since: int
    task: CID
    until: int
    ended_by: CID


@record(kw_only=True)
class Leaf:
    """A customer that another pays for."""

    customer: DID
    since: int
    seq: int
    """Its place in a list."""
    subscriptions: int
    consumers: int


@record(kw_only=True)
class Terms:
    """What a plan says about each subscription to it. The defaults are those of a product outside the catalogue."""

    period: str | None = None
    exclusive: bool = False
    """Whether a customer has at most one that is live."""
    clock: Clock = "purchase"
    assign_within: str | None = None
    """How long after the start a seat can first be assigned."""
    grace: str | None = None
    """How long it goes on after what was paid for."""
    consent: bool = False
    """Whether a consumer has to accept."""


@record(kw_only=True)
class Plan:
    """A product in the catalogue. What was added stays as it is."""

    product: DID
    name: str
    kind: Kind
    inserted_at: int
    task: CID
    terms: Terms = Terms()
    seats: int | None = None
    self_serve: bool = False
    """Whether a customer may subscribe by itself."""
    retired_at: int | None = None


@record(kw_only=True)
class Subscription:
    """One purchase or grant of a product by a customer from a provider, with all from which its state follows."""

    provider: DID
    id: str
    """Unique per provider."""
    customer: DID
    """Who holds it now."""
    product: DID
    starts_at: int
    inserted_at: int
    task: CID
    kind: Kind = "open"
    planned: bool = False
    """Whether its product was in the catalogue."""
    seats: int | None = None
    """None: without limit."""
    terms: Terms = Terms()
    held_since: int | None = None
    """Since when `customer` holds it. The store's to give."""
    seq: int | None = None
    """Its holder's place in a list of all. The store's to give."""
    granted_until: int | None = None
    """When a complimentary one or a trial ends; None: never."""
    cancelled_at: int | None = None
    """When it was cancelled at once."""
    cancelled_at_end: int | None = None
    """When it was said that it ends with what was paid or granted."""
    paid_until: int | None = None
    """The end of the paid period that reaches furthest, without those that were paid back."""
    ever_paid: bool = False
    failed_until: int | None = None
    """The end of the period that reaches furthest, of those whose payment failed and was not made since."""
    blocked: bool = False
    """Whether its customer, or that one's payer, is suspended or closed."""


@record(kw_only=True)
class Assignment:
    """A consumer's time in a subscription. Dated rows: one is current for each (provider, consumer), the others are history."""

    provider: DID
    consumer: DID
    subscription: str
    since: int
    task: CID
    seat: int | None = None
    """Its seat's number, from 1, where seats are counted or have terms of their own."""
    seated_since: int | None = None
    """Since when that seat has been assigned to somebody, first. The store's to give."""
    accepted_at: int | None = None
    until: int | None = None
    """None while it is current."""
    ended_by: CID | None = None
    """The task that ended it."""
    seq: int | None = None
    """Its place in a list of all. The store's to give."""


@record(kw_only=True)
class Provision:
    """A consumer's assignment and the subscription that it is in."""

    assignment: Assignment
    subscription: Subscription


@record(kw_only=True)
class Payment:
    """What a billing system said about a subscription."""

    provider: DID
    subscription: str
    event: PaymentEvent
    reference: str
    """The billing system's own id for it."""
    begins_at: int | None
    ends_at: int | None
    """Of the period that it is about. What is `paid` has an end."""
    at: int
    """When it was recorded."""
    task: CID


@record(kw_only=True)
class Event:
    """One change, as it is told to those who follow."""

    at: int
    task: CID
    command: str
    issuer: DID
    subject: DID
    type: str
    customer: DID | None = None
    giver: DID | None = None
    """The customer from whom something went to that one: it is told too."""
    subscription: str | None = None
    consumer: DID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can say."""
    seq: int | None = None
    """Its place in the order of events: the store's to give, None until it did."""


@record(kw_only=True)
class Statement:
    """What somebody else says came of a task: a receipt of theirs, as it was delivered."""

    receipt: CID
    """The receipt's own CID."""
    task: CID
    """The task that it is about."""
    executor: DID
    """Whose word it is."""
    failed: bool
    """Whether it says that the task failed."""
    data: bytes
    """The receipt's own bytes."""
    cause: CID
    """The task that delivered it."""
    at: int
