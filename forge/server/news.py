"""News: whether the store may hold something new, for all who read one stream of a process.

One task looks for as long as anybody reads: whenever somebody knocks, since this process may have recorded something, and every
`POLL` seconds, since other processes record too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from forge.errors import StoreError
from forge.ports import Store

POLL: Final = 0.5
"""Seconds between two looks for what other processes recorded."""
QUIET: Final = 15.0
"""Seconds without news after which a comment is sent: shorter than proxies wait."""


class News:
    """The news of one stream."""

    def __init__(self, store: Store[Any], last: Callable[[Any], object], pace: float = 0.0) -> None:
        """Wait for readers.

        Args:
            store: where to look.
            last: gives, of a transaction, what is another value whenever there is something new.
            pace: seconds for each reader, between two announcements at least, where each of these has every reader do much.
        """
        self._store = store
        self._last = last
        self._pace = pace
        self.readers = 0
        """Those for whom the looks are made."""
        self.coming = asyncio.Event()
        """Set by what comes next. Whoever holds it before a look, and waits for it after, misses nothing in between."""
        self._knock = asyncio.Event()
        self._stopped = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._stopped.is_set()

    def enter(self) -> None:
        """Look from now on, for one reader more."""
        self.readers += 1
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())

    def leave(self) -> None:
        """Look for one reader less."""
        self.readers -= 1

    def knock(self) -> None:
        """Say that something may have been recorded just now."""
        self._knock.set()

    def stop(self) -> None:
        """Close, and have every reader find out at once."""
        self._stopped.set()
        self._knock.set()
        self._announce()

    async def aclose(self) -> None:
        """Stop, and have nothing running any more."""
        self.stop()
        if self._poller is not None:
            await self._poller

    async def _poll(self) -> None:
        last: object = None
        while self.readers and not self.closed:
            try:
                found = await self._store.read(self._last)
            except StoreError:
                # Each reader finds out for itself.
                found = None
            if found is None or found != last:
                last = found
                self._announce()
                await set_within(self._stopped, self._pace * self.readers)
            await set_within(self._knock, POLL)
            self._knock.clear()

    def _announce(self) -> None:
        news, self.coming = self.coming, asyncio.Event()
        news.set()


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, so many seconds at most; say whether it came."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
