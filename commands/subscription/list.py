"""`/subscription/list`: lists subscriptions, in the order in which their customers came to hold them.

For the service, and for a customer its own.
"""

from __future__ import annotations

from commands.page import ListArguments, Position, scan
from commands.roles import CUSTOMER_LISTING, SERVICE, whose
from commands.standing import State, state_of
from commands.views import SubscriptionView, subscription_view
from forge.binding import Command, Effect, Result, Task
from forge.did import DID
from store.records import Subscription
from store.transaction import Transaction


class ListSubscriptionsArguments(ListArguments):
    """Which subscriptions. Each filter narrows the list."""

    customer: DID | None = None
    product: DID | None = None
    state: State | None = None


class ListSubscriptionsResult(Result):
    """A page of subscriptions."""

    results: list[SubscriptionView]
    cursor: str | None = None


list_ = Command(
    "/subscription/list",
    ListSubscriptionsArguments,
    ListSubscriptionsResult,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_LISTING),
)


def handle(task: Task[ListSubscriptionsArguments], tx: Transaction) -> ListSubscriptionsResult:
    """Read a page."""
    arguments = task.arguments
    customer = whose(task, tx)

    def fetch(position: Position | None, limit: int) -> tuple[Subscription, ...]:
        return tx.subscriptions(0 if position is None else int(position[0]), limit, customer=customer)

    def keep(subscription: Subscription) -> SubscriptionView | None:
        fits = arguments.product in (None, subscription.product) and arguments.state in (
            None,
            state_of(subscription, task.at),
        )
        return subscription_view(tx, subscription, task.at) if fits else None

    results, cursor = scan(arguments, fetch, lambda subscription: (subscription.seq or 0,), keep)
    return ListSubscriptionsResult(results=results, cursor=cursor)


route = list_.route(handle)
