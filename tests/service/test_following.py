"""`Client.follow`: every item once and in order, over whatever cuts, for as long as the authority lasts (§10.4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from itertools import repeat
from pathlib import Path
from random import Random
from typing import Any

import pytest

from commands.event.list import EventView, ListEventsArguments, events
from forge import following
from forge.binding import Command
from forge.client import Client, now
from forge.errors import Expired, HandlerExecutionError, Revoked, ServiceError
from forge.followable import Followable
from forge.invocation import Invocation
from forge.keys import Signer
from forge.server import tail
from tests.service import streamed
from tests.service.test_stream import given, happen, recorded, revoke, row, until
from tests.service.world import World, running

LONG = 30.0
"""Seconds after which a test that waits has failed. Nothing takes that long."""
UNCUT = 10**9
SOMEBODY = Signer.generate()
MISBEHAVING = Followable(streamed.tail, "/test-tail", "test", EventView)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run a service with streams that misbehave."""
    async with running(tmp_path, catalog="tests.service.streamed:CATALOG") as made:
        yield made


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSES", (0.001, 0.001))


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> list[Invocation]:
    """Keep what is signed by commands: an invocation for each try."""
    found: list[Invocation] = []
    real = Command.invoke

    def invoke(self: Command[Any, Any], *parts: Any, **more: Any) -> Invocation:
        found.append(real(self, *parts, **more))
        return found[-1]

    monkeypatch.setattr(Command, "invoke", invoke)
    return found


