"""`/subscription/cancel`: ends a subscription, now or with what was paid or granted.

For the service and for the customer whose subscription it is. One that has no end to wait for ends now. Nothing takes it back;
what was to end at its end can still be ended now.
"""

from __future__ import annotations

from typing import Literal

from commands.changes import cancel_at_end, cancel_now
from commands.failures import SubscriptionNotFound
from commands.roles import CUSTOMER_OF_SUBSCRIPTION, SERVICE
from commands.standing import ends_at, ends_if_cancelled
from commands.values import SubscriptionId, Time
from forge.binding import Arguments, Command, Effect, Result, Task
from store.records import Subscription
from store.transaction import Transaction


class CancelArguments(Arguments):
    """Which subscription, and when."""

    subscription: SubscriptionId
    at: Literal["now", "end"]


class CancelResult(Result):
    """When it ends. Unix seconds."""

    ends_at: Time


cancel = Command(
    "/subscription/cancel",
    CancelArguments,
    CancelResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_OF_SUBSCRIPTION),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound,),
)


def handle(task: Task[CancelArguments], tx: Transaction) -> CancelResult:
    """Cancel it, unless that was done."""
    found = _look(task, tx)
    end = ends_at(found)
    if task.arguments.at == "now" or ends_if_cancelled(found, task.at) is None:
        cancel_now(task, tx, found)
    elif end is None or task.at < end:
        cancel_at_end(task, tx, found)
    end = ends_at(_look(task, tx))
    if end is None:
        raise AssertionError("what is cancelled has an end")
    return CancelResult(ends_at=end)


def _look(task: Task[CancelArguments], tx: Transaction) -> Subscription:
    found = tx.subscription(task.executor, task.arguments.subscription)
    if found is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    return found


route = cancel.route(handle)
