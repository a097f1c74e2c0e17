"""The tail of a stream: what follows a number, to whoever has the authority to read along (protocol §10.4).

Authority is looked at for every page, in the transaction that the page is read in, and a page is read only once the reader has
taken the one before it: nothing waits here for somebody who loses the authority meanwhile, and nothing is held for a reader who
does not read. The store is held while a page is read, and never between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from forge import dagcbor, dagjson
from forge.binding import Result, Stream, Task, to_wire
from forge.container import Container
from forge.dagcbor import Value
from forge.did import DID
from forge.errors import DagJsonError, Failure
from forge.eventstream import KEEP_ALIVE, Event
from forge.execute import Executor
from forge.invocation import Invocation
from forge.ports import Store, Transaction
from forge.server import news
from forge.server.news import News

MAX_READERS: Final = 256
"""Of one stream in one process: each holds a connection."""
RESERVED: Final = 64
"""Seats of those that are for the service's own subject alone: customers must not keep out whoever runs it."""
MAX_OF_ONE: Final = 16
"""Seats of one subject: a customer must not keep out the others."""
PAGE: Final = 100
"""Items that are read at once."""
PAGE_BYTES: Final = 64 * 1024
"""Bytes of those items, together, if there are more than one."""
LOOKED_AT: Final = 1000
"""Items that are looked at for one page: those that the arguments leave out cost their reading."""
FEW: Final = 16
"""Items of one look-up: no more large ones than these are read in vain."""
PACE: Final = 0.001
"""Seconds for each reader between two announcements, each of which has all of them look: that leaves time for others."""


@dataclass(frozen=True, slots=True)
class Page:
    """What somebody is told next."""

    data: bytes
    """Events, as they are written; none where nothing is for this reader."""
    last: int
    """The number to go on after."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads along, by an invocation that is addressed to us."""

    invocation: Invocation
    request: Container
    """What it came in, with its proofs."""


class Tail:
    """The tail of one stream of a process."""

    def __init__(self, stream: Stream[Any], service: DID, executor: Executor[Any], store: Store[Any]) -> None:
        self._stream = stream
        self._service = service
        self._executor = executor
        self._seats: Counter[DID] = Counter()
        # A revocation may be of what somebody reads by.
        self.news = News(store, lambda tx: (stream.last(tx), tx.last_revocation()), PACE)

    def enter(self, subject: DID) -> bool:
        """Take a seat. False: there is none for this subject."""
        most = MAX_READERS
        if subject != self._service:
            most -= RESERVED
            if self._seats[subject] >= MAX_OF_ONE:
                return False
        if self.news.readers >= most:
            return False
        self._seats[subject] += 1
        self.news.enter()
        return True

    def leave(self, subject: DID) -> None:
        """Give the seat back."""
        self.news.leave()
        self._seats[subject] -= 1
        if not self._seats[subject]:
            del self._seats[subject]

    async def page(self, reader: Reader, after: int) -> Page:
        """Read what follows a number: a page's worth of it.

        Raises:
            Failure: a refusal; or something broke here.
        """
        return await self._executor.follow(reader.invocation, reader.request, lambda task, tx: self._read(task, tx, after))

    async def read(self, reader: Reader, page: Page) -> AsyncIterator[bytes]:
        """Give a page and all that follows it, for as long as the authority lasts, until the tail is closed."""
        yield KEEP_ALIVE
        try:
            while True:
                if page.data:
                    yield page.data
                # Comes back once what was given before is taken.
                yield b""
                if self.news.closed:
                    return
                coming, place = self.news.coming, page.last
                page = await self.page(reader, place)
                if page.last == place and not await news.set_within(coming, news.QUIET):
                    yield KEEP_ALIVE
        except Failure as failure:
            receipt = self._executor.refuse(reader.invocation, failure)
            yield Event("error", dagjson.encode(receipt.error)).encode()

    def _read(self, task: Task[Any], tx: Transaction, after: int) -> Page:
        parts: list[bytes] = []
        size = looked = 0
        while looked < LOOKED_AT and len(parts) < PAGE:
            found = self._stream.read(task, tx, after, min(FEW, PAGE - len(parts)))
            if not found:
                break
            looked += len(found)
            for number, item in found:
                if number <= after:
                    raise ValueError(f"{self._stream.path}: {number} cannot follow {after}")
                if item is not None:
                    data = _told(self._stream.name, number, item)
                    size += len(data)
                    if parts and size > PAGE_BYTES:
                        return Page(b"".join(parts), after)
                    parts.append(data)
                after = number
        return Page(b"".join(parts), after)


def _told(name: str, number: int, item: Result | Mapping[str, Value]) -> bytes:
    value = to_wire(item) if isinstance(item, Result) else item
    try:
        data = dagjson.encode(value)
    except DagJsonError:
        # Such as a map with the key "/", which means a link there. No item may keep those that follow it from being told.
        data = dagjson.encode(dagcbor.encode(value))
    return Event(name, data, str(number)).encode()
