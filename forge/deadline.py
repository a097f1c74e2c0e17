"""Deadlines for what was begun: one timer for all of it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, TypeVar

T = TypeVar("T")


class Deadlines:
    """Gives up whatever takes longer than so many seconds, each the same: what was begun first is due first.

    A timer for each would cost as much as a statement does, and hardly any ever fires.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def bound(self, future: asyncio.Future[T]) -> asyncio.Future[T]:
        """Give the same future, which fails with `TimeoutError` if it is not done in time. What it waits for is not stopped."""
        if future.done():
            return future
        waiting, loop = self._waiting, future.get_loop()
        # They end about in their order: whoever ended is not kept for longer than whoever began before it.
        while waiting and waiting[0][1].done():
            waiting.popleft()
        waiting.append((loop.time() + self._seconds, future))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._expire, loop)
        return future

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting, now = self._waiting, loop.time()
        while waiting and (waiting[0][0] <= now or waiting[0][1].done()):
            _, late = waiting.popleft()
            if not late.done():
                late.set_exception(TimeoutError())
        self._timer = loop.call_at(waiting[0][0], self._expire, loop) if waiting else None
