"""`/consumer/list`: lists consumers, subscription by subscription.

For the service, and for a customer those that it pays for.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar

from commands.page import ListArguments, Position, scan
from commands.roles import CUSTOMER_LISTING, SERVICE, whose
from commands.standing import State, state_of
from commands.values import SubscriptionId
from commands.views import ConsumerView, consumer_view
from forge.binding import Command, Effect, Result, Task
from forge.did import DID
from store.records import Provision
from store.transaction import Transaction


class ListConsumersArguments(ListArguments):
    """Which consumers. Each filter narrows the list."""

    KEY: ClassVar = (int, int)

    customer: DID | None = None
    subscription: SubscriptionId | None = None
    state: State | None = None
    """Of the subscription that they are in."""


class ListConsumersResult(Result):
    """A page of consumers."""

    results: list[ConsumerView]
    cursor: str | None = None


list_ = Command(
    "/consumer/list",
    ListConsumersArguments,
    ListConsumersResult,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_LISTING),
)


def handle(task: Task[ListConsumersArguments], tx: Transaction) -> ListConsumersResult:
    """Read a page."""
    arguments = task.arguments
    customer = whose(task, tx)
    payer = cache(tx.payer)
    within = None if arguments.subscription is None else (task.executor, arguments.subscription)

    def fetch(position: Position | None, limit: int) -> tuple[Provision, ...]:
        place = (0, 0) if position is None else (int(position[0]), int(position[1]))
        return tx.consumers(place, limit, customer=customer, subscription=within)

    def keep(found: Provision) -> ConsumerView | None:
        fits = customer in (None, found.subscription.customer) and arguments.state in (
            None,
            state_of(found.subscription, task.at),
        )
        return consumer_view(found, task.at, payer=payer(found.subscription.customer)) if fits else None

    results, cursor = scan(arguments, fetch, _place, keep)
    return ListConsumersResult(results=results, cursor=cursor)


def _place(found: Provision) -> Position:
    return (found.subscription.seq or 0, found.assignment.seq or 0)


route = list_.route(handle)
