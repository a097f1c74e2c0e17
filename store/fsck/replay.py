"""Replaying events: each writes what it tells of into another store, by the words that the commands have for it.

What each event's `data` holds is in docs/domain.md, Events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from forge.did import DID
from store.cells import to_did
from store.records import Customer, Event, Payment, Plan, Subscription, Terms
from store.transaction import Transaction


class ImpossibleError(Exception):
    """What an event tells cannot have happened then."""


def replay(tx: Transaction, event: Event) -> None:
    """Do what an event tells of.

    Raises:
        ImpossibleError: it cannot have happened then.
        AlreadyExists: the same.
        LookupError, TypeError, ValueError: its data is not what such an event has.
    """
    rule = RULES.get(event.type)
    if rule is None:
        raise ValueError(f"no event is of type {event.type!r}")
    rule(tx, event, event.data)


def _customer(event: Event) -> DID:
    if event.customer is None:
        raise ValueError("it names no customer")
    return event.customer


def _subscription(event: Event) -> str:
    if event.subscription is None:
        raise ValueError("it names no subscription")
    return event.subscription


def _consumer(event: Event) -> DID:
    if event.consumer is None:
        raise ValueError("it names no consumer")
    return event.consumer


def _there(found: object, what: str) -> None:
    """See that there was something to end."""
    if not found:
        raise ImpossibleError(f"there was no {what}")


Data = Mapping[str, Any]

# -- customers ---------------------------------------------------------------------------------------------------------


def _customer_added(tx: Transaction, event: Event, data: Data) -> None:
    tx.add_customer(
        Customer(
            did=_customer(event),
            product=to_did(data["product"]),
            task=event.task,
            inserted_at=event.at,
            details=data["details"],
            external_account=data["externalAccount"],
        )
    )


def _customer_updated(tx: Transaction, event: Event, data: Data) -> None:
    was = tx.customer(_customer(event))
    if was is None:
        raise ImpossibleError("there was no such customer")
    now = replace(
        was,
        product=to_did(data.get("product", was.product)),
        details=data.get("details", was.details),
        external_account=data.get("externalAccount", was.external_account),
    )
    tx.update_customer(now, at=event.at, task=event.task)


def _customer_suspended(tx: Transaction, event: Event, data: Data) -> None:
    tx.suspend(_customer(event), reason=data.get("reason"), at=event.at, task=event.task)


def _customer_resumed(tx: Transaction, event: Event, _: Data) -> None:
    _there(tx.resume(_customer(event), at=event.at, task=event.task), "suspension")


def _customer_closed(tx: Transaction, event: Event, _: Data) -> None:
    if not tx.close(_customer(event), at=event.at, task=event.task):
        raise ImpossibleError("it was closed before")


def _customer_linked(tx: Transaction, event: Event, data: Data) -> None:
    tx.link(to_did(data["guest"]), _customer(event), at=event.at, task=event.task)


def _payer_added(tx: Transaction, event: Event, data: Data) -> None:
    tx.add_payer(_customer(event), to_did(data["payer"]), at=event.at, task=event.task)


def _payer_removed(tx: Transaction, event: Event, _: Data) -> None:
    _there(tx.end_payer(_customer(event), at=event.at, task=event.task), "payer")


# -- plans -------------------------------------------------------------------------------------------------------------


def _plan_added(tx: Transaction, event: Event, data: Data) -> None:
    terms = Terms(
        period=data.get("period"),
        exclusive=data["exclusive"],
        clock=data["clock"],
        assign_within=data.get("assignWithin"),
        grace=data.get("grace"),
        consent=data["consent"],
    )
    tx.add_plan(
        Plan(
            product=to_did(data["product"]),
            name=data["name"],
            kind=data["kind"],
            inserted_at=event.at,
            task=event.task,
            terms=terms,
            seats=data.get("seats"),
            self_serve=data["selfServe"],
        )
    )


def _plan_retired(tx: Transaction, event: Event, data: Data) -> None:
    if not tx.retire(to_did(data["product"]), at=event.at, task=event.task):
        raise ImpossibleError("it was retired before")


# -- subscriptions -----------------------------------------------------------------------------------------------------


def _subscription_added(tx: Transaction, event: Event, data: Data) -> None:
    provider, name, product, kind = to_did(data["provider"]), _subscription(event), to_did(data["product"]), data["kind"]
    tx.add_subscription(
        Subscription(
            provider=provider,
            id=name,
            customer=_customer(event),
            product=product,
            starts_at=data["startsAt"],
            inserted_at=event.at,
            task=event.task,
            kind=kind,
            planned=data["planned"],
            seats=data.get("seats"),
        )
    )
    if kind == "complimentary":
        tx.grant(provider, name, by=event.issuer, reason=data.get("reason"))
    if kind == "trial":
        tx.try_out(provider, name, customer=_customer(event), product=product)
    if kind in ("complimentary", "trial"):
        tx.set_term(provider, name, data.get("endsAt"), at=event.at, task=event.task)


def _subscription_transferred(tx: Transaction, event: Event, data: Data) -> None:
    tx.transfer(to_did(data["provider"]), _subscription(event), _customer(event), at=event.at, task=event.task)


def _subscription_extended(tx: Transaction, event: Event, data: Data) -> None:
    tx.set_term(to_did(data["provider"]), _subscription(event), data["endsAt"], at=event.at, task=event.task)


def _subscription_cancelled(tx: Transaction, event: Event, data: Data) -> None:
    tx.cancel(to_did(data["provider"]), _subscription(event), data["effect"], at=event.at, task=event.task)


def _payment_recorded(tx: Transaction, event: Event, data: Data) -> None:
    tx.add_payment(
        Payment(
            provider=to_did(data["provider"]),
            subscription=_subscription(event),
            event=data["event"],
            reference=data["reference"],
            begins_at=data.get("from"),
            ends_at=data.get("until"),
            at=event.at,
            task=event.task,
        )
    )


# -- consumers ---------------------------------------------------------------------------------------------------------


def _consumer_assigned(tx: Transaction, event: Event, data: Data) -> None:
    provider, consumer = to_did(data["provider"]), _consumer(event)
    # Out of where it was, which ended when that one did.
    ended = tx.release(provider, consumer, at=event.at, task=event.task)
    at = event.at if ended is None else ended[1]
    tx.assign(provider, consumer, _subscription(event), at=at, task=event.task, seat=data.get("seat"))


def _consumer_accepted(tx: Transaction, event: Event, data: Data) -> None:
    tx.accept(to_did(data["provider"]), _consumer(event), at=event.at, task=event.task)


def _consumer_released(tx: Transaction, event: Event, data: Data) -> None:
    _there(tx.release(to_did(data["provider"]), _consumer(event), at=event.at, task=event.task), "consumer to leave")


RULES: Final[Mapping[str, Callable[[Transaction, Event, Data], None]]] = {
    "customer-added": _customer_added,
    "customer-updated": _customer_updated,
    "customer-suspended": _customer_suspended,
    "customer-resumed": _customer_resumed,
    "customer-closed": _customer_closed,
    "customer-linked": _customer_linked,
    "payer-added": _payer_added,
    "payer-removed": _payer_removed,
    "plan-added": _plan_added,
    "plan-retired": _plan_retired,
    "subscription-added": _subscription_added,
    "subscription-transferred": _subscription_transferred,
    "subscription-extended": _subscription_extended,
    "subscription-cancelled": _subscription_cancelled,
    "payment-recorded": _payment_recorded,
    "consumer-assigned": _consumer_assigned,
    "consumer-moved": _consumer_assigned,
    "consumer-accepted": _consumer_accepted,
    "consumer-declined": _consumer_released,
    "consumer-released": _consumer_released,
}
"""By the event's type: one of each that the commands append."""
