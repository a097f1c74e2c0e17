"""What the core asks of the outside. A plug point is one Protocol; who implements it knows nothing of the core."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from forge.cid import CID
from forge.did import DID
from forge.keys import PublicKey
from forge.record import record

if TYPE_CHECKING:
    # Whoever imports the ports need not run a loop.
    from asyncio import Future

T = TypeVar("T")

Clock = Callable[[], int]
"""Now, in whole Unix seconds. Read once a request."""

Tell = Callable[[int, float], object]
"""Is told from time to time how many rows were done, and which share of the way that is."""


@record()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file beside the store, to which rows of the ledger were moved."""

    number: int
    file: str
    """Where it is, as far as the store knows."""
    rows: int
    oldest: int | None
    """Unix seconds: when the oldest of its rows was written; None where it has none."""
    youngest: int | None
    """Unix seconds: when the youngest was."""
    size: int | None
    """Bytes; None where it is not there."""
    fault: str | None = None
    """What is wrong with it, where something is: its receipts are not answered then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved out of the ledger."""

    archive: Archive | None
    """Where to; None where there was nothing to move."""
    rows: int
    size: int
    """Bytes of these rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What an export holds."""

    rows: Mapping[str, int]
    """By table."""
    digest: str
    """Hexadecimal: the same for the same rows, whichever engine they are in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Damage to a store."""

    name: str
    """Its kind: for good, so that scripts can rely on it."""
    place: str
    """A table and a key, or an archive's row."""
    said: str
    """What is wrong there."""
    remedy: str
    """What to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What came of looking for damage."""

    rows: int
    """That were looked at."""
    findings: int
    unchecked: int
    """Signatures whose keys are not known without asking anybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """One delegation, revoked by one issuer, for good. All that whoever doubts it needs is here."""

    delegation: CID
    revoker: DID
    cause: CID
    """The invocation that revoked it: its own CID, not its task's."""
    invocation: bytes
    """That invocation's own bytes."""
    path: tuple[bytes, ...]
    """The delegations' own bytes, from the root to the revoked one; that one alone where the revoker issued it."""
    recorded_at: int = 0
    """Nanoseconds since 1970, later than every revocation that was recorded before: the store's to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """That there is a revocation, as a feed tells it."""

    delegation: CID
    cause: CID
    path: tuple[CID, ...]
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A revocation that another service announced, and whose tokens are to be had from it."""

    delegation: CID
    cause: CID
    tries: int = 0
    """How often it could not be said whether it is one."""


