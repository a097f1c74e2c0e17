"""The line of units that change: one after the other, in groups, on the one connection that writes.

Brief units run where they come, on the event loop, and only what waits for the disk, the commit, is done on a thread: beside
it the loop goes on to verify what comes next. Handing every unit to a thread cost more than running it, because two threads
that both compute take Python's lock from each other at each statement and at each signature. What may take long runs on the
thread from begin to commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from forge.errors import StoreError
from store.groups import Group, Session, Thread, Unit, Work

T = TypeVar("T")

# Seconds for which brief units run before others on the loop get their turn.
TURN: Final = 0.005

# Seconds until brief units look again whether another process still writes: the least that a loop's timers know.
PAUSE: Final = 0.001


class Writer(Session, Protocol):
    """A connection that writes, as the line uses it: from the loop and from one thread, never from both at once."""

    def begin_now(self) -> bool:
        """Open a transaction if that needs no waiting. False: somebody else writes, and it is to be tried again.

        Raises:
            StoreError: the engine could not, or somebody else has been writing for too long.
        """

    @property
    def is_clean(self) -> bool:
        """Whether the transaction has changed nothing so far: then its commit waits for no disk."""


class Line:
    """A queue of units, and who runs them."""

    def __init__(self, name: str, session: Writer, most: int) -> None:
        """`most` is how many units a group has at most."""
        self._session = session
        self._most = most
        self._queue: deque[Unit] = deque()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(name, session.close)
        self._working = False
        self._waiting = 0
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def is_here(self) -> bool:
        """Whether the caller is on the loop that brief units run on."""
        return asyncio.get_running_loop() is self._loop

    def submit(self, work: Work[T], *, brief: bool) -> asyncio.Future[T]:
        """Queue `work` behind all that was queued before. For callers on the line's own loop.

        Raises:
            StoreError: the store is closed.
        """
        if self._closed:
            raise StoreError("store: it is closed")
        unit = Unit(work, self._loop, brief=brief)
        self._queue.append(unit)
        if not self._working:
            self._working = True
            self._idle.clear()
            # Not at once: what else this turn of the loop brings shares the commit.
            self._loop.call_soon(self._next)
        return unit.future

    def submit_from_elsewhere(self, work: Work[T], *, brief: bool) -> asyncio.Future[T]:
        """The same, for callers on other loops."""

        async def there() -> T:
            return await self.submit(work, brief=brief)

        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), self._loop))

    async def close(self) -> None:
        """Take no more, finish what was queued, and end the thread."""
        self._closed = True
        await self._idle.wait()
        await self._thread.close()

    def _next(self) -> None:
        """Take a group, of brief units or of others, and begin with it."""
        queue = self._queue
        if not queue:
            self._working = False
            self._idle.set()
            return
        if not queue[0].brief:
            group = self._group(self._most)
            self._on_thread(group.serve, group)
            return
        try:
            begun = self._session.begin_now()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to those who wait, and the next may be luckier
            # Whoever came while it was waited for waits on.
            group = self._group(self._waiting or self._most)
            self._waiting = 0
            group.fail(error)
            self._done(group)
            return
        if begun:
            # Now, and not before: whoever came while another process was writing shares the commit.
            self._waiting = 0
            self._run(self._group(self._most))
        else:
            # The loop looks again and again, and no thread waits for it: what is begun is run at once, so that nobody holds the
            # file while the loop has other things to do.
            self._waiting = self._waiting or min(len(queue), self._most)
            self._loop.call_later(PAUSE, self._next)

    def _group(self, most: int) -> Group:
        """Take units of one kind off the queue, `most` at most."""
        queue = self._queue
        units = [queue.popleft()]
        brief = units[0].brief
        while queue and len(units) < most and queue[0].brief is brief:
            units.append(queue.popleft())
        return Group(self._session, units)

    def _run(self, group: Group) -> None:
        """Run brief units, for one turn at a time."""
        until = self._loop.time() + TURN
        while not group.failed and group.run_one():
            if self._loop.time() > until:
                self._loop.call_soon(self._run, group)
                return
        if group.failed or self._session.is_clean:
            group.commit()
            self._done(group)
        else:
            self._on_thread(group.commit, group)

    def _done(self, group: Group) -> None:
        group.release()
        self._loop.call_soon(self._next)

    def _on_thread(self, job: Callable[[], object], group: Group) -> None:
        self._thread.do(job, lambda: self._loop.call_soon_threadsafe(self._done, group))
