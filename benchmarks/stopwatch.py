"""A stopwatch around functions: how long each computes on its thread, without those within it that are watched, too.

It counts CPU of the thread, not time on the wall: what waits for a disk or for another thread costs nothing. What watching
itself costs is measured first, and taken off.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from time import thread_time_ns
from typing import Any, Final

from benchmarks.stages import resolve

_CALIBRATION: Final = 20_000
_NOTHING: Final = "nothing"


class _Thread(threading.local):
    """What one thread is at: for each watched call that runs, the time of those within it, and how many those were."""

    def __init__(self) -> None:
        self.running: list[list[int]] = []


class Stopwatch:
    """Times by label."""

    def __init__(self, clock: Callable[[], int] = thread_time_ns) -> None:
        """Find out what watching costs. `clock` gives nanoseconds."""
        self._clock = clock
        self._thread = _Thread()
        self._lock = threading.Lock()
        self._spent: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._within: dict[str, int] = {}
        self._inner = self._outer = 0.0
        self._calibrate()

    def read(self) -> dict[str, float]:
        """Give the nanoseconds of each label since it was reset, without what watching cost."""
        return {
            label: max(spent - self._calls[label] * self._inner - self._within[label] * self._outer, 0.0)
            for label, spent in self._spent.items()
        }

    @property
    def cost(self) -> float:
        """Give the nanoseconds that watching cost."""
        return sum(self._calls.values()) * (self._inner + self._outer)

    def reset(self) -> None:
        """Begin at nothing."""
        with self._lock:
            for counted in (self._spent, self._calls, self._within):
                counted.clear()

    def watched(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give the function with a watch around it. What is asynchronous is watched while it runs, not while it waits."""
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            def begun(*args: Any, **kwargs: Any) -> _Steps:  # noqa: ANN401 - whatever it takes
                return _Steps(self, label, function(*args, **kwargs))

            return begun

        @wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
            return self.call(label, function, args, kwargs)

        return called

    def call(self, label: str, function: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:  # noqa: ANN401 - the same
        """Call it, and count its time."""
        running = self._thread.running
        running.append([0, 0])
        begin = self._clock()
        try:
            return function(*args, **(kwargs or {}))
        finally:
            took = self._clock() - begin
            inner, calls = running.pop()
            if running:
                running[-1][0] += took
                running[-1][1] += 1
            with self._lock:
                self._spent[label] = self._spent.get(label, 0) + took - inner
                self._calls[label] = self._calls.get(label, 0) + 1
                self._within[label] = self._within.get(label, 0) + calls

    def _calibrate(self) -> None:
        def nothing() -> None:
            pass

        watched = self.watched(_NOTHING, nothing)
        begin = self._clock()
        for _ in range(_CALIBRATION):
            nothing()
        between = self._clock()
        for _ in range(_CALIBRATION):
            watched()
        whole = (self._clock() - between - (between - begin)) / _CALIBRATION
        self._inner = self._spent[_NOTHING] / _CALIBRATION
        self._outer = whole - self._inner
        self.reset()


class _Steps(Generator[Any, Any, Any]):
    """A coroutine whose every step is counted."""

    def __init__(self, watch: Stopwatch, label: str, coroutine: Any) -> None:  # noqa: ANN401 - any coroutine
        self._watch = watch
        self._label = label
        self._coroutine = coroutine

    def __await__(self) -> _Steps:
        return self

    def send(self, value: Any, /) -> Any:  # noqa: ANN401 - a generator's
        return self._watch.call(self._label, self._coroutine.send, (value,))

    def throw(self, *how: Any) -> Any:  # noqa: ANN401 - a generator's
        return self._watch.call(self._label, self._coroutine.throw, how)

    def close(self) -> None:
        self._coroutine.close()


@contextmanager
def watching(watch: Stopwatch, stages: tuple[tuple[str, str], ...]) -> Iterator[None]:
    """Put the watch around the functions that `stages` names, for as long as this lasts.

    Raises:
        MeasurementError: one is not there.
    """
    found = [(label, *resolve(path)) for label, path in stages]
    own = [(owner, name, kept) for _, owner, name, kept in found if name in vars(owner)]
    inherited = [(owner, name) for _, owner, name, _ in found if name not in vars(owner)]
    for label, owner, name, kept in found:
        plain = kept.__func__ if isinstance(kept, classmethod | staticmethod) else kept
        watched: Any = watch.watched(label, plain)
        setattr(owner, name, type(kept)(watched) if plain is not kept else watched)
    try:
        yield
    finally:
        for owner, name, kept in own:
            setattr(owner, name, kept)
        for owner, name in inherited:
            delattr(owner, name)
