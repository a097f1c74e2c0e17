"""The feed of revocations: what is recorded, to whoever reads along (protocol §13.2).

Every reader has a place of its own, reads pages from the store, and waits when there is no more; the store is held while a page
is read, and never between. Readers who stand at the same place share the page, so that many who read along cost one look-up an
event. One task a process looks whether there is something new while anybody reads, since other processes record too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import structlog

from forge import dagjson, notice
from forge.errors import StoreError
from forge.eventstream import KEEP_ALIVE, Event
from forge.instant import SECOND
from forge.ports import Store, Transaction

MAX_READERS: Final = 256
"""Of one process: each holds a connection, and a page while it does not read it."""
PAGE: Final = 100
"""Events that are read at once: half a megabyte, where all paths are as long as may be."""
POLL: Final = 0.5
"""Seconds between two looks for what other processes recorded."""
QUIET: Final = 15.0
"""Seconds without an event after which a comment is sent: shorter than proxies wait."""

ON_STOP: Final = "forge.on_stop"
"""In a request's state: what a server that stops is to call, instead of waiting for an answer that would never end."""
_LAST: Final = 2**63 - 1  # nanoseconds, in the year 2262: as far as a store goes

log = structlog.get_logger("forge")


@dataclass(frozen=True, slots=True)
class _Page:
    data: bytes
    last: int
    """The instant of its last event."""


class Feed:
    """The feed of a process."""

    def __init__(self, store: Store[Any]) -> None:
        self._store = store
        self._readers = 0
        self._pages: dict[tuple[int, asyncio.Event], asyncio.Task[_Page | None]] = {}
        self._news = asyncio.Event()
        self._knock = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    # -- those who read ------------------------------------------------------------------------------------------------

    def enter(self) -> bool:
        """Take a seat. False: all are taken."""
        if self._readers >= MAX_READERS:
            return False
        self._readers += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return True

    def leave(self) -> None:
        """Give the seat back."""
        self._readers -= 1

    async def begin(self, since: int) -> int:
        """Find the place from which to read what was recorded at an instant (nanoseconds) or later.

        Raises:
            StoreError: the store did not answer.
        """
        since = min(since, _LAST)

        def work(tx: Transaction) -> int:
            # Tasks know their time to the second: a reader's own clock, which is finer, would skip what came before it in the
            # same second. An instant at which something was recorded is not a clock's, but where the reader had come to.
            exact = since if tx.recorded_at(since) else since - since % SECOND
            # What comes now is new to whoever comes now, even where clocks here are behind the reader's.
            return min(exact - 1, tx.last_revocation())

        return await self._store.read(work)

    async def read(self, place: int) -> AsyncIterator[bytes]:
        """Give all that was recorded after an instant, and then whatever is, until the feed is closed."""
        yield KEEP_ALIVE
        try:
            while not self._closed:
                # Held before the look: what is recorded after it sets this one.
                news = self._news
                page = await self._page(place, news)
                if page is not None:
                    yield page.data
                    place = page.last
                elif not await _set_within(news, QUIET):
                    yield KEEP_ALIVE
        except StoreError:
            log.exception("store")
            yield Event("error", dagjson.encode({"error": "the store does not answer; try again"})).encode()

    # -- those who record ----------------------------------------------------------------------------------------------

    def knock(self) -> None:
        """Say that something may have been recorded just now."""
        self._knock.set()

    def stop(self) -> None:
        """End every reader's feed, at once."""
        self._closed = True
        self._knock.set()
        self._announce()

    async def aclose(self) -> None:
        """Stop, and have nothing running any more."""
        self.stop()
        if self._poller is not None:
            await self._poller

    async def _poll(self) -> None:
        """Look for something new for as long as anybody reads."""
        last = -1
        while self._readers and not self._closed:
            try:
                found = await self._store.read(lambda tx: tx.last_revocation())
            except StoreError:
                # Each reader finds out for itself.
                found = -1
            if found != last or found < 0:
                last = found
                self._announce()
            await _set_within(self._knock, POLL)
            self._knock.clear()

    def _announce(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _page(self, place: int, news: asyncio.Event) -> _Page | None:
        """Read the page that follows a place. A look is shared only by those who began to wait for the same news."""
        known = (place, news)
        if known not in self._pages:
            task = asyncio.create_task(self._look(place))
            self._pages[known] = task
            task.add_done_callback(lambda done: self._forget(known, done))
        # A reader that goes away leaves the look to the others.
        return await asyncio.shield(self._pages[known])

    async def _look(self, place: int) -> _Page | None:
        found = await self._store.read(lambda tx: tx.announcements(place, PAGE))
        if not found:
            return None
        events = (Event("revocation", notice.announce(one), str(one.cause)).encode() for one in found)
        return _Page(b"".join(events), found[-1].recorded_at)

    def _forget(self, known: tuple[int, asyncio.Event], done: asyncio.Task[_Page | None]) -> None:
        del self._pages[known]
        # Looked at, so that nobody complains of an error for which every reader has gone.
        _ = done.cancelled() or done.exception()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
