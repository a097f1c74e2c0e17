"""Clients that write numbered rows, remember what they were told, and ask again where that was nothing: forge, in small.

A number is written to `ledger`, where it is unique, and to `entry`, where nothing keeps it from being written twice, in one
transaction. Who does not know whether its commit came through looks into the ledger.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from typing import Final, Self

import psycopg

from tests.cluster.cluster import Cluster

WRITERS: Final = 6
_PAUSE: Final = 0.02
_CONNECT_SECONDS: Final = 3
_TABLES: Final = "CREATE TABLE ledger (number bigint PRIMARY KEY); CREATE TABLE entry (number bigint, writer int)"


class Load:
    """Writers, a connection each, and what they have been told."""

    def __init__(self, cluster: Cluster, url: str) -> None:
        self._cluster, self._url = cluster, url
        self._numbers = itertools.count(1)
        self._stopped = threading.Event()
        self._writers = [threading.Thread(target=self._write, args=(writer,)) for writer in range(WRITERS)]
        self.told: list[tuple[float, int]] = []
        """When a commit was answered, and which number's."""
        self.failures: Counter[str] = Counter()

    def __enter__(self) -> Self:
        with psycopg.connect(self._url) as connection:
            connection.execute(_TABLES)
        for writer in self._writers:
            writer.start()
        self.wait_for_more()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for writer in self._writers:
            writer.join()

    def wait_for_more(self) -> None:
        """Wait until each writer could have been told something that it asked for after now."""
        begun = len(self.told)
        self._cluster.wait("answered commit", lambda: len(self.told) > begun + 2 * WRITERS)

    def outage(self, since: float) -> float:
        """Tell for how many seconds at most nobody was told anything, from a moment on."""
        moments = [since, *(moment for moment, _ in self.told if moment > since), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(moments))

    def differences(self) -> dict[str, int]:
        """Compare what was told with what is there."""
        told = {number for _, number in self.told}
        there = {number for (number,) in self._cluster.query("SELECT number FROM ledger", database="forge")}
        doubled = "SELECT number FROM entry GROUP BY number HAVING count(*) > 1"
        halves = "SELECT number FROM ledger FULL JOIN entry USING (number) WHERE ledger IS NULL OR entry IS NULL"
        return {
            "lost": len(told - there),
            "doubled": len(self._cluster.query(doubled, database="forge")),
            "halves": len(self._cluster.query(halves, database="forge")),
        }

    def _write(self, writer: int) -> None:
        connection: psycopg.Connection | None = None
        number = next(self._numbers)
        while not self._stopped.is_set():
            try:
                if connection is None:
                    # What is not prepared goes through PgBouncer, too.
                    connection = psycopg.connect(self._url, connect_timeout=_CONNECT_SECONDS, prepare_threshold=None)
                _once(connection, number, writer)
            except psycopg.Error as error:
                self.failures[type(error).__name__] += 1
                if connection is not None:
                    connection.close()
                    connection = None
                time.sleep(_PAUSE)
            else:
                self.told.append((time.monotonic(), number))
                number = next(self._numbers)
        if connection is not None:
            connection.close()


def _once(connection: psycopg.Connection, number: int, writer: int) -> None:
    with connection.transaction():
        row = connection.execute("INSERT INTO ledger VALUES (%s) ON CONFLICT DO NOTHING RETURNING number", [number]).fetchone()
        if row is not None:
            connection.execute("INSERT INTO entry VALUES (%s, %s)", [number, writer])
        else:
            # It is there, but may be so on this machine alone: its own commit was cut off while it waited for a standby.
            # A commit that has written something waits for what was written before, too.
            connection.execute("SELECT pg_logical_emit_message(true, 'ledger', 'seen')")
