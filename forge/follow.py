"""Following: another service's revocations count here too (protocol §13.2).

    GET {source}/revocations/{since}

The source is believed in nothing: what it announces is asked for and verified (`forge.inquiry`). What is recorded and how far
the feed was followed are one transaction: whatever ends in between, nothing is missed, and what is read twice is there once.

    verified                                          recorded
    not signed by its issuer, or without authority    passed over for good
    issued by somebody whose keys are not found now   postponed, and tried again, for ten days; nothing else waits for it
    the source or the store does not answer           the same place again, later
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, TypeAlias

import aiohttp
import structlog

from forge import instant, notice
from forge.cid import CID
from forge.errors import DecodeError, ServiceError, StoreError
from forge.eventstream import CONTENT_TYPE, Event, Reader
from forge.inquiry import CONNECT, Inquiry, Resolves
from forge.instant import SECOND
from forge.ports import Announcement, Clock, Revocation, Store, Transaction, Wanted

PAUSES: Final = (0.5, 60.0)
"""Seconds before a source is asked again: at first, and at most; doubled each time in between."""
QUIET: Final = 60.0
"""Seconds without a byte after which a connection may be dead, and is made anew: some services say nothing for hours."""
OVERLAP: Final = 30 * SECOND
"""How much is read again when a feed is resumed: some services tell late, by up to 10 s, what was recorded before."""
BATCH: Final = 32
"""Announcements that are looked into at once, and recorded in one transaction."""
REVISIT: Final = 30.0
"""Seconds between two looks for what was postponed and is due."""
POSTPONED: Final = (60, 6 * 3600)
"""Seconds for which an announcement is postponed: at first, and at most; doubled each time in between."""
TRIES: Final = 48
"""Tries after which an announcement is given up, for good: those of ten days."""
MOST_POSTPONED: Final = 4096
"""Announcements of one source that are postponed at a time. Of more, those are given up that were tried most."""
REMEMBERED: Final = 16_384
"""Announcements that are known to need nothing more."""
_OK: Final = 200
_SHOWN: Final = 400  # characters of a reason in the log
_DOUBLINGS: Final = 16

Outcome: TypeAlias = Revocation | Wanted | None
"""What an inquiry gave."""

log = structlog.get_logger("forge")


class Follower:
    """Follows one service."""

    def __init__(
        self,
        source: str,
        store: Store[Any],
        resolver: Resolves,
        session: aiohttp.ClientSession,
        clock: Clock = lambda: int(time.time()),
    ) -> None:
        """Follow the service at the URL `source`; `run` does it."""
        self._source = source
        self._store = store
        self._session = session
        self._clock = clock
        self._inquiry = Inquiry(source, resolver, session, clock)
        self._done: OrderedDict[CID, None] = OrderedDict()
        self._trouble: str | None = None
        self._progress = 0

    async def run(self) -> None:
        """Follow until cancelled. Nothing that the source or the store does ends it."""
        await asyncio.gather(self._keep_on(self._listen, PAUSES), self._keep_on(self._revisit, (REVISIT, REVISIT)))

    async def _keep_on(self, act: Any, pauses: tuple[float, float]) -> None:  # noqa: ANN401 - one of the two below
        pause, most = pauses
        while True:
            began = self._progress
            try:
                await act()
            except (ServiceError, StoreError) as error:
                self._report(str(error))
            except Exception:
                log.exception("following", source=self._source)
            pause = pauses[0] if self._progress != began else min(pause * 2, most)
            # Of many that lost one source, not all come back at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret

    # -- what is announced ---------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Read the feed until it ends.

        Raises:
            ServiceError: the source does not answer, or not with a feed.
            StoreError: the store does not.
        """
        place = await self._store.read(lambda tx: tx.followed(self._source))
        since = "0" if place <= OVERLAP else instant.write(place - OVERLAP)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=QUIET)
        reader = Reader()
        try:
            async with self._session.get(
                f"{self._source}/revocations/{since}",
                headers={"Accept": CONTENT_TYPE},
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                if response.status != _OK or response.content_type != CONTENT_TYPE:
                    raise ServiceError(f"{self._source} answered {response.status} ({response.content_type}), and no feed")
                self._report(None)
                self._progress += 1
                async for part in response.content.iter_any():
                    await self._take(reader.feed(part))
        except aiohttp.SocketTimeoutError:
            log.debug("a feed is quiet", source=self._source)
        except (aiohttp.ClientError, OSError) as error:
            raise ServiceError(f"{self._source} was cut off: {str(error) or type(error).__name__}") from error

    async def _take(self, events: Iterable[Event]) -> None:
        """Deal with events, those of a batch at once.

        Raises:
            ServiceError: the source does not give the records, or it says that it cannot go on.
            StoreError: the store does not take them.
        """
        batch: list[Announcement] = []
        for event in events:
            if event.name == "error":
                await self._record(batch)
                raise ServiceError(f"{self._source} ended its feed: {event.data[:_SHOWN]}")
            if event.name != "revocation":
                continue
            try:
                batch.append(notice.read_announcement(event.data))
            except DecodeError as error:
                log.debug("not an announcement", source=self._source, reason=str(error)[:_SHOWN])
            if len(batch) == BATCH:
                await self._record(batch)
                batch = []
        await self._record(batch)

    async def _record(self, batch: Sequence[Announcement]) -> None:
        if not batch:
            return
        wanted = {one.cause: Wanted(one.delegation, one.cause) for one in batch if one.cause not in self._done}
        known = await self._store.read(lambda tx: tx.causes(wanted))
        found = await self._obtain([one for one in wanted.values() if one.cause not in known])
        # A source whose clock is ahead must not make us skip what it records until then.
        place = min(max(one.recorded_at for one in batch), self._clock() * SECOND)
        await self._keep(found, place)
        self._remember(one.cause for one in batch)

    # -- what was postponed --------------------------------------------------------------------------------------------

    async def _revisit(self) -> None:
        """Try what was postponed and is due.

        Raises:
            ServiceError: the source does not answer.
            StoreError: the store does not.
        """
        due = await self._store.read(lambda tx: tx.postponed(self._source, BATCH, at=self._clock()))
        while due:
            found = await self._obtain(due)
            await self._keep(found)
            due = await self._store.read(lambda tx: tx.postponed(self._source, BATCH, at=self._clock()))

    async def _keep(self, found: Sequence[tuple[Wanted, Outcome]], place: int = 0) -> None:
        """Keep what came of some announcements.

        Raises:
            StoreError: the store did not take it.
        """
        given_up = [wanted.cause for wanted, outcome in found if isinstance(outcome, Wanted) and outcome.tries >= TRIES]
        for cause in given_up:
            log.warning("given up", source=self._source, cause=str(cause))
        kept = [(wanted, None if wanted.cause in given_up else outcome) for wanted, outcome in found]
        too_many = await self._store.change(partial(self._change, found=kept, place=place, at=self._clock()))
        if too_many:
            log.warning("too many are postponed", source=self._source, given_up=too_many)

    def _change(self, tx: Transaction, found: Sequence[tuple[Wanted, Outcome]], place: int, at: int) -> int:
        """Record what was verified, note what is to be tried again, and how far the feed was followed: all or nothing."""
        for wanted, outcome in found:
            if isinstance(outcome, Wanted):
                tx.postpone(self._source, outcome, until=at + _longer(POSTPONED, wanted.tries))
                continue
            if wanted.tries:
                tx.settle(self._source, wanted.cause)
            if outcome is not None:
                tx.revoke(outcome, at=at)
        if place:
            tx.follow(self._source, place)
        return tx.curtail(self._source, MOST_POSTPONED) if any(isinstance(outcome, Wanted) for _, outcome in found) else 0

    # -- what it is ----------------------------------------------------------------------------------------------------

    async def _obtain(self, wanted: Sequence[Wanted]) -> list[tuple[Wanted, Outcome]]:
        outcomes = await asyncio.gather(*(self._inquiry.obtain(one) for one in wanted), return_exceptions=True)
        found: list[tuple[Wanted, Outcome]] = []
        for one, outcome in zip(wanted, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            found.append((one, outcome))
        return found

    def _remember(self, causes: Iterable[CID]) -> None:
        for cause in causes:
            self._done[cause] = None
            self._done.move_to_end(cause)
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)

    def _report(self, trouble: str | None) -> None:
        """Say what changed, and not every time that it has not."""
        if trouble is None and self._trouble != "":
            log.info("following", source=self._source)
        elif trouble is not None and self._trouble in (None, ""):
            log.warning("not following", source=self._source, reason=trouble[:_SHOWN])
        self._trouble = trouble or ""


@asynccontextmanager
async def following(sources: Sequence[str], store: Store[Any], resolver: Resolves) -> AsyncIterator[None]:
    """Follow services, each at its URL, for as long as the `async with` block lasts."""
    if not sources:
        yield
        return
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        tasks = [asyncio.create_task(Follower(one, store, resolver, session).run()) for one in sources]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


def _longer(seconds: tuple[int, int], tries: int) -> int:
    first, most = seconds
    return min(first << min(tries, _DOUBLINGS), most)
