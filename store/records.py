"""What the store keeps, in the domain's words. A record is a row as it was read, or as it is to be written.

    Customer 1—n Subscription 1—n Assignment (of a consumer)

Who the customer of a consumer is, is read through the subscription; nothing is copied down. Every record names the task that
made it. Times are Unix seconds.

What only one kind of subscription has will live in a table of that kind, and what may change hands in dated rows beside these:
the records here grow no field that is empty for most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from forge.cid import CID
from forge.did import DID
from forge.errors import ForgeError

Kind = Literal["open"]
"""What a subscription is: `open` has no end until it is cancelled."""


class AlreadyExists(ForgeError):
    """The row's business key is taken. Let it leave the innermost savepoint: an engine may take nothing more before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One purchase or grant of a product by a customer from a provider."""

    provider: DID
    id: str
    """Unique per provider."""
    customer: DID
    product: DID
    starts_at: int
    inserted_at: int
    task: CID
    kind: Kind = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A consumer's time in a subscription. Dated rows: one is open for each (provider, consumer), the others are history."""

    provider: DID
    consumer: DID
    subscription: str
    since: int
    task: CID
    until: int | None = None
    """None while it is current."""
    ended_by: CID | None = None
    """The task that ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """A consumer's current assignment and the subscription that it is in."""

    assignment: Assignment
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change, as it is told to those who follow."""

    at: int
    task: CID
    command: str
    issuer: DID
    subject: DID
    type: str
    customer: DID | None = None
    subscription: str | None = None
    consumer: DID | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    """What JSON can say."""
    seq: int | None = None
    """Its place in the order of events: the store's to give, None until it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
