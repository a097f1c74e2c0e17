"""More than can be done: what is too much is sent away at once, and what was taken is done (docs/operating.md)."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from forge.client import Client
from forge.container import Container
from forge.errors import ServiceError
from forge.execute import LARGE
from forge.invocation import Invocation
from forge.keys import Signer
from forge.receipt import Receipt
from forge.wire import CONTENT_TYPE, HEADER, write_header
from tests.service.test_client import SERVICE, answering, container, invocation
from tests.service.test_principals import hosting
from tests.service.test_waiting import SlowSite
from tests.service.world import World, running

MOST = 2
GENEROUS = 30.0
"""Seconds after which it has failed."""


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path, max_running=MOST, resolve_http=True, resolve_private=True, resolve_timeout=60) as world:
        yield world


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep the store's file, as another process would."""
    with closing(sqlite3.connect(folder / "forge.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def full(world: World, *containers: Container) -> list[asyncio.Task[Container]]:
    """Send so much that no more is let in."""
    sent = [asyncio.create_task(world.client.send(one)) for one in containers]
    while world.app.state.host.executor.running < MOST:  # noqa: ASYNC110 - the service has no event for it
        await asyncio.sleep(0.001)
    return sent


def notes(world: World, count: int) -> list[Invocation]:
    return [world.invocation("/test/note", {"text": str(number)}, by=Signer.generate()) for number in range(count)]


async def post(http: aiohttp.ClientSession, world: World, one: Container) -> tuple[int, dict[str, str]]:
    headers = {"Content-Type": CONTENT_TYPE}
    async with http.post(world.url + "/", data=one.to_cbor(), headers=headers) as response:
        await response.read()
        return response.status, dict(response.headers)


class TestTheServer:
    async def test_sends_away_what_is_too_much_and_does_what_it_took(self, small: World, tmp_path: Path) -> None:
        taken, more = notes(small, MOST), Container.of(notes(small, 1))
        look = small.invocation("/test/count", {}, by=small.service)
        async with aiohttp.ClientSession() as http:
            with held(tmp_path):
                sent = await full(small, *map(Container.of, taken))
                status, headers = await post(http, small, more)
                assert (status, headers["Retry-After"], headers.get("Connection")) == (503, "1", None)
                asked = {HEADER: write_header(Container.of(look))}
                async with http.get(small.url + "/test/count", headers=asked) as response:
                    assert (response.status, response.headers["Retry-After"]) == (503, "1")
                for path in ("/health/ready", "/health/live"):
                    async with http.get(small.url + path) as response:
                        assert response.status == 200
            for one, answer in zip(taken, await asyncio.gather(*sent), strict=True):
                assert answer.receipts[one.task].ok is not None
            assert (await post(http, small, more))[0] == 200
            async with http.get(small.url + "/metrics") as response:
                text = await response.text()
        assert "forge_shed_requests_total 2.0" in text
        assert 'forge_refused_requests_total{status="503"} 2.0' in text
        assert small.app.state.host.executor.running == 0

    async def test_sends_away_before_it_looks(self, small: World, tmp_path: Path) -> None:
        with held(tmp_path):
            sent = await full(small, *(Container.of(one) for one in notes(small, MOST)))
            async with aiohttp.ClientSession() as http:
                headers = {"Content-Type": CONTENT_TYPE}
                async with http.post(small.url + "/", data=b"no container", headers=headers) as response:
                    assert response.status == 503
        await asyncio.gather(*sent)

    async def test_a_container_counts_by_what_is_in_it(self, small: World, tmp_path: Path) -> None:
        host = small.app.state.host
        for count in (MOST, LARGE + 1):
            with held(tmp_path):
                sent = await full(small, Container.of(notes(small, count)))
                assert host.executor.running == min(count, LARGE)
                async with aiohttp.ClientSession() as http:
                    assert (await post(http, small, Container.of(notes(small, 1))))[0] == 503
            (answer,) = await asyncio.gather(*sent)
            assert len(answer.receipts) == count
        assert host.executor.running == 0

    async def test_whoever_waits_for_a_slow_host_takes_no_place(self, small: World) -> None:
        async with hosting(SlowSite()) as site:
            somebody = site.publish(Signer.generate().key, "slow")
            slow = [small.invocation("/debug/echo", {"message": "x"}, by=somebody) for _ in range(MOST)]
            waiting = [asyncio.create_task(small.client.send(Container.of(one))) for one in slow]
            await site.asked_once.wait()
            async with aiohttp.ClientSession() as http:
                assert (await post(http, small, Container.of(notes(small, 1))))[0] == 200
            assert not any(one.done() for one in waiting)
            site.may_answer.set()
            await asyncio.gather(*waiting)

    async def test_a_client_that_is_sent_away_comes_again(self, small: World, tmp_path: Path) -> None:
        taken, (late,) = notes(small, MOST), notes(small, 1)
        with held(tmp_path):
            sent = await full(small, *map(Container.of, taken))
            waiting = asyncio.create_task(small.client.execute(late))
            async with asyncio.timeout(GENEROUS):
                while "forge_shed_requests_total 1.0" not in small.app.state.host.metrics.render()[0].decode():  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.001)
        await asyncio.gather(*sent)
        receipt = await waiting
        assert receipt.ok == {"text": "0"}
        assert await small.client.receipt(late.task) == receipt


class TestTheClient:
    @pytest.mark.parametrize("size", [1, 1_500_000], ids=["small", "in pieces"])
    async def test_sends_the_same_bytes_again(self, size: int) -> None:
        asked = Invocation.issue(
            SERVICE, subject=SERVICE.did, command=invocation().command, arguments={"message": "x" * size}, expiration=None
        )
        good = Receipt.issue(SERVICE, ran=asked.task, out={}, issued_at=0)
        bodies: list[bytes] = []

        async def answer(request: web.Request) -> web.StreamResponse:
            bodies.append(await request.read())
            if len(bodies) < 3:
                return web.Response(status=503, text="busy\n", headers={"Retry-After": "0"})
            return await container(good)(request)

        async with answering(answer) as url, Client(url) as client:
            assert await client.execute(asked) == good
        assert bodies == [Container.of(asked).to_cbor()] * 3

    async def test_looks_again(self) -> None:
        asked = invocation()
        good = Receipt.issue(SERVICE, ran=asked.task, out={}, issued_at=0)
        answers = [
            web.Response(status=503, headers={"Retry-After": "0"}),
            web.Response(headers={HEADER: write_header(Container.of(good))}),
        ]

        async def answer(_: web.Request) -> web.StreamResponse:
            return answers.pop(0)

        async with answering(answer) as url, Client(url) as client:
            assert await client.look(asked) == good

    @pytest.mark.parametrize("after", ["61", "99999", "9" * 5000, "-1", "soon", "", None])
    async def test_does_not_wait_beyond_its_deadline_nor_for_what_is_no_number(self, after: str | None) -> None:
        times = 0

        async def answer(_: web.Request) -> web.StreamResponse:
            nonlocal times
            times += 1
            return web.Response(status=503, text="busy\n", headers={} if after is None else {"Retry-After": after})

        async with answering(answer) as url, Client(url) as client:
            with pytest.raises(ServiceError, match="answered 503"):
                await client.execute(invocation())
        assert times == 1

    async def test_gives_up_in_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("forge.client.TIMEOUT", 1.0)
        times = 0

        async def answer(_: web.Request) -> web.StreamResponse:
            nonlocal times
            times += 1
            return web.Response(status=503, text="busy\n", headers={"Retry-After": "0"})

        async with answering(answer) as url, Client(url) as client:
            with pytest.raises(ServiceError, match="answered 503"):
                await client.execute(invocation())
        assert times > 1
