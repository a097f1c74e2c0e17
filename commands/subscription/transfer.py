"""`/subscription/transfer`: hands a subscription over to another customer, with all its consumers and all their clocks.

For the service, or for the customer whose subscription it is, where the customer that receives it signs: both wills are in the
signatures. However many consumers it has, one row is closed and one is opened.
"""

from __future__ import annotations

from commands.changes import hand_over
from commands.failures import (
    AccountBlocked,
    CustomerNotFound,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionNotFound,
)
from commands.purchases import holds_live
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE, ReceiverDidNotSign, receiver_signs, receives_by_its_name
from commands.standing import has_ended
from commands.values import SubscriptionId
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class TransferArguments(Arguments):
    """What, and to whom."""

    subscription: SubscriptionId
    customer: DID


transfer = Command(
    "/subscription/transfer",
    TransferArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION),
    judge=receiver_signs,
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(
        SubscriptionNotFound,
        CustomerNotFound,
        SubscriptionEnded,
        SubscriptionActive,
        AccountBlocked,
        ReceiverDidNotSign,
    ),
)


def handle(task: Task[TransferArguments], tx: Transaction) -> Nothing:
    """Hand it over."""
    subscription = tx.subscription(task.executor, task.arguments.subscription)
    if subscription is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    customer = tx.customer(task.arguments.customer)
    if customer is None:
        raise CustomerNotFound(task.arguments.customer)
    receives_by_its_name(task, tx)
    if customer.did == subscription.customer:
        return Nothing()
    if has_ended(subscription, task.at):
        raise SubscriptionEnded(subscription.id)
    # Who is suspended cannot save what it has by giving it away; the service may all the same.
    if customer.closed_at is not None or (task.subject != task.executor and (customer.blocked or subscription.blocked)):
        raise AccountBlocked
    if subscription.terms.exclusive and holds_live(tx, subscription, task.at, customer=customer.did):
        raise SubscriptionActive(subscription.product)
    if subscription.kind == "trial" and tx.tried_out(subscription.provider, customer.did, subscription.product):
        raise SubscriptionActive(subscription.product)
    hand_over(task, tx, subscription, customer.did)
    return Nothing()


route = transfer.route(handle)
