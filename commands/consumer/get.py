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
from store.records import Provision
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
    told = task.subject != arguments.consumer or tx.meant(task.subject) == tx.meant(found.subscription.customer)
    payer = tx.payer_at(found.subscription.customer, at) if told else None
    seen = consumer_view(found, at, payer=payer)
    # Nor is until when it goes on under its next customer for the one before to know.
    was = task.subject not in (task.executor, arguments.consumer) and not _holds(task, tx, found)
    return seen.model_copy(update={"ends_at": None}) if was else seen


def _holds(task: Task[GetArguments], tx: Transaction, found: Provision) -> bool:
    """Say whether the subject holds the subscription now."""
    return tx.meant(task.subject) == tx.holder(found.subscription.provider, found.subscription.id)


route = get.route(handle)
