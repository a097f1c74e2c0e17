"""`GET /revocations/{since}`: every revocation, to everybody who reads along, however often they are cut (protocol §13.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from forge import notice
from forge.cid import CID
from forge.cli.protocol import BoundedProtocol
from forge.errors import StoreError
from forge.eventstream import KEEP_ALIVE, Event, Reader
from forge.keys import Signer
from forge.ports import Announcement, Revocation
from forge.server import feed, news
from forge.server.news import News
from store import Transaction, connect
from tests.service.test_revoke import CAT, THIRD, Case, send
from tests.service.world import World, running

SECOND = 1_000_000_000
LONG = 30.0
"""Seconds after which a test that waits has failed. Nothing takes that long."""
SOMEBODY = Signer.generate().did


def made(number: int, links: int = 1) -> Revocation:
    """Make a revocation that nobody signed: a feed tells what the store has."""
    path = tuple(b"%d of %d" % (number, link) for link in range(links))
    return Revocation(
        delegation=CID.of(path[-1]), revoker=SOMEBODY, cause=CID.of(b"cause %d" % number), invocation=b"i", path=path
    )


def recording(numbers: Sequence[int], at: int = 100, links: int = 1) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for number in numbers:
            tx.revoke(made(number, links), at=at)

    return work


async def record(world: World, *numbers: int, at: int = 100) -> None:
    await world.app.state.host.store.change(recording(numbers, at))


class Listener:
    """Somebody who reads along."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.reader = Reader()
        self.waiting: list[Event] = []

    async def next(self) -> Event:
        async with asyncio.timeout(LONG):
            while not self.waiting:
                data = await self.response.content.readany()
                assert data, "the feed ended"
                self.waiting = self.reader.feed(data)
        return self.waiting.pop(0)

    async def causes(self, count: int) -> list[CID]:
        return [notice.read_announcement((await self.next()).data).cause for _ in range(count)]

    async def end(self) -> list[Event]:
        """Read to the end."""
        async with asyncio.timeout(LONG):
            return self.waiting + self.reader.feed(await self.response.read())


def causes(*numbers: int) -> list[CID]:
    return [made(number).cause for number in numbers]


@asynccontextmanager
async def listening(url: str, since: str = "0") -> AsyncIterator[Listener]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/revocations/{since}") as response:
        assert response.status == 200, await response.text()
        yield Listener(response)


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(LONG):
        while True:
            found = condition()
            if found is True or (not isinstance(found, bool) and await found):
                return
            await asyncio.sleep(0.01)


