"""`/customer/get`: tells what is known about a customer.

For the service and for the customer itself. To anyone else every customer looks like one that is not there. A guest's old DID
tells about the customer that it became.
"""

from __future__ import annotations

from commands.failures import CustomerNotFound
from commands.roles import CUSTOMER_NAMED, SERVICE
from commands.views import CustomerView, customer_view
from forge.binding import Arguments, Command, Effect, Task
from forge.did import DID
from store.transaction import Transaction


class GetArguments(Arguments):
    """Which customer."""

    customer: DID


get = Command(
    "/customer/get",
    GetArguments,
    CustomerView,
    effect=Effect.READS,
    subjects=(SERVICE, CUSTOMER_NAMED),
    refusal=lambda task: CustomerNotFound(task.arguments.customer),
    failures=(CustomerNotFound,),
)


def handle(task: Task[GetArguments], tx: Transaction) -> CustomerView:
    """Look the customer up."""
    found = tx.customer(task.arguments.customer)
    if found is None:
        raise CustomerNotFound(task.arguments.customer)
    return customer_view(tx, found)


route = get.route(handle)
