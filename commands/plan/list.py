"""`/plan/list`: lists the plans, by their products. For anyone."""

from __future__ import annotations

from typing import ClassVar

from commands.page import ListArguments, Position, scan
from commands.roles import ANYONE
from commands.views import PlanView, plan_view
from forge.binding import Command, Effect, Result, Task
from store.records import Plan
from store.transaction import Transaction


class ListPlansArguments(ListArguments):
    """All of them."""

    KEY: ClassVar = (str,)


class ListPlansResult(Result):
    """A page of plans."""

    results: list[PlanView]
    cursor: str | None = None


list_ = Command("/plan/list", ListPlansArguments, ListPlansResult, effect=Effect.READS, subjects=(ANYONE,))


def handle(task: Task[ListPlansArguments], tx: Transaction) -> ListPlansResult:
    """Read a page."""

    def fetch(position: Position | None, limit: int) -> tuple[Plan, ...]:
        return tx.plans("" if position is None else str(position[0]), limit)

    results, cursor = scan(task.arguments, fetch, lambda plan: (str(plan.product),), plan_view)
    return ListPlansResult(results=results, cursor=cursor)


route = list_.route(handle)
