"""`/customer/resume`: ends a customer's suspension.

For the service. Everything is as it would have been; what ended meanwhile has ended. One that is not suspended stays as it is.
"""

from __future__ import annotations

from commands import events
from commands.failures import CustomerNotFound
from commands.roles import SERVICE
from commands.values import Reason
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class ResumeArguments(Arguments):
    """Who, and why."""

    customer: DID
    reason: Reason | None = None


resume = Command(
    "/customer/resume",
    ResumeArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound,),
    brief=True,
)


def handle(task: Task[ResumeArguments], tx: Transaction) -> Nothing:
    """Resume the customer."""
    customer = tx.meant(task.arguments.customer)
    if customer is None:
        raise CustomerNotFound(task.arguments.customer)
    if tx.resume(customer, at=task.at, task=task.cid):
        reason = task.arguments.reason
        events.append(task, tx, events.Type.CUSTOMER_RESUMED, customer=customer, data={"reason": reason})
    return Nothing()


route = resume.route(handle)
