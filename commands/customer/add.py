"""`/customer/add`: registers a customer.

For the service, or a tenant to whom the service delegated it. A policy such as `["like", ".externalAccount", "f1:*"]`
confines a tenant to its own prefix. A new task for a DID that is a customer already is `CustomerExists`; nothing is changed.
"""

from __future__ import annotations

from typing import Annotated

from commands.changes import register
from commands.failures import InvalidExternalAccount
from commands.options import options_of
from commands.roles import SERVICE
from commands.values import CustomerDID, Details, check_external_account
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from forge.errors import Failure
from forge.model import Implied
from store.records import AlreadyExists
from store.transaction import Transaction


class AddArguments(Arguments):
    """Who the customer is, and what it bought."""

    customer: CustomerDID
    external_account: str | None = None
    """The customer's id in a billing system, opaque: `prefix:rest`."""
    product: DID
    details: Annotated[Details, Implied({})]


class InvalidCustomerSubject(Failure):
    """The subject is not the service."""


class CustomerExists(Failure):
    """The DID is a customer already."""

    def __init__(self, customer: DID) -> None:
        super().__init__(f'customer "{customer}" already exists')


def refuse(task: Task[AddArguments]) -> Failure:
    """Say that only the service registers customers."""
    return InvalidCustomerSubject(
        f'invocation subject must be the service: expected "{task.executor}", found "{task.subject}"',
    )


add = Command(
    "/customer/add",
    AddArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=refuse,
    failures=(InvalidCustomerSubject, CustomerExists, InvalidExternalAccount),
    brief=True,
)


def handle(task: Task[AddArguments], tx: Transaction) -> Nothing:
    """Register the customer."""
    arguments = task.arguments
    check_external_account(arguments.external_account, options_of(task).external_account_prefixes)
    try:
        register(
            task,
            tx,
            arguments.customer,
            product=arguments.product,
            external_account=arguments.external_account,
            details=arguments.details,
        )
    except AlreadyExists:
        raise CustomerExists(arguments.customer) from None
    return Nothing()


route = add.route(handle)
