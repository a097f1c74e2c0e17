"""`/subscription/decline`: declines to be in a subscription, and leaves it.

The subject is the consumer. Its seat becomes free, and keeps its clock. What was accepted can be declined later.
"""

from __future__ import annotations

from commands import events
from commands.failures import SubscriptionNotFound
from commands.roles import CONSUMER_IN
from commands.seating import unseat
from commands.values import SubscriptionId
from forge.binding import Arguments, Command, Effect, Nothing, Task
from store.transaction import Transaction


class DeclineArguments(Arguments):
    """Which subscription."""

    subscription: SubscriptionId


decline = Command(
    "/subscription/decline",
    DeclineArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(CONSUMER_IN,),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound,),
)


def handle(task: Task[DeclineArguments], tx: Transaction) -> Nothing:
    """Release the consumer."""
    found = tx.provisioned(task.executor, task.subject)
    if found is None or found.subscription.id != task.arguments.subscription:
        raise SubscriptionNotFound(task.arguments.subscription)
    unseat(task, tx, task.subject, found.subscription, events.Type.CONSUMER_DECLINED)
    return Nothing()


route = decline.route(handle)
