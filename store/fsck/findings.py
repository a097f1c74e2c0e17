"""Findings: which kinds of damage are known, what to do about each, and those that were found.

One place is named once, by the check that explains it best: checks run in that order, so what follows from a damage that was
named is not named again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from forge.cid import CID
from forge.errors import CIDError
from forge.ports import Finding
from store.tables import Cell, Row, Table

MOST: Final = 100_000
"""Places that are remembered: where there are more, nobody reads on, and some may be named twice."""

_RESTORE: Final = "restore the store from a backup that fsck finds clean, and have what came since sent again"
_ROW: Final = (
    "compare the row with its task's invocation (`forge receipt`, `forge event list`); correct the row by hand, or restore"
)
_EVENTS: Final = "the events are what others were told: correct the row to what they say, or restore"

REMEDIES: Final = {
    # The engine's own word.
    "engine": "its files or their indexes are damaged: REINDEX may help where an index is named; otherwise restore",
    "foreign-key": "what the row refers to is gone: restore the store from a backup that fsck finds clean",
    "schema-differs": "somebody changed the schema by hand: make it what it was, since laws hang on its indexes and checks",
    "unreadable": "the store could not be read to its end: look at the disk, then restore",
    # The ledger, and its archives.
    "invocation-unreadable": _RESTORE,
    "task-differs": _RESTORE,
    "issuer-differs": _ROW,
    "subject-differs": _ROW,
    "command-differs": _ROW,
    "proofs-differ": _ROW,
    "time-differs": _ROW,
    "invocation-signature": "nobody signed this: find out who wrote it, and restore",
    "receipt-unreadable": _RESTORE,
    "receipt-of-another": _RESTORE,
    "receipt-executor": _RESTORE,
    "receipt-signature": "this service did not sign this, or with a key that --key does not name: name it, or restore",
    "effect-missing": "it was told that this was done, and it is not: restore, or do what the invocation asks for anew",
    "archive-missing": "put the file back, or say where it is: `forge archive FILE`",
    "archive-count": "put back the archive's newest copy",
    "archived-row-missing": "put back the archive's newest copy",
    "archived-row-damaged": "put back a copy of the archive that is whole",
    # What hangs on the ledger.
    "cause-missing": "no task did this: somebody wrote it by hand, or the ledger lost a row. Restore",
    "event-gap": "an event was lost: restore the store from a backup that fsck finds clean",
    "event-unreadable": _RESTORE,
    "event-differs": "correct the event's columns to what its task's invocation says, or restore",
    "event-number": "the customer's events are not found: set the number to that of the customer's row",
    "event-impossible": "events before it are missing, or were changed: restore",
    # The rows of the domain, and its laws.
    "two-current": "end all but one of them, and put the unique index back",
    "rows-overlap": _EVENTS,
    "seats-exceeded": "unassign some of the subscription's consumers: `forge subscription unassign`",
    "seat-unnumbered": _EVENTS,
    "payer-has-payer": "end one of the two: `forge customer payer remove`",
    "link-chain": _EVENTS,
    "guest-holds": "the guest became another customer, who should have it: " + _EVENTS,
    "row-differs": _EVENTS,
    "row-untold": "no event tells of this row: somebody wrote it by hand, or an event was lost. Restore",
    "row-missing": _EVENTS,
    # Revocations, and what others said.
    "delegation-differs": "have the delegation given again by who has it, or restore",
    "delegation-missing": "have the delegation given again by who has it, or restore",
    "revocation-unbacked": "nothing that was signed revokes this: correct the row to its invocation, or restore",
    "revocation-signature": "nobody signed this: find out who wrote it, and restore",
    "revocation-missing": "at once: it was told that this is revoked, and it is not. Send the invocation's revocation anew",
    "statement-differs": "correct the row to what its receipt says, or delete it",
    "statement-signature": "nobody signed this: delete it",
}
"""By name. Names are kept for good: scripts rely on them."""


STORE: Final = "store"
"""The place of what is wrong with no one row."""


class Fault(NamedTuple):
    """What an engine finds wrong by itself."""

    name: str
    """A finding's."""
    place: str
    said: str


class Findings:
    """What was found so far."""

    def __init__(self, find: Callable[[Finding], object]) -> None:
        self._find = find
        self._places: set[str] = set()
        self._tasks: set[bytes] = set()
        self.count = 0

    def add(self, name: str, place: str, said: str, *, tasks: Iterable[object] = (), key: str | None = None) -> None:
        """Name what is wrong at a place, unless something was named there before.

        `tasks` are those that it is about; `key` tells places apart that have one name.
        """
        known = place if key is None else key
        if known in self._places:
            return
        if len(self._places) < MOST:
            self._places.add(known)
            self._tasks.update(task for task in tasks if isinstance(task, bytes))
        self.count += 1
        self._find(Finding(name=name, place=place, said=said, remedy=REMEDIES[name]))

    def knows(self, place: str) -> bool:
        """Say whether something was named at a place."""
        return place in self._places

    def concern(self, *tasks: object) -> bool:
        """Say whether anything that was named is about any of these tasks."""
        return not self._tasks.isdisjoint(tasks)


def place_of(table: Table, key: Row) -> str:
    """Name the place of a row: its table and its key."""
    return " ".join((table.name, *map(show, key)))


def show(cell: Cell) -> str:
    """Write a cell for people."""
    if isinstance(cell, bytes):
        with suppress(CIDError):
            return str(CID(cell))
        return cell.hex() if len(cell) <= _SHOWN else f"{cell[:_SHOWN].hex()}… ({len(cell)} bytes)"
    return "null" if cell is None else str(cell)


_SHOWN: Final = 40
