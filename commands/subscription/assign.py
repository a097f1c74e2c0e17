"""`/subscription/assign`: puts consumers into a subscription, all of them or none.

For the service and for the customer whose subscription it is, or whoever holds its delegation: managing one takes no more. A
consumer in another subscription of the same customer moves; its old row is closed, not changed. One that another customer
pays for is `ConsumerExists`. A consumer that is in this subscription already stays as it is and is in neither list.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from commands import events
from commands.failures import ConsumerExists, SubscriptionNotFound
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.values import MAX_CONSUMERS, SubscriptionId
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class AssignArguments(Arguments):
    """Which consumers, and where to."""

    subscription: SubscriptionId
    consumers: Annotated[list[DID], Field(min_length=1, max_length=MAX_CONSUMERS)]


class AssignResult(Result):
    """What changed, in the order of the arguments."""

    assigned: list[DID]
    moved: list[DID]


assign = Command(
    "/subscription/assign",
    AssignArguments,
    AssignResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound, ConsumerExists),
)


def handle(task: Task[AssignArguments], tx: Transaction) -> AssignResult:
    """Assign or move each consumer."""
    provider = task.executor
    target = tx.subscription(provider, task.arguments.subscription)
    if target is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    assigned: list[DID] = []
    moved: list[DID] = []
    # A consumer that is named twice is the same consumer.
    for consumer in dict.fromkeys(task.arguments.consumers):
        provision = tx.provisioned(provider, consumer)
        if provision is None:
            tx.assign(provider, consumer, target.id, at=task.at, task=task.cid)
            assigned.append(consumer)
            kind, data = events.Type.CONSUMER_ASSIGNED, {"provider": str(provider)}
        elif provision.subscription.customer != target.customer:
            raise ConsumerExists(consumer)
        elif provision.subscription.id == target.id:
            continue
        else:
            tx.move(provider, consumer, target.id, at=task.at, task=task.cid)
            moved.append(consumer)
            kind, data = events.Type.CONSUMER_MOVED, {"provider": str(provider), "from": provision.subscription.id}
        events.append(task, tx, kind, customer=target.customer, subscription=target.id, consumer=consumer, data=data)
    return AssignResult(assigned=assigned, moved=moved)


route = assign.route(handle)
