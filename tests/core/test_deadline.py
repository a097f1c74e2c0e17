"""Deadlines: what does not end in time is given up, and whoever else cancels is heard.

No test waits for time to pass: a deadline of no seconds is over as soon as the loop looks, and one of hours never is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import pytest

from forge.deadline import Deadline

HOURS: Final = 36_000.0


@asynccontextmanager
async def ours(seconds: float) -> AsyncIterator[None]:
    with Deadline(seconds):
        yield


# What it says it is like.
BOTH: Final = pytest.mark.parametrize("deadline", [ours, asyncio.timeout], ids=["Deadline", "asyncio.timeout"])
Make = Callable[[float], AbstractAsyncContextManager[Any]]


def timers() -> int:
    """How many timers wait on the loop that have not been cancelled."""
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return sum(not handle.cancelled() for handle in scheduled)


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@BOTH
async def test_what_does_not_end_is_given_up(deadline: Make) -> None:
    waited_for = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError) as caught:
        async with deadline(0):
            await waited_for
    assert waited_for.cancelled()
    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    # And it goes on.
    await turns()


@BOTH
async def test_what_ends_in_time_is_left_alone(deadline: Make) -> None:
    before = timers()
    async with deadline(HOURS):
        assert timers() == before + 1
        await turns()
    assert timers() == before, "no timer is left behind"


@BOTH
@pytest.mark.parametrize("error", [ValueError("why"), asyncio.CancelledError("own"), TimeoutError("another's")], ids=repr)
async def test_what_is_raised_comes_out(deadline: Make, error: BaseException) -> None:
    before = timers()
    with pytest.raises(type(error)) as caught:
        async with deadline(HOURS):
            raise error
    assert caught.value is error
    assert timers() == before


@BOTH
async def test_no_timer_is_left_where_it_was_given_up(deadline: Make) -> None:
    before = timers()
    with pytest.raises(TimeoutError):
        async with deadline(0):
            await forever()
    assert timers() == before


async def test_what_ends_with_the_loop_never_looking_is_in_time() -> None:
    with Deadline(0):
        pass
    await turns()


@BOTH
async def test_somebody_elses_cancellation_is_one(deadline: Make) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with deadline(HOURS):
            entered.set()
            await forever()

    before = timers()
    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert timers() == before


@BOTH
@pytest.mark.parametrize("first", ["the deadline", "somebody"])
async def test_somebody_elses_cancellation_wins_over_the_deadline(deadline: Make, first: str) -> None:
    """Both in the same turn of the loop, in either order: who asked for the end of the task gets it."""
    loop = asyncio.get_running_loop()
    seen: list[str] = []

    async def work() -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            if first == "somebody":
                loop.call_later(0, task.cancel)
            async with deadline(0):
                if first == "the deadline":
                    loop.call_later(0, task.cancel)
                await forever()
        except TimeoutError:
            seen.append("time out")
            raise
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
    assert task.cancelled()
    assert task.cancelling() == 1, "the one that was asked for; the deadline's own is taken back"


@BOTH
async def test_a_task_that_is_being_cancelled_may_still_set_one(deadline: Make) -> None:
    """Such as one that tidies up: what was asked of it before is not the deadline's."""
    result: list[str] = []

    async def work() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            try:
                async with deadline(0):
                    await forever()
            except TimeoutError:
                result.append("time out")
            raise

    task = asyncio.create_task(work())
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert result == ["time out"]


@BOTH
async def test_an_error_while_it_is_given_up_comes_out(deadline: Make) -> None:
    async def stubborn() -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            raise ValueError("while tidying up") from None

    with pytest.raises(ValueError, match="tidying"):
        async with deadline(0):
            await stubborn()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await turns()


@BOTH
async def test_what_takes_no_notice_ends_as_it_does(deadline: Make) -> None:
    async with deadline(0):
        with contextlib.suppress(asyncio.CancelledError):
            await forever()
    await turns()


@BOTH
async def test_the_inner_of_two_ends_alone(deadline: Make) -> None:
    seen = []
    async with deadline(HOURS):
        try:
            async with deadline(0):
                await forever()
        except TimeoutError:
            seen.append("inner")
        await turns()
        seen.append("outer goes on")
    assert seen == ["inner", "outer goes on"]


@BOTH
async def test_the_outer_of_two_ends_both(deadline: Make) -> None:
    seen = []
    before = timers()

    async def inner() -> None:
        try:
            async with deadline(HOURS):
                await forever()
        except TimeoutError:
            seen.append("the inner one says it was its own")
        except asyncio.CancelledError:
            seen.append("inner cancelled")
            raise

    with pytest.raises(TimeoutError):
        async with deadline(0):
            await inner()
    assert seen == ["inner cancelled"]
    assert timers() == before


@BOTH
async def test_one_after_the_other(deadline: Make) -> None:
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with deadline(0):
                await forever()
        async with deadline(HOURS):
            await turns()


def test_it_is_for_a_task() -> None:
    async def wait() -> None:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[str] = loop.create_future()

        def outside() -> None:
            try:
                with Deadline(HOURS):
                    result.set_result("entered")
            except Exception as error:  # noqa: BLE001 - which one it is, is looked at below
                result.set_result(str(error))

        before = timers()
        loop.call_soon(outside)
        assert await result == "a deadline is for a task"
        assert timers() == before

    asyncio.run(wait())


def test_it_is_for_a_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"), Deadline(HOURS):
        pytest.fail("entered")
