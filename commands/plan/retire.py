"""`/plan/retire`: lets nobody subscribe to a plan any more, for good.

For the service. The subscriptions that there are run on. One that is retired stays as it is.
"""

from __future__ import annotations

from commands import events
from commands.failures import PlanNotFound
from commands.roles import SERVICE
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.did import DID
from store.transaction import Transaction


class RetireArguments(Arguments):
    """Which plan."""

    product: DID


retire = Command("/plan/retire", RetireArguments, Nothing, effect=Effect.CHANGES, subjects=(SERVICE,), failures=(PlanNotFound,))


def handle(task: Task[RetireArguments], tx: Transaction) -> Nothing:
    """Retire the plan."""
    product = task.arguments.product
    if tx.plan(product) is None:
        raise PlanNotFound(product)
    if tx.retire(product, at=task.at, task=task.cid):
        events.append(task, tx, events.Type.PLAN_RETIRED, data={"product": product})
    return Nothing()


route = retire.route(handle)
