"""Who and what appears in these tests."""

from __future__ import annotations

from pathlib import Path

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry, Revocation
from store import Customer, Event, Subscription

SERVICE = DID("did:web:service.example.com")
OTHER = DID("did:web:other.example.com")
PRODUCT = DID("did:web:starter.example.com")
ALICE = DID("did:mailto:example.com:alice")
BOB = DID("did:mailto:example.com:bob")
SPACE = DID("did:web:space.example.com")
SHELF = DID("did:web:shelf.example.com")


def task(number: int) -> CID:
    return CID.of(f"task {number}".encode())


def customer(did: DID = ALICE, number: int = 1) -> Customer:
    return Customer(did=did, product=PRODUCT, task=task(number), inserted_at=100, details={"name": "Ä\0\u2028", "": "x"})


def subscription(id_: str = "one", *, of: DID = ALICE, provider: DID = SERVICE, number: int = 2) -> Subscription:
    return Subscription(
        provider=provider, id=id_, customer=of, product=PRODUCT, starts_at=150, inserted_at=200, task=task(number)
    )


def event(number: int = 1, type_: str = "added") -> Event:
    return Event(at=number, task=task(number), command="/customer/add", issuer=SERVICE, subject=SERVICE, type=type_)


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


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
