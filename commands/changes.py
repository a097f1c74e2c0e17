"""What several commands do to the store: the rows of one change, and its event, together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from commands import events
from forge.binding import Task
from forge.did import DID
from store.records import Customer, Subscription
from store.transaction import Transaction


def register(  # noqa: PLR0913 - a customer has these parts
    task: Task[Any],
    tx: Transaction,
    did: DID,
    *,
    product: DID,
    external_account: str | None = None,
    details: Mapping[str, str],
) -> None:
    """Make somebody a customer.

    Raises:
        AlreadyExists: it is one.
    """
    tx.add_customer(
        Customer(
            did=did,
            product=product,
            task=task.cid,
            inserted_at=task.at,
            details=details,
            external_account=external_account,
        )
    )
    events.append(
        task,
        tx,
        events.Type.CUSTOMER_ADDED,
        customer=did,
        data={"externalAccount": external_account, "product": product, "details": dict(details)},
    )


def begin_paying(task: Task[Any], tx: Transaction, customer: DID, payer: DID) -> None:
    """Have a customer paid for by another, from now on.

    Raises:
        AlreadyExists: one pays for it.
    """
    tx.add_payer(customer, payer, at=task.at, task=task.cid)
    events.append(task, tx, events.Type.PAYER_ADDED, customer=customer, giver=payer, data={"payer": payer})


def end_paying(task: Task[Any], tx: Transaction, customer: DID) -> bool:
    """End that a customer is paid for. False: it was not."""
    ended = tx.end_payer(customer, at=task.at, task=task.cid)
    if ended is None:
        return False
    payer, _ = ended
    events.append(task, tx, events.Type.PAYER_REMOVED, customer=customer, giver=payer, data={"payer": payer})
    return True


def open_subscription(task: Task[Any], tx: Transaction, subscription: Subscription, *, reason: str | None = None) -> None:
    """Add a subscription with what its kind needs, and say so. Until when a granted one runs is its `granted_until`.

    Raises:
        AlreadyExists: the provider has one of that name; or it is a trial, and the customer had one of its product.
    """
    provider, name, kind = subscription.provider, subscription.id, subscription.kind
    tx.add_subscription(subscription)
    if kind == "complimentary":
        tx.grant(provider, name, by=task.issuer, reason=reason)
    if kind == "trial":
        tx.try_out(provider, name, customer=subscription.customer, product=subscription.product)
    if kind in ("complimentary", "trial"):
        tx.set_term(provider, name, subscription.granted_until, at=task.at, task=task.cid)
    data = {
        "provider": provider,
        "product": subscription.product,
        "planned": subscription.planned,
        "kind": kind,
        "seats": subscription.seats,
        "startsAt": subscription.starts_at,
        "endsAt": subscription.granted_until,
        "reason": reason,
    }
    events.append(
        task,
        tx,
        events.Type.SUBSCRIPTION_ADDED,
        customer=subscription.customer,
        subscription=name,
        data={key: value for key, value in data.items() if value is not None},
    )


def hand_over(task: Task[Any], tx: Transaction, subscription: Subscription, customer: DID) -> None:
    """Let another customer hold a subscription, with all its consumers and all their clocks.

    One dated row is closed and another opened, however many consumers there are: they are read through it.
    """
    giver = tx.transfer(subscription.provider, subscription.id, customer, at=task.at, task=task.cid)
    events.append(
        task,
        tx,
        events.Type.SUBSCRIPTION_TRANSFERRED,
        customer=customer,
        giver=giver,
        subscription=subscription.id,
        data={"provider": subscription.provider, "from": giver},
    )


def cancel_now(task: Task[Any], tx: Transaction, subscription: Subscription) -> None:
    """Cancel a subscription at once; one that was stays as it is."""
    if subscription.cancelled_at is None:
        _cancel(task, tx, subscription, "now")


def cancel_at_end(task: Task[Any], tx: Transaction, subscription: Subscription) -> None:
    """Let a subscription end with what was paid or granted; one that was cancelled stays as it is."""
    if subscription.cancelled_at is None and subscription.cancelled_at_end is None:
        _cancel(task, tx, subscription, "end")


def _cancel(task: Task[Any], tx: Transaction, subscription: Subscription, effect: Literal["now", "end"]) -> None:
    tx.cancel(subscription.provider, subscription.id, effect, at=task.at, task=task.cid)
    events.append(
        task,
        tx,
        events.Type.SUBSCRIPTION_CANCELLED,
        customer=subscription.customer,
        subscription=subscription.id,
        data={"provider": subscription.provider, "effect": effect},
    )
