"""Slots: how many questions are asked at once, in all and of one host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from forge.resolve.failure import TOO_BUSY, Fault, Unfetched

MAX_QUESTIONS: Final = 4_096
"""Questions that are asked or wait for their turn, of all hosts together."""


class _Host:
    """One host that is being asked."""

    def __init__(self, slots: int) -> None:
        self.turn = asyncio.Semaphore(slots)
        self.questions = 0


class Slots:
    """Turns, in the order in which they were asked for. Whoever waits for a slow host holds none of the others' turns."""

    def __init__(self, total: int, per_host: int, waiting: int) -> None:
        """Make turns.

        Args:
            total: questions that are asked at once.
            per_host: the same, of one host.
            waiting: questions to one host that may wait for their turn.
        """
        self._turn = asyncio.Semaphore(total)
        self._per_host = per_host
        self._most = per_host + waiting
        self._hosts: dict[str, _Host] = {}
        self._questions = 0

    @asynccontextmanager
    async def hold(self, name: str, patience: float) -> AsyncIterator[None]:
        """Hold a turn to ask a host.

        Args:
            name: the host.
            patience: seconds to wait for the turn.

        Raises:
            Unfetched: it did not come. The fault says whether others wait for the same host.
        """
        host = self._hosts.get(name) or _Host(self._per_host)
        if host.questions >= self._most:
            raise Unfetched(TOO_BUSY, f"{host.questions} questions to {name}", Fault.HOST_BUSY)
        if self._questions >= MAX_QUESTIONS:
            raise Unfetched(TOO_BUSY, f"{self._questions} questions", Fault.BUSY)
        self._hosts[name] = host
        host.questions += 1
        self._questions += 1
        held: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(patience):
                    for turn in (host.turn, self._turn):
                        await turn.acquire()
                        held.append(turn)
            except TimeoutError:
                # Whoever has a turn of the host's waits for all the other hosts.
                fault = Fault.BUSY if held else Fault.HOST_BUSY
                raise Unfetched(TOO_BUSY, f"no turn within {patience} s", fault) from None
            yield
        finally:
            for turn in held:
                turn.release()
            self._questions -= 1
            host.questions -= 1
            if not host.questions:
                del self._hosts[name]
