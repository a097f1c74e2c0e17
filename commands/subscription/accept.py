"""`/subscription/accept`: accepts to be in a subscription.

The subject is the consumer; nobody that manages seats can say this for it. Where the plan asks for consent, it is entitled from
now on; elsewhere it is recorded all the same. What was accepted stays accepted.
"""

from __future__ import annotations

from commands import events
from commands.failures import SubscriptionNotFound
from commands.roles import CONSUMER_IN
from commands.values import SubscriptionId
from forge.binding import Arguments, Command, Effect, Nothing, Task
from store.transaction import Transaction


class AcceptArguments(Arguments):
    """Which subscription."""

    subscription: SubscriptionId


accept = Command(
    "/subscription/accept",
    AcceptArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(CONSUMER_IN,),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound,),
)


def handle(task: Task[AcceptArguments], tx: Transaction) -> Nothing:
    """Note the consent."""
    found = tx.provisioned(task.executor, task.subject)
    if found is None or found.subscription.id != task.arguments.subscription:
        raise SubscriptionNotFound(task.arguments.subscription)
    if found.assignment.accepted_at is None:
        tx.accept(task.executor, task.subject, at=task.at, task=task.cid)
        events.append(
            task,
            tx,
            events.Type.CONSUMER_ACCEPTED,
            customer=found.subscription.customer,
            subscription=found.subscription.id,
            consumer=task.subject,
            data={"provider": task.executor},
        )
    return Nothing()


route = accept.route(handle)
