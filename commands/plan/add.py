"""`/plan/add`: puts a product into the catalogue.

For the service. A plan stays as it was added, for those who subscribed rely on it: to change one, retire it and add another. A
product that is not in the catalogue needs none: whoever is a customer with it has what it needs.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from commands import events
from commands.period import Period
from commands.roles import SERVICE
from commands.values import Seats, Text
from forge.binding import Arguments, Command, Effect, Nothing, Task, to_wire
from forge.did import DID
from forge.errors import Failure
from store.records import AlreadyExists, Clock, Kind, Plan, Terms
from store.transaction import Transaction


class AddPlanArguments(Arguments):
    """What is offered, and on what terms."""

    product: DID
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    kind: Kind
    """open: without an end; complimentary: granted; trial: one period, once; paid: as long as payments say."""
    period: Period | None = None
    """How long one term is: a trial, what a payment without an end pays for, a seat's where `clock` is `assignment`."""
    seats: Seats | None = None
    """How many consumers a subscription may have at a time, unless it says so itself. Without limit where absent."""
    exclusive: bool = False
    """A customer may have one live subscription to it."""
    clock: Clock = "purchase"
    """When a seat's term begins: with the subscription, or when the seat is first assigned."""
    assign_within: Period | None = None
    """How long after its start a subscription's seats can be assigned for the first time."""
    grace: Period | None = None
    """How long a paid one goes on after what was paid for."""
    consent: bool = False
    """A consumer is entitled only once it has accepted."""
    self_serve: bool = False
    """A customer may subscribe by itself."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.period is None and self.kind in {"trial", "paid"}:
            raise ValueError(f"period: missing, a {self.kind} plan has one")
        if self.period is None and self.clock == "assignment":
            raise ValueError("period: missing, it is how long a seat lasts that is assigned")
        if self.period is not None and self.kind == "open" and self.clock == "purchase":
            raise ValueError("period: an open plan has none, unless seats have their own (clock: assignment)")
        if self.assign_within is not None and self.clock == "purchase":
            raise ValueError("assignWithin: seats that begin with the purchase need none (clock: assignment)")
        if self.grace is not None and self.kind != "paid":
            raise ValueError(f"grace: a {self.kind} plan has none, nothing is paid for it")
        return self


class PlanExists(Failure):
    """The product is in the catalogue already."""

    def __init__(self, product: DID) -> None:
        super().__init__(f'plan "{product}" already exists')


add = Command("/plan/add", AddPlanArguments, Nothing, effect=Effect.CHANGES, subjects=(SERVICE,), failures=(PlanExists,))


def handle(task: Task[AddPlanArguments], tx: Transaction) -> Nothing:
    """Add the plan."""
    arguments = task.arguments
    try:
        tx.add_plan(
            Plan(
                product=arguments.product,
                name=arguments.name,
                kind=arguments.kind,
                inserted_at=task.at,
                task=task.cid,
                terms=Terms(
                    period=arguments.period,
                    exclusive=arguments.exclusive,
                    clock=arguments.clock,
                    assign_within=arguments.assign_within,
                    grace=arguments.grace,
                    consent=arguments.consent,
                ),
                seats=arguments.seats,
                self_serve=arguments.self_serve,
            )
        )
    except AlreadyExists:
        raise PlanExists(arguments.product) from None
    events.append(task, tx, events.Type.PLAN_ADDED, data=to_wire(arguments))
    return Nothing()


route = add.route(handle)
