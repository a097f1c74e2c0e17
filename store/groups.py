"""Units of work in groups: one transaction, one commit, then all its results at once.

A group is whatever has queued while the one before it was at work. There is no timer: a unit that comes alone is a group of one
and waits for nobody. `Groups` runs them on threads that each own a connection; `store.line` runs brief ones where they come.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from forge.errors import StoreError
from store.transaction import Transaction

T = TypeVar("T")

Work = Callable[[Transaction], T]


class Session(Protocol):
    """A connection of a driver, as a group uses it. All calls come from one thread at a time."""

    def begin(self) -> None:
        """Open a transaction.

        Raises:
            StoreError: the engine could not.
        """

    def run(self, work: Work[T]) -> T:
        """Run one unit inside the transaction. Nothing is left of it if it raises; whatever it raised comes out."""

    def check(self) -> None:
        """See that the transaction still stands.

        Raises:
            StoreError: the engine gave it up, and with it the units that ran before.
        """

    def commit(self) -> None:
        """Make the transaction durable.

        Raises:
            StoreError: the engine could not.
        """

    def rollback(self) -> None:
        """Leave the transaction, if there is one, and keep nothing of it."""

    def close(self) -> None:
        """Let go of the connection."""


class Unit:
    """One unit of work, and where its caller waits for it."""

    __slots__ = ("brief", "error", "future", "loop", "value", "work")

    def __init__(self, work: Work[Any], loop: asyncio.AbstractEventLoop, *, brief: bool = False) -> None:
        self.work = work
        self.loop = loop
        self.brief = brief
        self.future: asyncio.Future[Any] = loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None

    def release(self) -> None:
        """Tell the caller, on its own loop. One that was cancelled is not there any more."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        elif isinstance(self.error, StopIteration):
            # A future does not take it: it would end the coroutine that waits.
            self.future.set_exception(RuntimeError("a unit of work raised StopIteration"))
        else:
            self.future.set_exception(self.error)


class Group:
    """Units that share a transaction. One that raises fails alone; where the transaction fails, all of them do."""

    __slots__ = ("_left", "_session", "failed", "failure", "units")

    def __init__(self, session: Session, units: list[Unit]) -> None:
        self.units = units
        self.failed = False
        self.failure: BaseException | None = None
        self._session = session
        self._left = iter(units)

    def serve(self) -> None:
        """Run the whole group."""
        self.begin()
        while not self.failed and self.run_one():
            pass
        self.commit()

    def begin(self) -> None:
        """Open the transaction."""
        self.attempt(self._session.begin)

    def run_one(self) -> bool:
        """Run the next unit. False: there is none."""
        unit = next(self._left, None)
        if unit is None:
            return False
        try:
            unit.value = self._session.run(unit.work)
            unit.error = None
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is its caller's
            unit.error = error
        self.attempt(self._session.check)
        return True

    def commit(self) -> None:
        """Make it durable, unless the transaction failed."""
        if not self.failed:
            self.attempt(self._session.commit)

    def attempt(self, step: Callable[[], T]) -> T | None:
        """Do what is done for the whole group. Where it fails nothing is kept, and every unit fails."""
        try:
            return step()
        except BaseException as error:  # noqa: BLE001 - a thread that died would leave every caller waiting
            self.fail(error)
        return None

    def fail(self, error: BaseException) -> None:
        """Keep nothing of it, because of an error."""
        self.failed = True
        self.failure = error
        self._session.rollback()
        for unit in self.units:
            unit.error = StoreError(str(error))
            unit.error.__cause__ = error

    def release(self) -> None:
        """Tell all callers, on the loop of all of them."""
        for unit in self.units:
            unit.release()


class Thread:
    """A thread that does one job after the other."""

    def __init__(self, name: str, finish: Callable[[], None]) -> None:
        """`finish` is its last job."""
        self._finish = finish
        self._jobs: SimpleQueue[tuple[Callable[[], object], Callable[[], object]] | None] = SimpleQueue()
        self._end: Future[None] = Future()
        # A daemon, so that a program that dies without closing its store does die.
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], object], then: Callable[[], object]) -> None:
        """Queue a job, which does not raise, and what is called after it, there too."""
        self._jobs.put((job, then))

    async def close(self) -> None:
        """Finish what was queued, and end."""
        self._jobs.put(None)
        await asyncio.wrap_future(self._end)
        self._thread.join()

    def _live(self) -> None:
        while (one := self._jobs.get()) is not None:
            job, then = one
            job()
            # Closed: nobody waits there any more.
            with suppress(RuntimeError):
                then()
        self._finish()
        self._end.set_result(None)


class Groups:
    """A queue of units, and one thread for each session that takes groups off it."""

    def __init__(self, name: str, sessions: Sequence[Session], most: int) -> None:
        """`most` is how many units a group has at most."""
        self._most = most
        self._queue: SimpleQueue[Unit | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._ends: list[Future[None]] = []
        for number, session in enumerate(sessions):
            end: Future[None] = Future()
            # A daemon, so that a program that dies without closing its store does die.
            thread = threading.Thread(target=self._live, args=(session, end), name=f"{name}-{number}", daemon=True)
            self._ends.append(end)
            self._threads.append(thread)
            thread.start()

    def submit(self, work: Work[T]) -> asyncio.Future[T]:
        """Queue `work` behind all that was queued before.

        Raises:
            StoreError: the store is closed.
        """
        unit = Unit(work, asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                raise StoreError("store: it is closed")
            self._queue.put(unit)
        return unit.future

    async def close(self) -> None:
        """Take no more, finish what was queued, and end the threads."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for _ in self._threads:
                    self._queue.put(None)
        await asyncio.gather(*(asyncio.wrap_future(end) for end in self._ends))
        for thread in self._threads:
            thread.join()

    def _live(self, session: Session, end: Future[None]) -> None:
        while self._turn(session):
            pass
        session.close()
        end.set_result(None)

    def _turn(self, session: Session) -> bool:
        """Take one group and serve it. False: there will be no more."""
        first = self._queue.get()
        if first is None:
            return False
        units = [first]
        self._serve(session, units)
        loops: dict[asyncio.AbstractEventLoop, list[Unit]] = {}
        for unit in units:
            loops.setdefault(unit.loop, []).append(unit)
        for loop, waiting in loops.items():
            # Closed: nobody waits there any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_release, waiting)
        return True

    def _serve(self, session: Session, units: list[Unit]) -> None:
        """Serve a group that has one unit so far."""
        self._gather(units)
        Group(session, units).serve()

    def _gather(self, units: list[Unit]) -> None:
        """Take what else is there, as far as a group has room for it."""
        with suppress(Empty):
            while len(units) < self._most:
                unit = self._queue.get_nowait()
                if unit is None:
                    # The end, for whoever looks next.
                    self._queue.put(None)
                    return
                units.append(unit)


def _release(units: list[Unit]) -> None:
    for unit in units:
        unit.release()
