"""Clients that keep at it: what breaks, breaks under them. They write into one book whatever they are told."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from commands.customer import add as customer_add
from commands.provider import add as provider_add
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.book import Book, Told

CLIENTS: Final = 12
PRODUCT: Final = DID("did:web:starter.example.com")
SPACES: Final = 2
PAUSE: Final = 0.04
"""Seconds, at most, that a client waits between two requests: what is looked for is not speed."""
LATER: Final = 0.05
"""Seconds until it sends what was not answered once more."""
TRIES: Final = 3
"""After so many it goes on: those that stay open are sent again when all is well."""

Story = Callable[[Signer], Iterator[Invocation]]


def customers(service: Signer) -> Iterator[Invocation]:
    """Register a customer, ask for the same in another task, which is a failure that is kept, and provision its spaces."""
    customer = Signer.generate()
    for _ in range(2):
        arguments = customer_add.AddArguments(customer=customer.did, product=PRODUCT, details={})
        yield customer_add.add.invoke(service, arguments, subject=service.did, expiration=None)
    for _ in range(SPACES):
        wanted = provider_add.AddArguments(provider=service.did, consumer=Signer.generate().did)
        yield provider_add.add.invoke(customer, wanted, subject=customer.did, audience=service.did, expiration=None)


class Load:
    """Clients of a server that may break."""

    def __init__(
        self, url: str, service: Signer, story: Story = customers, clients: int = CLIENTS, book: Book | None = None
    ) -> None:
        """Make clients; they write into a book that there is, where it is given."""
        self.book = book or Book()
        self._url = url
        self._service = service
        self._story = story
        self._clients = clients
        self.longest = 0.0
        """Seconds, at most, from one receipt to the next, while it was asked."""
        self._last = 0.0
        self._may = asyncio.Event()
        self._asking = 0
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._last = time.monotonic()
        self._may.set()
        self._tasks = self._tasks or [asyncio.create_task(self._client()) for _ in range(self._clients)]

    async def rest(self) -> None:
        """Ask nothing more, and wait until all that was asked was answered, or never will be."""
        self._may.clear()
        await self._until(lambda: not self._asking)

    async def more(self, count: int) -> None:
        """Wait for so many more receipts."""
        goal = len(self.book.held) + count
        await self._until(lambda: len(self.book.held) >= goal)

    async def trouble(self, count: int) -> None:
        """Wait until so many more requests ended without a receipt."""
        goal = self.book.troubles + count
        await self._until(lambda: self.book.troubles >= goal)

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _until(self, holds: Callable[[], bool]) -> None:
        waiting = asyncio.create_task(self._wait(holds))
        # A client that has failed would be waited for in vain.
        done, _ = await asyncio.wait((waiting, *self._tasks), return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()

    async def _wait(self, holds: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(holds)

    async def _client(self) -> None:
        async with Client(self._url) as client:
            while True:
                for one in self._story(self._service):
                    if not await self._keep_at(client, one):
                        # What comes next stands on this.
                        break
                    await asyncio.sleep(random.uniform(0, PAUSE))  # noqa: S311 - not a secret

    async def _keep_at(self, client: Client, one: Invocation) -> bool:
        for _ in range(TRIES):
            if await self._ask(client, one):
                return True
            await asyncio.sleep(LATER)
        return False

    async def _ask(self, client: Client, one: Invocation) -> bool:
        await self._may.wait()
        self._asking += 1
        try:
            receipt = (await client.send(Container.of(one))).receipts.get(one.task)
            if receipt is not None:
                kept = self.book.receive(one, receipt)
                if kept:
                    before, self._last = self._last, time.monotonic()
                    self.longest = max(self.longest, self._last - before)
                return kept
            self.book.tell(one, Told.NOTHING)
        except ServiceError as error:
            self.book.miss(one, error)
        finally:
            self._asking -= 1
            async with self._changed:
                self._changed.notify_all()
        return False
