"""Deadlines: what is not done in time is given up, by one timer for all of it.

No test waits for time to pass: a deadline of no seconds is over as soon as the loop looks, and one of hours never is. Where
several are due one after the other, the clock of the loop is the test's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from forge.deadline import Deadlines

HOURS: Final = 36_000.0


def begun() -> asyncio.Future[str]:
    return asyncio.get_running_loop().create_future()


def timers() -> int:
    """How many timers wait on the loop that have not been cancelled."""
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum(not handle.cancelled() for handle in scheduled)


class Clock:
    """A loop's clock that a test sets. A step lets the loop look at it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)

    async def step(self, seconds: float) -> None:
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


async def test_what_is_not_done_is_given_up() -> None:
    future = begun()
    with pytest.raises(TimeoutError):
        await Deadlines(0).bound(future)
    assert isinstance(future.exception(), TimeoutError)


async def test_whoever_brings_the_result_then_can_see_that_it_is_late() -> None:
    """As a unit of work does, which may commit after nobody waits for it any more."""
    future = begun()
    with pytest.raises(TimeoutError):
        await Deadlines(0).bound(future)
    assert future.done()
    assert not future.cancelled()


@pytest.mark.parametrize("seconds", [0, HOURS])
async def test_what_is_done_is_left_alone(seconds: float) -> None:
    before, future = timers(), begun()
    future.set_result("done")
    assert await Deadlines(seconds).bound(future) == "done"
    assert timers() == before, "nothing is to be waited for"


async def test_what_is_done_in_time_is_left_alone() -> None:
    future, failing = begun(), begun()
    deadlines = Deadlines(HOURS)
    for one in (future, failing):
        assert deadlines.bound(one) is one
    future.set_result("done")
    failing.set_exception(ValueError("why"))
    assert await future == "done"
    with pytest.raises(ValueError, match="why"):
        await failing


async def test_somebody_elses_cancellation_is_one() -> None:
    deadlines = Deadlines(HOURS)

    async def work() -> None:
        await deadlines.bound(begun())

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_there_is_one_timer_for_all() -> None:
    before, deadlines = timers(), Deadlines(HOURS)
    futures = [deadlines.bound(begun()) for _ in range(100)]
    assert timers() == before + 1
    for one in futures:
        one.set_result("done")


async def test_each_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, deadlines = Clock(monkeypatch), Deadlines(10)
    first = deadlines.bound(begun())
    await clock.step(4)
    second, third = deadlines.bound(begun()), deadlines.bound(begun())
    await clock.step(5.9)
    assert not first.done()
    await clock.step(0.2)
    assert isinstance(first.exception(), TimeoutError)
    assert not second.done()
    third.set_result("done")
    await clock.step(4)
    assert isinstance(second.exception(), TimeoutError)
    assert third.result() == "done"


async def test_it_goes_on_after_all_were_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, deadlines = Clock(monkeypatch), Deadlines(10)
    deadlines.bound(begun()).set_result("done")
    await clock.step(11)
    late = deadlines.bound(begun())
    await clock.step(9)
    assert not late.done()
    await clock.step(2)
    assert isinstance(late.exception(), TimeoutError)


async def test_what_is_done_is_not_kept() -> None:
    """Else every receipt of the last seconds would be."""
    deadlines = Deadlines(HOURS)
    for _ in range(1000):
        deadlines.bound(begun()).set_result("done")
    assert len(deadlines._waiting) == 1


@pytest.mark.parametrize("ended", ["a result", "a failure", "a cancellation"])
async def test_a_race_with_the_end_has_one_winner(monkeypatch: pytest.MonkeyPatch, ended: str) -> None:
    """What ends in the very turn of the loop in which it is due has ended."""
    ends: dict[str, Callable[[asyncio.Future[Any]], object]] = {
        "a result": lambda one: one.set_result("done"),
        "a failure": lambda one: one.set_exception(ValueError("why")),
        "a cancellation": lambda one: one.cancel(),
    }
    clock, future = Clock(monkeypatch), begun()
    Deadlines(10).bound(future)
    clock.now += 10
    ends[ended](future)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waited: Awaitable[Any] = asyncio.wait([future])
    await waited
    assert future.cancelled() or not isinstance(future.exception(), TimeoutError)
