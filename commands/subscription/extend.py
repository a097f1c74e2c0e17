"""`/subscription/extend`: says anew until when a complimentary subscription or a trial runs.

For the service. What it said before stays in the history. One that has expired goes on again; one that was cancelled does not.
What is paid for is extended by payments.
"""

from __future__ import annotations

from commands import events
from commands.failures import SubscriptionNotFound
from commands.purchases import holds_live
from commands.roles import SERVICE
from commands.standing import has_ended
from commands.values import SubscriptionId, Time
from forge.binding import Arguments, Command, Effect, Nothing, Task
from forge.errors import Failure, MalformedArguments
from store.transaction import Transaction


class ExtendArguments(Arguments):
    """Which subscription, and until when."""

    subscription: SubscriptionId
    ends_at: Time | None
    """Null: it never ends."""


class NotExtendable(Failure):
    """The subscription does not end by being told, or it was cancelled, or another has taken its place."""


extend = Command(
    "/subscription/extend",
    ExtendArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(SERVICE,),
    refusal=lambda task: SubscriptionNotFound(task.arguments.subscription),
    failures=(SubscriptionNotFound, NotExtendable, MalformedArguments),
)


def handle(task: Task[ExtendArguments], tx: Transaction) -> Nothing:
    """Set the end."""
    found = tx.subscription(task.executor, task.arguments.subscription)
    if found is None:
        raise SubscriptionNotFound(task.arguments.subscription)
    if found.kind not in {"complimentary", "trial"}:
        raise NotExtendable(
            f"one that is {found.kind} cannot be extended: only complimentary ones and trials have an end to set"
        )
    if found.cancelled_at is not None or found.cancelled_at_end is not None:
        raise NotExtendable("it was cancelled, and what is cancelled stays so")
    end = task.arguments.ends_at
    if end == found.granted_until:
        return Nothing()
    if end is not None and end <= max(task.at, found.starts_at):
        raise MalformedArguments(
            "malformed arguments: args.endsAt: it has passed, or is before the start; to end it now, cancel it"
        )
    if found.terms.exclusive and has_ended(found, task.at) and holds_live(tx, found, task.at):
        raise NotExtendable("it has ended, and its customer has another one of this exclusive plan")
    tx.set_term(found.provider, found.id, end, at=task.at, task=task.cid)
    events.append(
        task,
        tx,
        events.Type.SUBSCRIPTION_EXTENDED,
        customer=found.customer,
        subscription=found.id,
        data={"provider": found.provider, "endsAt": end},
    )
    return Nothing()


route = extend.route(handle)
