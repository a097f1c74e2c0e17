"""Purchases: the subscriptions of a customer to one plan, as far as anybody looks.

A customer may have any number, and whoever looks holds the writer's turn meanwhile: so they are read a few at a time, and not
without end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from commands.standing import has_ended
from forge.did import DID
from store.records import Subscription
from store.transaction import Transaction

BATCH: Final = 32
MOST: Final = 4096
"""Subscriptions of one customer to one plan that are looked at, some 0.2 s: what comes after them is not found."""


def oldest_first(tx: Transaction, plan: DID, customer: DID, provider: DID) -> Iterator[Subscription]:
    """Give a customer's subscriptions to a plan by their starts, and in the order in which it got them."""
    place = (-1, 0)
    for _ in range(MOST // BATCH):
        found = tx.subscriptions_to(plan, customer, provider, after=place, limit=BATCH)
        yield from found
        if len(found) < BATCH:
            return
        place = (found[-1].starts_at, found[-1].seq or 0)


def holds_live(tx: Transaction, subscription: Subscription, at: int, *, customer: DID | None = None) -> bool:
    """Say whether somebody, or else its own customer, holds another live subscription to the same plan.

    The latest ones are looked at: for one that is live to hide behind so many that ended, those would have had to be bought
    after it, and it forbids that.
    """
    held = tx.latest_to(subscription.product, customer or subscription.customer, subscription.provider, limit=MOST)
    return any(other.id != subscription.id and not has_ended(other, at) for other in held)
