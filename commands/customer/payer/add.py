"""`/customer/payer/add`: has a customer paid for by another.

For the service, or for the payer, where the customer signs: the payer invites by delegating this to it, or to a fresh key whose
secret is the invitation. Somebody who is no customer yet becomes one, with the payer's product. A payer has no payer itself,
and who pays for others gets none.
"""

from __future__ import annotations

from commands.changes import begin_paying, register
from commands.failures import AccountBlocked, CustomerNotFound, PayerCycle
from commands.roles import PAYER_NAMED, SERVICE, ReceiverDidNotSign, receiver_signs, receives_by_its_name
from commands.values import CustomerDID
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from forge.errors import Failure
from store.records import AlreadyExists
from store.transaction import Transaction


class AddPayerArguments(Arguments):
    """Who pays, and for whom."""

    payer: DID
    customer: CustomerDID


class PayerExists(Failure):
    """Somebody pays for the customer already."""

    def __init__(self, customer: DID) -> None:
        super().__init__(f'customer "{customer}" already has a payer')


add = Command(
    "/customer/payer/add",
    AddPayerArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE, PAYER_NAMED),
    judge=receiver_signs,
    refusal=lambda task: CustomerNotFound(task.arguments.payer),
    failures=(PayerExists, PayerCycle, CustomerNotFound, AccountBlocked, ReceiverDidNotSign),
    brief=True,
)


def handle(task: Task[AddPayerArguments], tx: Transaction) -> Nothing:
    """Have the payer pay."""
    payer = tx.customer(task.arguments.payer)
    if payer is None or payer.closed_at is not None:
        raise CustomerNotFound(task.arguments.payer)
    if task.subject != task.executor and payer.blocked:
        raise AccountBlocked
    receives_by_its_name(task, tx)
    customer = tx.meant(task.arguments.customer)
    if customer is None:
        customer = task.arguments.customer
        register(task, tx, customer, product=payer.product, details={})
    if customer == payer.did or payer.payer is not None or tx.pays(customer):
        raise PayerCycle(customer)
    try:
        begin_paying(task, tx, customer, payer.did)
    except AlreadyExists:
        raise PayerExists(customer) from None
    return Nothing()


route = add.route(handle)
