"""`/customer/update`: changes what is known about a customer.

For the service. What is not named stays; an external account of null is taken away; details are replaced as a whole. What it
was before stays in the history. The product decides what `/provider/add` does from now on, and changes no subscription.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from commands import events
from commands.failures import CustomerNotFound, InvalidExternalAccount
from commands.options import options_of
from commands.roles import SERVICE
from commands.values import Details, check_external_account
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class UpdateArguments(Arguments):
    """Who, and what is to be changed."""

    customer: DID
    external_account: str | None = None
    """`prefix:rest`; null takes it away."""
    product: DID | None = None
    details: Details | None = None


update = Command(
    "/customer/update",
    UpdateArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound, InvalidExternalAccount),
    brief=True,
)


def handle(task: Task[UpdateArguments], tx: Transaction) -> Nothing:
    """Change what differs."""
    arguments = task.arguments
    check_external_account(arguments.external_account, options_of(task).external_account_prefixes)
    customer = tx.customer(arguments.customer)
    if customer is None:
        raise CustomerNotFound(arguments.customer)
    new: dict[str, Any] = {}
    told: dict[str, Any] = {}
    if "external_account" in arguments.model_fields_set and arguments.external_account != customer.external_account:
        new["external_account"] = told["externalAccount"] = arguments.external_account
    if arguments.product is not None and arguments.product != customer.product:
        new["product"] = told["product"] = arguments.product
    if arguments.details is not None and arguments.details != customer.details:
        new["details"] = told["details"] = arguments.details
    if new:
        tx.update_customer(replace(customer, **new), at=task.at, task=task.cid)
        events.append(task, tx, events.Type.CUSTOMER_UPDATED, customer=customer.did, data=told)
    return Nothing()


route = update.route(handle)
