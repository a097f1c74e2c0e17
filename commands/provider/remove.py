"""`/provider/remove`: takes a consumer out of the subscription that it is in.

For the service and for the customer that pays. A subscription that was made for this consumer alone ends with it.
"""

from __future__ import annotations

from commands import events
from commands.changes import cancel_now
from commands.failures import ConsumerNotFound
from commands.provider.add import own_id
from commands.roles import CUSTOMER_OF_CONSUMER, SERVICE
from commands.seating import unseat
from commands.standing import has_ended
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.records import Provision
from store.transaction import Transaction


class RemoveArguments(Arguments):
    """Which consumer, with which provider."""

    provider: DID
    consumer: DID


remove = Command(
    "/provider/remove",
    RemoveArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_OF_CONSUMER),
    refusal=lambda task: ConsumerNotFound(task.arguments.consumer),
    failures=(ConsumerNotFound,),
)


def handle(task: Task[RemoveArguments], tx: Transaction) -> Nothing:
    """Release the consumer."""
    provider, consumer = task.arguments.provider, task.arguments.consumer
    found = tx.provisioned(provider, consumer)
    if found is None:
        raise ConsumerNotFound(consumer)
    unseat(task, tx, consumer, found.subscription, events.Type.CONSUMER_RELEASED)
    if _is_its_own(found) and not has_ended(found.subscription, task.at) and not tx.is_used(provider, found.subscription.id):
        cancel_now(task, tx, found.subscription)
    return Nothing()


def _is_its_own(found: Provision) -> bool:
    """Say whether the subscription was made for the consumer: it bears its name, or the task that provisioned it made it."""
    subscription, assignment = found.subscription, found.assignment
    return not subscription.planned and (subscription.id == own_id(assignment.consumer) or subscription.task == assignment.task)


route = remove.route(handle)
