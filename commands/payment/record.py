"""`/payment/record`: records what a billing system says about a subscription: paid, failed, or refunded.

For the service, or for the billing system to which it delegated this. They may come in any order, and more than once: how the
subscription stands follows from all of them. The same one again changes nothing; with other values it is `PaymentConflict`. A
refund takes the period of its reference away, whenever it comes.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from commands import events
from commands.failures import SubscriptionNotFound
from commands.period import Period
from commands.roles import SERVICE
from commands.standing import State, ends_at, state_of
from commands.values import SubscriptionId, Text, Time
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.errors import Failure
from store.records import Payment, PaymentEvent, Subscription
from store.transaction import Transaction


class RecordArguments(Arguments):
    """What happened, and for which period it is."""

    subscription: SubscriptionId
    event: PaymentEvent
    reference: Annotated[Text, Field(min_length=1, max_length=256)]
    """The billing system's own id for it: a refund has that of what it pays back."""
    from_: Time | None = Field(default=None, alias="from")
    """When the time begins that is paid for; `until` is one period after it where absent. What was paid counts up to its end,
    gaps included."""
    until: Time | None = None
    """Where absent, one period of the plan after `from`."""

    @model_validator(mode="after")
    def _has_a_period(self) -> Self:
        if self.event == "paid" and self.from_ is None and self.until is None:
            raise ValueError("until: missing, and from as well: a payment is for a time")
        if self.from_ is not None and self.until is not None and self.until <= self.from_:
            raise ValueError("until: it is not after from")
        return self


class RecordResult(Result):
    """How the subscription stands now. Times are Unix seconds."""

    state: State
    ends_at: Time | None = None


class PaymentConflict(Failure):
    """The billing system has said something else under that reference, or the subscription is not one that is paid for."""


record = Command(
    "/payment/record",
    RecordArguments,
    RecordResult,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound, PaymentConflict),
)


def handle(task: Task[RecordArguments], tx: Transaction) -> RecordResult:
    """Record it, unless it was."""
    arguments = task.arguments
    found = _look(task, tx)
    if found.kind != "paid":
        raise PaymentConflict(f'subscription "{found.id}" is {found.kind}: nothing is paid for it')
    period = _period(arguments, found)
    known = tx.payment(found.provider, found.id, arguments.event, arguments.reference)
    if known is not None and known != period:
        raise PaymentConflict(f'"{arguments.event}" of "{arguments.reference}" was recorded for another period')
    if known is None:
        begins_at, until = period
        tx.add_payment(
            Payment(
                provider=found.provider,
                subscription=found.id,
                event=arguments.event,
                reference=arguments.reference,
                begins_at=begins_at,
                ends_at=until,
                at=task.at,
                task=task.cid,
            )
        )
        data = {
            "provider": found.provider,
            "event": arguments.event,
            "reference": arguments.reference,
            "from": begins_at,
            "until": until,
        }
        events.append(
            task,
            tx,
            events.Type.PAYMENT_RECORDED,
            customer=found.customer,
            subscription=found.id,
            data={key: value for key, value in data.items() if value is not None},
        )
        found = _look(task, tx)
    return RecordResult(state=state_of(found, task.at), ends_at=ends_at(found))


def _look(task: Task[RecordArguments], tx: Transaction) -> Subscription:
    found = tx.subscription(task.executor, task.arguments.subscription)
    if found is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    return found


def _period(arguments: RecordArguments, subscription: Subscription) -> tuple[int | None, int | None]:
    """Say for which time a payment is: nothing of it depends on when it is told."""
    if arguments.until is None and arguments.from_ is not None and subscription.terms.period is not None:
        return arguments.from_, Period(subscription.terms.period).after(arguments.from_)
    return arguments.from_, arguments.until


route = record.route(handle)
