"""`/subscription/assign`: puts consumers into a subscription, all of them or none.

For the service and for the customer whose subscription it is, or whoever holds its delegation: managing one takes no more. A
consumer in another subscription of the same customer moves; its old row is closed, not changed. One that another customer
pays for is `ConsumerExists`. A consumer that is in this subscription already stays as it is and is in neither list.

A seat keeps its clock: one that became free is given on with what is left of its term. To re-assign one, name who leaves it as
`instead`: it leaves and the other comes, or neither.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from commands import events
from commands.failures import (
    ConsumerExists,
    ConsumerNotFound,
    SeatLapsed,
    SeatsExhausted,
    SubscriptionEnded,
    SubscriptionNotFound,
)
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.seating import seat, unseat
from commands.standing import has_ended
from commands.values import MAX_CONSUMERS, SubscriptionId
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.records import AlreadyExists
from store.transaction import Transaction


class AssignArguments(Arguments):
    """Which consumers, and where to."""

    subscription: SubscriptionId
    consumers: Annotated[list[DID], Field(min_length=1, max_length=MAX_CONSUMERS)]
    instead: Annotated[list[DID], Field(max_length=MAX_CONSUMERS)] | None = None
    """Consumers of it that leave first, and make room."""


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
    failures=(SubscriptionNotFound, SubscriptionEnded, SeatsExhausted, SeatLapsed, ConsumerExists, ConsumerNotFound),
)


def handle(task: Task[AssignArguments], tx: Transaction) -> AssignResult:
    """Assign or move each consumer."""
    provider = task.executor
    target = tx.subscription(provider, task.arguments.subscription)
    if target is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    if has_ended(target, task.at):
        raise SubscriptionEnded(target.id)
    for consumer in dict.fromkeys(task.arguments.instead or ()):
        leaving = tx.provisioned(provider, consumer)
        if leaving is None or leaving.subscription.id != target.id:
            raise ConsumerNotFound(consumer)
        unseat(task, tx, consumer, target, events.Type.CONSUMER_RELEASED)
    assigned: list[DID] = []
    moved: list[DID] = []
    # A consumer that is named twice is the same consumer.
    for consumer in dict.fromkeys(task.arguments.consumers):
        was = tx.provisioned(provider, consumer)
        if was is not None and was.subscription.id == target.id:
            continue
        ours = was is not None and was.subscription.customer == target.customer
        if was is not None and not ours and not has_ended(was.subscription, task.at):
            raise ConsumerExists(consumer)
        try:
            seat(task, tx, consumer, target, was)
        except AlreadyExists:
            raise ConsumerExists(consumer) from None
        (moved if ours else assigned).append(consumer)
    return AssignResult(assigned=assigned, moved=moved)


route = assign.route(handle)
