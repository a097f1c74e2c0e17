"""Following a stream over as many connections as it takes: every item once, in order (protocol §10.4).

    GET {url}{path}/{number}     X-UCAN-Container: E…   an invocation that was signed for this connection

The number is that of the last item that came whole, so what a cut takes away comes again, and nothing else does. Each
connection has an invocation of its own, and is left for another before that expires.

    the stream ends, is cut, or is silent                        again, after the last item
    the invocation expired, though it was accepted before        again, with another
    the service is not reached, or is too busy (408, 429, 5xx)   again, later, `TRIES` times in a row
    it was never reached at all                                  `ServiceError`, at once: the address may be wrong
    a refusal, at the beginning or as the last event             that `Failure`
    any other answer                                             `ServiceError`
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeAlias

import aiohttp

from forge import dagcbor, dagjson
from forge.binding import failure_named
from forge.container import Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.errors import ContainerError, DecodeError, Expired, Failure, ServiceError
from forge.eventstream import CONTENT_TYPE, Event, Reader
from forge.invocation import Invocation
from forge.ports import Clock
from forge.wire import HEADER, write_header

PAUSES: Final = (0.5, 30.0)
"""Seconds before a service is asked again: at first, and at most; doubled each time in between."""
TRIES: Final = 10
"""Times in a row that a service may not be reached: some three minutes."""
CONNECT: Final = 10.0
"""Seconds in which a service must be reached."""
QUIET: Final = 60.0
"""Seconds without a byte after which a connection is dead: a service says every fifteen that it lives."""
MARGIN: Final = 30
"""Seconds before an invocation's expiration at which another takes its place; half of its time where that is later."""

_OK: Final = 200
_LATER: Final = frozenset({408, 429}) | frozenset(range(500, 600))
_SHOWN: Final = 200
_REFUSAL: Final = 64 * 1024  # bytes of a refusal that are read
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")

Signed: TypeAlias = tuple[Invocation, Sequence[Delegation]]
"""An invocation and its chain, root first."""


