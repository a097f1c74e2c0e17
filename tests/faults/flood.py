"""A flood: requests go out by a schedule, whether those before were answered or not, as from many who know nothing of others.

What is told is kept as digests: there may be hundreds of thousands.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Final, cast

from benchmarks.load import request
from forge.container import Container
from forge.invocation import Invocation

TICK: Final = 0.002
"""Seconds between two looks at what is due."""
SAMPLE: Final = 500
"""Invocations that are kept whole of those that were done."""
PATIENT: Final = 500
"""Invocations that were sent away and wait: beyond them one comes again, instead of a new one."""
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length: "
_RETRY: Final = b"\r\nretry-after: "


class Flood:
    """Many requests, each an invocation of its own, and what was told."""

    def __init__(self, make: Callable[[], Invocation], *, rate: float | None = None) -> None:
        """With a rate, so many are due each second. Without, the next is due when one was answered."""
        self._make = make
        self._rate = rate
        self._idle: list[_Connection] = []
        self._over = asyncio.Event()
        self._sent = self._count = self._answered = 0
        self._begin = 0.0
        self.receipts: dict[bytes, bytes] = {}
        """Of each task that has one, its digest."""
        self.done: dict[Invocation, bytes] = {}
        """Some of them, whole."""
        self.away = 0
        self.sent_away: deque[Invocation] = deque()
        """Those of whom that is the last that was heard. They come again."""
        self.odd: list[str] = []
        """Answers that are neither."""
        self.latencies: list[float] = []
        """Seconds from when each that was done was due."""
        self.seconds = 0.0

    async def run(self, port: int, count: int, connections: int) -> None:
        """Send so many, over so many connections at most, and wait for all answers."""
        loop = asyncio.get_running_loop()
        self._count = count
        opened: list[asyncio.Transport] = []
        try:
            for _ in range(connections):
                transport, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", port)
                opened.append(transport)
                self._idle.append(connection)
            self._begin = time.perf_counter()
            self._look()
            await self._over.wait()
            self.seconds = time.perf_counter() - self._begin
        finally:
            for transport in opened:
                transport.close()

    def percentile(self, part: float) -> float:
        """Give the latency, in milliseconds, that `part` of those that were done did not exceed."""
        ordered = sorted(self.latencies) or [0.0]
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000

    def answered(self, connection: _Connection, head: bytes, body: bytes) -> None:
        """Take an answer."""
        status, one = head[9:12], connection.asked
        if status == b"200":
            self.latencies.append(time.perf_counter() - connection.due)
            (receipt,) = Container.from_cbor(body).receipts.values()
            if receipt.error is None and receipt.ran == one.task:
                self.receipts[bytes(one.task)] = hashlib.sha256(bytes(receipt)).digest()
                if len(self.done) < SAMPLE:
                    self.done[one] = bytes(receipt)
            else:
                self.odd.append(f"{one.task!s}: {receipt.error!r}")
        elif status == b"503" and _RETRY in head.lower():
            self.away += 1
            self.sent_away.append(one)
        else:
            self.odd.append(f"{one.task!s}: {head!r}")
        self._end(connection)

    def cut(self, connection: _Connection) -> None:
        """See a connection end."""
        if connection in self._idle:
            self._idle.remove(connection)
        elif not self._over.is_set():
            self.odd.append(f"{connection.asked.task}: cut off")
            self._end(None)

    def _end(self, connection: _Connection | None) -> None:
        self._answered += 1
        if connection is not None:
            self._idle.append(connection)
        if self._answered == self._count:
            self._over.set()
        elif self._rate is None:
            self._send(time.perf_counter())

    def _look(self) -> None:
        now = time.perf_counter()
        while self._idle and self._sent < self._count:
            due = now if self._rate is None else self._begin + self._sent / self._rate
            if due > now:
                break
            self._send(due)
        if self._sent < self._count and self._rate is not None:
            asyncio.get_running_loop().call_later(TICK, self._look)

    def _send(self, due: float) -> None:
        if self._sent < self._count:
            self._sent += 1
            again = len(self.sent_away) > PATIENT
            self._idle.pop().send(self.sent_away.popleft() if again else self._make(), due)


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    asked: Invocation
    due: float
    _transport: asyncio.Transport

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._flood.cut(self)

    def send(self, one: Invocation, due: float) -> None:
        self.asked, self.due = one, due
        self._transport.write(request(Container.of(one).to_cbor()))

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(_END)
        if end and len(body) >= int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0]):
            self._data = b""
            self._flood.answered(self, head, body)
