"""`/customer/link`: lets a guest go on as another customer.

For the service, or for the guest, where the customer that it becomes signs: both wills are in the signatures. The guest's
subscriptions go on under the new DID, with all consumers and clocks; its old DID means the new customer from now on, wherever a
customer is named. A DID that is nobody's yet becomes a customer with what the guest had. One way, once, without chains.

Whom the guest paid for goes over too. Who paid for the guest pays for a DID that becomes a customer by this; one that was a
customer goes on as it was, for nobody has agreed to pay for that. Whoever may speak for the old DID, such as for an e-mail
address, speaks for the new customer from now on.
"""

from __future__ import annotations

from commands import events
from commands.changes import begin_paying, end_paying, hand_over, register
from commands.failures import AccountBlocked, CustomerNotFound, PayerCycle
from commands.roles import GUEST_NAMED, SERVICE, ReceiverDidNotSign, receiver_signs, receives_by_its_name
from commands.values import CustomerDID
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from forge.errors import Failure
from store.records import Customer
from store.transaction import Transaction


class LinkArguments(Arguments):
    """Who, and as whom it goes on."""

    guest: DID
    customer: CustomerDID


class LinkResult(Result):
    """What went over."""

    moved: int
    """How many subscriptions."""


class CustomerLinked(Failure):
    """The guest was linked before, or the two are one already."""

    def __init__(self, guest: DID) -> None:
        super().__init__(f'customer "{guest}" cannot be linked: it is linked already, or others are linked to it')


link = Command(
    "/customer/link",
    LinkArguments,
    LinkResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE, GUEST_NAMED),
    judge=receiver_signs,
    refusal=lambda task: CustomerNotFound(task.arguments.guest),
    failures=(CustomerNotFound, CustomerLinked, AccountBlocked, PayerCycle, ReceiverDidNotSign),
)


def handle(task: Task[LinkArguments], tx: Transaction) -> LinkResult:
    """Hand everything over, then link."""
    guest = tx.customer(task.arguments.guest)
    if guest is None:
        raise CustomerNotFound(task.arguments.guest)
    known = tx.customer(task.arguments.customer)
    # A guest that was linked is found as the one that it became.
    receives_by_its_name(task, tx)
    if guest.did != task.arguments.guest or (known is not None and known.did == guest.did) or tx.guests(guest.did):
        raise CustomerLinked(task.arguments.guest)
    if guest.blocked or (known is not None and known.blocked):
        raise AccountBlocked
    if known is None:
        did = task.arguments.customer
        register(task, tx, did, product=guest.product, external_account=guest.external_account, details=guest.details)
    else:
        did = known.did
    _hand_payers_over(task, tx, guest, did, is_new=known is None)
    held = tx.subscriptions(customer=guest.did)
    for subscription in held:
        hand_over(task, tx, subscription, did)
    tx.link(guest.did, did, at=task.at, task=task.cid)
    events.append(
        task, tx, events.Type.CUSTOMER_LINKED, customer=did, giver=guest.did, data={"guest": guest.did, "moved": len(held)}
    )
    return LinkResult(moved=len(held))


def _hand_payers_over(task: Task[LinkArguments], tx: Transaction, guest: Customer, customer: DID, *, is_new: bool) -> None:
    """Let the customer pay for whom the guest paid for, and be paid for by who paid for the guest.

    Raises:
        PayerCycle: one of them pays for others, and the other is paid for.
    """
    payer = tx.payer(customer)
    if guest.payer is not None:
        end_paying(task, tx, guest.did)
        if is_new:
            begin_paying(task, tx, customer, guest.payer)
        return
    leaves = tx.leaves(guest.did)
    if payer == guest.did:
        end_paying(task, tx, customer)
    elif leaves and payer is not None:
        raise PayerCycle(customer)
    for leaf in leaves:
        if leaf.customer != customer:
            end_paying(task, tx, leaf.customer)
            begin_paying(task, tx, leaf.customer, customer)


route = link.route(handle)