class Proxy:
    """Stands between a client and a service, and cuts."""

    def __init__(self, cuts: Iterator[int]) -> None:
        self.url = ""
        self.target: World | None = None
        """None: nobody is there."""
        self.connections = 0
        self._cuts = cuts

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry what is said both ways, and of what the service says only so many bytes."""
        self.connections += 1
        if self.target is None:
            writer.transport.abort()
            return
        host, _, port = self.target.url.removeprefix("http://").partition(":")
        incoming, outgoing = await asyncio.open_connection(host, int(port))
        asking = asyncio.create_task(self._carry(reader, outgoing))
        left = next(self._cuts)
        try:
            while left > 0 and (data := await incoming.read(min(left, 500))):
                writer.write(data)
                await writer.drain()
                left -= len(data)
        except ConnectionError:
            pass  # The client has left.
        finally:
            asking.cancel()
            outgoing.transport.abort()
            # What was given is read, and then it is over in the middle.
            writer.close()
            await asyncio.gather(asking, return_exceptions=True)

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
        writer.transport.abort()


@asynccontextmanager
async def listening(serve: Callable[..., Any]) -> AsyncIterator[str]:
    """Serve each connection, and give the URL."""
    tasks: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.append(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()


@asynccontextmanager
async def proxied(world: World | None, cuts: Iterator[int] | None = None) -> AsyncIterator[Proxy]:
    proxy = Proxy(repeat(UNCUT) if cuts is None else cuts)
    proxy.target = world
    async with listening(proxy.serve) as proxy.url:
        yield proxy


class Followed:
    """What somebody is told: by the service itself, about everything, if nothing else is said."""

    def __init__(self, url: str, service: Signer, clock: Callable[[], int], parts: dict[str, Any]) -> None:
        self.client = Client(url, clock=clock)
        stream, by = parts.pop("stream", events), parts.pop("by", service)
        arguments = parts.pop("arguments", stream.command.arguments())
        self.items = self.client.follow(stream, by, arguments, subject=service.did, audience=service.did, **parts)

    async def next(self) -> tuple[int, EventView]:
        async with asyncio.timeout(LONG):
            return await anext(self.items)

    async def numbers(self, count: int) -> list[int]:
        return [(await self.next())[0] for _ in range(count)]


@asynccontextmanager
async def follow(url: str, service: Signer, clock: Callable[[], int] = now, **parts: Any) -> AsyncIterator[Followed]:
    made = Followed(url, service, clock, parts)
    async with made.client, aclosing(made.items):
        yield made


class TestOnceAndInOrder:
    @pytest.mark.parametrize("seed", range(2))
    async def test_over_any_cuts(self, world: World, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
        """The answer's head has some 250 bytes: many a connection gives nothing."""
        random = Random(seed)  # noqa: S311 - not a secret
        monkeypatch.setattr(following, "TRIES", 1000)
        monkeypatch.setattr(tail_of(world).news, "_pace", 0.0)

        async def more(count: int) -> int:
            return await happen(world, *(row(noise="x" * random.randrange(300)) for _ in range(count)))

        def cuts() -> Iterator[int]:
            while True:
                yield random.choice((1, 40, 400, 1000, 4000, 8000))

        newest = await more(100)
        seen: list[tuple[int, EventView]] = []
        async with proxied(world, cuts()) as proxy:
            # The first answer is what says that the address is right.
            proxy._cuts, later = iter((4000,)), proxy._cuts
            async with follow(proxy.url, world.service) as followed:
                seen.append(await followed.next())
                proxy._cuts = later
                while newest < 300 or seen[-1][0] < newest:
                    if seen[-1][0] == newest:
                        newest = await more(random.randrange(1, 20))
                    seen.append(await followed.next())
        assert [number for number, _ in seen] == await recorded(world)
        assert [event.seq for _, event in seen] == await recorded(world)
        assert proxy.connections > 10

    async def test_over_a_restart(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(following, "TRIES", 10**6)
        async with proxied(None) as proxy, AsyncExitStack() as stack:
            for times in range(3):
                async with running(tmp_path) as world:
                    proxy.target = world
                    if not times:
                        followed = await stack.enter_async_context(follow(proxy.url, world.service))
                    await happen(world, row(), row())
                    assert await followed.numbers(2) == (await recorded(world))[-2:]
                    assert len(await recorded(world)) == 2 * times + 2
                    proxy.target = None

    async def test_what_is_told_twice_is_given_once(self) -> None:
        answers = sse(told(1), told(2)), sse(told(2), told(1), told(3))
        async with answering(*answers) as (url, asked), follow(url, SOMEBODY) as followed:
            assert await followed.numbers(3) == [1, 2, 3]
        assert asked == ["/events/0", "/events/2"]

    async def test_however_often_it_is_cut_as_long_as_something_comes(self) -> None:
        count = 2 * following.TRIES
        async with (
            answering(*(sse(told(number + 1)) for number in range(count))) as (url, _),
            follow(url, SOMEBODY) as followed,
        ):
            assert await followed.numbers(count) == [number + 1 for number in range(count)]

    async def test_where_it_begins_and_what_filters(self, world: World) -> None:
        await happen(world, *(row(kind) for kind in ("plan-added", "plan-retired", "plan-retired", "plan-added")))
        numbers = await recorded(world)
        arguments = ListEventsArguments(type="plan-added")
        async with follow(world.url, world.service, since=numbers[1], arguments=arguments) as followed:
            number, event = await followed.next()
        assert (number, event.type) == (numbers[3], "plan-added")

    async def test_what_dag_json_cannot_say(self, world: World) -> None:
        await happen(world, row(details={"/": "x"}))
        async with follow(world.url, world.service) as followed:
            assert (await followed.next())[1].data == {"details": {"/": "x"}}


class TestAuthority:
    async def test_it_is_revoked(self, world: World, signed: list[Invocation]) -> None:
        proof = given(world, SOMEBODY)
        await happen(world, row())
        parts: dict[str, Any] = {"by": SOMEBODY, "proofs": [proof]}
        async with follow(world.url, world.service, **parts) as followed:
            await followed.numbers(1)
            await revoke(world, proof)
            with pytest.raises(Revoked, match=str(proof.cid)):
                await followed.numbers(2)
        async with follow(world.url, world.service, **parts) as followed:
            with pytest.raises(Revoked, match=str(proof.cid)):
                await followed.next()
        assert len(signed) == 2, "a refusal is final"

    async def test_another_invocation_takes_its_place_before_it_expires(self, world: World, signed: list[Invocation]) -> None:
        async with follow(world.url, world.service, lifetime=1) as followed:
            waiting = asyncio.create_task(followed.next())
            # Nothing happens, and the service would let it be for a minute longer.
            await until(lambda: len(signed) == 3)
            last = await happen(world, row())
            assert (await waiting)[0] == last

    async def test_it_expires_earlier_than_thought(self, world: World, signed: list[Invocation]) -> None:
        """The clocks jump, as after a sleep."""
        ahead = 0
        world.app.state.host.executor._clock = lambda: now() + ahead
        async with follow(world.url, world.service, lambda: now() + ahead) as followed:
            first = await happen(world, row())
            assert await followed.numbers(1) == [first]
            ahead = 3600
            # What happens first may still be told by a look that had begun before; what happens then is not.
            for _ in range(2):
                more = await happen(world, row(), row())
                assert await followed.numbers(2) == [more - 1, more]
        assert len(signed) == 2

    async def test_a_proof_expires(self, world: World, signed: list[Invocation]) -> None:
        ahead = 0
        world.app.state.host.executor._clock = lambda: now() + ahead
        proof = given(world, SOMEBODY, expiration=now() + 60)
        parts: dict[str, Any] = {"by": SOMEBODY, "proofs": [proof]}
        async with follow(world.url, world.service, lambda: now() + ahead, **parts) as followed:
            await happen(world, row())
            await followed.numbers(1)
            ahead = 3600
            with pytest.raises(Expired, match=str(proof.cid)):  # noqa: PT012 - the first may be told by a look that had begun
                for _ in range(2):
                    await happen(world, row())
                    await followed.next()
        assert len(signed) == 2

    async def test_a_fault(self, world: World) -> None:
        await happen(world, row("broken"))
        async with follow(world.url, world.service, stream=MISBEHAVING) as followed:
            with pytest.raises(HandlerExecutionError):
                await followed.next()


class TestTrouble:
    async def test_what_was_never_reached_is_said_at_once(self, signed: list[Invocation]) -> None:
        async with proxied(None) as proxy, follow(proxy.url, SOMEBODY) as followed:
            with pytest.raises(ServiceError, match=f"{proxy.url}/events was not reached"):
                await followed.next()
        assert len(signed) == 1

    async def test_what_is_not_reached_any_more_is_given_up(self, world: World, signed: list[Invocation]) -> None:
        last = await happen(world, row())
        async with proxied(world, iter((1500, 1500))) as proxy, follow(proxy.url, world.service) as followed:
            assert await followed.numbers(1) == [last]
            proxy.target = None
            await happen(world, *(row(noise="x" * 300) for _ in range(10)))
            with pytest.raises(ServiceError, match="was not reached"):
                await followed.numbers(11)
        assert len(signed) == following.TRIES

    async def test_a_service_without_a_seat_is_asked_again(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        last = await happen(world, row())
        monkeypatch.setattr(tail, "MAX_READERS", 0)
        monkeypatch.setattr(following, "TRIES", 10**6)
        async with proxied(world) as proxy, follow(proxy.url, world.service) as followed:
            waiting = asyncio.create_task(followed.next())
            await until(lambda: proxy.connections > 2)
            monkeypatch.setattr(tail, "MAX_READERS", 100)
            assert (await waiting)[0] == last

    async def test_a_client_that_is_not_open(self) -> None:
        items = Client("http://127.0.0.1:9").follow(events, SOMEBODY, ListEventsArguments(), subject=SOMEBODY.did)
        with pytest.raises(ServiceError, match="the client is not open"):
            await anext(items)

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", "answered 404 .*, and no stream: none"),
            (
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\nhome",
                "answered 200 .text/html., and no stream",
            ),
            ("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", "answered 302"),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\n" + '{"error":{}}', "answered 403"),
        ],
    )
    async def test_what_is_no_stream(self, answer: str, message: str) -> None:
        async with answering(answer) as (url, asked), follow(url, SOMEBODY) as followed:
            with pytest.raises(ServiceError, match=message):
                await followed.next()
        assert len(asked) == 1

    @pytest.mark.parametrize(
        ("event", "message"),
        [
            ("event: event\ndata: {}\n\n", "an event has no number: None"),
            ("id: 01\nevent: event\ndata: {}\n\n", "an event has no number: '01'"),
            ("id: 1\nevent: event\ndata: {\n\n", "an event cannot be read"),
            ("id: 1\nevent: event\ndata: {}\n\n", "/events: an item is no EventView: event.seq: missing"),
            ("event: error\ndata: gone\n\n", "ended: gone"),
        ],
    )
    async def test_what_is_no_item(self, event: str, message: str) -> None:
        async with answering(sse(event)) as (url, asked), follow(url, SOMEBODY) as followed:
            with pytest.raises(ServiceError, match=message):
                await followed.next()
        assert len(asked) == 1

    async def test_events_of_other_names_are_passed_over(self) -> None:
        async with answering(sse("id: 1\nevent: news\ndata: x\n\n", told(2))) as (url, _), follow(url, SOMEBODY) as followed:
            assert await followed.numbers(1) == [2]


def tail_of(world: World) -> tail.Tail:
    return world.app.state.host.tails["/event/list"]  # type: ignore[no-any-return]


def told(number: int) -> str:
    """Tell an event, on the wire."""
    fields = '"task":"t","command":"/c","type":"t","data":{}'
    who = f'"issuer":"{SOMEBODY.did}","subject":"{SOMEBODY.did}"'
    return f'id: {number}\nevent: event\ndata: {{"seq":{number},"at":1,{fields},{who}}}\n\n'


def sse(*told: str) -> str:
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + "".join(told)


@asynccontextmanager
async def answering(*answers: str) -> AsyncIterator[tuple[str, list[str]]]:
    """Give each connection an answer in turn; and its URL, with the paths that were asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b" ")[1].decode())
        writer.write(answers[min(len(asked), len(answers)) - 1].encode())
        writer.close()
        await writer.wait_closed()

    async with listening(serve) as url:
        yield url, asked
