"""Seats: which one a consumer gets, and what is done when it gets it (docs/domain.md, Seats).

Seats have numbers where they are counted or have terms of their own. They are numbered in the order in which they are first
assigned, and a seat keeps its clock whoever sits on it: one that became free is given again before a new one is begun.
"""

from __future__ import annotations

from typing import Any

from commands import events
from commands.failures import SeatLapsed, SeatsExhausted
from commands.standing import lapses_at, seat_ends_at
from forge.binding import Task
from forge.did import DID
from store.records import Provision, Subscription
from store.transaction import Transaction


def find_seat(task: Task[Any], tx: Transaction, subscription: Subscription) -> int | None:
    """Find the number of a seat that is free. None: seats have no numbers here, and there are enough.

    Raises:
        SeatsExhausted: all are taken, or their terms are over.
        SeatLapsed: none was begun in time, and it is too late to begin one.
    """
    if subscription.seats is None and subscription.terms.clock == "purchase":
        return None
    vacant = tx.vacant_seat(subscription.provider, subscription.id)
    if vacant is not None:
        seat, since = vacant
        end = seat_ends_at(subscription, since)
        if end is None or task.at < end:
            return seat
    last = tx.last_seat(subscription.provider, subscription.id)
    if subscription.seats is not None and last >= subscription.seats:
        raise SeatsExhausted
    lapse = lapses_at(subscription)
    if lapse is not None and lapse <= task.at:
        raise SeatLapsed(lapse)
    return last + 1


def seat(task: Task[Any], tx: Transaction, consumer: DID, subscription: Subscription, was: Provision | None) -> None:
    """Put a consumer into a subscription, out of where it `was`, and say so.

    Raises:
        SeatsExhausted, SeatLapsed: there is no seat for it.
        AlreadyExists: it is in one all the same.
    """
    provider = subscription.provider
    # Before it leaves its old one: that may be in a subscription of the same name, and is not for it to take.
    number = find_seat(task, tx, subscription)
    at, from_ = task.at, None
    if was is not None:
        released = tx.release(provider, consumer, at=at, task=task.cid)
        if released is not None:
            at = released[1]
        if was.subscription.customer == subscription.customer:
            from_ = was.subscription.id
    tx.assign(provider, consumer, subscription.id, at=at, task=task.cid, seat=number)
    data = {"provider": provider, "seat": number, "from": from_}
    events.append(
        task,
        tx,
        events.Type.CONSUMER_ASSIGNED if from_ is None else events.Type.CONSUMER_MOVED,
        customer=subscription.customer,
        subscription=subscription.id,
        consumer=consumer,
        data={key: value for key, value in data.items() if value is not None},
    )


def unseat(task: Task[Any], tx: Transaction, consumer: DID, subscription: Subscription, kind: events.Type) -> None:
    """Take a consumer out of the subscription that it is in, and say so."""
    tx.release(subscription.provider, consumer, at=task.at, task=task.cid)
    events.append(
        task,
        tx,
        kind,
        customer=subscription.customer,
        subscription=subscription.id,
        consumer=consumer,
        data={"provider": subscription.provider},
    )
