"""`/customer/close`: closes a customer, for good.

For the service and for the customer itself. Its subscriptions end now, and with them what its consumers are entitled to; the
history stays. One that is closed stays as it is.
"""

from __future__ import annotations

from commands import events
from commands.changes import cancel_now
from commands.failures import CustomerNotFound
from commands.roles import CUSTOMER_NAMED, SERVICE
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class CloseArguments(Arguments):
    """Who."""

    customer: DID


close = Command(
    "/customer/close",
    CloseArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound,),
)


def handle(task: Task[CloseArguments], tx: Transaction) -> Nothing:
    """Cancel what it holds, and close it."""
    customer = tx.meant(task.arguments.customer)
    if customer is None:
        raise CustomerNotFound(task.arguments.customer)
    if tx.close(customer, at=task.at, task=task.cid):
        for subscription in tx.subscriptions(customer=customer):
            cancel_now(task, tx, subscription)
        events.append(task, tx, events.Type.CUSTOMER_CLOSED, customer=customer)
    return Nothing()


route = close.route(handle)
