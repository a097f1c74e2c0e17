"""The order of events: who reads along, at any process, misses none, though two of them write (docs/domain.md, Events)."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from forge import dagjson
from forge.cid import CID
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.eventstream import Reader
from forge.invocation import Invocation
from forge.keys import Signer
from forge.wire import HEADER, write_header
from tests.faults.crowd import only, sign
from tests.faults.processes import Place

WRITERS: Final = 8
"""Of each process."""
TASKS: Final = 24
"""Of each writer."""
TOGETHER: Final = 5
"""Events of one transaction."""
MOST: Final = 20_000
"""Bytes before a stream is cut: some forty events."""
PRODUCT: Final = DID("did:web:starter.example.com")
GENEROUS: Final = 60.0
"""Seconds after which it has failed. Nothing takes that long."""

Told = tuple[int, str, str]
"""An event's number, its task, and its type."""


class Story:
    """Changes with one event, changes with several, and some that fail after they have appended several."""

    def __init__(self, service: Signer) -> None:
        self.service = service
        self.customer = Signer.generate()
        self.outcomes: Counter[str] = Counter()
        # Done when everything else is: whoever has seen it has seen all there is.
        self.end = self._sign("/customer/update", customer=self.customer.did, details={"the": "end"})

    async def begin(self, url: str) -> None:
        other, self.taken = Signer.generate(), Signer.generate().did
        bought, others = (self._subscription(one) for one in (self.customer, other))
        self.subscription = str(bought.task)
        async with Client(url) as client:
            for one in (*map(self._registration, (self.customer, other)), bought, others):
                assert only(await client.send(Container.of(one))).error is None
            taking = self._assignment(str(others.task), self.taken)
            assert only(await client.send(Container.of(taking))).error is None

    async def write(self, url: str) -> None:
        """Do one after the other, and no two of one kind in a row."""
        async with Client(url) as client:
            for number in range(TASKS):
                newcomers = [Signer.generate().did for _ in range(TOGETHER)]
                match number % 3:
                    case 0:
                        one = self._registration(Signer.generate())
                    case 1:
                        one = self._assignment(self.subscription, *newcomers)
                    case _:
                        one = self._assignment(self.subscription, *newcomers, self.taken)
                self.outcomes[only(await client.send(Container.of(one))).error_name or "ok"] += 1

    async def finish(self, url: str) -> None:
        async with Client(url) as client:
            assert only(await client.send(Container.of(self.end))).error is None

    def _sign(self, command: str, **arguments: Any) -> Invocation:
        return sign(self.service, self.service.did, command, arguments)

    def _registration(self, customer: Signer) -> Invocation:
        return self._sign("/customer/add", customer=customer.did, product=PRODUCT, details={})

    def _subscription(self, customer: Signer) -> Invocation:
        return self._sign("/subscription/add", customer=customer.did, provider=self.service.did, product=PRODUCT)

    def _assignment(self, subscription: str, *consumers: DID) -> Invocation:
        return self._sign("/subscription/assign", subscription=subscription, consumers=consumers)


@dataclass
class Follower:
    """Somebody who goes on after the last one seen, and at the next process each time."""

    who: Signer
    service: DID
    urls: Sequence[str]
    size: int = 1000
    seen: list[Told] = field(default_factory=list)
    turns: int = 0

    @property
    def since(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def has_seen(self, task: CID) -> bool:
        return bool(self.seen) and self.seen[-1][1] == str(task)

    def url(self) -> str:
        self.turns += 1
        return self.urls[self.turns % len(self.urls)]

    def hear(self, event: Any) -> None:
        self.seen.append((event["seq"], event["task"], event["type"]))

    async def poll(self, last: CID) -> None:
        """Ask `/event/list` again and again."""
        clients = {url: Client(url) for url in self.urls}
        for client in clients.values():
            await client.__aenter__()
        while not self.has_seen(last):
            question = sign(self.who, self.service, "/event/list", {"since": self.since, "size": self.size})
            answer = only(await clients[self.url()].send(Container.of(question))).ok
            assert isinstance(answer, dict)
            assert isinstance(answer["results"], list)
            for event in answer["results"]:
                self.hear(event)
        for client in clients.values():
            await client.__aexit__(None, None, None)

    async def stream(self, last: CID) -> None:
        """Read `/events` until it is cut, after any byte."""
        source = random.Random(len(self.urls))  # noqa: S311 - where to cut, repeatable
        headers = {HEADER: write_header(Container.of(sign(self.who, self.service, "/event/list", {})))}
        async with aiohttp.ClientSession() as http:
            while not self.has_seen(last):
                async with http.get(f"{self.url()}/events/{self.since}", headers=headers) as response:
                    assert response.status == 200
                    reader, left = Reader(), source.randrange(MOST)
                    while left and not self.has_seen(last):
                        data = await response.content.read(left)
                        assert data, "the service ended the stream"
                        left -= len(data)
                        for event in reader.feed(data):
                            self.hear(dagjson.decode(event.data.encode()))
                    response.close()


async def test_what_was_seen_in_order_is_the_final_list(place: Place) -> None:
    service = place.service
    story = Story(service)
    with place.server() as first, place.server() as second:
        await first.ready()
        await second.ready()
        both = (first.url, second.url)
        await story.begin(first.url)
        everything = [Follower(service, service.did, urls) for urls in (both, both[:1], both[1:])]
        everything.append(Follower(service, service.did, both, size=7))
        own = Follower(story.customer, service.did, both)
        streams = [Follower(one, service.did, both) for one in (service, story.customer)]
        last = story.end.task
        async with asyncio.timeout(GENEROUS), asyncio.TaskGroup() as reading:
            for one in (*everything, own):
                reading.create_task(one.poll(last))
            for one in streams:
                reading.create_task(one.stream(last))
            await asyncio.gather(*(story.write(url) for url in both for _ in range(WRITERS)))
            await story.finish(second.url)
        assert await asyncio.to_thread(first.stop) == await asyncio.to_thread(second.stop) == 0

    tasks = 2 * WRITERS * TASKS
    assert story.outcomes == {"ok": tasks * 2 // 3, "ConsumerExists": tasks // 3}
    rows = place.query("SELECT seq, task, type, customer FROM event ORDER BY seq")
    assert len(rows) == 6 + tasks // 3 * (1 + TOGETHER), "those that failed left none"
    final = [(seq, str(CID(task)), kind) for seq, task, kind, _ in rows]
    theirs = [told for told, row in zip(final, rows, strict=True) if row[3] == story.customer.did]
    for one in (*everything, streams[0]):
        assert one.seen == final
    for one in (own, streams[1]):
        assert one.seen == theirs
    turns = [one.turns for one in (*everything, own)], [one.turns for one in streams]
    said = f"{len(final)} events, read in {turns[0]} polls and {turns[1]} streams, at two processes that write"
    print(f"{said}: each reader's list is the final one")  # noqa: T201
