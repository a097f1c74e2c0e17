"""`/subscription/add`: adds a subscription for a customer, with no consumers in it yet.

For the service, and for the customer itself where the product is its own. The subscription is open: it has no end. Its id is
the task's CID, so a new task is a new subscription.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from commands.failures import CustomerNotFound, ProviderNotAllowed
from commands.opening import open_subscription
from commands.roles import CUSTOMER_NAMED, SERVICE
from commands.values import CustomerDID
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from forge.errors import Failure
from store.transaction import Transaction


class AddArguments(Arguments):
    """Who subscribes, to what, with whom."""

    customer: CustomerDID
    provider: DID
    product: DID
    reason: Annotated[str, Field(max_length=1000)] | None = None
    """Why; kept in the history."""


class AddResult(Result):
    """The new subscription."""

    id: str


class PlanNotFound(Failure):
    """The product is not one that this customer may subscribe to."""


add = Command(
    "/subscription/add",
    AddArguments,
    AddResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound, PlanNotFound, ProviderNotAllowed),
)


def handle(task: Task[AddArguments], tx: Transaction) -> AddResult:
    """Add the subscription."""
    arguments = task.arguments
    customer = tx.customer(arguments.customer)
    if customer is None:
        raise CustomerNotFound(arguments.customer)
    if arguments.provider != task.executor:
        raise ProviderNotAllowed(arguments.provider, task.executor)
    if arguments.product != customer.product:
        raise PlanNotFound(f'plan "{arguments.product}" not found')
    name = str(task.cid)
    open_subscription(task, tx, name=name, customer=customer, provider=arguments.provider, reason=arguments.reason)
    return AddResult(id=name)


route = add.route(handle)
