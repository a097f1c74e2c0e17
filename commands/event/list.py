"""`/event/list`: lists what happened, oldest first.

For the service, and for a customer what happened to it and what is its own. Every change appends one event, in the transaction
of the change; they are numbered in the order in which those became visible, so whoever goes on after the last one it saw misses
none. The task that each names finds the signed receipt. `GET /events/{since}` streams the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from commands.events import TypeName
from commands.page import ListArguments, Position, scan
from commands.roles import CUSTOMER_LISTING, SERVICE, whose
from commands.values import SubscriptionId, Time
from forge.binding import Command, Effect, Result, Stream, Task
from forge.did import DID
from forge.followable import Followable
from store.records import Event
from store.transaction import Transaction


class ListEventsArguments(ListArguments):
    """Which events. Each filter narrows the list."""

    since: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Those that follow this number."""
    customer: DID | None = None
    subscription: SubscriptionId | None = None
    consumer: DID | None = None
    type: TypeName | None = None


class EventView(Result):
    """What happened."""

    seq: int
    """Its number: grows, with gaps."""
    at: Time
    """Unix seconds."""
    task: str
    """The task that did it."""
    command: str
    issuer: DID
    subject: DID
    type: str
    customer: DID | None = None
    subscription: str | None = None
    consumer: DID | None = None
    data: dict[str, Any]


class ListEventsResult(Result):
    """A page of events."""

    results: list[EventView]
    cursor: str | None = None


list_ = Command("/event/list", ListEventsArguments, ListEventsResult, effect=Effect.READS, subjects=(SERVICE, CUSTOMER_LISTING))
events = Followable(list_, "/events", "event", EventView)


def handle(task: Task[ListEventsArguments], tx: Transaction) -> ListEventsResult:
    """Read a page."""
    arguments = task.arguments
    fetch = _reader(task, tx)

    def after(position: Position | None, limit: int) -> tuple[Event, ...]:
        return fetch((arguments.since or 0) if position is None else int(position[0]), limit)

    results, cursor = scan(arguments, after, lambda event: (event.seq or 0,), lambda event: _view(arguments, event))
    return ListEventsResult(results=results, cursor=cursor)


def _reader(task: Task[ListEventsArguments], tx: Transaction) -> Callable[[int, int], tuple[Event, ...]]:
    """Find the narrowest look-up: what it does not filter, `_view` does."""
    arguments = task.arguments
    customer = whose(task, tx)
    if customer is not None:
        names = (customer, *tx.guests(customer))
        return lambda since, limit: tx.events(since, limit, customers=names)
    return lambda since, limit: tx.events(since, limit, subscription=arguments.subscription, consumer=arguments.consumer)


def _view(arguments: ListEventsArguments, event: Event) -> EventView | None:
    fits = (
        arguments.subscription in (None, event.subscription)
        and arguments.consumer in (None, event.consumer)
        and arguments.type in (None, event.type)
    )
    return view(event) if fits else None


def view(event: Event) -> EventView:
    """Tell about an event."""
    return EventView(
        seq=event.seq or 0,
        at=event.at,
        task=str(event.task),
        command=event.command,
        issuer=event.issuer,
        subject=event.subject,
        type=event.type,
        customer=event.customer,
        subscription=event.subscription,
        consumer=event.consumer,
        data=dict(event.data),
    )


def follow(task: Task[ListEventsArguments], tx: Transaction, after: int, limit: int) -> list[tuple[int, EventView | None]]:
    """Read what follows an event, where the arguments do not begin later themselves: a policy may have them do so."""
    arguments = task.arguments
    (place,) = arguments.position or (0,)
    events = _reader(task, tx)(max(after, arguments.since or 0, int(place)), limit)
    return [(event.seq or 0, _view(arguments, event)) for event in events]


route = list_.route(handle, Stream(events.path, events.name, follow, Transaction.last_event))
