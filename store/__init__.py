"""The customer, subscription and consumer store."""

from __future__ import annotations

from store.engines import connect
from store.records import AlreadyExists, Assignment, Customer, Event, Kind, Provision, Subscription
from store.transaction import Transaction

__all__ = [
    "AlreadyExists",
    "Assignment",
    "Customer",
    "Event",
    "Kind",
    "Provision",
    "Subscription",
    "Transaction",
    "connect",
]
