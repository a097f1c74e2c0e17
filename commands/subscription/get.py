"""`/subscription/get`: tells what is known about a subscription.

For the service and for the customer whose subscription it is. To anyone else every subscription looks like one that is not
there.
"""

from __future__ import annotations

from typing import Literal

from commands.failures import SubscriptionNotFound
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.values import SubscriptionId
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which subscription."""

    subscription: SubscriptionId


class Seats(Result):
    """How many consumers are in it."""

    used: int


class GetResult(Result):
    """The subscription. Times are Unix seconds."""

    subscription: str
    provider: DID
    customer: DID
    product: DID
    kind: Literal["open"]
    state: Literal["active"]
    seats: Seats
    starts_at: int
    inserted_at: int
    cause: str
    """The task that made it."""


get = Command(
    "/subscription/get",
    GetArguments,
    GetResult,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> GetResult:
    """Look the subscription up."""
    found = tx.subscription(task.executor, task.arguments.subscription)
    if found is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    return GetResult(
        subscription=found.id,
        provider=found.provider,
        customer=found.customer,
        product=found.product,
        kind=found.kind,
        state="active",
        seats=Seats(used=tx.used(found.provider, found.id)),
        starts_at=found.starts_at,
        inserted_at=found.inserted_at,
        cause=str(found.task),
    )


route = get.route(handle)
