"""`/provider/add`: provisions a consumer, usually a space.

The subject is the customer that will pay for it. The consumer gets a subscription of its own, without an end, to the customer's
product. A new task for a consumer that has a subscription already is `ConsumerExists`, whoever pays for it.
"""

from __future__ import annotations

from commands import events
from commands.failures import ConsumerExists, ProviderNotAllowed
from commands.opening import open_subscription
from commands.roles import CUSTOMER
from commands.values import CUSTOMER_METHODS
from forge import dagcbor
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.cid import CID
from forge.did import DID
from forge.errors import Failure
from store.records import AlreadyExists
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


class AccountPlanMissing(Failure):
    """The subject is not a customer."""


def refuse(task: Task[AddArguments]) -> Failure:
    """Say why the subject cannot pay."""
    if task.subject.method not in CUSTOMER_METHODS:
        return InvalidAccount(
            f'invalid account DID: expected a did:{", did:".join(CUSTOMER_METHODS)}, found "{task.subject}"',
        )
    return AccountPlanMissing("account does not have an active payment plan")


add = Command(
    "/provider/add",
    AddArguments,
    AddResult,
    effect=Effect.CHANGES,
    subjects=(CUSTOMER,),
    refusal=refuse,
    failures=(InvalidAccount, AccountPlanMissing, ProviderNotAllowed, ConsumerExists),
)


def handle(task: Task[AddArguments], tx: Transaction) -> AddResult:
    """Give the consumer a subscription of its own."""
    provider, consumer = task.arguments.provider, task.arguments.consumer
    if provider != task.executor:
        raise ProviderNotAllowed(provider, task.executor)
    customer = tx.customer(task.subject)
    if customer is None:
        raise AccountPlanMissing("account does not have an active payment plan")
    # The id is the consumer's for good; where an older subscription has it, the task's name is as unique.
    own = str(CID.of(dagcbor.encode({"consumer": consumer})))
    name = own if tx.subscription(provider, own) is None else str(task.cid)
    try:
        open_subscription(task, tx, name=name, customer=customer, provider=provider)
        tx.assign(provider, consumer, name, at=task.at, task=task.cid)
    except AlreadyExists:
        raise ConsumerExists(consumer) from None
    events.append(
        task,
        tx,
        events.Type.CONSUMER_ASSIGNED,
        customer=customer.did,
        subscription=name,
        consumer=consumer,
        data={"provider": provider},
    )
    return AddResult(id=name)


route = add.route(handle)
