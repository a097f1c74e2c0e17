"""The host: what the endpoints share."""

from __future__ import annotations

import asyncio
import time
from importlib.metadata import version
from typing import Any, Final

from forge import document
from forge.binding import Effect
from forge.catalog import Catalog
from forge.config import Settings
from forge.container import MAX_TOKENS, Container, DelegationMemory
from forge.execute import Executor, Outcome
from forge.keys import Signer
from forge.metrics import Metrics
from forge.ports import Store
from forge.resolve import Resolver
from forge.revocation import REVOKE
from forge.server.bodies import Bodies
from forge.server.feed import Feed
from forge.server.refusal import Refused
from forge.server.tail import Tail

LARGE_BODY: Final = 64 * 1024
"""Bytes from which reading a body takes so long, some 2 ms, that others should get their turn meanwhile."""
RETRY_AFTER: Final = "1"
"""Seconds after which whoever was sent away may ask again: a queue of the length that is let in is done in less."""
DISTRIBUTION: Final = "forge-ucan"


class Host:
    """What the endpoints share: made when the server starts, let go when it has finished what it took."""

    def __init__(self, settings: Settings, signer: Signer, catalog: Catalog, store: Store[Any], resolver: Resolver) -> None:
        self.settings = settings
        self.signer = signer
        self.catalog = catalog
        self.store = store
        self.metrics = Metrics()
        self.bodies = Bodies()
        self.feed = Feed(store)
        self._reading = asyncio.Semaphore(1)
        self._delegations = DelegationMemory()
        self.document = document.describe(signer.did, signer.key.public)
        self.executor: Executor[Any] = Executor(
            signer,
            catalog,
            store,
            resolver,
            lambda: int(time.time()),
            leeway=settings.leeway,
            deadline=settings.deadline,
            observe=self._observe,
            test_clock=settings.test_clock,
            options=catalog.configure(settings.options),
        )
        self._changing = frozenset(route.command.path for route in catalog if route.command.effect is Effect.CHANGES)
        self.tails = {
            route.command.path: Tail(route.stream, signer.did, self.executor, store)
            for route in catalog
            if route.stream is not None
        }

    async def aclose(self) -> None:
        """End what goes on until the server stops."""
        for news in (self.feed.news, *(tail.news for tail in self.tails.values())):
            await news.aclose()

    def _observe(self, outcome: Outcome) -> None:
        self.metrics.outcome(outcome)
        if outcome.command == REVOKE:
            self.feed.news.knock()
        if outcome.name == "ok" and outcome.command in self._changing:
            for tail in self.tails.values():
                tail.news.knock()

    def admit(self) -> None:
        """Let a request be executed, or send it away: at once, and before anything of it is looked at.

        Raises:
            Refused: as many invocations as may be are being executed.
        """
        if self.executor.running >= self.settings.max_running:
            self.metrics.shed()
            raise Refused(503, "more is asked than can be done; try again", {"Retry-After": RETRY_AFTER})

    def read_small(self, body: bytes) -> Container | None:
        """Read a container. None: it is so large that others should get their turn meanwhile.

        Raises:
            ContainerError: it is none.
        """
        return Container.from_cbor(body, self._delegations) if len(body) <= LARGE_BODY else None

    async def read(self, body: bytes) -> Container:
        """Read a large container: on a thread, and one at a time.

        Raises:
            ContainerError: it is none.
        """
        async with self._reading:
            return await asyncio.to_thread(Container.from_cbor, body, self._delegations)

    @property
    def description(self) -> dict[str, object]:
        """What `GET /` says. `testClock` is there only where the time may be a test's."""
        return {
            "name": "forge",
            "version": version(DISTRIBUTION),
            "did": self.signer.did,
            "protocol": "UCAN 1.0.0-rc.1",
            "commands": [
                {
                    "command": route.command.path,
                    "summary": route.command.summary,
                    "effect": route.command.effect.value,
                    "subjects": [role.name for role in route.command.subjects],
                    "failures": [failure.__name__ for failure in route.command.failures],
                    **({} if route.stream is None else {"stream": route.stream.path}),
                }
                for route in self.catalog
            ],
            "limits": {"body": self.settings.max_body, "tokens": MAX_TOKENS, "leeway": self.settings.leeway},
            **({"testClock": True} if self.settings.test_clock else {}),
        }
