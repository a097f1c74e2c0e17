"""What the model makes of plans."""

from __future__ import annotations

from typing import Any

from tests.domain.model.book import Ask, Book, Plan, Refused

Result = dict[str, Any]


def add(book: Book, ask: Ask) -> Result:
    given = ask.arguments
    if given["product"] in book.plans:
        raise Refused("PlanExists")
    book.plans[given["product"]] = Plan(
        product=given["product"],
        name=given["name"],
        kind=given["kind"],
        period=given.get("period"),
        seats=given.get("seats"),
        exclusive=given.get("exclusive", False),
        clock=given.get("clock", "purchase"),
        within=given.get("assignWithin"),
        grace=given.get("grace"),
        consent=given.get("consent", False),
        self_serve=given.get("selfServe", False),
        inserted_at=ask.at,
        task=ask.task,
    )
    book.tell(ask, "plan-added")
    return {}


def view(plan: Plan) -> Result:
    told = {
        "product": plan.product,
        "name": plan.name,
        "kind": plan.kind,
        "period": plan.period,
        "seats": plan.seats,
        "exclusive": plan.exclusive,
        "clock": plan.clock,
        "assignWithin": plan.within,
        "grace": plan.grace,
        "consent": plan.consent,
        "selfServe": plan.self_serve,
        "retired": plan.retired_at is not None,
        "insertedAt": plan.inserted_at,
        "retiredAt": plan.retired_at,
    }
    return {key: value for key, value in told.items() if value is not None}


def known(book: Book, ask: Ask) -> Plan:
    plan = book.plans.get(ask.arguments["product"])
    if plan is None:
        raise Refused("PlanNotFound")
    return plan


def get(book: Book, ask: Ask) -> Result:
    return view(known(book, ask))


def list_(book: Book, ask: Ask) -> Result:
    del ask
    return {"results": [view(book.plans[product]) for product in sorted(book.plans)]}


def retire(book: Book, ask: Ask) -> Result:
    plan = known(book, ask)
    if plan.retired_at is None:
        plan.retired_at = ask.at
        book.tell(ask, "plan-retired")
    return {}
