"""`/customer/get`: tells what is known about a customer.

For the service and for the customer itself. To anyone else every customer looks like one that is not there.
"""

from __future__ import annotations

from typing import Literal

from commands.failures import CustomerNotFound
from commands.roles import CUSTOMER_NAMED, SERVICE
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which customer."""

    customer: DID


class BilledTo(Result):
    """Who is billed for a customer: itself, or its payer."""

    customer: DID
    external_account: str | None = None


class GetResult(Result):
    """The customer. Times are Unix seconds."""

    customer: DID
    external_account: str | None = None
    product: DID
    details: dict[str, str]
    state: Literal["active"]
    billed_to: BilledTo
    subscriptions: int
    """How many it has or had."""
    inserted_at: int
    updated_at: int | None = None


get = Command(
    "/customer/get",
    GetArguments,
    GetResult,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> GetResult:
    """Look the customer up."""
    found = tx.customer(task.arguments.customer)
    if found is None:
        raise CustomerNotFound(task.arguments.customer)
    return GetResult(
        customer=found.did,
        external_account=found.external_account,
        product=found.product,
        details=dict(found.details),
        state="active",
        billed_to=BilledTo(customer=found.did, external_account=found.external_account),
        subscriptions=tx.count_subscriptions(found.did),
        inserted_at=found.inserted_at,
        updated_at=found.updated_at,
    )


route = get.route(handle)
