"""`/customer/payer/remove`: ends that a customer is paid for by another.

For the service, for the customer, and for its payer: neither needs the other to end it. While the payer is
suspended or closed, only the service does.
"""

from __future__ import annotations

from commands.changes import end_paying
from commands.failures import AccountBlocked, PayerNotFound
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
    failures=(PayerNotFound, AccountBlocked),
    brief=True,
)


def handle(task: Task[RemovePayerArguments], tx: Transaction) -> Nothing:
    """End it."""
    customer = tx.customer(task.arguments.customer)
    if customer is None or customer.payer is None:
        raise PayerNotFound(task.arguments.customer)
    # Nobody gets out of its payer's suspension by leaving.
    if task.subject != task.executor and customer.payer_blocked:
        raise AccountBlocked
    end_paying(task, tx, customer.did)
    return Nothing()


route = remove.route(handle)
