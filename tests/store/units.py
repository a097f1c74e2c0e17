"""Units of work that tests submit."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from store import AlreadyExists, Transaction
from tests.store.conftest import Tx
from tests.store.samples import event


class Boom(Exception):
    """What a unit raises."""


class Doom(BaseException):
    """The same, and no `except Exception` stops it."""


class Gate:
    """A unit of work that holds the writer up, so that what is submitted meanwhile becomes one group."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._open = threading.Event()

    def __call__(self, tx: Transaction) -> None:
        del tx
        self._entered.set()
        assert self._open.wait(30)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, 30)

    def open(self) -> None:
        self._open.set()


async def submitted(store: Tx, works: list[Callable[[Transaction], Any]]) -> list[asyncio.Task[Any]]:
    """Start changes, in order, and see that all are queued."""
    tasks = [asyncio.create_task(store.change(work)) for work in works]
    await asyncio.sleep(0)
    return tasks


def appending(*numbers: int) -> Callable[[Transaction], None]:
    """A unit that appends these events."""

    def work(tx: Transaction) -> None:
        for number in numbers:
            tx.append(event(number))

    return work


# -- tests that are units of work themselves ---------------------------------------------------------------------------


def inside(test: Callable[..., None]) -> Callable[..., Awaitable[None]]:
    """Make a test, whose first argument is a transaction, run as one unit of work in an empty store, on each engine."""

    @functools.wraps(test)
    async def run(store: Tx, **cases: Any) -> None:
        await store.change(functools.partial(test, **cases))

    first, *others = inspect.signature(test).parameters.values()
    assert first.name == "tx"
    shown = [inspect.Parameter("store", inspect.Parameter.POSITIONAL_OR_KEYWORD), *others]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined] # what pytest goes by
    return run


@contextmanager
def taken(tx: Transaction) -> Iterator[None]:
    """Expect that a key is taken, and that the transaction goes on as if nobody had tried."""
    with pytest.raises(AlreadyExists), tx.savepoint():
        yield


@contextmanager
def undone(tx: Transaction) -> Iterator[None]:
    """Do something and undo it."""
    with suppress(Boom), tx.savepoint():
        yield
        raise Boom


@contextmanager
def at_fault(tx: Transaction) -> Iterator[None]:
    """Expect that the engine refuses what makes no sense, by an error of its own: the unit is at fault, not the store."""
    with pytest.raises(Exception) as caught, tx.savepoint():  # noqa: PT011 - whatever the engine's is
        yield
    assert not isinstance(caught.value, AlreadyExists)
    assert "constraint" in str(caught.value).lower()
