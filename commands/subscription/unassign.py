"""`/subscription/unassign`: takes consumers out of a subscription, all of them or none.

For the service and for the customer whose subscription it is; for a consumer that leaves by itself. Their seats become free,
and keep their clocks.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from commands import events
from commands.failures import ConsumerNotFound, SubscriptionNotFound
from commands.roles import CONSUMER_LEAVING, CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.seating import unseat
from commands.values import MAX_CONSUMERS, SubscriptionId
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class UnassignArguments(Arguments):
    """Which consumers, and out of what."""

    subscription: SubscriptionId
    consumers: Annotated[list[DID], Field(min_length=1, max_length=MAX_CONSUMERS)]


unassign = Command(
    "/subscription/unassign",
    UnassignArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION, CONSUMER_LEAVING),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound, ConsumerNotFound),
)


def handle(task: Task[UnassignArguments], tx: Transaction) -> Nothing:
    """Release each consumer."""
    if tx.holder(task.executor, task.arguments.subscription) is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    for consumer in dict.fromkeys(task.arguments.consumers):
        found = tx.provisioned(task.executor, consumer)
        if found is None or found.subscription.id != task.arguments.subscription:
            raise ConsumerNotFound(consumer)
        unseat(task, tx, consumer, found.subscription, events.Type.CONSUMER_RELEASED)
    return Nothing()


route = unassign.route(handle)
