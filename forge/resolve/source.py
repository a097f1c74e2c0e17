"""A source: the documents of one DID method, kept (protocol §2.7, caching).

    asked      ttl/2              ttl                                    ttl + stale
    |----------|------------------|--------------------------------------|
     known      known; asked again known only while nobody answers:       unknown
                behind the scenes  asked again first, every RETRY seconds

So what a document says ends within `ttl` seconds of its being replaced, unless its host does not answer, and was seen not to;
who is active never waits; and a host that is down costs those whom it vouches for nothing, for a time. That a DID is gone is
believed at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from forge.did import DID
from forge.errors import DIDKeyResolutionError
from forge.method import Unusable, VerificationMethod
from forge.resolve.failure import TOO_BUSY, Fault, Unfetched, unresolved
from forge.resolve.fetcher import Document, Fetcher
from forge.resolve.slots import Slots

RETRY: Final = 15.0
"""Seconds for which a failure stands, before the host is asked again."""
MAX_BYTES: Final = 64 * 1024 * 1024
"""Of all documents that a source keeps: some 15,000 with one key."""
MAX_FAILURES: Final = 4_096
"""DIDs whose failure is kept; apart from the documents, so that strangers' inventions push nobody's document out."""
QUIET: Final = 10.0
"""Seconds between two lines of the log about the same: strangers must not fill it."""
MAX_BEHIND: Final = 64
"""Documents that are asked for again behind the scenes at once: one request may name thousands, which must not take all turns.
The others are asked for later, at the latest when they are due."""
# What memory is taken, measured: by a document, and by a method with the largest kind of key. Its JSON says nothing about that.
_DOCUMENT: Final = 1_024
_METHOD: Final = 3_072

Found: TypeAlias = "Sequence[VerificationMethod] | DIDKeyResolutionError"

# The standard library's: clients resolve too, and their standard output is not ours.
log = logging.getLogger("forge.resolve")


@dataclass(frozen=True, slots=True)
class Lane:
    """A way to ask. Whom nobody has heard of is asked for on another than who is known: strangers can only fill their own."""

    fetcher: Fetcher
    slots: Slots


@dataclass(slots=True)
class _Kept:
    """A document, and until when it is what. All in seconds of the source's clock."""

    document: Document
    again: float
    """From here on it is asked for again, while it serves."""
    due: float
    """From here on it does not serve before it was asked for again."""
    end: float
    """From here on it does not serve at all."""
    outage: object | None = None
    """The outage of its host in which it was asked for in vain."""

    @property
    def cost(self) -> int:
        """Bytes that it takes to keep it."""
        methods = self.document.methods
        texts = len(self.document.etag or "")
        for method in methods:
            texts += len(method.id) + (len(method.key.reason) if isinstance(method.key, Unusable) else 0)
        return _DOCUMENT + _METHOD * len(methods) + texts


