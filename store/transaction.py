"""One transaction of the store, as commands see it: look-ups and changes of the domain, and what the core asks of any store.

It is the same for every engine: a driver hands in how a statement is executed, and turns its own errors into `AlreadyExists`
and `StoreError` there. Everything is synchronous, and nothing here reads a clock.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final

from forge.cid import CID
from forge.ports import LedgerEntry
from store import sql
from store.archive.rows import Archives, Shelf, to_cells, to_entry
from store.consumers import Consumers
from store.customers import Customers
from store.events import Events
from store.raw import Raw
from store.records import Statement
from store.revocations import Revocations
from store.statement import Execute
from store.subscriptions import Subscriptions

# Savepoints. All have one name: in either engine a name means the innermost savepoint that bears it, and they end inside out.
BEGIN: Final = "SAVEPOINT block"
UNDO: Final = "ROLLBACK TO SAVEPOINT block"
RELEASE: Final = "RELEASE SAVEPOINT block"


class Transaction(Customers, Subscriptions, Consumers, Events, Revocations, Archives, Raw):
    """The rows, inside one transaction. Whoever holds it uses it on the thread that it came on, until the unit of work ends.

    Every method may raise `StoreError`; the unit of work is lost then, whatever it does next.
    """

    __slots__ = ("_shelf",)

    def __init__(self, execute: Execute, shelf: Shelf | None = None) -> None:
        """Take how statements are executed, and where the files of archives are."""
        super().__init__(execute)
        self._shelf = shelf

    # -- what others say ---------------------------------------------------------------------------------------------

    def keep(self, statement: Statement) -> None:
        """Keep what somebody says came of a task. The same receipt again changes nothing."""
        self._execute(
            sql.KEEP,
            (
                bytes(statement.receipt),
                bytes(statement.task),
                str(statement.executor),
                int(statement.failed),
                statement.data,
                bytes(statement.cause),
                statement.at,
            ),
        )

    # -- a test's time -----------------------------------------------------------------------------------------------

    def time(self) -> int | None:
        """Say what time a test has set; None where none has."""
        row = self._execute(sql.TIME).fetchone()
        return None if row is None else row[0]

    def set_time(self, now: int) -> None:
        """Set the time that `time` says from now on."""
        self._execute(sql.SET_TIME, (now,))

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what happens inside the `with` block if an exception leaves it. May be nested."""
        return _Savepoint(self._execute)

    # -- what the core asks: forge.ports.Transaction -----------------------------------------------------------------

    def undo(self) -> None:
        """Undo all that was done since the innermost savepoint began: a unit of work is one."""
        self._execute(UNDO)

    def recorded(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up in the ledger, and in its archive where it was moved to one.

        Raises:
            StoreError: that archive does not give it; the task did run. The message names the file.
        """
        row = self._execute(sql.RECORDED, (bytes(task),)).fetchone()
        if row is None:
            return None
        return self.moved(task).receipt if row[0] is None else bytes(row[0])

    def entry(self, task: CID) -> LedgerEntry | None:
        """Look all up that the ledger, or an archive of it, has about `task`.

        Raises:
            StoreError: as `recorded`.
        """
        row = self._execute(sql.ENTRY, (bytes(task),)).fetchone()
        if row is None:
            return None
        return self.moved(task) if row[-1] is None else to_entry(row)

    def record(self, entry: LedgerEntry) -> None:
        """Enter a task that ran into the ledger.

        Raises:
            AlreadyExists: it is there.
        """
        self._execute(sql.RECORD, to_cells(entry))


class _Savepoint:
    """A `with` block that is undone if an exception leaves it."""

    __slots__ = ("_execute",)

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def __enter__(self) -> None:
        self._execute(BEGIN)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._execute(UNDO)
        self._execute(RELEASE)
