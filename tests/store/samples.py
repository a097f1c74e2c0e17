"""Who and what appears in these tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry, Revocation
from store import Customer, Event, Subscription, Transaction
from store.records import Assignment, Payment, PaymentEvent, Plan, Provision, Terms

SERVICE = DID("did:web:service.example.com")
OTHER = DID("did:web:other.example.com")
PRODUCT = DID("did:web:starter.example.com")
GOLD = DID("did:web:gold.example.com")
# In the order in which they are listed.
ALICE = DID("did:mailto:example.com:alice")
BOB = DID("did:mailto:example.com:bob")
CAROL = DID("did:mailto:example.com:carol")
DAN = DID("did:mailto:example.com:dan")
SPACE = DID("did:web:space.example.com")
SHELF = DID("did:web:shelf.example.com")
NOBODY = DID("did:web:nobody.example.com")


def task(number: int) -> CID:
    return CID.of(f"task {number}".encode())


def customer(did: DID = ALICE, number: int = 1, **parts: Any) -> Customer:
    made = Customer(did=did, product=PRODUCT, task=task(number), inserted_at=100, details={"name": "Ä\0\u2028", "": "x"})
    return replace(made, **parts)


def plan(product: DID = GOLD, number: int = 3, **parts: Any) -> Plan:
    return replace(Plan(product=product, name="Gold", kind="paid", inserted_at=90, task=task(number)), **parts)


TERMS = Terms(period="P1Y", exclusive=True, clock="assignment", assign_within="P30D", grace="P7D", consent=True)
"""None of the defaults."""


def subscription(id_: str = "one", *, of: DID = ALICE, provider: DID = SERVICE, number: int = 2, **parts: Any) -> Subscription:
    made = Subscription(
        provider=provider, id=id_, customer=of, product=PRODUCT, starts_at=150, inserted_at=200, task=task(number)
    )
    return replace(made, **parts)


def payment(event: PaymentEvent = "paid", reference: str = "one", ends_at: int | None = 500, **parts: Any) -> Payment:
    made = Payment(
        provider=SERVICE,
        subscription="one",
        event=event,
        reference=reference,
        begins_at=None,
        ends_at=ends_at,
        at=300,
        task=task(4),
    )
    return replace(made, **parts)


def event(number: int = 1, type_: str = "added", **parts: Any) -> Event:
    made = Event(at=number, task=task(number), command="/customer/add", issuer=SERVICE, subject=SERVICE, type=type_)
    return replace(made, **parts)


def entry(number: int = 1) -> LedgerEntry:
    return LedgerEntry(
        task=task(number),
        command="/customer/add",
        issuer=ALICE,
        subject=SERVICE,
        invocation=b"invocation \x00\xff",
        proofs=(CID.of(b"root"), CID.of_raw(b"leaf"), CID(b"\x12\x20" + bytes(32))),
        receipt=b"receipt %d" % number,
        at=300,
    )


def revocation(number: int = 1, by: DID = ALICE, cause: int = 0) -> Revocation:
    return Revocation(
        delegation=task(number),
        revoker=by,
        cause=CID.of(f"{number} by {by} because of {cause}".encode()),
        invocation=b"invocation \x00\xff",
        path=(b"root \x00", b"", b"leaf %d" % number),
    )


# -- what is there before a test begins --------------------------------------------------------------------------------


def register(tx: Transaction, *customers: DID) -> None:
    """Make these customers."""
    for did in customers:
        tx.add_customer(customer(did))


def subscribe(tx: Transaction, *ids: str, of: DID = ALICE, provider: DID = SERVICE, **parts: Any) -> None:
    """Let a customer have subscriptions with these ids. It becomes one where it is none."""
    if tx.customer(of) is None:
        register(tx, of)
    for id_ in ids:
        tx.add_subscription(subscription(id_, of=of, provider=provider, **parts))


# -- what was read, without what is the store's to give ----------------------------------------------------------------


def bare(found: Subscription | None) -> Subscription:
    assert found is not None
    assert found.seq is not None
    assert found.held_since is not None
    return replace(found, seq=None, held_since=None)


def unplaced(found: Assignment | Provision | None) -> Assignment:
    row = found.assignment if isinstance(found, Provision) else found
    assert row is not None
    assert row.seq is not None
    return replace(row, seq=None)


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
