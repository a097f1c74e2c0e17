"""Archives: the part of a transaction that knows which rows of the ledger were moved, and where to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from forge.cid import CID
from forge.errors import StoreError
from forge.ports import LedgerEntry
from store.cells import join, split, to_did
from store.sql import archive as sql
from store.statement import Execute


@dataclass(frozen=True, slots=True)
class Filed:
    """An archive, as the store has it on file."""

    number: int
    id: bytes
    """What its file bears, too."""
    place: str
    """Where its file is, as a shelf writes it."""
    entries: int
    """Rows that were moved there."""
    oldest: int | None
    """Unix seconds: the oldest of them; None where there is none."""
    youngest: int | None
    """Unix seconds: the youngest of them."""


class Shelf(Protocol):
    """Where the files of a store's archives are."""

    def fetch(self, archive: Filed, task: CID) -> LedgerEntry:
        """Read a row that was moved.

        Raises:
            StoreError: the file is not there, or damaged, or another one. The message names it.
        """


class Archives:
    """The part of a transaction that archives are."""

    __slots__ = ()
    _execute: Execute
    _shelf: Shelf | None

    # -- what was moved ------------------------------------------------------------------------------------------------

    def moved(self, task: CID) -> LedgerEntry:
        """Read the row of a task that was moved.

        Raises:
            StoreError: its archive does not give it; the message names the file.
        """
        row = self._execute(sql.MOVED, (bytes(task),)).fetchone()
        if row is None or self._shelf is None:
            raise StoreError(f"store: task {task} ran, and the archive that holds its receipt cannot be looked up here")
        return self._shelf.fetch(_filed(row), task)

    # -- moving --------------------------------------------------------------------------------------------------------

    def oldest(self, after: int, limit: int) -> list[tuple[int, int]]:
        """List rows that were not moved, those after number `after`, in the order of their writing: number and Unix seconds."""
        return [(seq, at) for seq, at in self._execute(sql.OLDEST, (after, limit)).fetchall()]

    def youngest(self) -> int | None:
        """Say when the last row was written, in Unix seconds. None: there is none."""
        row = self._execute(sql.YOUNGEST, (0,)).fetchone()
        return None if row is None else row[0]

    def whole(self, numbers: Iterable[int], most: int) -> dict[int, LedgerEntry]:
        """Read rows by their numbers, in this order, until they have more than `most` bytes; without those that were moved."""
        found: dict[int, LedgerEntry] = {}
        size = 0
        for number in numbers:
            row = self._execute(sql.WHOLE, (number,)).fetchone()
            if row is not None:
                found[number] = to_entry(row)
                size += weight(found[number])
                if size > most:
                    break
        return found

    def slim(self, number: int, task: CID, archive: int) -> bool:
        """Leave of a row its task, and that it is in that archive. False: that was done before."""
        return self._execute(sql.SLIM, (archive, number, bytes(task))).fetchone() is not None

    def count(self, archive: int, ats: Sequence[int]) -> None:
        """Count rows that were moved to an archive, by their times."""
        if ats:
            oldest, youngest = min(ats), max(ats)
            self._execute(sql.COUNT_MOVED, (len(ats), oldest, oldest, youngest, youngest, archive))

    def free(self, statement: str) -> int:
        """Say how many bytes the store has free to be used again; `statement` asks the engine for that."""
        return int(self._execute(statement).fetchone()[0])

    # -- archives ------------------------------------------------------------------------------------------------------

    def archives(self, after: int, limit: int) -> list[Filed]:
        """List archives, those after number `after`, at most `limit`."""
        return [_filed(row) for row in self._execute(sql.ARCHIVES, (after, limit)).fetchall()]

    def archive(self, id_: bytes) -> Filed | None:
        """Look an archive up by what its file bears."""
        row = self._execute(sql.ARCHIVE_BY_ID, (id_,)).fetchone()
        return None if row is None else _filed(row)

    def archive_at(self, place: str) -> Filed | None:
        """Look up which archive is to be at a place; the last of several."""
        row = self._execute(sql.ARCHIVE_AT, (place,)).fetchone()
        return None if row is None else _filed(row)

    def add_archive(self, id_: bytes, place: str) -> None:
        """Enter an archive, without rows."""
        self._execute(sql.ADD_ARCHIVE, (id_, place))

    def place(self, archive: int, place: str) -> None:
        """Say where an archive's file is from now on."""
        self._execute(sql.PLACE_ARCHIVE, (place, archive))


def to_entry(row: Sequence[Any]) -> LedgerEntry:
    """Take a row of the ledger apart."""
    task, command, issuer, subject, invocation, proofs, receipt, at = row
    return LedgerEntry(
        CID(task), command, to_did(issuer), to_did(subject), invocation, tuple(map(CID, split(proofs))), receipt, at
    )


def to_cells(entry: LedgerEntry) -> tuple[str | bytes | int, ...]:
    """Write a row of the ledger: what `to_entry` takes apart."""
    return (
        bytes(entry.task),
        entry.command,
        str(entry.issuer),
        str(entry.subject),
        entry.invocation,
        join(map(bytes, entry.proofs)),
        entry.receipt,
        entry.at,
    )


def weight(entry: LedgerEntry) -> int:
    """Say how many bytes of a row are moved."""
    texts = sum(len(text.encode()) for text in (entry.command, entry.issuer, entry.subject))
    return texts + len(entry.invocation) + len(entry.receipt) + sum(len(bytes(proof)) for proof in entry.proofs)


def _filed(row: Sequence[Any]) -> Filed:
    return Filed(*row)