class CutError(ServiceError):
    """The service is not there now, and may be again."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after
        """Seconds that the service asks to be left alone for."""


class Following:
    """Follows one stream, from one place on."""

    def __init__(  # noqa: PLR0913 - what a stream is, who asks, and by which clock
        self,
        session: aiohttp.ClientSession,
        url: str,
        name: str,
        sign: Callable[[], Signed],
        *,
        since: int = 0,
        failures: Sequence[type[Failure]] = (),
        clock: Clock,
    ) -> None:
        """Follow; `items` does it.

        Args:
            session: asks.
            url: of the stream, without a number.
            name: of its items; other events are passed over.
            sign: gives an invocation for the next connection.
            since: the number to go on after.
            failures: what the command declares.
            clock: now, for the expiration of what was signed.
        """
        self._session = session
        self._url = url
        self._name = name
        self._sign = sign
        self._place = since
        self._failures = tuple(failures)
        self._clock = clock
        self._expiration: int | None = None
        self._reached = False
        self._tries = 0

    async def items(self) -> AsyncGenerator[tuple[int, Value], None]:
        """Give what follows, each item with its number, and wait for more.

        Raises:
            Failure: a refusal, or that the authority has ended.
            ServiceError: the service was not reached for long, or answered something else.
        """
        while True:
            try:
                async with aclosing(self._connection()) as found:
                    async for item in found:
                        yield item
            except CutError as cut:
                self._tries += 1
                if not self._reached or self._tries >= TRIES:
                    raise
                await asyncio.sleep(self._pause(cut.after))

    def _pause(self, wanted: float) -> float:
        first, most = PAUSES
        pause = min(first * 2.0 ** (self._tries - 1), most)
        # Of many that lost one service, not all come back at once.
        return max(pause * random.uniform(0.5, 1.0), min(wanted, most))  # noqa: S311 - not a secret

    async def _connection(self) -> AsyncGenerator[tuple[int, Value], None]:
        """Give the items of one connection, until its invocation is to be replaced.

        Raises:
            CutError: it was cut, or there was none.
            Failure: a refusal, or that the authority has ended.
            ServiceError: the service answered something else.
        """
        invocation, proofs = self._sign()
        renewal = self._renewal(invocation)
        reader = Reader()
        accepted = False
        try:
            async with self._session.get(f"{self._url}/{self._place}", **_how(invocation, proofs)) as response:
                self._reached = True
                await self._check(response)
                accepted = True
                while data := await _read(response, renewal):
                    # Not the answer alone: some accept, and break at once.
                    self._tries = 0
                    for event in reader.feed(data):
                        item = self._item(event)
                        if item is not None:
                            yield item
        except _RenewalError:
            return
        except Expired as expired:
            if not accepted:
                raise
            # By the clock of the service, before ours said so. If it is a proof that did, the next is not accepted.
            raise CutError(f"{self._url} ended: {expired.message}") from expired
        except (aiohttp.ClientError, OSError) as error:
            raise CutError(f"{self._url} was not reached: {str(error) or type(error).__name__}") from error
        raise CutError(f"{self._url} ended")

    def _renewal(self, invocation: Invocation) -> float | None:
        """Say when another invocation takes this one's place, by the loop's clock. None: when the service says so."""
        before, self._expiration = self._expiration, invocation.expiration
        if invocation.expiration is None:
            return None
        left = invocation.expiration - self._clock()
        if left <= 0:
            return None
        # Where signing again gave no more time, it would not do so any sooner.
        early = before is None or invocation.expiration > before
        return asyncio.get_running_loop().time() + (max(left - MARGIN, left / 2) if early else left)

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status == _OK and response.content_type == CONTENT_TYPE:
            return
        data = bytearray()
        while len(data) < _REFUSAL and (part := await response.content.readany()):
            data += part
        body = data.decode(errors="replace").strip()
        failure = self._failure(body, "error")
        if failure is not None:
            raise failure
        said = f"{self._url} answered {response.status} ({response.content_type}), and no stream: {body[:_SHOWN]}"
        if response.status in _LATER:
            after = response.headers.get("Retry-After", "")
            raise CutError(said, float(after) if after.isascii() and after.isdigit() else 0.0)
        raise ServiceError(said)

    def _item(self, event: Event) -> tuple[int, Value] | None:
        if event.name == "error":
            raise self._failure(event.data) or ServiceError(f"{self._url} ended: {event.data[:_SHOWN]}")
        if event.name != self._name:
            return None
        try:
            value = dagjson.decode(event.data)
            if isinstance(value, bytes):
                # What DAG-JSON cannot say, such as a map with the key "/".
                value = dagcbor.decode(value)
        except DecodeError as error:
            raise ServiceError(f"{self._url}: an event cannot be read: {error}") from error
        if event.id is None or not _NUMBER.fullmatch(event.id):
            raise ServiceError(f"{self._url}: an event has no number: {event.id!r}")
        number = int(event.id)
        if number <= self._place:
            return None
        self._place = number
        return number, value

    def _failure(self, text: str, *keys: str) -> Failure | None:
        try:
            said: Any = dagjson.decode(text)
            for key in keys:
                said = said[key]
            return failure_named(str(said["name"]), str(said["message"]), self._failures)
        except (DecodeError, KeyError, TypeError):
            return None


class _RenewalError(Exception):
    """The invocation is about to expire."""


async def _read(response: aiohttp.ClientResponse, renewal: float | None) -> bytes:
    """Give what has come; nothing at the end.

    Raises:
        _RenewalError: nothing came before `renewal`, by the loop's clock.
    """
    try:
        # Around the reading alone: what is done with an item in the meantime takes as long as it takes.
        async with asyncio.timeout_at(renewal):
            return await response.content.readany()
    except aiohttp.ClientError:
        raise
    except TimeoutError:
        raise _RenewalError from None


def _how(invocation: Invocation, proofs: Sequence[Delegation]) -> dict[str, Any]:
    try:
        container = write_header(Container.of(invocation, proofs))
    except ContainerError as error:
        raise ServiceError(f"the invocation cannot be sent like this: {error}") from error
    return {
        "headers": {HEADER: container, "Accept": CONTENT_TYPE},
        "allow_redirects": False,
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=QUIET),
    }
