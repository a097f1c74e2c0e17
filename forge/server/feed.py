"""The feed of revocations: what is recorded, to whoever reads along (protocol §13.2).

Every reader has a place of its own, reads pages from the store, and waits when there is no more; the store is held while a page
is read, and never between. Readers who stand at the same place share the page, so that many who read along cost one look-up an
event.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import structlog

from forge import dagjson, notice
from forge.errors import StoreError
from forge.eventstream import KEEP_ALIVE, Event
from forge.instant import SECOND
from forge.ports import Announcement, Store, Transaction
from forge.server import news
from forge.server.news import News

MAX_READERS: Final = 256
"""Of one process: each holds a connection, and a page while it does not read it."""
MAX_PASSING: Final = 256
"""Of those who find every seat taken: they are given what there is, and then the end."""
PASSING: Final = 60.0
"""Seconds after which those are given no more of it: they come back, and go on where they were."""
PAGE: Final = 100
"""Events that are read at once."""
LINKS: Final = 512
"""Links in the paths of those events, together, if they are more than one: with the rest, some 64 KiB."""
WRITTEN: Final = 16 * 1024 * 1024
"""Bytes of events that are kept written. An event is what it is for good, and its instant is its own."""
_FEW: Final = 5  # events of one look-up, of which a page may need several: no more links are read in vain
_LAST: Final = 2**63 - 1  # nanoseconds, in the year 2262: as far as a store goes

log = structlog.get_logger("forge")


@dataclass(frozen=True, slots=True)
class _Page:
    data: bytes
    last: int
    """The instant of its last event."""


class Visit(Enum):
    """How long somebody may read."""

    STAYING = auto()
    """On a seat: for as long as anybody is there."""
    PASSING = auto()
    """To the end of what there is."""


class Feed:
    """The feed of a process."""

    def __init__(self, store: Store[Any]) -> None:
        self._store = store
        self.news = News(store, lambda tx: tx.last_revocation())
        self._passing = 0
        self._written: dict[int, bytes] = {}
        self._bytes = 0
        self._pages: dict[tuple[int, asyncio.Event], asyncio.Task[_Page | None]] = {}

    # -- those who read ------------------------------------------------------------------------------------------------

    def enter(self) -> Visit | None:
        """Take a seat. None: there are too many, even of those who do not stay."""
        if self.news.readers < MAX_READERS:
            self.news.enter()
            return Visit.STAYING
        # Whoever fills the seats must not keep the others from learning what is revoked.
        if self._passing < MAX_PASSING:
            self._passing += 1
            return Visit.PASSING
        return None

    def leave(self, visit: Visit) -> None:
        """Give the seat back."""
        if visit is Visit.STAYING:
            self.news.leave()
        else:
            self._passing -= 1

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

    async def read(self, place: int, visit: Visit) -> AsyncIterator[bytes]:
        """Give all that was recorded after an instant; whoever stays, then whatever is, until the feed is closed."""
        yield KEEP_ALIVE
        loop = asyncio.get_running_loop()
        end = loop.time() + PASSING if visit is Visit.PASSING else math.inf
        try:
            while not self.news.closed:
                coming = self.news.coming
                page = await self._page(place, coming)
                if page is not None:
                    yield page.data
                    place = page.last
                    if loop.time() >= end:
                        return
                elif visit is Visit.PASSING:
                    return
                elif not await news.set_within(coming, news.QUIET):
                    yield KEEP_ALIVE
        except StoreError:
            log.exception("store")
            yield Event("error", dagjson.encode({"error": "the store does not answer; try again"})).encode()

    # -- what there is -------------------------------------------------------------------------------------------------

    async def _page(self, place: int, coming: asyncio.Event) -> _Page | None:
        """Read the page that follows a place. A look is shared only by those who began to wait for the same news."""
        known = (place, coming)
        if known not in self._pages:
            task = asyncio.create_task(self._look(place))
            self._pages[known] = task
            task.add_done_callback(lambda done: self._forget(known, done))
        # A reader that goes away leaves the look to the others.
        return await asyncio.shield(self._pages[known])

    async def _look(self, place: int) -> _Page | None:
        found = await self._store.read(lambda tx: _read(tx, place))
        if not found:
            return None
        return _Page(b"".join(map(self._told, found)), found[-1].recorded_at)

    def _told(self, announcement: Announcement) -> bytes:
        """Write an event, or find it written: what many read one after the other is not to be written for each of them."""
        data = self._written.get(announcement.recorded_at)
        if data is None:
            data = Event("revocation", notice.announce(announcement), str(announcement.cause)).encode()
            self._written[announcement.recorded_at] = data
            self._bytes += len(data)
            while self._bytes > WRITTEN:
                self._bytes -= len(self._written.pop(next(iter(self._written))))
        return data

    def _forget(self, known: tuple[int, asyncio.Event], done: asyncio.Task[_Page | None]) -> None:
        del self._pages[known]
        # Looked at, so that nobody complains of an error for which every reader has gone.
        _ = done.cancelled() or done.exception()


def _read(tx: Transaction, place: int) -> list[Announcement]:
    """Read a page's worth: so many events, and so many links, but one in any case."""
    found: list[Announcement] = []
    links = 0
    while len(found) < PAGE:
        count = min(_FEW, PAGE - len(found))
        some = tx.announcements(found[-1].recorded_at if found else place, count)
        for one in some:
            links += len(one.path)
            if found and links > LINKS:
                return found
            found.append(one)
        if len(some) < count:
            break
    return found
