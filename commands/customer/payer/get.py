"""`/customer/payer/get`: tells who pays for a customer.

For the service and for the customer itself. To anyone else it looks as if nobody did.
"""

from __future__ import annotations

from commands.failures import PayerNotFound
from commands.roles import CUSTOMER_NAMED, SERVICE
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class GetPayerArguments(Arguments):
    """For whom."""

    customer: DID


class GetPayerResult(Result):
    """Who pays."""

    payer: DID


get = Command(
    "/customer/payer/get",
    GetPayerArguments,
    GetPayerResult,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: PayerNotFound(task.arguments.customer),
    failures=(PayerNotFound,),
)


def handle(task: Task[GetPayerArguments], tx: Transaction) -> GetPayerResult:
    """Look the payer up."""
    customer = tx.meant(task.arguments.customer)
    payer = None if customer is None else tx.payer(customer)
    if payer is None:
        raise PayerNotFound(task.arguments.customer)
    return GetPayerResult(payer=payer)


route = get.route(handle)
