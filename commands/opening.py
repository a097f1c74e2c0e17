"""Opening a subscription: what every command does that makes one."""

from __future__ import annotations

from typing import Any

from commands import events
from forge.binding import Task
from forge.did import DID
from store.records import Customer, Subscription
from store.transaction import Transaction


def open_subscription(  # noqa: PLR0913 - a subscription has these parts
    task: Task[Any],
    tx: Transaction,
    *,
    name: str,
    customer: Customer,
    provider: DID,
    reason: str | None = None,
) -> None:
    """Open a subscription of a customer to its own product, without an end, from now on.

    Raises:
        AlreadyExists: the provider has one of that name.
    """
    tx.add_subscription(
        Subscription(
            provider=provider,
            id=name,
            customer=customer.did,
            product=customer.product,
            starts_at=task.at,
            inserted_at=task.at,
            task=task.cid,
        )
    )
    events.append(
        task,
        tx,
        events.Type.SUBSCRIPTION_ADDED,
        customer=customer.did,
        subscription=name,
        data={"provider": provider, "product": customer.product, "kind": "open", "reason": reason},
    )
