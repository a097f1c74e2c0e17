"""`/consumer/get`: tells who pays for a consumer and whether it is entitled.

For the service, for the customer that pays, and for the consumer itself. To anyone else every consumer looks like one that
is not there.
"""

from __future__ import annotations

from typing import Literal

from commands.failures import ConsumerNotFound
from commands.roles import CONSUMER_NAMED, CUSTOMER_OF_CONSUMER, SERVICE
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which consumer, with which provider: this service where none is named."""

    consumer: DID
    provider: DID | None = None


class GetResult(Result):
    """Where the consumer is."""

    consumer: DID
    provider: DID
    subscription: str
    customer: DID
    state: Literal["active"]
    entitled: bool


get = Command(
    "/consumer/get",
    GetArguments,
    GetResult,
    effect=Effect.READS,
    subjects=(SERVICE, CONSUMER_NAMED, CUSTOMER_OF_CONSUMER),
    refusal=lambda task: ConsumerNotFound(task.arguments.consumer),
    failures=(ConsumerNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> GetResult:
    """Look up where the consumer is."""
    found = tx.provisioned(task.arguments.provider or task.executor, task.arguments.consumer)
    if found is None:
        raise ConsumerNotFound(task.arguments.consumer)
    return GetResult(
        consumer=found.assignment.consumer,
        provider=found.assignment.provider,
        subscription=found.subscription.id,
        customer=found.subscription.customer,
        state="active",
        entitled=True,
    )


route = get.route(handle)
