"""`/plan/get`: tells the terms of a plan. For anyone."""

from __future__ import annotations

from commands.failures import PlanNotFound
from commands.roles import ANYONE
from commands.views import PlanView, plan_view
from forge.binding import Arguments, Command, Effect, Task
from forge.did import DID
from store.transaction import Transaction


class GetPlanArguments(Arguments):
    """Which plan."""

    product: DID


get = Command("/plan/get", GetPlanArguments, PlanView, effect=Effect.READS, subjects=(ANYONE,), failures=(PlanNotFound,))


def handle(task: Task[GetPlanArguments], tx: Transaction) -> PlanView:
    """Look the plan up."""
    found = tx.plan(task.arguments.product)
    if found is None:
        raise PlanNotFound(task.arguments.product)
    return plan_view(found)


route = get.route(handle)
