"""Sessions on PostgreSQL: a connection as groups of units use it, opened again where it was lost.

Units that change run one group at a time, whichever process they are in: a group begins by taking the turn, the lock of one
row, and keeps it until it has committed. So each unit finds the store as the one before it left it, as on SQLite, and what is
numbered is numbered in the order in which it becomes visible. `DECISIONS.md` says what was measured, and what was not taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar, Final, TypeVar

from forge.errors import StoreError
from store import schema, sql
from store.archive.file import Folder
from store.groups import Work
from store.postgres.errors import AgainError, LostError, UnknownError
from store.postgres.wire import NOTHING, Found, Value, Wire, changes
from store.sql import events
from store.transaction import BEGIN, RELEASE, UNDO, Transaction

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


class _Connected:
    """A connection, and the transaction on it as units see it."""

    def __init__(self, open_wire: Callable[[], Wire], folder: Folder) -> None:
        """`open_wire` opens a connection, and raises `StoreError` where it cannot."""
        self._open = open_wire
        self._opened: Wire | None = None
        self._broken: Exception | None = None
        self._recorded: list[tuple[bytes, bytes]] = []
        self._savepoints: list[int] = []
        self._transaction = Transaction(self._execute, folder)

    @property
    def _wire(self) -> Wire:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def check(self) -> None:
        """See that the transaction still stands, or can be undone as far as it does not."""
        if isinstance(self._broken, AgainError):
            raise self._broken

    def rollback(self) -> None:
        """Leave the transaction, if there is one."""
        if self._opened is not None:
            self._opened.forget()
            try:
                self._opened.ask("ROLLBACK")
            except Exception:  # noqa: BLE001 - whatever it is, the connection goes with it
                self._let_go()

    def close(self) -> None:
        """Let go of the connection."""
        self._let_go()

    def _execute(self, statement: str, values: Sequence[Value] = ()) -> Found:
        if isinstance(self._broken, AgainError):
            # Nothing of the transaction is left.
            raise self._broken
        block = self._blocks.get(statement)
        if self._broken is not None and block is None:
            # The server takes nothing more until that is undone.
            raise self._broken
        try:
            return self._do(statement, values) if block is None else block(self)
        except AgainError as error:
            self._broken = error
            if isinstance(error, LostError):
                self._let_go()
            raise
        except Exception as error:
            if statement != RELEASE:
                self._broken = error
            raise

    def _do(self, statement: str, values: Sequence[Value]) -> Found:
        return self._wire.ask(statement, values)

    def _begin_block(self) -> Found:
        # What waits is the outer block's, and so are its errors.
        self._wire.flush()
        self._wire.send(BEGIN)
        self._savepoints.append(len(self._recorded))
        return NOTHING

    def _undo_block(self) -> Found:
        if not self._wire.forget(since=BEGIN):
            self._wire.send(UNDO)
        del self._recorded[self._savepoints[-1] :]
        self._broken = None
        return NOTHING

    def _end_block(self) -> Found:
        """End a block; where something in it failed, it is undone."""
        failure = self._broken
        if failure is None:
            if self._wire.take_back(BEGIN):
                self._savepoints.pop()
                return NOTHING
            try:
                # What waits belongs to what ends here, and so do its errors.
                self._wire.ask(RELEASE)
            except AgainError:
                raise
            except Exception as error:  # noqa: BLE001 - it is raised below
                failure = error
            else:
                self._savepoints.pop()
                return NOTHING
        self._undo_block()
        self._wire.ask(RELEASE)
        self._savepoints.pop()
        raise failure

    _blocks: ClassVar[Mapping[str, Callable[[_Connected], Found]]] = {
        BEGIN: _begin_block,
        UNDO: _undo_block,
        RELEASE: _end_block,
    }

    def _let_go(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(Exception):
                opened.close()


class Reader(_Connected):
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


class Writer(_Connected):
    """The connection that writes: a `store.groups.Session` whose groups take turns with those of all other processes."""

    def __init__(self, open_wire: Callable[[], Wire], folder: Folder) -> None:
        super().__init__(open_wire, folder)
        self._changed = False
        self._clean = True
        self._unrecorded = False

    def begin(self) -> None:
        """Open a transaction, and wait for the turn.

        Raises:
            AgainError: the connection was lost.
            StoreError: others had the turn for too long, or a newer version has taken the schema too far.
        """
        self._broken = None
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
        execute = self._execute
        before = len(self._recorded)
        self._changed = False
        execute(BEGIN)
        try:
            value = work(self._transaction)
        except BaseException:
            execute(UNDO)
            execute(RELEASE)
            raise
        # Raises where the unit went on as if nothing had happened.
        execute(RELEASE)
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
        wire = self._wire
        # A commit that waits for another server is not to be given up: it would be reported as done.
        wire.send(_PATIENCE)
        try:
            if wire.ask("COMMIT").tag != b"COMMIT":
                raise StoreError("store: the transaction was rolled back")
        except LostError as error:
            self._let_go()
            if not self._was_kept(error):
                raise

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
        if statement not in _QUIET:
            return self._wire.ask(statement, values)
        self._wire.send(statement, values)
        if statement == sql.RECORD:
            self._recorded.append((values[0], values[6]))  # type: ignore[arg-type] # a task and its receipt
        return NOTHING
