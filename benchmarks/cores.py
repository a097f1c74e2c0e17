"""Which cores a process runs on: what is measured has one, and the load has another."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def available() -> tuple[int, ...]:
    """List the cores that this process may use. Where the system does not tell: as many as there are."""
    if sys.platform != "linux":
        return tuple(range(os.cpu_count() or 1))
    return tuple(sorted(os.sched_getaffinity(0)))


def server_core() -> frozenset[int]:
    """Give the core of what is measured."""
    return frozenset(available()[:1])


def load_core() -> frozenset[int]:
    """Give the core of the load: another one, where there is another one."""
    return frozenset(available()[:2][-1:])


def both() -> frozenset[int]:
    """Give the cores of two workers, and of the load that shares them."""
    return frozenset(available()[:2])


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """Run on these cores, and let what is started meanwhile run on them. Where the system does not pin, nothing happens."""
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
