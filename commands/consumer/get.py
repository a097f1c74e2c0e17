"""`/consumer/get`: tells who pays for a consumer and whether it is entitled, now or on any day since it was first provisioned.

For the service, for the customer that pays (or paid, on that day), and for the consumer itself. To anyone else every consumer
looks like one that is not there.
"""

from __future__ import annotations

from commands.asof import provisioned_at
from commands.failures import ConsumerNotFound
from commands.roles import CONSUMER_NAMED, CUSTOMER_OF_CONSUMER, SERVICE
from commands.values import Time
from commands.views import ConsumerView, consumer_view
from forge.binding import Arguments, Command, Effect, Task
from forge.did import DID
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which consumer, with which provider: this service where none is named."""

    consumer: DID
    provider: DID | None = None
    at: Time | None = None
    """As of when. Now, where absent."""


get = Command(
    "/consumer/get",
    GetArguments,
    ConsumerView,
    effect=Effect.READS,
    subjects=(SERVICE, CONSUMER_NAMED, CUSTOMER_OF_CONSUMER),
    refusal=lambda task: ConsumerNotFound(task.arguments.consumer),
    failures=(ConsumerNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> ConsumerView:
    """Look up where the consumer is, or was."""
    arguments = task.arguments
    provider = arguments.provider or task.executor
    if arguments.at is None:
        found = tx.provisioned(provider, arguments.consumer)
    else:
        found = provisioned_at(tx, provider, arguments.consumer, arguments.at)
    if found is None:
        raise ConsumerNotFound(arguments.consumer)
    at = task.at if arguments.at is None else arguments.at
    # Who pays for its customer is not the consumer's to know.
    told = task.subject != arguments.consumer or task.subject == found.subscription.customer
    payer = tx.payer_at(found.subscription.customer, at) if told else None
    return consumer_view(found, at, payer=payer)


route = get.route(handle)
