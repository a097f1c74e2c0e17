"""Events: every change appends one, in the transaction of the change (docs/domain.md, Events).

Replaying them rebuilds the current rows, so an event's data holds whatever the row holds and the event's own fields do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from forge.binding import Task
from forge.did import DID
from store.records import Event
from store.transaction import Transaction


class Type(Enum):
    """What happened. These names are kept for good."""

    CUSTOMER_ADDED = "customer-added"
    CUSTOMER_UPDATED = "customer-updated"
    CUSTOMER_SUSPENDED = "customer-suspended"
    CUSTOMER_RESUMED = "customer-resumed"
    CUSTOMER_CLOSED = "customer-closed"
    CUSTOMER_LINKED = "customer-linked"
    PAYER_ADDED = "payer-added"
    PAYER_REMOVED = "payer-removed"
    PLAN_ADDED = "plan-added"
    PLAN_RETIRED = "plan-retired"
    SUBSCRIPTION_ADDED = "subscription-added"
    SUBSCRIPTION_TRANSFERRED = "subscription-transferred"
    SUBSCRIPTION_EXTENDED = "subscription-extended"
    SUBSCRIPTION_CANCELLED = "subscription-cancelled"
    PAYMENT_RECORDED = "payment-recorded"
    CONSUMER_ASSIGNED = "consumer-assigned"
    CONSUMER_MOVED = "consumer-moved"
    CONSUMER_ACCEPTED = "consumer-accepted"
    CONSUMER_DECLINED = "consumer-declined"
    CONSUMER_RELEASED = "consumer-released"


if TYPE_CHECKING:
    TypeName: TypeAlias = str
else:
    # Made of the names above, so that a schema and a command line list them all.
    TypeName = Literal[tuple(kind.value for kind in Type)]


def append(  # noqa: PLR0913 - an event has these parts
    task: Task[Any],
    tx: Transaction,
    kind: Type,
    *,
    customer: DID | None = None,
    giver: DID | None = None,
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
            giver=giver,
            subscription=subscription,
            consumer=consumer,
            data=data or {},
        )
    )
