"""The wire: a connection on which statements are sent, several in one round trip where nobody waits for what comes of them.

On this level of psycopg, libpq's own, a statement costs a few microseconds; that every row comes as a cursor's would cost
several times as much, and each unit of work has several statements while others wait for their turn.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from store.postgres.errors import LostError, meaning

ANSWER_TIMEOUT: Final = 40.0
"""Seconds without a word after which the server counts as gone: more than it gives any statement."""

_MARK: Final = re.compile(r"\?")
_BINARY: Final = 1
_TEXT: Final = 0

Value = str | bytes | int | None


def _integer(cell: bytes) -> int:
    return int.from_bytes(cell, signed=True)


def _text(cell: bytes) -> str:
    return cell.decode()


# By the OIDs of types, which PostgreSQL never changes: bool; bytea; bigint, smallint, integer; name, text, varchar.
_READ: Final[dict[int, Callable[[bytes], Any]]] = {
    16: lambda cell: cell != b"\0",
    17: bytes,
    20: _integer,
    21: _integer,
    23: _integer,
    19: _text,
    25: _text,
    1043: _text,
}


@cache
def marked(statement: str) -> bytes:
    """Put PostgreSQL's marks into a statement of `store.sql`."""
    first, *rest = _MARK.split(statement)
    return (first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))).encode()


@cache
def changes(statement: str) -> bool:
    """Say whether a statement changes rows."""
    return statement.split(None, 1)[0] in {"INSERT", "UPDATE", "DELETE"}


class Found:
    """What a statement found: `store.statement.Rows`."""

    __slots__ = ("_place", "_rows", "tag")

    def __init__(self, rows: list[tuple[Any, ...]], tag: bytes = b"") -> None:
        self._rows = rows
        self._place = 0
        self.tag = tag

    def fetchone(self) -> Any:  # noqa: ANN401 - a tuple, or None
        """Give the next row."""
        if self._place == len(self._rows):
            return None
        self._place += 1
        return self._rows[self._place - 1]

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""
        rows, self._rows, self._place = self._rows[self._place :], [], 0
        return rows


NOTHING: Final = Found([])
"""Of a statement of which nobody looks at what it found."""


def _found(result: pq.abc.PGresult) -> Found:
    """Take a result out of libpq's memory."""
    get = result.get_value
    read = [_READ[result.ftype(column)] for column in range(result.nfields)]
    rows = [
        tuple(None if (cell := get(row, column)) is None else one(cell) for column, one in enumerate(read))
        for row in range(result.ntuples)
    ]
    return Found(rows, result.command_status or b"")


class Wire:
    """A connection of psycopg's, in libpq's pipeline mode. One thread uses it at a time."""

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool) -> None:
        """Take a connection; `prepares` says whether a statement that was prepared on it is there in the next transaction."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self._pgconn.enter_pipeline_mode()
        self._names: dict[str, bytes] | None = {} if prepares else None
        self._count = 0
        self._waiting: list[tuple[str, Sequence[Value]]] = []
        self._poll = select.poll()

    def send(self, statement: str, values: Sequence[Value] = ()) -> None:
        """Have a statement executed before the next that is asked; what comes of it is told there, if it failed."""
        self._waiting.append((statement, values))

    def forget(self, since: str | None = None) -> bool:
        """Forget what waits, back to the last `since`, which stays. False: that does not wait, so everything was forgotten."""
        waiting = self._waiting
        while waiting and waiting[-1][0] != since:
            waiting.pop()
        return bool(waiting)

    def take_back(self, statement: str) -> bool:
        """Forget a statement, if it is the last that waits. False: it is not."""
        if not self._waiting or self._waiting[-1][0] != statement:
            return False
        self._waiting.pop()
        return True

    def ask(self, statement: str, values: Sequence[Value] = ()) -> Found:
        """Execute what waits, and then a statement; give what it found.

        Raises:
            AlreadyExists, StoreError, psycopg.Error: the first of them failed, and none after it was executed.
        """
        self.send(statement, values)
        return self.flush()

    def flush(self) -> Found:
        """Execute what waits, and give what the last of it found.

        Raises:
            AlreadyExists, StoreError, psycopg.Error: the first of them failed, and none after it was executed.
        """
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return NOTHING
        try:
            for statement, values in waiting:
                self._dispatch(statement, values)
            self._pgconn.pipeline_sync()
            last, failed = self._collect()
        except psycopg.Error as error:
            raise LostError(f"store: {error}") from error
        if failed is not None:
            if self._names is not None:
                # Whether they were prepared is not known of those that came after it. They get new names.
                for statement, _ in waiting:
                    self._names.pop(statement, None)
            said = error_from_result(failed, self._connection.info.encoding)
            raise meaning(said) from said
        return _found(last)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _dispatch(self, statement: str, values: Sequence[Value]) -> None:
        # Texts as they are: in libpq's own text format U+0000 would end them, without a word.
        cells = [str(one).encode() if isinstance(one, int) else one.encode() if isinstance(one, str) else one for one in values]
        formats = [_TEXT if isinstance(one, int) else _BINARY for one in values]
        if self._names is None:
            self._pgconn.send_query_params(marked(statement), cells, None, formats, _BINARY)
            return
        name = self._names.get(statement)
        if name is None:
            self._count += 1
            name = self._names[statement] = b"forge_%d" % self._count
            self._pgconn.send_prepare(name, marked(statement))
        self._pgconn.send_query_prepared(name, cells, formats, _BINARY)

    def _collect(self) -> tuple[pq.abc.PGresult, pq.abc.PGresult | None]:
        """Wait for all that was sent; give the last result, and the first that says that something failed."""
        pgconn = self._pgconn
        last: Any = None
        failed = None
        while pgconn.flush():
            # More than the socket takes at once; the server may have something to say before it reads on.
            self._wait(select.POLLIN | select.POLLOUT)
        while True:
            while pgconn.is_busy():
                self._wait(select.POLLIN)
            result = pgconn.get_result()
            if result is None:
                # One statement's results end.
                if pgconn.status != pq.ConnStatus.OK:
                    raise psycopg.OperationalError("the connection is gone")
                continue
            status = result.status
            if status == pq.ExecStatus.PIPELINE_SYNC:
                return last, failed
            if status == pq.ExecStatus.FATAL_ERROR:
                failed = failed or result
            else:
                last = result

    def _wait(self, events: int) -> None:
        """Wait for the socket. Python's lock is let go of meanwhile; libpq's own waiting would keep it.

        Raises:
            psycopg.OperationalError: nothing comes, or the connection is gone.
        """
        self._poll.register(self._pgconn.socket, events)
        happened = self._poll.poll(ANSWER_TIMEOUT * 1000)
        if not happened:
            raise psycopg.OperationalError(f"the server has not answered for {ANSWER_TIMEOUT} s")
        if happened[0][1] & ~select.POLLOUT:
            self._pgconn.consume_input()
