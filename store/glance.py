"""Reading at a glance: on the event loop, for as long as that takes no longer than handing it to a thread.

Whether a unit is brief shows when it runs: it has so many statements, and each so many steps of the engine. What needs more is
given up, and run again where it holds nobody up; units are pure, so nobody can tell.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final, NoReturn, TypeVar

from store.groups import Session, Work
from store.statement import Execute, Rows
from store.transaction import Transaction

T = TypeVar("T")

# Statements of a unit; a look-up of one thing has two or three.
MOST_STATEMENTS: Final = 16

# Thousands of steps of SQLite's machine that a unit has: some 0.2 ms. A look-up by keys has a hundred steps. SQLite counts on
# from one time that a statement is executed to the next, so any may come to a full thousand by chance.
MOST_THOUSANDS: Final = 8


class TooLongError(Exception):
    """A unit is not brief. What it did so far is nothing to keep."""


class Glance:
    """A connection on which brief units read."""

    def __init__(self, session: Session, execute: Execute, connection: sqlite3.Connection) -> None:
        """`execute` is how the session executes on the connection."""
        self._session = session
        self._execute = execute
        self._transaction = Transaction(self._counted, self)
        self._left = 0
        self._thousands = 0
        self._given_up = False
        connection.set_progress_handler(self._at_a_thousand, 1000)

    def look(self, work: Work[T]) -> T:
        """Run one unit on a snapshot of its own.

        Raises:
            TooLongError: it is not brief, or somebody is in the way.
            StoreError: the engine could not.
        """
        self._left, self._thousands, self._given_up = MOST_STATEMENTS, MOST_THOUSANDS, False
        try:
            self._session.begin()
            value = self._session.run(lambda _: work(self._transaction))
        except Exception as error:
            if self._given_up or _is_busy(error.__cause__):
                raise TooLongError from error
            raise
        finally:
            given_up, self._given_up, self._thousands = self._given_up, False, MOST_THOUSANDS
            # There is nothing to keep.
            self._session.rollback()
        if given_up:
            # The unit went on as if nothing had happened.
            raise TooLongError
        return value

    def fetch(self, *_: Any) -> NoReturn:  # noqa: ANN401 - in the place of a shelf
        """Leave what is in an archive to a thread: it is another file, on a slower disk perhaps."""
        self._given_up = True
        raise TooLongError

    def _counted(self, statement: str, values: Sequence[str | bytes | int | None] = ()) -> Rows:
        self._left -= 1
        if self._left < 0:
            self._given_up = True
            raise TooLongError
        return self._execute(statement, values)

    def _at_a_thousand(self) -> bool:
        """Tell SQLite whether to stop."""
        self._thousands -= 1
        if self._thousands < 0:
            self._given_up = True
        return self._given_up


def _is_busy(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
