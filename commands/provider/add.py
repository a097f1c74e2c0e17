"""`/provider/add`: provisions a consumer, usually a space.

The subject is the customer that will pay for it. Where the customer's product is in the catalogue, the consumer takes a free
seat in its oldest subscription to it that is in force; where it is not, the consumer gets a subscription of its own, without an
end. A new task for a consumer that has a subscription already is `ConsumerExists`, whoever pays for it.
"""

from __future__ import annotations

from commands.changes import open_subscription
from commands.failures import (
    AccountBlocked,
    AccountPlanMissing,
    ConsumerExists,
    ProviderNotAllowed,
    SeatLapsed,
    SeatsExhausted,
)
from commands.purchases import oldest_first
from commands.roles import CUSTOMER
from commands.seating import seat
from commands.standing import has_ended, in_force
from commands.values import CUSTOMER_METHODS
from forge import dagcbor
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.cid import CID
from forge.did import DID
from forge.errors import Failure
from store.records import AlreadyExists, Customer, Provision, Subscription
from store.transaction import Transaction


class AddArguments(Arguments):
    """What is provisioned, and with whom."""

    provider: DID
    consumer: DID


class AddResult(Result):
    """The subscription that the consumer is in."""

    id: str


class InvalidAccount(Failure):
    """The subject's DID is not one that a customer may have."""


def refuse(task: Task[AddArguments]) -> Failure:
    """Say why the subject cannot pay."""
    if task.subject.method not in CUSTOMER_METHODS:
        return InvalidAccount(
            f'invalid account DID: expected a did:{", did:".join(CUSTOMER_METHODS)}, found "{task.subject}"',
        )
    return AccountPlanMissing()


add = Command(
    "/provider/add",
    AddArguments,
    AddResult,
    effect=Effect.CHANGES,
    subjects=(CUSTOMER,),
    refusal=refuse,
    failures=(InvalidAccount, AccountPlanMissing, AccountBlocked, ProviderNotAllowed, SeatsExhausted, ConsumerExists),
)


def handle(task: Task[AddArguments], tx: Transaction) -> AddResult:
    """Find or make the subscription, and put the consumer into it."""
    provider, consumer = task.arguments.provider, task.arguments.consumer
    if provider != task.executor:
        raise ProviderNotAllowed(provider, task.executor)
    customer = tx.customer(task.subject)
    if customer is None:
        raise AccountPlanMissing
    if customer.blocked:
        raise AccountBlocked
    was = tx.provisioned(provider, consumer)
    if was is not None and not has_ended(was.subscription, task.at):
        raise ConsumerExists(consumer)
    try:
        if tx.plan(customer.product) is None:
            return AddResult(id=_on_its_own(task, tx, customer, was))
        return AddResult(id=_in_a_plan(task, tx, customer, was))
    except AlreadyExists:
        raise ConsumerExists(consumer) from None


def _on_its_own(task: Task[AddArguments], tx: Transaction, customer: Customer, was: Provision | None) -> str:
    """Give the consumer a subscription of its own."""
    provider, consumer = task.arguments.provider, task.arguments.consumer
    # The id is the consumer's for good; where an older subscription has it, the task's name is as unique.
    own = own_id(consumer)
    subscription = Subscription(
        provider=provider,
        id=str(task.cid) if tx.is_taken(provider, own) else own,
        customer=customer.did,
        product=customer.product,
        starts_at=task.at,
        inserted_at=task.at,
        task=task.cid,
    )
    open_subscription(task, tx, subscription)
    seat(task, tx, consumer, subscription, was)
    return subscription.id


def _in_a_plan(task: Task[AddArguments], tx: Transaction, customer: Customer, was: Provision | None) -> str:
    """Give the consumer a seat in the oldest subscription that has one.

    Raises:
        AccountPlanMissing: none is in force.
        SeatsExhausted: none has a seat left.
    """
    full: SeatsExhausted | None = None
    for subscription in oldest_first(tx, customer.product, customer.did, task.executor):
        if not in_force(subscription, task.at):
            continue
        try:
            seat(task, tx, task.arguments.consumer, subscription, was)
        except (SeatsExhausted, SeatLapsed):
            full = SeatsExhausted()
        else:
            return subscription.id
    raise full or AccountPlanMissing


def own_id(consumer: DID) -> str:
    """Name the subscription that a consumer has of its own."""
    return str(CID.of(dagcbor.encode({"consumer": consumer})))


route = add.route(handle)
