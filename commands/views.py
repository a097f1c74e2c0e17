"""What is told about customers, plans, subscriptions and consumers, one or many. Times are Unix seconds."""

from __future__ import annotations

from typing import Literal

from commands.period import Period
from commands.standing import State, consumer_ends_at, ends_at, is_entitled, state_of
from commands.values import Time
from forge.binding import Result
from forge.did import DID
from store.records import Clock, Customer, Kind, Plan, Provision, Subscription
from store.transaction import Transaction

CustomerState = Literal["active", "suspended", "closed"]


class BilledTo(Result):
    """Who is billed for a customer: itself, or its payer."""

    customer: DID
    external_account: str | None = None


class CustomerView(Result):
    """A customer."""

    customer: DID
    external_account: str | None = None
    product: DID
    details: dict[str, str]
    state: CustomerState
    """Its own: that its payer is suspended shows in its subscriptions."""
    payer: DID | None = None
    billed_to: BilledTo
    subscriptions: int
    """How many it holds, those that have ended too."""
    inserted_at: Time
    updated_at: Time | None = None


def state_of_customer(customer: Customer) -> CustomerState:
    """Say how a customer stands."""
    if customer.closed_at is not None:
        return "closed"
    return "suspended" if customer.suspended else "active"


def customer_view(tx: Transaction, customer: Customer) -> CustomerView:
    """Tell about a customer."""
    billed = (customer.did, customer.external_account) if customer.payer is None else (customer.payer, customer.payer_account)
    return CustomerView(
        customer=customer.did,
        external_account=customer.external_account,
        product=customer.product,
        details=dict(customer.details),
        state=state_of_customer(customer),
        payer=customer.payer,
        billed_to=BilledTo(customer=billed[0], external_account=billed[1]),
        subscriptions=tx.count_subscriptions(customer.did),
        inserted_at=customer.inserted_at,
        updated_at=customer.updated_at,
    )


class PlanView(Result):
    """A plan. Periods are ISO 8601 durations."""

    product: DID
    name: str
    kind: Kind
    period: Period | None = None
    seats: int | None = None
    exclusive: bool
    clock: Clock
    assign_within: Period | None = None
    grace: Period | None = None
    consent: bool
    self_serve: bool
    retired: bool
    inserted_at: Time
    retired_at: Time | None = None


def plan_view(plan: Plan) -> PlanView:
    """Tell about a plan."""
    terms = plan.terms
    return PlanView(
        product=plan.product,
        name=plan.name,
        kind=plan.kind,
        period=_period(terms.period),
        seats=plan.seats,
        exclusive=terms.exclusive,
        clock=terms.clock,
        assign_within=_period(terms.assign_within),
        grace=_period(terms.grace),
        consent=terms.consent,
        self_serve=plan.self_serve,
        retired=plan.retired_at is not None,
        inserted_at=plan.inserted_at,
        retired_at=plan.retired_at,
    )


def _period(text: str | None) -> Period | None:
    return None if text is None else Period(text)


class SeatsView(Result):
    """How many consumers may be in it, and how many are."""

    total: int | None = None
    """Without limit where absent."""
    used: int


class SubscriptionView(Result):
    """A subscription."""

    subscription: str
    provider: DID
    customer: DID
    product: DID
    kind: Kind
    state: State
    seats: SeatsView
    starts_at: Time
    ends_at: Time | None = None
    """As far as is known. Never, where absent; or nothing was paid yet."""
    inserted_at: Time
    cause: str
    """The task that made it."""
    granted_by: DID | None = None
    """Who granted a complimentary one."""
    reason: str | None = None
    """Why it was granted."""


def subscription_view(tx: Transaction, subscription: Subscription, at: int) -> SubscriptionView:
    """Tell about a subscription, as it stands at a time."""
    by, reason = None, None
    if subscription.kind == "complimentary":
        by, reason = tx.granted(subscription.provider, subscription.id) or (None, None)
    return SubscriptionView(
        subscription=subscription.id,
        provider=subscription.provider,
        customer=subscription.customer,
        product=subscription.product,
        kind=subscription.kind,
        state=state_of(subscription, at),
        seats=SeatsView(total=subscription.seats, used=tx.used(subscription.provider, subscription.id)),
        starts_at=subscription.starts_at,
        ends_at=ends_at(subscription),
        inserted_at=subscription.inserted_at,
        cause=str(subscription.task),
        granted_by=by,
        reason=reason,
    )


class ConsumerView(Result):
    """Where a consumer is, who pays for it, and whether it may use that."""

    consumer: DID
    provider: DID
    subscription: str
    customer: DID
    """Who holds the subscription."""
    payer: DID | None = None
    """Who pays for that customer, where somebody else does. Consumers are not told."""
    state: State
    """The subscription's."""
    entitled: bool
    ends_at: Time | None = None
    """When its time there ends, as far as is known: the subscription's, or its seat's. Never, where absent."""
    since: Time
    accepted_at: Time | None = None
    """When it accepted to be there."""
    seat: int | None = None
    """The seat's number, where seats are counted."""


def consumer_view(found: Provision, at: int, *, payer: DID | None = None) -> ConsumerView:
    """Tell about a consumer, as it stands at a time."""
    assignment, subscription = found.assignment, found.subscription
    return ConsumerView(
        consumer=assignment.consumer,
        provider=assignment.provider,
        subscription=subscription.id,
        customer=subscription.customer,
        payer=payer,
        state=state_of(subscription, at),
        entitled=is_entitled(found, at),
        ends_at=consumer_ends_at(found),
        since=assignment.since,
        accepted_at=assignment.accepted_at,
        seat=assignment.seat,
    )
