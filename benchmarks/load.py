"""The load: requests that were made before are sent over connections that are kept, one at a time on each.

Closed, the next request goes out when an answer has come in: that finds how much a server can do. Open, requests go out by a
schedule, and each one's time is counted from when it was due: a server that stalls does not keep the load from asking, and what
waited has waited (there is no coordinated omission).
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

from benchmarks.failure import MeasurementError
from forge.wire import CONTENT_TYPE

CONNECTIONS: Final = 64
GIVE_UP: Final = 600.0
"""Seconds after which a load has failed."""
OK: Final = b"\x63out\xa1\x62ok"
"""How a receipt holds a result, and not a failure: `{"out": {"ok": …` in DAG-CBOR."""

_STATUS: Final = slice(9, 12)
_LENGTH: Final = b"\r\ncontent-length: "
_END: Final = b"\r\n\r\n"
_SHOWN: Final = 400


@dataclass
class Passed:
    """What came of a load."""

    requests: int = 0
    failed: int = 0
    """Answers with another status than 200, or in which some receipt is no `ok`."""
    first_failure: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of CPU that this process took for it."""
    answer: bytes = b""
    """The last answer's body."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from when each request was sent, or due, to its whole answer."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def percentile(self, part: float) -> float:
        """Give the latency that `part` of all (0 to 1) did not exceed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000

    def checked(self) -> Passed:
        """Give this, where nothing failed.

        Raises:
            MeasurementError: something did.
        """
        if self.failed:
            raise MeasurementError(
                f"{self.failed} of {self.requests} answers were not what they had to be: {self.first_failure}"
            )
        return self


def request(body: bytes) -> bytes:
    """Give all bytes of a request: its head and its body."""
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def closed(port: int, requests: Iterable[bytes], *, connections: int = CONNECTIONS, receipts: int = 1) -> Passed:
    """Send `requests` to a port of this machine, as fast as they are answered; each is answered by so many receipts.

    Raises:
        MeasurementError: an answer was not what it had to be, or a connection broke.
    """
    return uvloop.run(_run(_Closed(iter(requests), receipts), port, connections)).checked()


def open_loop(
    port: int, requests: Iterable[bytes], *, rate: float, connections: int = CONNECTIONS, receipts: int = 1
) -> Passed:
    """Send `requests` to a port of this machine, `rate` a second, whether those before were answered or not.

    On a core of its own: it does not sleep while it waits, for a timer would come too late.

    Raises:
        MeasurementError: an answer was not what it had to be, or a connection broke.
    """
    return uvloop.run(_run(_Open(iter(requests), receipts, rate), port, connections)).checked()


async def _run(load: _Load, port: int, connections: int) -> Passed:
    loop = asyncio.get_running_loop()
    load.done = loop.create_future()
    opened: list[tuple[asyncio.Transport, _Connection]] = []
    try:
        while len(opened) < connections:
            opened.append(await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port))
        async with asyncio.timeout(GIVE_UP):
            begin, cpu = time.perf_counter(), time.process_time()
            load.start([connection for _, connection in opened], begin)
            await load.done
            load.passed.seconds = time.perf_counter() - begin
            load.passed.cpu = time.process_time() - cpu
    except TimeoutError:
        raise MeasurementError(f"the load did not pass within {GIVE_UP:.0f} s") from None
    except OSError as error:
        raise MeasurementError(f"nobody answers on port {port}: {error}") from error
    finally:
        load.over = True
        for transport, _ in opened:
            transport.abort()
    return load.passed


class _Load(ABC):
    """Which request is sent when."""

    done: asyncio.Future[None]

    def __init__(self, requests: Iterator[bytes], receipts: int) -> None:
        self._requests = requests
        self._receipts = receipts
        self.passed = Passed()
        self.over = False

    @abstractmethod
    def start(self, connections: list[_Connection], begin: float) -> None:
        """Begin."""

    @abstractmethod
    def free(self, connection: _Connection, now: float) -> None:
        """Have a connection back, whose answer has come."""

    def answered(self, connection: _Connection, head: bytes, body: bytes) -> None:
        """Count an answer."""
        passed = self.passed
        now = time.perf_counter()
        passed.latencies.append(now - connection.since)
        passed.requests += 1
        passed.answer = body
        if head[_STATUS] != b"200" or body.count(OK) != self._receipts:
            passed.failed += 1
            if not passed.first_failure:
                passed.first_failure = f"{head[:_SHOWN]!r} {body[:_SHOWN]!r}"
        self.free(connection, now)

    def lost(self, error: Exception | None) -> None:
        """See a connection break that was not to."""
        if not self.over and not self.done.done():
            self.done.set_exception(MeasurementError(f"the server closed a connection: {error or 'without a word'}"))


class _Closed(_Load):
    _running = 0

    def start(self, connections: list[_Connection], begin: float) -> None:
        self._running = len(connections)
        for connection in connections:
            self.free(connection, begin)

    def free(self, connection: _Connection, now: float) -> None:
        following = next(self._requests, None)
        if following is not None:
            connection.send(following, now)
            return
        self._running -= 1
        if not self._running and not self.done.done():
            self.done.set_result(None)


class _Open(_Load):
    def __init__(self, requests: Iterator[bytes], receipts: int, rate: float) -> None:
        super().__init__(requests, receipts)
        self._pause = 1 / rate
        self._idle: deque[_Connection] = deque()
        self._all = 0
        self._sent = 0
        self._begin = 0.0
        self._following: bytes | None = None

    def start(self, connections: list[_Connection], begin: float) -> None:
        self._idle.extend(connections)
        self._all = len(connections)
        self._begin = begin
        self._following = next(self._requests, None)
        self._look()

    def free(self, connection: _Connection, now: float) -> None:
        del now
        # The one that was used last is used next: as few are in use as there need be.
        self._idle.appendleft(connection)

    def _look(self) -> None:
        now = time.perf_counter()
        while self._following is not None and self._idle:
            due = self._begin + self._sent * self._pause
            if due > now:
                break
            self._idle.popleft().send(self._following, due)
            self._sent += 1
            self._following = next(self._requests, None)
        if self.done.done():
            return
        if self._following is None and len(self._idle) == self._all:
            self.done.set_result(None)
            return
        asyncio.get_running_loop().call_soon(self._look)


class _Connection(asyncio.Protocol):
    """One connection. An answer's head is read for its status and its length alone."""

    _transport: asyncio.WriteTransport

    def __init__(self, load: _Load) -> None:
        self._load = load
        self.since = 0.0
        self._parts: list[bytes] = []
        self._missing = 0
        self._head = b""
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are not derived from it.
        self._transport = cast("asyncio.WriteTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc)

    def send(self, data: bytes, since: float) -> None:
        """Send a request whose time is counted from `since`."""
        self.since = since
        self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts = []
        end = data.find(_END)
        if end < 0:
            self._parts, self._missing = [data], 1
            return
        head = data[:end]
        if head != self._head:
            # One answer after the other has the same, but for the date.
            self._head, self._length = head, _length(head)
        missing = end + len(_END) + self._length - len(data)
        if missing > 0:
            self._parts, self._missing = [data], missing
            return
        self._load.answered(self, head, data[end + len(_END) :])


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise MeasurementError(f"an answer without a length: {head[:_SHOWN]!r}")
    return int(rest.partition(b"\r\n")[0])
