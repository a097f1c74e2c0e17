"""`/customer/list`: lists customers, by their DIDs.

For the service. The look-up by external account, or by payer, is indexed, and sees a write at once. Guests that became another
customer are not listed: that one is.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from commands.page import ListArguments, Position, scan
from commands.roles import SERVICE
from commands.values import Text
from commands.views import CustomerState, CustomerView, customer_view, state_of_customer
from forge.binding import Command, Effect, Result, Task
from forge.did import DID
from store.records import Customer
from store.transaction import Transaction


class ListCustomersArguments(ListArguments):
    """Which customers. Each filter narrows the list."""

    KEY: ClassVar = (str,)

    external_account: Annotated[Text, Field(max_length=512)] | None = None
    """Exactly as it was sent."""
    product: DID | None = None
    payer: DID | None = None
    """Those that this one pays for."""
    state: CustomerState | None = None


class ListCustomersResult(Result):
    """A page of customers."""

    results: list[CustomerView]
    cursor: str | None = None


list_ = Command("/customer/list", ListCustomersArguments, ListCustomersResult, effect=Effect.READS, subjects=(SERVICE,))


def handle(task: Task[ListCustomersArguments], tx: Transaction) -> ListCustomersResult:
    """Read a page."""
    arguments = task.arguments
    payer = None if arguments.payer is None else tx.meant(arguments.payer) or arguments.payer

    def fetch(position: Position | None, limit: int) -> tuple[Customer, ...]:
        after = "" if position is None else str(position[0])
        return tx.customers(after, limit, external_account=arguments.external_account, payer=payer)

    def keep(customer: Customer) -> CustomerView | None:
        fits = (
            arguments.product in (None, customer.product)
            and arguments.state in (None, state_of_customer(customer))
            and payer in (None, customer.payer)
        )
        return customer_view(tx, customer) if fits else None

    results, cursor = scan(arguments, fetch, lambda customer: (str(customer.did),), keep)
    return ListCustomersResult(results=results, cursor=cursor)


route = list_.route(handle)