class TestWire:
    async def test_an_event_is_framed_as_readers_expect(self, world: World) -> None:
        await send(world, Case(CAT))
        (cause, *_) = Case(CAT).tokens(world)
        async with aiohttp.ClientSession() as http, http.get(f"{world.url}/revocations/0") as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            text = b""
            while text.count(b"\n\n") < 2:
                text += await response.content.readany()
        comment, event, rest = text.decode().split("\n\n")
        assert (comment, rest) == (":", "")
        first, second, third = event.split("\n")
        assert (first, second) == (f"id: {cause.cid}", "event: revocation")
        kept = await world.app.state.host.store.read(lambda tx: tx.revocation(THIRD.cid))
        data = third.removeprefix("data: ")
        assert json.loads(data) == {
            "cause": {"/": str(cause.cid)},
            "path": [{"/": str(THIRD.cid)}],
            "recorded_at": kept.recorded_at,
            "revoke": {"/": str(THIRD.cid)},
        }
        assert list(json.loads(data)) == ["cause", "path", "recorded_at", "revoke"]

    async def test_what_is_no_time_is_400(self, world: World) -> None:
        for since in ("1", "x", "-1", "00", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"):
            async with aiohttp.ClientSession() as http, http.get(f"{world.url}/revocations/{since}") as response:
                assert response.status == 400
                assert (await response.text()).startswith("since: expected 0, or a time: ")
        assert world.app.state.host.feed.news.readers == 0

    async def test_a_head_holds_no_seat(self, world: World) -> None:
        async with aiohttp.ClientSession() as http, http.head(f"{world.url}/revocations/0") as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
        assert world.app.state.host.feed.news.readers == 0


class TestSince:
    async def test_at_or_after(self, world: World) -> None:
        await record(world, 1, 2, 3)
        await record(world, 4, at=200)
        for since, expected in (
            ("0", [1, 2, 3, 4]),
            ("0001-01-01T00:00:00Z", [1, 2, 3, 4]),
            ("1970-01-01T00:01:40Z", [1, 2, 3, 4]),
            # An instant at which something was recorded: where a reader had come to. It is given once more.
            ("1970-01-01T00:01:40.000000001Z", [2, 3, 4]),
            ("1970-01-01T02:01:40.000000002+02:00", [3, 4]),
            # A time by somebody's clock: what was recorded in its second may have been recorded after it.
            ("1970-01-01T00:01:40.5Z", [1, 2, 3, 4]),
            ("1970-01-01T00:01:41Z", [4]),
            ("1970-01-01T00:03:20.999Z", [4]),
        ):
            async with listening(world.url, since) as listener:
                assert await listener.causes(len(expected)) == causes(*expected), since

    async def test_what_comes_now_is_new_whatever_is_asked_for(self, world: World) -> None:
        await record(world, 1, 2)
        for number, since in enumerate(("1970-01-01T00:01:41Z", "2261-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"), 3):
            async with listening(world.url, since) as listener:
                await record(world, number)
                assert await listener.causes(1) == causes(number)

    async def test_nothing_yet(self, world: World) -> None:
        async with listening(world.url) as listener:
            await record(world, 1)
            assert await listener.causes(1) == causes(1)

    async def test_page_after_page(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "PAGE", 3)
        await record(world, *range(10))
        async with listening(world.url) as listener:
            assert await listener.causes(10) == causes(*range(10))


class TestReadingAlong:
    async def test_what_another_process_records_is_told(self, world: World, tmp_path: Path) -> None:
        other = await connect(f"sqlite:///{tmp_path / 'forge.db'}")
        async with listening(world.url) as one, listening(world.url) as two:
            for number in range(5):
                await other.change(recording([number]))
                assert await one.causes(1) == await two.causes(1) == causes(number)
        await other.close()

    async def test_what_is_recorded_here_is_told_without_waiting_for_a_look(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(news, "POLL", 10 * LONG)
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        done: set[str] = set()
        look, announce = feed.Feed._look, News._announce

        async def looking(self: feed.Feed, place: int) -> Any:
            found = await look(self, place)
            done.add("a reader looked")
            return found

        def announcing(self: News) -> None:
            announce(self)
            done.add("the poller looked")

        monkeypatch.setattr(feed.Feed, "_look", looking)
        monkeypatch.setattr(News, "_announce", announcing)
        async with listening(world.url) as listener:
            await until(lambda: len(done) == 2 and not world.app.state.host.feed._pages)
            await send(world, Case(CAT))
            assert await listener.causes(1) == [Case(CAT).tokens(world)[0].cid]

    async def test_many_who_stand_at_one_place_share_a_look(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        looks = 0
        real = Transaction.announcements

        def counted(self: Transaction, after: int, limit: int) -> Sequence[Announcement]:
            nonlocal looks
            looks += 1
            return real(self, after, limit)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            responses = [await http.get(f"{world.url}/revocations/0") for _ in range(40)]
            listeners = [Listener(response) for response in responses]
            await record(world, 1)
            assert [await one.causes(1) for one in listeners] == [causes(1)] * 40
            monkeypatch.setattr(Transaction, "announcements", counted)
            for number in range(2, 7):
                await record(world, number)
                assert [await one.causes(1) for one in listeners] == [causes(number)] * 40
            assert looks <= 5 * 6, "and not 5 x 40 x 2"
            for response in responses:
                response.close()

    async def test_a_quiet_feed_says_that_it_lives(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "QUIET", 0.01)
        async with listening(world.url) as listener:
            text = b""
            while len(text) < 10 * len(KEEP_ALIVE):
                text += await listener.response.content.readany()
            assert text.replace(KEEP_ALIVE, b"") == b""
            await record(world, 1)
            assert await listener.causes(1) == causes(1)

    async def test_nobody_looks_while_nobody_reads(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "POLL", 0.01)
        host = world.app.state.host
        for number in range(3):
            async with listening(world.url) as listener:
                await record(world, number)
                await listener.causes(number + 1)
                assert not host.feed.news._poller.done()
            await until(lambda: host.feed.news._poller.done() and host.feed.news.readers == 0)

    async def test_a_store_that_fails_ends_it_with_a_word(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        await record(world, 1)
        async with listening(world.url) as listener:
            assert await listener.causes(1) == causes(1)

            async def broken(work: Callable[..., Any]) -> None:
                raise StoreError(f"store: secret {work!r}")

            monkeypatch.setattr(world.app.state.host.store, "read", broken)
            (event,) = await listener.end()
        assert event.name == "error"
        assert list(json.loads(event.data)) == ["error"]
        assert "secret" not in event.data
        assert world.app.state.host.feed.news.readers == 0


class TestBounds:
    async def test_a_page_has_so_many_bytes_however_long_the_paths_are(self, world: World) -> None:
        """Whoever does not read holds a page."""
        host = world.app.state.host
        await host.store.change(recording(range(12), links=128))
        await record(world, *range(12, 200))
        place, told = 0, []
        while (page := await host.feed._look(place)) is not None:
            assert len(page.data) <= 64 * 1024
            told.append(page.data.count(b"event: revocation"))
            place = page.last
        # Of what is short, as many as may be.
        assert (sum(told), told[0], max(told)) == (200, feed.LINKS // 128, feed.PAGE)

    async def test_an_event_is_written_once_for_all_who_read_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        host, written = world.app.state.host, 0
        real = notice.announce

        def counted(announcement: Announcement) -> str:
            nonlocal written
            written += 1
            return real(announcement)

        monkeypatch.setattr(notice, "announce", counted)
        await record(world, *range(10))
        pages = {(await host.feed._look(0)).data for _ in range(3)}
        assert (len(pages), written) == (1, 10)
        (page,) = pages
        # As many are kept as there is room for, and what is not is written again.
        monkeypatch.setattr(feed, "WRITTEN", len(page) // 2)
        await record(world, 10)
        await host.feed._look(0)
        assert sum(map(len, host.feed._written.values())) == host.feed._bytes <= feed.WRITTEN
        assert page in (await host.feed._look(0)).data

    async def test_a_page_has_one_event_at_least(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "LINKS", 1)
        await world.app.state.host.store.change(recording(range(7), links=3))
        async with listening(world.url) as listener:
            assert [one.cause for one in [made(number, 3) for number in range(7)]] == await listener.causes(7)

    async def test_who_finds_no_seat_is_told_what_there_is_and_comes_again(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever fills the seats must not keep the others from learning what is revoked."""
        monkeypatch.setattr(feed, "MAX_READERS", 1)
        monkeypatch.setattr(feed, "PAGE", 3)
        await record(world, *range(10))
        async with listening(world.url):
            for count in (10, 11):
                async with listening(world.url) as passing:
                    events = await passing.end()
                assert [notice.read_announcement(one.data).cause for one in events] == causes(*range(count))
                await record(world, 10)
            await until(lambda: (world.app.state.host.feed.news.readers, world.app.state.host.feed._passing) == (1, 0))

    async def test_who_has_no_seat_is_not_there_for_long(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "MAX_READERS", 0)
        monkeypatch.setattr(feed, "PAGE", 3)
        monkeypatch.setattr(feed, "PASSING", 0.0)
        await record(world, *range(10))
        async with listening(world.url) as passing:
            assert [notice.read_announcement(one.data).cause for one in await passing.end()] == causes(*range(3))

    async def test_there_are_so_many_seats(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "MAX_READERS", 2)
        monkeypatch.setattr(feed, "MAX_PASSING", 0)
        async with listening(world.url), aiohttp.ClientSession() as http:
            async with listening(world.url), http.get(f"{world.url}/revocations/0") as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) > 0
                assert response.headers["Access-Control-Allow-Origin"] == "*"
            await until(lambda: world.app.state.host.feed.news.readers == 1)
            async with listening(world.url):
                pass

    @pytest.mark.no_cover
    async def test_who_does_not_read_costs_little_and_not_for_long(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Twenty megabytes wait for it; what it costs is a few pages."""
        host = world.app.state.host
        monkeypatch.setattr("forge.cli.protocol.WRITE_DEADLINE", 1.0)
        pages = 0
        real = feed.Feed._look

        async def counted(self: feed.Feed, place: int) -> Any:
            nonlocal pages
            pages += 1
            return await real(self, place)

        monkeypatch.setattr(feed.Feed, "_look", counted)
        for start in range(0, 2000, 200):
            await host.store.change(recording(range(start, start + 200), links=128))
        address, _, port = world.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(address, int(port), limit=1024)
        writer.write(b"GET /revocations/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        await until(lambda: host.feed.news.readers == 0)
        assert pages < 2000 * 128 / feed.LINKS, "it was not read to the end"
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    @pytest.mark.no_cover
    async def test_a_server_that_stops_does_not_wait_for_readers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server here has no limit for a graceful stop: it would wait for ever."""
        monkeypatch.setattr("forge.cli.protocol.WRITE_DEADLINE", 10 * LONG)
        paused = asyncio.Event()
        real = BoundedProtocol.pause_writing

        def pause(self: BoundedProtocol) -> None:
            real(self)
            paused.set()

        monkeypatch.setattr(BoundedProtocol, "pause_writing", pause)
        async with asyncio.timeout(LONG):
            async with running(tmp_path) as world:
                host = world.app.state.host
                await host.store.change(recording(range(2000), links=128))
                session = aiohttp.ClientSession()
                reading = Listener(await session.get(f"{world.url}/revocations/2026-01-01T00:00:00Z"))
                address, _, port = world.url.removeprefix("http://").partition(":")
                reader, writer = await asyncio.open_connection(address, int(port), limit=1024)
                writer.write(b"GET /revocations/0 HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readline()
                await paused.wait()
                assert host.feed.news.readers == 2
            assert await reading.end() == [], "and it is an end, not a cut"
        assert host.feed.news.readers == 0
        await session.close()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
