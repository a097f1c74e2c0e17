"""`/customer/payer/remove`: ends that a customer is paid for by another.

For the service, for the customer, and for its payer: neither needs the other to end it.
"""

from __future__ import annotations

from commands.changes import end_paying
from commands.failures import PayerNotFound
from commands.roles import CUSTOMER_NAMED, PAYER_OF_CUSTOMER, SERVICE
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class RemovePayerArguments(Arguments):
    """For whom."""

    customer: DID


remove = Command(
    "/customer/payer/remove",
    RemovePayerArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, PAYER_OF_CUSTOMER, CUSTOMER_NAMED),
    refusal=lambda task: PayerNotFound(task.arguments.customer),
    failures=(PayerNotFound,),
)


def handle(task: Task[RemovePayerArguments], tx: Transaction) -> Nothing:
    """End it."""
    customer = tx.meant(task.arguments.customer)
    if customer is None or not end_paying(task, tx, customer):
        raise PayerNotFound(task.arguments.customer)
    return Nothing()


route = remove.route(handle)
