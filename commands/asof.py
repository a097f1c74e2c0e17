"""As of a day: where a consumer was, who paid for it, and how that stood.

What was decided counts from when it was decided on: assignments, transfers, payers, suspensions, cancellations, extensions.
What was paid counts for the period that it was paid for, whenever we were told.
"""

from __future__ import annotations

from dataclasses import replace

from forge.did import DID
from store.records import Provision
from store.transaction import Transaction

_NOWHERE = ""  # an id that no subscription has


def provisioned_at(tx: Transaction, provider: DID, consumer: DID, at: int) -> Provision | None:
    """Look up where a consumer was at a time, in Unix seconds. None: in no subscription of the provider.

    The same statements run whether it was in one or not.
    """
    found = tx.assigned_at(provider, consumer, at)
    id_ = _NOWHERE if found is None else found.subscription
    subscription = tx.subscription(provider, id_)
    holder = tx.holder_at(provider, id_, at)
    customer = holder or consumer
    payer = tx.payer_at(customer, at) or customer
    blocked = [tx.was_blocked(who, at) for who in (customer, payer)]
    term = tx.term_at(provider, id_, at)
    # No holder: a clock elsewhere was ahead when it was sold.
    if found is None or subscription is None or holder is None:
        return None
    cancelled_at, at_end = subscription.cancelled_at, subscription.cancelled_at_end
    return Provision(
        assignment=replace(
            found, accepted_at=found.accepted_at if found.accepted_at is not None and found.accepted_at <= at else None
        ),
        subscription=replace(
            subscription,
            customer=customer,
            blocked=any(blocked),
            granted_until=term,
            cancelled_at=cancelled_at if cancelled_at is not None and cancelled_at <= at else None,
            cancelled_at_end=at_end if at_end is not None and at_end <= at else None,
        ),
    )
