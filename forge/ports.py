"""What the core asks of the outside. A plug point is one Protocol; who implements it knows nothing of the core."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from forge.cid import CID
from forge.did import DID

T = TypeVar("T")

Clock = Callable[[], int]
"""Now, in whole Unix seconds. Read once a request."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One task that ran, for good: what was asked, on what authority, and the answer."""

    task: CID
    command: str
    issuer: DID
    subject: DID
    invocation: bytes
    """The invocation's own bytes, as they were received."""
    proofs: tuple[CID, ...]
    """The delegations of its chain, root first."""
    receipt: bytes
    """The receipt's own bytes, as they were sent."""
    at: int
    """Unix seconds."""


class Transaction(Protocol):
    """What the core does inside one transaction of the store. Handlers see the store's own, richer type.

    Every method is synchronous: a unit of work runs as one job on the connection's own thread.
    """

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what happens inside the `with` block if an exception leaves it. May be nested."""

    def revokers(self, delegations: Iterable[CID]) -> Mapping[CID, Collection[DID]]:
        """Say who has revoked which of `delegations`. Those that nobody revoked are absent."""

    def recorded(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up in the ledger."""

    def record(self, entry: LedgerEntry) -> None:
        """Enter a task that ran into the ledger."""


Tx_co = TypeVar("Tx_co", bound=Transaction, covariant=True)


class Store(Protocol[Tx_co]):
    """Where rows, events, ledger and receipts live."""

    async def change(self, work: Callable[[Tx_co], T]) -> T:
        """Run `work` in a transaction and return what it returned, once that is durable.

        Calls that are made one after the other run in that order. `work` must be pure but for the transaction: it may be run
        again from the start. If it raises, nothing of it is kept, and the exception comes out here.

        Raises:
            StoreError: the store did not take it, and kept nothing of it.
        """

    async def read(self, work: Callable[[Tx_co], T]) -> T:
        """Run `work` on a consistent snapshot that holds at least all that was committed before this call.

        Raises:
            StoreError: the store did not answer.
        """

    async def receipt(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up, for whoever asks for it by its name.

        Raises:
            StoreError: the store did not answer.
        """

    async def statements(self, task: CID, executor: DID, limit: int) -> Sequence[bytes]:
        """Look up the receipts that others delivered: what `executor` says came of `task`.

        Raises:
            StoreError: the store did not answer.
        """

    async def ready(self) -> None:
        """Touch the store.

        Raises:
            StoreError: it cannot serve.
        """

    async def close(self) -> None:
        """Finish what was taken, then let go."""
