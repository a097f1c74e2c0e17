"""Checkpoints: the log (WAL) is copied into the file beside the writer, not by it.

SQLite does that in whichever commit the log grows too long: this one, and all that queue behind it, wait for thousands of pages
to be written and synchronised. Here a thread with a connection of its own copies while the writer goes on. What came meanwhile
is little, and copied by the writer itself after a commit: only when nothing is left to copy does the log begin anew.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Final

from store.groups import Thread

# Rows that are changed until the log is copied: some 4,000 pages. A page that changes often before that is copied once.
ROWS: Final = 4_000

# Pages that are few enough for the writer: some milliseconds.
FEW: Final = 400

# How often the thread copies what came meanwhile, until it is few.
ROUNDS: Final = 4

_COPY: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """Copies the log of one writer, when there is enough of it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """`connection` is its own, and let go of in the end."""
        self._connection = connection
        self._thread = Thread("store-checkpoint", connection.close)
        self._rows = 0
        self._copying = False
        self._nearly_done = False

    def committed(self, rows: int, writer: sqlite3.Connection) -> None:
        """Note how many rows a commit has changed. For the writer, right after it."""
        self._rows += rows
        if self._nearly_done:
            self._nearly_done = self._copying = False
            copy(writer)
        elif self._rows >= ROWS and not self._copying:
            self._rows = 0
            self._copying = True
            self._thread.do(self._copy_most, self._note)

    async def close(self) -> None:
        """Finish what was begun."""
        await self._thread.close()

    def _copy_most(self) -> None:
        for _ in range(ROUNDS):
            if copy(self._connection) <= FEW:
                return

    def _note(self) -> None:
        self._nearly_done = True


def copy(connection: sqlite3.Connection) -> int:
    """Copy the log as far as nobody is in the way; say how many pages are left. What fails is tried again by the next."""
    with suppress(sqlite3.Error):
        busy, pages, copied = connection.execute(_COPY).fetchone()
        if not busy:
            return int(pages - copied)
    return 0
