"""Events: every change appends one, in the transaction of the change (domain.md, Events).

Replaying them rebuilds the current rows, so an event's data holds whatever the row holds and the event's own fields do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from forge.binding import Task
from forge.did import DID
from store.records import Event
from store.transaction import Transaction


class Type(Enum):
    """What happened. These names are kept for good."""

    CUSTOMER_ADDED = "customer-added"
    SUBSCRIPTION_ADDED = "subscription-added"
    CONSUMER_ASSIGNED = "consumer-assigned"
    CONSUMER_MOVED = "consumer-moved"


def append(  # noqa: PLR0913 - an event has these parts
    task: Task[Any],
    tx: Transaction,
    kind: Type,
    *,
    customer: DID | None = None,
    subscription: str | None = None,
    consumer: DID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Append the event of a change that `task` made."""
    tx.append(
        Event(
            at=task.at,
            task=task.cid,
            command=task.command,
            issuer=task.issuer,
            subject=task.subject,
            type=kind.value,
            customer=customer,
            subscription=subscription,
            consumer=consumer,
            data=data or {},
        )
    )
