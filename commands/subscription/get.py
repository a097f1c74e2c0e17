"""`/subscription/get`: tells what is known about a subscription.

For the service and for the customer whose subscription it is. To anyone else every subscription looks like one that is not
there.
"""

from __future__ import annotations

from commands.failures import SubscriptionNotFound
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.values import SubscriptionId
from commands.views import SubscriptionView, subscription_view
from forge.binding import Arguments, Command, Effect, Task
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which subscription."""

    subscription: SubscriptionId


get = Command(
    "/subscription/get",
    GetArguments,
    SubscriptionView,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> SubscriptionView:
    """Look the subscription up."""
    found = tx.subscription(task.executor, task.arguments.subscription)
    if found is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    return subscription_view(tx, found, task.at)


route = get.route(handle)
