"""Moving house: the part of a store that writes all of it out and reads it in. It is the same for every engine."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from forge.errors import ConfigurationError
from forge.ports import Inventory, Tell
from store.moving import stream
from store.moving.dump import dump, load
from store.moving.whole import whole
from store.records import AlreadyExists
from store.transaction import Transaction

T = TypeVar("T")


class Moving(ABC):
    """The part of a store, `forge.ports.Store`, that can be carried to another one."""

    _renumber: Sequence[str] = ()
    """How the engine is told that rows were inserted with numbers of their own, and those given next are to be higher; in the
    transaction that inserted them. SQLite sees for itself."""

    @abstractmethod
    def change(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run a unit that changes something."""

    @abstractmethod
    def read(self, work: Callable[[Transaction], T]) -> Awaitable[T]:
        """Run a unit that reads."""

    async def write_out(self, file: Path, *, tell: Tell) -> Inventory:
        """Write all rows, as they are at one moment, to a new file.

        Raises:
            ConfigurationError: there is such a file, or it cannot be made.
            StoreError: the store did not answer.
        """

        def work(tx: Transaction) -> Inventory:
            # Opened here: an engine that had to begin again begins with a file of its own.
            with whole(file) as beside, beside.open("wb") as out:
                return dump(tx, out.write, tell)

        try:
            return await self.read(work)
        except FileExistsError as error:
            raise ConfigurationError(f"export: there is a file {file}, and none is written over. Name another one") from error
        except OSError as error:
            raise ConfigurationError(f"export: {file} cannot be written: {error.strerror}") from error

    async def read_in(self, file: Path, *, tell: Tell) -> Inventory:
        """Read what `write_out` wrote: all of it, or nothing.

        It is looked at as a whole before any of it is taken.

        Raises:
            ConfigurationError: the file is something else or damaged, or the store has rows.
            StoreError: the store did not take it, and kept nothing of it.
        """

        def check() -> Inventory:
            with file.open("rb") as source:
                return stream.check(source)

        def work(tx: Transaction) -> None:
            with file.open("rb") as source:
                load(tx, source, inventory, tell)
            for statement in self._renumber:
                tx.ask(statement)

        try:
            # Before the transaction: while a large file is looked at, others need not wait.
            inventory = await asyncio.to_thread(check)
            await self.change(work)
        except OSError as error:
            raise ConfigurationError(f"import: {file} cannot be read: {error.strerror}") from error
        except ConfigurationError as error:
            raise ConfigurationError(f"import: {file}: {error}") from error
        except AlreadyExists as error:
            raise ConfigurationError(f"import: {file} has two rows where a store has one: {error}") from error
        return inventory
