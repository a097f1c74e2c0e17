"""Exclusive plans: a customer holds at most one live subscription to such a product with a provider."""

from __future__ import annotations

from commands.standing import has_ended
from forge.did import DID
from store.records import Subscription
from store.transaction import Transaction


def holds_live(tx: Transaction, subscription: Subscription, at: int, *, customer: DID | None = None) -> bool:
    """Say whether somebody, or else its own customer, holds another live subscription to the same product."""
    held = tx.subscriptions(customer=customer or subscription.customer, to=(subscription.provider, subscription.product))
    return any(other.id != subscription.id and not has_ended(other, at) for other in held)
