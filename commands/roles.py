"""Whom a command's subject may be, in the domain's words (docs/domain.md, Who may invoke).

What a role finds out in the transaction decides whether anything runs: a subject that has no role leaves no trace, and is
answered as if what it asked about were not there. So that there is nothing to tell from the work either, a role runs the same
statements whether what is named is there or not (law 4).

A guest that was linked to a customer is that customer, wherever one is named, as a subject too.
"""

from __future__ import annotations

from typing import Any

from commands.asof import provisioned_at
from forge.binding import ANYONE, SERVICE, Role, Task
from forge.did import DID
from forge.errors import Failure
from store.transaction import Transaction

__all__ = [
    "ANYONE",
    "CONSUMER",
    "CONSUMER_IN",
    "CONSUMER_LEAVING",
    "CONSUMER_NAMED",
    "CUSTOMER",
    "CUSTOMER_LISTING",
    "CUSTOMER_NAMED",
    "CUSTOMER_OF_CONSUMER",
    "CUSTOMER_OF_SUBSCRIPTION",
    "GUEST_NAMED",
    "PAYER_NAMED",
    "PAYER_OF_CUSTOMER",
    "SERVICE",
    "ReceiverDidNotSign",
    "receiver_signs",
    "receives_by_its_name",
    "whose",
]


class ReceiverDidNotSign(Failure):
    """Who receives has not agreed: where two parties must, the giver is the subject and the receiver signs (law 3)."""


def receiver_signs(task: Task[Any]) -> None:
    """See that the customer that is named signs by itself, unless the service acts.

    Raises:
        ReceiverDidNotSign: somebody else signs for it.
    """
    if task.subject != task.executor and task.issuer != task.arguments.customer:
        raise ReceiverDidNotSign(
            f'"{task.command}" takes both wills: expected the issuer to be the receiving customer "{task.arguments.customer}",'
            f' found "{task.issuer}"'
        )


def receives_by_its_name(task: Task[Any], tx: Transaction) -> None:
    """See that the receiving customer is not named by a DID that it had as a guest, unless the service acts.

    Whoever speaks for that one, such as for an e-mail address, acts for the customer; but it is not who signs that it receives.

    Raises:
        ReceiverDidNotSign: it is.
    """
    if task.subject != task.executor and tx.linked(task.arguments.customer) is not None:
        raise ReceiverDidNotSign(
            f'"{task.command}" takes both wills: "{task.arguments.customer}" became another customer, which is to sign'
        )


def whose(task: Task[Any], tx: Transaction) -> DID | None:
    """Say whose things a list is of: the subject's own, or those of whom the service names; None: everybody's."""
    if task.subject != task.executor:
        return tx.meant(task.subject) or task.subject
    named: DID | None = task.arguments.customer
    return None if named is None else tx.meant(named) or named


def _customer(task: Task[Any], tx: Transaction) -> DID | None:
    return task.subject if tx.meant(task.subject) is not None else None


def _is(task: Task[Any], tx: Transaction, customer: DID | None) -> DID | None:
    meant = tx.meant(task.subject)
    return task.subject if meant is not None and meant == customer else None


def _customer_named(task: Task[Any], tx: Transaction) -> DID | None:
    return _is(task, tx, tx.meant(task.arguments.customer))


def _customer_listing(task: Task[Any], tx: Transaction) -> DID | None:
    return _customer(task, tx) if task.arguments.customer is None else _customer_named(task, tx)


def _customer_of_subscription(task: Task[Any], tx: Transaction) -> DID | None:
    return _is(task, tx, tx.holder(task.executor, task.arguments.subscription))


def _customer_of_consumer(task: Task[Any], tx: Transaction) -> DID | None:
    provider = task.arguments.provider or task.executor
    at = getattr(task.arguments, "at", None)
    if at is None:
        return _is(task, tx, tx.paid_by(provider, task.arguments.consumer))
    found = provisioned_at(tx, provider, task.arguments.consumer, at)
    # Who paid as a guest is who it became; where nobody did, the same is asked about the consumer.
    meant = tx.meant(task.arguments.consumer if found is None else found.subscription.customer)
    return _is(task, tx, None if found is None else meant)


def _consumer_in(task: Task[Any], tx: Transaction) -> DID | None:
    found = tx.provisioned(task.executor, task.subject)
    return task.subject if found is not None and found.subscription.id == task.arguments.subscription else None


def _consumer_leaving(task: Task[Any], tx: Transaction) -> DID | None:
    return _consumer_in(task, tx) if set(task.arguments.consumers) == {task.subject} else None


CUSTOMER = Role("customer", _customer)
"""The subject itself, where it is a customer."""
CUSTOMER_NAMED = Role("customer", _customer_named)
"""The customer that the argument `customer` names."""
CUSTOMER_LISTING = Role("customer", _customer_listing)
"""The customer that the argument `customer` names, or the subject itself where it names none."""
CUSTOMER_OF_SUBSCRIPTION = Role("customer", _customer_of_subscription)
"""Whose subscription the argument `subscription` names."""
CUSTOMER_OF_CONSUMER = Role("customer", _customer_of_consumer)
"""Who pays for the consumer that the argument `consumer` names; who did, at the time that `at` names."""
GUEST_NAMED = Role("guest", lambda task, tx: task.arguments.guest if tx.meant(task.arguments.guest) is not None else None)
"""The customer that the argument `guest` names, by this very DID."""
PAYER_NAMED = Role("payer", lambda task, tx: _is(task, tx, tx.meant(task.arguments.payer)))
"""The customer that the argument `payer` names."""
PAYER_OF_CUSTOMER = Role(
    "payer", lambda task, tx: _is(task, tx, tx.payer(tx.meant(task.arguments.customer) or task.arguments.customer))
)
"""Who pays for the customer that the argument `customer` names."""
CONSUMER = Role("consumer", lambda task, _: task.subject)
"""The subject itself, whatever it is: everyone may ask about itself."""
CONSUMER_NAMED = Role("consumer", lambda task, _: task.arguments.consumer)
"""The consumer that the argument `consumer` names."""
CONSUMER_IN = Role("consumer", _consumer_in)
"""The subject itself, where it is in the subscription that the argument `subscription` names."""
CONSUMER_LEAVING = Role("consumer", _consumer_leaving)
"""The same, where it alone is among the `consumers`."""
