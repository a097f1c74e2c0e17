"""Sessions on PostgreSQL: a connection as groups of units use it, opened again where it was lost.

Units that change run one group at a time, whichever process they are in: a group begins by taking the turn, the lock of one
row, and keeps it until it has committed. So each unit finds the store as the one before it left it, as on SQLite, and what is
numbered is numbered in the order in which it becomes visible. `DECISIONS.md` says what was measured, and what was not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from forge.errors import StoreError
from store import schema, sql
from store.archive.file import Folder
from store.groups import Work
from store.postgres.connected import Connected
from store.postgres.errors import AgainError, LostError, QuarrelError, UnknownError
from store.postgres.wire import NOTHING, Found, Value, Wire, changes
from store.sql import events
from store.transaction import BEGIN, RELEASE, UNDO

T = TypeVar("T")

STATEMENT_TIMEOUT: Final = 30
"""Seconds that the server gives a statement: none needs one, unless what it stands on is slow."""
TURN_TIMEOUT: Final = 10
"""Seconds that a group waits for its turn: longer than the longest group takes, and than `IDLE_TIMEOUT`."""
IDLE_TIMEOUT: Final = 8
"""Seconds after which the server ends a transaction whose process says nothing: it was stopped or cut off, and others wait."""

_WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

# In the transaction, because behind a pool the next one may have another connection. Every look-up has its index, also where
# a plan was made when the table was empty; and nothing here is worth being compiled.
_SETTINGS: Final = f"""
SELECT set_config('statement_timeout', '{STATEMENT_TIMEOUT}s', TRUE), set_config('lock_timeout', '{TURN_TIMEOUT}s', TRUE),
       set_config('idle_in_transaction_session_timeout', '{IDLE_TIMEOUT}s', TRUE), set_config('enable_seqscan', 'off', TRUE),
       set_config('plan_cache_mode', 'force_generic_plan', TRUE), set_config('jit', 'off', TRUE)
"""

_TURN: Final = """
SELECT version_num, oldest FROM forge_schema FOR UPDATE
"""

# Nobody looks at what comes of them, and their keys were looked for: they go with what is asked next.
_QUIET: Final = frozenset((sql.RECORD, events.APPEND))

_PATIENCE: Final = """
SELECT set_config('statement_timeout', '0', TRUE)
"""


class Reader(Connected):
    """A connection that reads: a `store.groups.Session`."""

    def begin(self) -> None:
        """Open a snapshot. The first look-up takes it."""
        self._broken = None
        self._wire.send(_READING)
        self._wire.send(_SETTINGS)

    def run(self, work: Work[T]) -> T:
        """Run one unit."""
        if self._broken is not None:
            # What the unit before broke is over; this one gets a snapshot of its own.
            self.rollback()
            self.begin()
        value = work(self._transaction)
        if self._broken is not None:
            # The unit went on as if nothing had happened.
            raise self._broken
        return value

    def commit(self) -> None:
        """End the snapshot."""
        self.rollback()


class Writer(Connected):
    """The connection that writes: a `store.groups.Session` whose groups take turns with those of all other processes.

    A unit's end is not waited for: it goes with what the next unit asks first, or with the commit. Where the server says then
    that something failed, whose it was is not known, so the group is run again, and each unit's end is waited for.
    """

    def __init__(self, open_wire: Callable[[], Wire], folder: Folder) -> None:
        super().__init__(open_wire, folder)
        self._changed = False
        self._clean = True
        self._unrecorded = False
        self._ending = False
        self._hasty = True

    def begin(self) -> None:
        """Open a transaction, and wait for the turn.

        Raises:
            AgainError: the connection was lost.
            StoreError: others had the turn for too long, or a newer version has taken the schema too far.
        """
        self._broken = None
        self._ending = False
        self._clean, self._unrecorded = True, False
        self._recorded, self._savepoints = [], []
        try:
            self._take_turn()
        except Exception:
            # Also where the server is a primary no more: another connection may lead to the one that is.
            self._let_go()
            raise

    def run(self, work: Work[T]) -> T:
        """Run one unit, in a savepoint of its own."""
        before = len(self._recorded)
        self._changed = False
        self._savepoints.append(before)
        self._wire.send(BEGIN)
        try:
            value = work(self._transaction)
        except BaseException:
            self._execute(UNDO)
            self._execute(RELEASE)
            raise
        if self._hasty and self._broken is None:
            self._end_later()
        else:
            # Raises where the unit went on as if nothing had happened.
            self._execute(RELEASE)
        if self._changed:
            self._clean = False
            self._unrecorded = self._unrecorded or len(self._recorded) == before
        return value

    def commit(self) -> None:
        """Make it durable.

        Raises:
            AgainError: the connection was lost, and nothing was kept.
            UnknownError: the connection was lost, and what was recorded does not tell.
            StoreError: the server did not take it.
        """
        if self._clean:
            self.rollback()
            return
        # A commit that waits for another server is not to be given up: it would be reported as done.
        self._wire.send(_PATIENCE)
        try:
            found = self._round("COMMIT")
        except LostError as error:
            self._let_go()
            if not self._was_kept(error):
                raise
        else:
            self._hasty = True
            if found.tag != b"COMMIT":
                raise StoreError("store: the transaction was rolled back")

    def _take_turn(self) -> None:
        wire = self._wire
        wire.send(_WRITING)
        wire.send(_SETTINGS)
        schema.check(*wire.ask(_TURN).fetchone())

    def _was_kept(self, error: LostError) -> bool:
        """Find out whether a transaction was committed whose connection was lost meanwhile: all of it was, or nothing.

        Raises:
            UnknownError: that cannot be said of a unit that recorded nothing; or nobody answers.
        """
        if not self._recorded:
            raise UnknownError(f"store: whether it was kept is not known: {error}") from error
        try:
            # The lost one had the turn. Whoever has it now finds what was kept, or what never will be.
            self._take_turn()
            found = [self._wire.ask(sql.RECORDED, (task,)).fetchone() for task, _ in self._recorded]
            # No rollback: what was found may be on this server alone, its commit cut off while it waited for a standby. Taking
            # the turn has written something, so this commit waits, and what came before it is on the standby, too.
            self._wire.send(_PATIENCE)
            self._wire.ask("COMMIT")
        except StoreError as another:
            self._let_go()
            raise UnknownError(f"store: whether it was kept is not known: {another}") from error
        # Somebody else may have run one of the tasks in the meantime, and may even have said the same.
        kept = all(row in {(receipt,), (None,)} for row, (_, receipt) in zip(found, self._recorded, strict=True))
        if kept and self._unrecorded:
            raise UnknownError(f"store: whether it was kept is not known: {error}") from error
        return kept

    def _do(self, statement: str, values: Sequence[Value]) -> Found:
        self._changed = self._changed or changes(statement)
        if statement in _QUIET:
            self._wire.send(statement, values)
            if statement == sql.RECORD:
                self._recorded.append((values[0], values[6]))  # type: ignore[arg-type] # a task and its receipt
            return NOTHING
        return self._round(statement, values)

    def _round(self, statement: str | None = None, values: Sequence[Value] = ()) -> Found:
        try:
            found = super()._round(statement, values)
        except AgainError:
            raise
        except Exception as error:
            if not self._ending:
                raise
            # It may be of a unit that has ended.
            self._hasty = False
            raise QuarrelError(f"store: {error}") from error
        self._ending = False
        return found

    def _end_later(self) -> None:
        self._savepoints.pop()
        if not self._wire.take_back(BEGIN):
            self._wire.send(RELEASE)
            self._ending = True
