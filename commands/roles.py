"""Whom a command's subject may be, in the domain's words (domain.md, Who may invoke).

What a role finds out in the transaction decides whether anything runs: a subject that has no role leaves no trace, and is
answered as if what it asked about were not there.
"""

from __future__ import annotations

from typing import Any

from forge.binding import ANYONE, SERVICE, Role, Task
from forge.did import DID
from store.transaction import Transaction

__all__ = [
    "ANYONE",
    "CONSUMER",
    "CONSUMER_NAMED",
    "CUSTOMER",
    "CUSTOMER_NAMED",
    "CUSTOMER_OF_CONSUMER",
    "CUSTOMER_OF_SUBSCRIPTION",
    "SERVICE",
]


def _customer(task: Task[Any], tx: Transaction) -> DID | None:
    return task.subject if tx.is_customer(task.subject) else None


def _customer_named(task: Task[Any], tx: Transaction) -> DID | None:
    # Only whoever is named is looked up: for a stranger there is nothing to tell from how long it takes.
    return _customer(task, tx) if task.subject == task.arguments.customer else None


def _customer_of_subscription(task: Task[Any], tx: Transaction) -> DID | None:
    subscription = tx.subscription(task.executor, task.arguments.subscription)
    return None if subscription is None else subscription.customer


def _customer_of_consumer(task: Task[Any], tx: Transaction) -> DID | None:
    provision = tx.provisioned(task.arguments.provider or task.executor, task.arguments.consumer)
    return None if provision is None else provision.subscription.customer


CUSTOMER = Role("customer", _customer)
"""The subject itself, where it is a customer."""
CUSTOMER_NAMED = Role("customer", _customer_named)
"""The customer that the argument `customer` names."""
CUSTOMER_OF_SUBSCRIPTION = Role("customer", _customer_of_subscription)
"""Whose subscription the argument `subscription` names."""
CUSTOMER_OF_CONSUMER = Role("customer", _customer_of_consumer)
"""Who pays for the consumer that the argument `consumer` names."""
CONSUMER = Role("consumer", lambda task, _: task.subject)
"""The subject itself, whatever it is: everyone may ask about itself."""
CONSUMER_NAMED = Role("consumer", lambda task, _: task.arguments.consumer)
"""The consumer that the argument `consumer` names."""
