"""Moving old rows of the ledger to an archive, while servers go on.

A row is copied, the copy is on the disk, and only then is the row slimmed down to its task. So at any moment a receipt is in
the ledger, or in a file whose place the store knows, or in both; whoever begins again after a crash finds each row whole or
moved, and goes on. A task that was moved is still in the ledger, and never runs again, whatever becomes of the file.
"""

from __future__ import annotations

import asyncio
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from forge.errors import ConfigurationError, StoreError
from forge.ports import Archive, LedgerEntry, Moved, Tell
from store.archive.file import ArchiveFile, Folder
from store.archive.rows import Filed, weight
from store.transaction import Transaction

T = TypeVar("T")

PAGE: Final = 1024
"""Rows whose times are looked at at once, and what is moved at most before the archive is written."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes that are held in memory, and a row beyond them."""
HOLD: Final = 0.005
"""Seconds for which rows are slimmed down in one transaction: others wait for it to end, and for one commit."""
REST: Final = 0.005
"""Seconds between two of them at least; longer if it took longer, so that others have half of the time."""
LISTED: Final = 100
_ID_BYTES: Final = 16


@dataclass(slots=True)
class _Tally:
    """What was moved so far."""

    rows: int = 0
    size: int = 0


class Archiving(ABC):
    """The part of a store, `forge.ports.Store`, that archives are. It is the same for every engine."""

    _folder: Folder
    """Where the files are: the engine's to set."""
    _free: str | None = None
    """How the engine is asked how many bytes it has free to be used again; None where it cannot be asked."""

    @abstractmethod
    def change(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run a unit that changes something."""

    @abstractmethod
    def read(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run a unit that reads."""

    async def archive(self, file: Path, *, before: int, tell: Tell) -> Moved:
        """Move rows that are older than `before` (Unix seconds).

        They are looked at in the order of their writing, up to a page of them none of which is older: it is no matter if some
        stay that a clock made younger than those around them. The last row of all stays too: SQLite numbers the next after it.

        Raises:
            ConfigurationError: the file is something else, or cannot be that archive.
            StoreError: the store, or the file, did not take it. What was moved was moved.
        """
        tally, last, archive, opened = _Tally(), 0, None, None
        youngest = await self.read(Transaction.youngest)
        began, end = before, before if youngest is None else min(before, youngest)
        try:
            if await asyncio.to_thread(file.exists):
                # Refused, if it is something else, whether there is anything to move or not.
                archive, opened = await self._open(file)
            while page := await self._page(last):
                old = [number for number, at in page if at < before]
                if not old:
                    break
                if not last:
                    began = page[0][1]
                if opened is None:
                    archive, opened = await self._open(file)
                assert archive is not None  # noqa: S101 - opened with it
                await self._move(old, archive, opened, tally)
                last = page[-1][0]
                tell(tally.rows, min(max((page[-1][1] - began) / max(end - began, 1), 0.0), 1.0))
        finally:
            if opened is not None:
                await asyncio.to_thread(opened.close)
        described = None if archive is None else await self._describe(archive.id)
        return Moved(archive=described, rows=tally.rows, size=tally.size)

    async def find_archive(self, file: Path) -> Archive:
        """Look at an archive where it is now, and remember that.

        Raises:
            ConfigurationError: it is none, or not one of this store with all its rows.
        """
        opened = await asyncio.to_thread(_open, file, write=False)
        with opened:
            known = await self._enrol(opened)
        return await self._describe(known.id)

    async def archives(self) -> list[Archive]:
        """List the archives to which rows were moved."""
        found: list[Filed] = []
        while page := await self.read(partial(Transaction.archives, after=found[-1].number if found else 0, limit=LISTED)):
            found += page
        return [await asyncio.to_thread(self._look_at, one) for one in found]

    async def free(self) -> int | None:
        """Say how many bytes of its files the store has free to be used again; None where it does not know.

        Raises:
            StoreError: the store did not answer.
        """
        return None if self._free is None else await self.read(partial(Transaction.free, statement=self._free))

    # -- rows ----------------------------------------------------------------------------------------------------------

    async def _page(self, after: int) -> Sequence[tuple[int, int]]:
        """Give the next rows, without the last one of the ledger."""
        found = await self.read(lambda tx: tx.oldest(after, PAGE + 1))
        return found[:-1]

    async def _move(self, numbers: list[int], archive: Filed, opened: ArchiveFile, tally: _Tally) -> None:
        left = numbers
        while left:
            rows = await self.read(partial(Transaction.whole, numbers=left, most=MOST_BYTES))
            if not rows:
                # Somebody else moved them meanwhile.
                return
            await asyncio.to_thread(opened.append, list(rows.values()))
            await self._slim(rows, archive, tally)
            left = [number for number in left if number > max(rows)]

    async def _slim(self, rows: Mapping[int, LedgerEntry], archive: Filed, tally: _Tally) -> None:
        """Slim rows down whose copies are on the disk, a few at a time."""
        left = list(rows.items())
        while left:
            began = time.monotonic()
            done, moved = await self.change(partial(_slim, rows=left, archive=archive.number))
            left = left[done:]
            tally.rows += len(moved)
            tally.size += sum(map(weight, moved))
            # Their turn is others'.
            await asyncio.sleep(max(REST, time.monotonic() - began))

    # -- archives ------------------------------------------------------------------------------------------------------

    async def _open(self, file: Path) -> tuple[Filed, ArchiveFile]:
        """Find the archive that a file is, or make it.

        Raises:
            ConfigurationError: the file is something else, or of another store, or it is not what it was.
            StoreError: it cannot be made, or read.
        """
        if not await asyncio.to_thread(_exists, file):
            # First the store, then the file: what lies there is known from the beginning.
            new = await self._announce(file)
            # Somebody was faster: whether theirs is the same one is seen now.
            with suppress(FileExistsError):
                await asyncio.to_thread(self._folder.create, file, new)
        opened = await asyncio.to_thread(_open, file, write=True)
        try:
            return await self._enrol(opened), opened
        except BaseException:
            await asyncio.to_thread(opened.close)
            raise

    async def _announce(self, file: Path) -> bytes:
        """Enter an archive whose file is to be made, and give its id.

        Raises:
            ConfigurationError: there was one, and it is gone.
        """
        place, fresh = self._place(file), os.urandom(_ID_BYTES)

        def work(tx: Transaction) -> Filed | None:
            known = tx.archive_at(place)
            if known is None:
                tx.add_archive(fresh, place)
            return known

        known = await self.change(work)
        if known is not None and known.entries:
            raise ConfigurationError(
                f"archive: {file} holds {known.entries} rows of this store, and it is not there: put it back, say where it is"
                " (`forge archive FILE`), or name another file for what is to be moved"
            )
        return fresh if known is None else known.id

    async def _enrol(self, opened: ArchiveFile) -> Filed:
        """See that a file is an archive of this store, with all that was moved there, and remember where it is.

        Raises:
            ConfigurationError: it is not.
        """
        file, place = opened.file, self._place(opened.file)
        # Before the file is looked at: somebody else may be adding rows, to the file first.
        known = await self.read(lambda tx: tx.archive(opened.id))
        if known is None:
            raise ConfigurationError(f"archive: {file} is an archive of another store. Name another file")
        count = await asyncio.to_thread(opened.count)
        if count < known.entries:
            raise ConfigurationError(
                f"archive: {file} has {count} of the {known.entries} rows that were moved to it: it is an older copy."
                " Name the newest one"
            )
        if known.place != place:
            await self.change(lambda tx: tx.place(known.number, place))
        return known

    def _place(self, file: Path) -> str:
        place = self._folder.place(file)
        if not place.isprintable():
            raise ConfigurationError(f"archive: {place!r} is no path that could be kept and shown. Name another file")
        return place

    async def _describe(self, id_: bytes) -> Archive:
        found = await self.read(lambda tx: tx.archive(id_))
        assert found is not None  # noqa: S101 - none is ever taken away
        return await asyncio.to_thread(self._look_at, found)

    def _look_at(self, filed: Filed) -> Archive:
        file, size, fault = self._folder.file(filed.place), None, None
        try:
            size = file.stat().st_size
            with ArchiveFile(file) as opened:
                if opened.id != filed.id:
                    fault = "another archive is in its place"
                elif opened.count() < filed.entries:
                    fault = f"an older copy, with {opened.count()} rows"
        except OSError:
            fault = "not there"
        except StoreError as error:
            fault = str(error)
        return Archive(
            number=filed.number,
            file=str(file),
            rows=filed.entries,
            oldest=filed.oldest,
            youngest=filed.youngest,
            size=size,
            fault=fault,
        )


def _exists(file: Path) -> bool:
    """Say whether there is something.

    Raises:
        ConfigurationError: nothing can be made there.
    """
    if not file.parent.is_dir():
        raise ConfigurationError(f"archive: there is no directory {file.parent}. Make it, or name another file")
    return file.exists()


def _slim(tx: Transaction, rows: Sequence[tuple[int, LedgerEntry]], archive: int) -> tuple[int, list[LedgerEntry]]:
    """Slim the first rows down, for as long as the store may be held; say how many were looked at, and which were whole."""
    until = time.monotonic() + HOLD
    done, moved = 0, []
    for number, entry in rows:
        if tx.slim(number, entry.task, archive):
            moved.append(entry)
        done += 1
        if time.monotonic() > until:
            break
    tx.count(archive, [entry.at for entry in moved])
    return done, moved


def _open(file: Path, *, write: bool) -> ArchiveFile:
    """Open a file that somebody named.

    Raises:
        ConfigurationError: it is no archive.
    """
    try:
        return ArchiveFile(file, write=write)
    except StoreError as error:
        raise ConfigurationError(f"{error}. Name another file") from error
