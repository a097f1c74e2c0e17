"""A process that moves rows to an archive, and kills itself at a point of that: `URL FILE POINT`.

A point is a name of `POINTS`, or a number: after so many statements, on whatever connection. Whoever comes to the end says how
many statements there were.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from store import connect
from store.archive import moving
from store.archive.file import ArchiveFile, Folder
from store.transaction import Transaction
from tests.store.archived import EVER


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at(kind: type[Any], name: str, *, count: int = 1, after: bool = False) -> Callable[[], None]:
    """Die before a method is called for the nth time, or after it."""

    def arm() -> None:
        real, calls = getattr(kind, name), 0

        def dying(*args: Any, **settings: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == count and not after:
                die()
            found = real(*args, **settings)
            if calls == count:
                die()
            return found

        setattr(kind, name, dying)

    return arm


def saying(text: str, count: int = 1) -> Callable[[], None]:
    """Die where the archive's file is told a statement for the nth time, before it is executed."""

    def arm() -> None:
        real, calls = ArchiveFile._execute, 0

        def dying(self: ArchiveFile, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
            nonlocal calls
            calls += statement.startswith(text)
            if calls == count:
                die()
            return real(self, statement, values)

        ArchiveFile._execute = dying  # type: ignore[method-assign] # that is the point

    return arm


POINTS: Final = {
    "the archive is known and its file is not made": at(Folder, "create"),
    "the file is made and has no name": at(Path, "hardlink_to"),
    "the file has two names": at(Path, "hardlink_to", after=True),
    "the file is there": at(Folder, "create", after=True),
    "rows are being added": saying("INSERT", 11),
    "rows were added and not committed": saying("COMMIT"),
    "rows are in the log and not in the file": saying("PRAGMA wal_checkpoint"),
    "rows are in the file": at(ArchiveFile, "append", after=True),
    "more rows are in the log": saying("PRAGMA wal_checkpoint", 3),
    "rows are being slimmed down": at(Transaction, "slim", count=3, after=True),
    "rows were slimmed down and not committed": at(Transaction, "count", after=True),
    "some rows are slim": at(Transaction, "count", count=2),
    "the next rows are copied": at(ArchiveFile, "append", count=2, after=True),
    "all is done but the file is not closed": at(ArchiveFile, "close"),
    "all is done": at(ArchiveFile, "close", after=True),
}


def counting(most: int) -> Callable[[], int]:
    """Die at so many statements; give what tells how many there were."""
    real, count = sqlite3.connect, 0

    def said(_: str) -> None:
        nonlocal count
        count += 1
        if count == most:
            die()

    def connecting(*args: Any, **settings: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*args, **settings)
        connection.set_trace_callback(said)
        return connection

    sqlite3.connect = connecting  # type: ignore[assignment] # that is the point
    return lambda: count


async def main(url: str, file: str, point: str) -> None:
    moving.PAGE, moving.HOLD, moving.REST = 20, 0.0005, 0  # type: ignore[misc] # so that there are many of each
    count = counting(int(point) if point.isdigit() else 0)
    if point in POINTS:
        POINTS[point]()
    store = await connect(url)
    await store.archive(Path(file), before=EVER, tell=lambda _, __: None)
    await store.close()
    print(count())  # noqa: T201 - this is what it is asked for


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