class Transaction(Protocol):
    """What the core does inside one transaction of the store. Handlers see the store's own, richer type.

    Every method is synchronous: a unit of work runs as one job on the connection's own thread.
    """

    def undo(self) -> None:
        """Undo all that this unit of work has done so far. It goes on, and what it does from here on is kept."""

    def revokers(self, delegations: Iterable[CID], issuers: Collection[DID] | None = None) -> Mapping[CID, Collection[DID]]:
        """Say who has revoked which of `delegations`. Those that nobody revoked are absent.

        With `issuers`, only they are looked for: others may have revoked a delegation in any number, for chains of their own.
        """

    def revoke(self, revocation: Revocation, *, at: int) -> bool:
        """Record a revocation, for good. False: its revoker had revoked that delegation; the first of several stays.

        It is recorded `at` that Unix time, or right after the last one.
        """

    def revocation(self, delegation: CID, cause: CID | None = None, *, revoker: DID | None = None) -> Revocation | None:
        """Look the revocation of a delegation up: the last that was recorded.

        Or the one by the invocation `cause`, or the one by `revoker`; with both, the one by that invocation of that revoker's.
        """

    def announcements(self, after: int, limit: int) -> Sequence[Announcement]:
        """List the revocations that were recorded after an instant (nanoseconds), in their order, at most `limit` of them."""

    def last_revocation(self) -> int:
        """Say when the last revocation was recorded, in nanoseconds; 0 where there is none."""

    def recorded_at(self, instant: int) -> bool:
        """Say whether a revocation was recorded at exactly this instant (nanoseconds)."""

    def causes(self, causes: Iterable[CID]) -> Collection[CID]:
        """Say which of these invocations revoked something."""

    def followed(self, source: str) -> int:
        """Say how far the feed at `source` was followed: the last instant there (nanoseconds); 0 at the beginning."""

    def follow(self, source: str, instant: int) -> None:
        """Note how far the feed at `source` was followed. It never goes back."""

    def postpone(self, source: str, wanted: Wanted, *, until: int) -> None:
        """Note an announcement of `source` that is to be looked at again, from that Unix time on.

        Where it was noted after more tries, that stays.
        """

    def postponed(self, source: str, limit: int, *, at: int) -> Sequence[Wanted]:
        """List the announcements of `source` that are due `at` that Unix time, at most `limit` of them."""

    def settle(self, source: str, cause: CID) -> None:
        """Forget that an announcement was postponed."""

    def curtail(self, source: str, most: int) -> int:
        """Forget what was postponed of `source` beyond so many, those that are due last; say how many that were."""

    def recorded(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up in the ledger, and in its archive where it was moved to one.

        Raises:
            StoreError: it ran, and that archive does not give its receipt.
        """

    def record(self, entry: LedgerEntry) -> None:
        """Enter a task that ran into the ledger."""

    def time(self) -> int | None:
        """Say what time it is where a test has set it, in Unix seconds; None where nobody has."""

    def set_time(self, now: int) -> None:
        """Set the time that `time` says from now on. For tests alone."""


Tx_co = TypeVar("Tx_co", bound=Transaction, covariant=True)


class Store(Protocol[Tx_co]):
    """Where rows, events, ledger and receipts live."""

    async def change(self, work: Callable[[Tx_co], T], *, brief: bool = False) -> T:
        """Run `work` in a transaction and return what it returned, once that is durable.

        Calls that are made one after the other run in that order. `work` must be pure but for the transaction: it may be run
        again from the start. If it raises, nothing of it is kept, and the exception comes out here.

        `brief` promises that it touches a few rows by their keys, whatever there is: it may be run on the event loop then.

        Raises:
            StoreError: the store did not take it, and kept nothing of it.
        """

    def begin(self, work: Callable[[Tx_co], T], *, brief: bool = False) -> Future[T]:
        """As `change`, for whoever begins many and waits for all of them. Cancelling it undoes nothing."""

    async def read(self, work: Callable[[Tx_co], T], *, brief: bool = False) -> T:
        """Run `work` on a consistent snapshot that holds at least all that was committed before this call.

        `brief` supposes that it touches few rows: it may be tried on the event loop first.

        Raises:
            StoreError: the store did not answer.
        """

    def begin_read(self, work: Callable[[Tx_co], T], *, brief: bool = False) -> Future[T]:
        """As `read`, for whoever waits no longer than so long. What is brief may be done, or have failed, when this returns."""

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

    async def archive(self, file: Path, *, before: int, tell: Tell) -> Moved:
        """Move rows of the ledger that are older than `before` (Unix seconds) to an archive; that their tasks ran stays.

        Servers may go on meanwhile. Whatever ends this in the middle, every receipt is still answered, and the same again
        goes on with it.

        Args:
            file: a new one, or an archive of this store.
            before: which rows.
            tell: how far it is.

        Raises:
            ConfigurationError: the file is something else, or cannot be that archive.
            StoreError: the store, or the file, did not take it. What was moved was moved.
        """

    async def find_archive(self, file: Path) -> Archive:
        """Look at an archive of this store, and remember that it is there now.

        Raises:
            ConfigurationError: it is none, or not one of this store with all its rows.
        """

    async def archives(self) -> Sequence[Archive]:
        """List the archives to which rows were moved."""

    async def backup(self, file: Path, *, tell: Tell) -> None:
        """Copy the store, as it is at one moment, to a new file of its engine's own kind. Servers may go on meanwhile.

        Raises:
            ConfigurationError: there is such a file, it cannot be made, or the engine is backed up by its own tools.
            StoreError: the store did not answer.
        """

    async def write_out(self, file: Path, *, tell: Tell) -> Inventory:
        """Write all rows, as they are at one moment, to a new file that a store of any engine reads in.

        Raises:
            ConfigurationError: there is such a file, or it cannot be made.
            StoreError: the store did not answer.
        """

    async def read_in(self, file: Path, *, tell: Tell) -> Inventory:
        """Read what `write_out` wrote into this store, which has no rows yet: all of it, or nothing.

        Raises:
            ConfigurationError: the file is something else or damaged, or the store has rows.
            StoreError: the store did not take it, and kept nothing of it.
        """

    async def examine(self, keys: Sequence[PublicKey], *, find: Callable[[Finding], object], tell: Tell) -> Examined:
        """Look for damage in everything that the store holds, as it is at one moment. Servers may go on meanwhile.

        Args:
            keys: those that this service signs with, or has signed with, where its DID does not say them.
            find: told what was found, one after the other.
            tell: how far it is.

        Raises:
            StoreError: the store did not answer.
        """

    async def free(self) -> int | None:
        """Say how many bytes of its files the store has free to be used again; None where it does not know.

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
