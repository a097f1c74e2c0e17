"""A connection, and the transaction on it as units of work see it: how a statement is executed, and how blocks of them end.

What `store.transaction` calls a savepoint is a block here. PostgreSQL takes nothing more in a transaction in which something
failed until that is undone; so where a block ends, whatever failed in it is known, and none of it is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import ClassVar

from store.archive.file import Folder
from store.postgres.errors import AgainError, LostError
from store.postgres.wire import NOTHING, Found, Value, Wire
from store.transaction import BEGIN, RELEASE, UNDO, Transaction


class Connected:
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
        return self._round(statement, values)

    def _round(self, statement: str | None = None, values: Sequence[Value] = ()) -> Found:
        """Have all that waits executed, and a statement, where there is one."""
        return self._wire.flush() if statement is None else self._wire.ask(statement, values)

    def _begin_block(self) -> Found:
        # What waits is the outer block's, and so are its errors.
        self._round()
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
                self._round(RELEASE)
            except AgainError:
                raise
            except Exception as error:  # noqa: BLE001 - it is raised below
                failure = error
            else:
                self._savepoints.pop()
                return NOTHING
        self._undo_block()
        self._round(RELEASE)
        self._savepoints.pop()
        raise failure

    _blocks: ClassVar[Mapping[str, Callable[[Connected], Found]]] = {
        BEGIN: _begin_block,
        UNDO: _undo_block,
        RELEASE: _end_block,
    }

    def _let_go(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(Exception):
                opened.close()
