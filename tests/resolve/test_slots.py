"""Turns: fair, per host, and bounded."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from forge.resolve import slots as module
from forge.resolve.failure import Fault, Unfetched
from forge.resolve.slots import Slots
from tests.resolve.fakes import settled

PATIENCE = 60.0


class Crowd:
    """Questions that hold their turn until they are let go."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.asked: list[str] = []
        self.go = asyncio.Event()
        self.tasks: list[asyncio.Task[None]] = []

    async def _ask(self, host: str) -> None:
        async with self.slots.hold(host, PATIENCE):
            self.asked.append(host)
            await self.go.wait()

    async def come(self, *hosts: str) -> Counter[str]:
        """Give how many are being asked, by host."""
        self.tasks += [asyncio.create_task(self._ask(host)) for host in hosts]
        await settled()
        return Counter(self.asked)

    async def leave(self) -> None:
        self.go.set()
        await asyncio.gather(*self.tasks)


async def fault(slots: Slots, host: str, patience: float = PATIENCE) -> Fault:
    with pytest.raises(Unfetched) as caught:
        async with slots.hold(host, patience):
            raise AssertionError("a turn")
    assert caught.value.reason == "too many others are being resolved; try again"
    return caught.value.fault


async def test_so_many_at_once_in_all_and_of_one_host() -> None:
    slots = Slots(3, 2, 100)
    crowd = Crowd(slots)
    assert await crowd.come("a", "a", "a", "a") == {"a": 2}
    assert await crowd.come("b", "b", "c") == {"a": 2, "b": 1}
    await crowd.leave()
    assert Counter(crowd.asked) == {"a": 4, "b": 2, "c": 1}
    assert slots._hosts == {}
    assert slots._questions == 0


async def test_who_waits_for_a_slow_host_takes_no_turn_of_others() -> None:
    crowd = Crowd(Slots(2, 1, 100))
    assert await crowd.come(*["slow"] * 50, "b") == {"slow": 1, "b": 1}
    await crowd.leave()


async def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    slots = Slots(1, 1, 100)
    crowd = Crowd(slots)
    hosts = [f"h{number}" for number in range(10)]
    await crowd.come(*hosts)
    await crowd.leave()
    assert crowd.asked == hosts


async def test_the_fault_is_the_hosts_or_the_others() -> None:
    slots = Slots(2, 1, 1)
    crowd = Crowd(slots)
    await crowd.come("a", "b")
    assert await fault(slots, "a", 0.01) is Fault.HOST_BUSY
    assert await fault(slots, "c", 0.01) is Fault.BUSY
    await crowd.come("a")
    assert await fault(slots, "a") is Fault.HOST_BUSY, "more than may wait"
    await crowd.leave()
    async with slots.hold("a", PATIENCE), slots.hold("b", PATIENCE):
        pass
    assert slots._hosts == {}


async def test_all_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_QUESTIONS", 5)
    slots = Slots(1, 1, 100)
    crowd = Crowd(slots)
    await crowd.come(*"abcde")
    assert await fault(slots, "f") is Fault.BUSY
    await crowd.leave()
    async with slots.hold("f", PATIENCE):
        pass


async def test_who_gives_up_leaves_nothing_behind() -> None:
    slots = Slots(1, 1, 100)
    crowd = Crowd(slots)
    await crowd.come("a", "a", "b")
    for task in crowd.tasks:
        task.cancel()
    await asyncio.gather(*crowd.tasks, return_exceptions=True)
    assert slots._hosts == {}
    assert slots._questions == 0
    async with slots.hold("a", PATIENCE):
        pass
