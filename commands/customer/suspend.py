"""`/customer/suspend`: suspends a customer.

For the service. Until it is resumed nothing of the customer's is entitled, nor of those that it pays for, and nothing is lost.
One that is suspended stays as it is. The customer can read the reason in its events.
"""

from __future__ import annotations

from commands import events
from commands.failures import CustomerNotFound
from commands.roles import SERVICE
from commands.values import Reason
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class SuspendArguments(Arguments):
    """Who, and why."""

    customer: DID
    reason: Reason | None = None


suspend = Command(
    "/customer/suspend",
    SuspendArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound,),
    brief=True,
)


def handle(task: Task[SuspendArguments], tx: Transaction) -> Nothing:
    """Suspend the customer."""
    customer = tx.customer(task.arguments.customer)
    if customer is None:
        raise CustomerNotFound(task.arguments.customer)
    if not customer.suspended:
        reason = task.arguments.reason
        tx.suspend(customer.did, reason=reason, at=task.at, task=task.cid)
        events.append(task, tx, events.Type.CUSTOMER_SUSPENDED, customer=customer.did, data={"reason": reason})
    return Nothing()


route = suspend.route(handle)
