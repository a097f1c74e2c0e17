"""`/subscription/add`: adds a subscription for a customer, with no consumers in it yet.

For the service; for the customer itself where the plan says so, and where the product is its own and not in the catalogue. What
it is and how long it runs, the plan says; outside the catalogue it is open and has no end. Its id is the task's CID, so a new
task is a new subscription.
"""

from __future__ import annotations

from commands.changes import open_subscription
from commands.failures import (
    AccountBlocked,
    CustomerNotFound,
    PlanNotFound,
    ProviderNotAllowed,
    SubscriptionActive,
)
from commands.period import Period
from commands.purchases import holds_live
from commands.roles import CUSTOMER_NAMED, SERVICE
from commands.values import CustomerDID, Reason, Seats, Time
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from forge.errors import Failure, MalformedArguments
from store.records import AlreadyExists, Customer, Plan, Subscription
from store.transaction import Transaction


class AddArguments(Arguments):
    """Who subscribes, to what, with whom."""

    customer: CustomerDID
    provider: DID
    product: DID
    seats: Seats | None = None
    """How many consumers it may have at a time; what the plan says where absent."""
    starts_at: Time | None = None
    """Now where absent. For the service to say."""
    ends_at: Time | None = None
    """Of a complimentary one; null: never; where absent, what the plan's period says. For the service to say."""
    reason: Reason | None = None
    """Why; kept in the history."""


class AddResult(Result):
    """The new subscription."""

    id: str


class PlanRetired(Failure):
    """Nobody can subscribe to the plan any more."""

    def __init__(self, product: DID) -> None:
        super().__init__(f'plan "{product}" is retired')


add = Command(
    "/subscription/add",
    AddArguments,
    AddResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(
        CustomerNotFound,
        AccountBlocked,
        PlanNotFound,
        PlanRetired,
        SubscriptionActive,
        ProviderNotAllowed,
        MalformedArguments,
    ),
)


def handle(task: Task[AddArguments], tx: Transaction) -> AddResult:
    """Add the subscription."""
    arguments = task.arguments
    customer = tx.customer(arguments.customer)
    if customer is None:
        raise CustomerNotFound(arguments.customer)
    by_itself = task.subject != task.executor
    if customer.closed_at is not None or (by_itself and customer.blocked):
        raise AccountBlocked
    if arguments.provider != task.executor:
        raise ProviderNotAllowed(arguments.provider, task.executor)
    plan = _plan(task, tx, customer, by_itself=by_itself)
    _check(arguments, plan, by_itself=by_itself)
    subscription = _describe(task, customer, plan)
    if plan is not None and plan.terms.exclusive and holds_live(tx, subscription, task.at):
        raise SubscriptionActive(plan.product)
    if subscription.kind == "trial" and tx.tried_out(task.executor, customer.did, subscription.product):
        raise SubscriptionActive(subscription.product)
    try:
        open_subscription(task, tx, subscription, reason=arguments.reason)
    except AlreadyExists:
        raise SubscriptionActive(subscription.product) from None
    return AddResult(id=subscription.id)


def _plan(task: Task[AddArguments], tx: Transaction, customer: Customer, *, by_itself: bool) -> Plan | None:
    """Look the plan up. None: the customer's own product is not in the catalogue, and needs none.

    Raises:
        PlanNotFound: there is none, or none to which the customer may subscribe by itself.
        PlanRetired: nobody can any more.
    """
    product = task.arguments.product
    plan = tx.plan(product)
    if plan is None:
        if product != customer.product:
            raise PlanNotFound(product)
        return None
    if by_itself and not plan.self_serve:
        raise PlanNotFound(product, kept=True)
    if plan.retired_at is not None:
        raise PlanRetired(product)
    return plan


def _check(arguments: AddArguments, plan: Plan | None, *, by_itself: bool) -> None:
    """Check what is asked for against the plan.

    Raises:
        MalformedArguments: that is not for this plan, or not for this customer, to say.
    """
    kind = "open" if plan is None else plan.kind
    asked = arguments.model_fields_set
    if "ends_at" in asked and kind != "complimentary":
        raise MalformedArguments(f"malformed arguments: args.endsAt: the end of one that is {kind} is not for the buyer to say")
    if by_itself and asked & {"starts_at", "ends_at"}:
        raise MalformedArguments("malformed arguments: args.startsAt, args.endsAt: only the service sets them")
    if by_itself and plan is not None and plan.seats is not None and (arguments.seats or 0) > plan.seats:
        raise MalformedArguments(f"malformed arguments: args.seats: the plan has at most {plan.seats}")


def _describe(task: Task[AddArguments], customer: Customer, plan: Plan | None) -> Subscription:
    """Say what the subscription will be.

    Raises:
        MalformedArguments: it would end before it begins.
    """
    arguments = task.arguments
    starts_at = task.at if arguments.starts_at is None else arguments.starts_at
    ends_at = arguments.ends_at
    if plan is not None and plan.kind in {"complimentary", "trial"} and "ends_at" not in arguments.model_fields_set:
        ends_at = None if plan.terms.period is None else Period(plan.terms.period).after(starts_at)
    if ends_at is not None and ends_at <= starts_at:
        raise MalformedArguments(f"malformed arguments: args.endsAt: it is not after the start, {starts_at}")
    return Subscription(
        provider=task.executor,
        id=str(task.cid),
        customer=customer.did,
        product=arguments.product,
        starts_at=starts_at,
        inserted_at=task.at,
        task=task.cid,
        kind="open" if plan is None else plan.kind,
        planned=plan is not None,
        seats=arguments.seats if arguments.seats is not None or plan is None else plan.seats,
        granted_until=ends_at,
    )


route = add.route(handle)