class Source:
    """Finds the verification methods of the DIDs of one method."""

    def __init__(  # noqa: PLR0913 - two ways to ask, and the settings
        self,
        strangers: Lane,
        known: Lane,
        *,
        timeout: float,
        ttl: float,
        stale: float,
        clock: Callable[[], float] = time.monotonic,
        one_host: bool = False,
        observe: Callable[[str, str], None] = lambda _method, _outcome: None,
        max_bytes: int = MAX_BYTES,
        max_failures: int = MAX_FAILURES,
    ) -> None:
        """Make a source.

        Args:
            strangers: how DIDs are asked for of which nothing is known.
            known: how those are whose document is kept.
            timeout: seconds that finding one may take in all.
            ttl: seconds after which a document is asked for again.
            stale: seconds beyond those for which it goes on serving while its host gives none.
            clock: now, in seconds since whenever.
            one_host: all DIDs are asked for at the same host, so anybody at all can crowd it.
            observe: told of each question: the DID method, and `new`, `same`, or a fault's name.
            max_bytes: of the documents that are kept.
            max_failures: how many failures are kept.
        """
        self._strangers = strangers
        self._known = known
        self._timeout = timeout
        self._ttl = ttl
        self._stale = stale
        self._retry = min(RETRY, ttl)
        self._clock = clock
        self._one_host = one_host
        self._observe = observe
        self._max_bytes = max_bytes
        self._max_failures = max_failures
        self._kept: OrderedDict[DID, _Kept] = OrderedDict()
        self._bytes = 0
        self._failures: OrderedDict[DID, tuple[float, DIDKeyResolutionError]] = OrderedDict()
        self._outages: OrderedDict[str, object] = OrderedDict()
        self._flights: dict[DID, asyncio.Task[Found]] = {}
        self._behind = 0
        self._told: dict[int, float] = {}

    def knows(self, did: DID) -> bool:
        """Say whether a document of it is kept, which may have to be asked for again."""
        return did in self._kept

    def at_once(self, did: DID) -> Found | None:
        """Give what is known without asking anybody. None: it must be asked for."""
        now = self._clock()
        kept = self._kept.get(did)
        if kept is not None and now < kept.due:
            self._kept.move_to_end(did)
            if now >= kept.again:
                self._fly_behind(did)
            return kept.document.methods
        until, failure = self._failures.get(did, (now, None))
        return failure if now < until else None

    async def find(self, did: DID) -> Found:
        """Give what is known, or ask. It takes no longer than the timeout, and never raises."""
        found = self.at_once(did)
        if found is not None:
            return found
        try:
            self._strangers.fetcher.host(did)
        except Unfetched as failure:
            return unresolved(did, failure.reason)
        flight = self._fly(did)
        # Unlike awaiting the task itself, this does not end it when whoever waits is gone: others wait too.
        await asyncio.wait([flight])
        return unresolved(did, "the service is stopping") if flight.cancelled() else flight.result()

    async def close(self) -> None:
        """Stop asking."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _fly(self, did: DID) -> asyncio.Task[Found]:
        """Ask for a DID, unless it is being asked for."""
        flight = self._flights.get(did)
        if flight is None:
            flight = self._flights[did] = asyncio.create_task(self._ask(did))
            flight.add_done_callback(lambda _: self._flights.pop(did, None))
        return flight

    def _fly_behind(self, did: DID) -> None:
        """Ask for a DID for which nobody waits, unless many such are under way."""
        if did in self._flights or self._behind >= MAX_BEHIND:
            return
        self._behind += 1
        self._fly(did).add_done_callback(self._landed)

    def _landed(self, _: object) -> None:
        self._behind -= 1

    async def _ask(self, did: DID) -> Found:
        kept = self._kept.get(did)
        lane = self._strangers if kept is None else self._known
        asked: float | None = None
        try:
            async with asyncio.timeout(self._timeout):
                # Whoever gets a turn has at least half of the time left to use it.
                async with lane.slots.hold(lane.fetcher.host(did), self._timeout / 2):
                    asked = self._clock()
                    document = await lane.fetcher.fetch(did, kept.document.etag if kept else None)
        except Unfetched as failure:
            return self._failed(did, kept, failure)
        except TimeoutError:
            if asked is None:
                return self._failed(did, kept, Unfetched(TOO_BUSY, "no turn in all of the time", Fault.BUSY))
            return self._failed(did, kept, Unfetched(f"there was no answer within {self._timeout:g} s"))
        except Exception as error:  # noqa: BLE001 - a document that breaks its reader must not break all who name the DID
            self._tell(logging.ERROR, "a document broke its reader: %s", did, error=error)
            return self._failed(did, kept, Unfetched("its document could not be read"))
        self._outages.pop(lane.fetcher.host(did), None)
        if document is None and kept is not None:
            document = kept.document
            self._observe(did.method, "same")
        else:
            self._observe(did.method, "new")
        if document is None:
            return self._failed(did, kept, Unfetched("there was no document"))
        return self._keep(did, document, asked)

    def _keep(self, did: DID, document: Document, asked: float) -> Found:
        """Keep a document. Its time runs from the question: it may have been replaced while the answer was on its way."""
        self._drop(did)
        due = asked + self._ttl
        kept = self._kept[did] = _Kept(document, asked + self._ttl / 2, due, due + self._stale)
        self._bytes += kept.cost
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))
        return document.methods

    def _drop(self, did: DID) -> None:
        kept = self._kept.pop(did, None)
        if kept is not None:
            self._bytes -= kept.cost

    def _failed(self, did: DID, kept: _Kept | None, failure: Unfetched) -> Found:
        """Go on with the document that is kept, where that is right; else the failure stands for a while."""
        self._observe(did.method, failure.fault.value)
        # The operator may wonder why somebody known is not found again; of strangers there is no end.
        level = logging.DEBUG if kept is None else logging.WARNING
        self._tell(level, "%s was not resolved: %s (%s) %s", did, failure.reason, failure.fault.value, failure.detail)
        now = self._clock()
        found = unresolved(did, failure.reason)
        if failure.fault is Fault.BUSY or (failure.fault is Fault.HOST_BUSY and not self._is_out(did, kept)):
            # Nothing was tried, so nothing follows: a document that is due does not serve, or whoever keeps all turns taken
            # could keep a key in use that was replaced.
            return found
        self._remember(did, kept, failure.fault)
        if kept is not None and now < kept.end and failure.fault is not Fault.GONE:
            kept.due = min(max(kept.due, now + self._retry), kept.end)
            kept.again = now + self._retry / 2
            return kept.document.methods
        self._drop(did)
        if failure.fault is not Fault.HOST_BUSY:
            self._failures[did] = (now + self._retry, found)
            self._failures.move_to_end(did)
            if len(self._failures) > self._max_failures:
                self._failures.popitem(last=False)
        return found

    def _is_out(self, did: DID, kept: _Kept | None) -> bool:
        """Say whether a crowd at its host may be the host's own doing: this document was asked for in vain, and no other came.

        What befell other documents does not tell: a stranger may name a port or a path of the same host that never answers.
        """
        if self._one_host or kept is None or kept.outage is None:
            return False
        return self._outages.get(self._known.fetcher.host(did)) is kept.outage

    def _remember(self, did: DID, kept: _Kept | None, fault: Fault) -> None:
        """Remember how the host took a question."""
        if fault is Fault.GONE:
            self._outages.pop(self._known.fetcher.host(did), None)
        elif fault is Fault.HOST and kept is not None:
            kept.outage = self._outages.setdefault(self._known.fetcher.host(did), object())
            # Whichever is forgotten no longer excuses anything.
            if len(self._outages) > self._max_failures:
                self._outages.popitem(last=False)

    def _tell(self, level: int, message: str, *values: object, error: Exception | None = None) -> None:
        """Tell the operator, now and then: strangers must not fill the log."""
        now = self._clock()
        if now - self._told.get(level, now - QUIET) >= QUIET:
            self._told[level] = now
            log.log(level, message, *(str(value)[:500] for value in values), exc_info=error)
