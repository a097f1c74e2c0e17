"""`GET /events/{since}`: what happened, to whoever may know it and for as long as it may, however often it is cut (§10.4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random
from secrets import token_urlsafe
from typing import Any

import aiohttp
import pytest

from forge import dagcbor, dagjson
from forge.binding import ANYONE, Command, Effect, Nothing, Stream, failure_of
from forge.catalog import Catalog
from forge.cid import CID
from forge.cli.protocol import BoundedProtocol
from forge.client import now
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.document import own_methods
from forge.errors import DIDKeyResolutionError, StoreError
from forge.eventstream import KEEP_ALIVE, Event, Reader
from forge.execute import Executor
from forge.invocation import Invocation
from forge.keys import Signer
from forge.method import VerificationMethod
from forge.policy import Policy
from forge.resolve import Resolver
from forge.server import news, tail
from forge.server.news import News
from forge.server.tail import Tail
from forge.wire import HEADER, read_header, write_header
from store import Transaction
from store.records import Event as Row
from tests.service.catalog import SECRET, NoArguments
from tests.service.world import PRODUCT, World, running

LONG = 30.0
"""Seconds after which a test that waits has failed. Nothing takes that long."""
LIST = "/event/list"
CATALOG = "tests.service.streamed:CATALOG"
SOMEBODY = Signer.generate()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run a service with streams that misbehave."""
    async with running(tmp_path, catalog=CATALOG) as made:
        yield made


# -- what happens -------------------------------------------------------------------------------------------------------


def row(kind: str = "test", *, about: DID | None = None, **data: Any) -> Row:
    return Row(
        at=1,
        task=CID.of(b"task"),
        command=CommandPath("/test"),
        issuer=SOMEBODY.did,
        subject=SOMEBODY.did,
        type=kind,
        customer=about,
        data=data,
    )


def appending(rows: Sequence[Row]) -> Callable[[Transaction], int]:
    def work(tx: Transaction) -> int:
        for one in rows:
            tx.append(one)
        return tx.last_event()

    return work


async def happen(world: World, *rows: Row) -> int:
    """Append events, as a command does; give the last one's number."""
    last = int(await world.app.state.host.store.change(appending(rows)))
    for one in world.app.state.host.tails.values():
        one.news.knock()
    return last


async def recorded(world: World, since: int = 0) -> list[int]:
    """Give the numbers of what the store has."""
    found = await world.app.state.host.store.read(lambda tx: tx.events(since))
    return [event.seq for event in found]


async def listed_by(world: World) -> list[dict[str, Any]]:
    """Give what the command itself says, to the service."""
    (receipt,) = await world.send(asked(world))
    assert isinstance(receipt.ok, dict)
    return receipt.ok["results"]  # type: ignore[return-value]


# -- who reads along ----------------------------------------------------------------------------------------------------


def asked(world: World, by: Signer | None = None, command: str = LIST, /, **parts: Any) -> Invocation:
    """Ask, as the service where nobody is named."""
    arguments = parts.pop("arguments", {})
    return world.invocation(command, arguments, by=by or world.service, **parts)


def given(world: World, audience: Signer, **parts: Any) -> Delegation:
    """Let somebody read the service's events."""
    parts = {"command": CommandPath("/event"), "expiration": None, "subject": world.service.did} | parts
    return Delegation.issue(world.service, audience=audience.did, **parts)


def headers(*tokens: Invocation | Delegation, last: object = None) -> dict[str, str]:
    more = {} if last is None else {"Last-Event-ID": str(last)}
    return {HEADER: write_header(Container.of(*tokens))} | more


class Follower:
    """Somebody who reads along."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.reader = Reader()
        self.waiting: list[Event] = []

    async def next(self) -> Event:
        async with asyncio.timeout(LONG):
            while not self.waiting:
                data = await self.response.content.readany()
                assert data, "the stream ended"
                self.waiting = self.reader.feed(data)
        return self.waiting.pop(0)

    async def items(self, count: int) -> list[dict[str, Any]]:
        """Give what comes next, which is no error."""
        events = [await self.next() for _ in range(count)]
        assert {event.name for event in events} <= {"event", "test"}, events
        return [json.loads(event.data) for event in events]

    async def numbers(self, count: int) -> list[int]:
        return [int((await self.next()).id or 0) for _ in range(count)]

    async def end(self) -> list[Event]:
        """Read to the end."""
        async with asyncio.timeout(LONG):
            return self.waiting + self.reader.feed(await self.response.read())

    async def failure(self) -> dict[str, str]:
        """Read to the end, which is nothing but a failure."""
        (event,) = await self.end()
        assert (event.name, event.id) == ("error", None)
        found = json.loads(event.data)
        assert list(found) == ["message", "name"]
        return dict(found)


@asynccontextmanager
async def answered(
    world: World, *tokens: Invocation | Delegation, since: object = 0, path: str = "/events", last: object = None
) -> AsyncIterator[aiohttp.ClientResponse]:
    sent = headers(*(tokens or (asked(world),)), last=last)
    async with aiohttp.ClientSession() as http, http.get(f"{world.url}{path}/{since}", headers=sent) as response:
        yield response


@asynccontextmanager
async def following(world: World, *tokens: Invocation | Delegation, **how: Any) -> AsyncIterator[Follower]:
    async with answered(world, *tokens, **how) as response:
        assert response.status == 200, await response.text()
        yield Follower(response)


def tail_of(world: World, command: str = LIST) -> Tail:
    return world.app.state.host.tails[command]  # type: ignore[no-any-return]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.01)


async def revoke(world: World, proof: Delegation) -> None:
    arguments = {"revoke": proof.cid, "path": [proof.cid]}
    (receipt,) = await world.send(asked(world, None, "/ucan/revoke", arguments=arguments), proof)
    assert receipt.error is None, receipt.error


class TestWire:
    async def test_an_event_is_what_the_list_says_of_it(self, world: World) -> None:
        customer = await world.customer()
        (listed,) = await listed_by(world)
        async with answered(world) as response:
            assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
            assert response.headers["Cache-Control"] == "private, no-store"
            assert response.headers["Vary"] == HEADER
            assert "Access-Control-Allow-Origin" not in response.headers
            text = b""
            while text.count(b"\n\n") < 2:
                text += await response.content.readany()
        comment, event, rest = text.decode().split("\n\n")
        assert (comment, rest) == (":", "")
        first, second, third = event.split("\n")
        assert (first, second) == (f"id: {listed['seq']}", "event: event")
        assert dagjson.decode(third.removeprefix("data: ")) == listed
        assert listed["customer"] == customer.did

    async def test_what_dag_json_cannot_say_keeps_nothing_back(self, world: World) -> None:
        """A key that DAG-JSON has for itself, which any customer's details may have."""
        for number in range(3):
            await happen(world, row(number=number), row(details={"/": "\n\r\u2028"}))
        async with following(world) as follower:
            one, strange, *_ = await follower.items(6)
        assert one["data"] == {"number": 0}
        data = dagjson.decode(json.dumps(strange))
        assert isinstance(data, bytes)
        said: Any = dagcbor.decode(data)
        assert said["data"] == {"details": {"/": "\n\r\u2028"}}

    async def test_a_head_holds_no_seat(self, world: World) -> None:
        async with aiohttp.ClientSession() as http:
            async with http.head(f"{world.url}/events/0", headers=headers(asked(world))) as response:
                assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
            # The connection is still there.
            assert tail_of(world).news.readers == 0
            async with http.head(f"{world.url}/events/0", headers=headers(asked(world, SOMEBODY))) as response:
                assert response.status == 403

    async def test_the_service_says_what_can_be_followed(self, world: World) -> None:
        async with aiohttp.ClientSession() as http, http.get(world.url) as response:
            said = await response.json()
        assert {one["command"]: one["stream"] for one in said["commands"] if "stream" in one} == {
            LIST: "/events",
            "/test/tail": "/test-tail",
            "/test/inherit": "/inherited",
        }

    async def test_what_is_counted(self, world: World) -> None:
        async with following(world, asked(world, expiration=now() + 60)):
            world.app.state.host.executor._clock = lambda: now() + 3600
            await happen(world, row())
            await until(lambda: tail_of(world).news.readers == 0)
        async with answered(world, asked(world, SOMEBODY, expiration=now() + 7200)):
            pass
        text = world.app.state.host.metrics.render()[0].decode()
        for outcome in ("ok", "Expired", "InvalidSubject"):
            assert f'forge_invocations_total{{command="{LIST}",outcome="{outcome}"}} 1.0' in text


class TestAsking:
    """What is wrong before there is an invocation is a status and a line, as with the other routes."""

    async def refused(self, world: World, sent: dict[str, str], since: str = "0") -> str:
        async with aiohttp.ClientSession() as http, http.get(f"{world.url}/events/{since}", headers=sent) as response:
            assert (response.status, response.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
            text = await response.text()
        assert tail_of(world).news.readers == 0
        return text

    @pytest.mark.parametrize(
        "since", ["-1", "x", "1x", "00", "01", "+1", "1.0", "1e3", " 1", "%20", "٣", "１", "9223372036854775808", "9" * 400]
    )
    async def test_what_is_no_number(self, world: World, since: str) -> None:
        text = await self.refused(world, headers(asked(world)), since)
        assert text.startswith("since: expected the number of an event, or 0 for all of them: 0 to 9223372036854775807, not ")
        assert len(text) < 400
        if since.isascii() and since == since.strip() != "%20":
            assert (await self.refused(world, headers(asked(world), last=since))).startswith("Last-Event-ID: expected ")

    async def test_the_header(self, world: World) -> None:
        one, other = asked(world), asked(world)
        assert 'missing required "X-UCAN-Container" header' in await self.refused(world, {})
        assert "found multiple" in await self.refused(world, headers(one, other))
        assert "missing UCAN invocation" in await self.refused(world, headers())
        foreign = asked(world, audience=SOMEBODY.did)
        assert "missing UCAN invocation" in await self.refused(world, headers(foreign))
        wrong = asked(world, None, "/customer/list")
        text = await self.refused(world, headers(wrong))
        assert f"the invocation is of /customer/list, and the path is {LIST}" in text
        for value in ("", "E", "E!!!!", "@abc"):
            assert (await self.refused(world, {HEADER: value})).startswith(f"{HEADER}: ")

    async def test_another_method_and_no_place(self, world: World) -> None:
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{world.url}/events/0", headers=headers(asked(world))) as response:
                assert response.status == 405
            for path in ("/events", "/events/", "/events/0/0"):
                async with http.get(world.url + path, headers=headers(asked(world))) as response:
                    assert response.status == 404


class TestPlace:
    async def test_from_anywhere_on(self, world: World) -> None:
        await happen(world, *(row(number=number) for number in range(8)))
        numbers = await recorded(world)
        for since in (0, *numbers[:-1], numbers[3] + 0):
            expected = [number for number in numbers if number > since]
            async with following(world, since=since) as follower:
                assert await follower.numbers(len(expected)) == expected

    async def test_where_nothing_is_yet(self, world: World) -> None:
        last = await happen(world, row(), row())
        async with following(world, since=last + 1) as far, following(world, since=2**63 - 1) as furthest:
            async with following(world, since=last) as near:
                more = await happen(world, row(), row())
                assert await near.numbers(2) == [last + 1, more]
                assert await far.numbers(1) == [more]
            assert (far.waiting, furthest.waiting) == ([], [])

    async def test_the_last_event_id_where_it_is_later(self, world: World) -> None:
        await happen(world, *(row() for _ in range(5)))
        numbers = await recorded(world)
        for since, last, first in ((0, numbers[2], 3), (numbers[3], numbers[1], 4), (0, 0, 0)):
            async with following(world, since=since, last=last) as follower:
                assert await follower.numbers(5 - first) == numbers[first:]

    async def test_a_policy_may_say_where_it_begins(self, world: World) -> None:
        await happen(world, *(row() for _ in range(5)))
        numbers = await recorded(world)
        proof = given(world, SOMEBODY, policy=Policy.decode([[">=", ".since", numbers[2]]]))
        parts = {"subject": world.service.did, "proofs": [proof.cid]}
        invocation = asked(world, SOMEBODY, arguments={"since": numbers[2]}, **parts)
        async with following(world, invocation, proof, since=0) as follower:
            assert await follower.numbers(2) == numbers[3:]
        async with following(world, invocation, proof, since=numbers[3]) as follower:
            assert await follower.numbers(1) == numbers[4:]
        page: Any = (await world.client.look(asked(world, arguments={"size": 2}))).ok
        async with following(world, asked(world, arguments={"cursor": page["cursor"]}), since=0) as follower:
            assert await follower.numbers(3) == numbers[2:]

    @pytest.mark.parametrize("seed", range(3))
    async def test_whoever_is_cut_anywhere_misses_nothing_and_gets_nothing_twice(
        self, world: World, monkeypatch: pytest.MonkeyPatch, seed: int
    ) -> None:
        """It remembers the id of the last event that came whole, and comes again with it, while more and more happens."""
        random = Random(seed)  # noqa: S311 - not a secret
        monkeypatch.setattr(tail, "PAGE", 7)
        monkeypatch.setattr(tail, "FEW", 3)
        monkeypatch.setattr(tail_of(world).news, "_pace", 0.0)

        async def more(count: int) -> int:
            return await happen(world, *(row(noise="x" * random.randrange(300)) for _ in range(count)))

        newest, last, cuts = await more(100), 0, 0
        seen: list[Event] = []
        while newest < 300 or last < newest:
            left, reader, by_path = random.choice((1, 40, 400, 4000, 8000)), Reader(), random.random() < 0.5
            async with answered(world, since=last if by_path else 0, last=None if by_path else last) as response:
                while left > 0:
                    if last == newest:
                        if newest >= 300:
                            break
                        newest = await more(random.randrange(1, 20))
                    data = await response.content.read(random.randrange(1, min(left, 500) + 1))
                    left -= len(data)
                    for event in reader.feed(data):
                        seen.append(event)
                        last = int(event.id or 0)
            cuts += 1
        assert [int(event.id or 0) for event in seen] == await recorded(world)
        assert [json.loads(event.data)["seq"] for event in seen] == await recorded(world)
        assert cuts > 10


class TestReadingAlong:
    async def test_what_two_processes_do_comes_in_the_order_of_the_store(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        async with running(tmp_path) as here, running(tmp_path) as there, AsyncExitStack() as stack:
            readers = [await stack.enter_async_context(following(one)) for one in (here, there, here)]
            customers = []
            for world in (there, here, there, there, here):
                customers.append((await world.customer()).did)
                # One by one, and so in an order that is known.
                assert [(await one.items(1))[0]["customer"] for one in readers] == [customers[-1]] * 3
            together = await asyncio.gather(*(world.customer() for world in (here, there) * 10))
            told = [[item["customer"] for item in await one.items(len(together))] for one in readers]
            assert told == [[event["customer"] for event in await listed_by(here)][len(customers) :]] * 3
            assert sorted(told[0]) == sorted(one.did for one in together)

    async def test_what_happens_here_is_told_without_waiting_for_a_look(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(news, "POLL", 10 * LONG)
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        async with following(world) as follower:
            for _ in range(3):
                customer = await world.customer()
                assert (await follower.items(1))[0]["customer"] == customer.did

    async def test_what_happens_during_a_look_is_told_after_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "POLL", 10 * LONG)
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        looks = 0
        real = Tail.page

        async def overtaken(self: Tail, reader: tail.Reader, after: int) -> tail.Page:
            nonlocal looks
            looks += 1
            page = await real(self, reader, after)
            if looks in (2, 3):
                coming = self.news.coming
                await happen(world, row())
                await coming.wait()
            return page

        monkeypatch.setattr(Tail, "page", overtaken)
        async with following(world) as follower:
            assert len(await follower.items(2)) == 2

    async def test_a_quiet_stream_says_that_it_lives(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "QUIET", 0.01)
        async with following(world) as follower:
            text = b""
            async with asyncio.timeout(LONG):
                while len(text) < 10 * len(KEEP_ALIVE):
                    text += await follower.response.content.readany()
            assert text.replace(KEEP_ALIVE, b"") == b""
            last = await happen(world, row())
            assert await follower.numbers(1) == [last]

    async def test_nobody_looks_while_nobody_reads(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "POLL", 0.01)
        for _ in range(2):
            async with following(world) as follower:
                await follower.response.content.readany()
                assert not tail_of(world).news._poller.done()  # type: ignore[union-attr]
            await until(tail_of(world).news._poller.done)  # type: ignore[union-attr]

    async def test_however_much_happens_readers_are_not_set_off_by_each(self, world: World) -> None:
        store = world.app.state.host.store
        some = News(store, lambda tx: tx.last_event(), pace=10 * LONG)
        first = some.coming
        some.enter()
        await first.wait()
        second = some.coming
        for _ in range(5):
            await happen(world, row())
            some.knock()
            # A look that was begun by the knock is before this one.
            await store.read(lambda tx: tx.last_event())
        assert not second.is_set()
        await some.aclose()
        assert second.is_set()


class TestFilters:
    async def test_what_the_arguments_leave_out(self, world: World) -> None:
        one, other = [await world.customer() for _ in range(2)]
        added, moved = "subscription-added", "consumer-moved"
        everything = [row(kind, about=about.did) for about in (one, other, one) for kind in (added, moved)]
        for arguments, passed in (
            ({"customer": one.did}, {(one.did, added), (one.did, moved)}),
            ({"customer": other.did, "type": moved}, {(other.did, moved)}),
            ({"type": added}, {(one.did, added), (other.did, added)}),
        ):
            expected = [(event.customer, event.type) for event in everything if (event.customer, event.type) in passed]
            since = (await recorded(world))[-1]
            await happen(world, *everything)
            async with following(world, asked(world, arguments=arguments), since=since) as follower:
                for _ in range(3):
                    found = await follower.items(len(expected))
                    assert [(item["customer"], item["type"]) for item in found] == expected
                    await happen(world, *everything)

    async def test_a_customer_sees_its_own(self, world: World) -> None:
        one, other = [await world.customer() for _ in range(2)]
        async with following(world, asked(world, one)) as follower:
            assert [item["customer"] for item in await follower.items(1)] == [one.did]
            await happen(world, row("hidden", about=other.did), row("hidden"), row("shown", about=one.did))
            assert [item["type"] for item in await follower.items(1)] == ["shown"]
        async with answered(world, asked(world, one, arguments={"customer": other.did})) as response:
            assert response.status == 403

    async def test_much_that_is_left_out_holds_nothing_up(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tail, "LOOKED_AT", 20)
        looks: list[tuple[int, int]] = []
        real = Tail._read

        def counted(self: Tail, task: Any, tx: Transaction, after: int) -> tail.Page:
            page = real(self, task, tx, after)
            looks.append((after, page.last))
            return page

        monkeypatch.setattr(Tail, "_read", counted)
        await happen(world, *(row("noise") for _ in range(150)), row("signal"))
        invocation = asked(world, SOMEBODY, "/test/tail", arguments={"only": "signal"})
        async with following(world, invocation, path="/test-tail") as follower:
            assert await follower.items(1) == [{"type": "signal"}]
        assert [after for after, _ in looks[:3]] == [0, 32, 64]


class TestAuthority:
    async def refused(self, world: World, *tokens: Invocation | Delegation, path: str = "/events") -> str:
        """Give the name of the failure, of which there is nothing but the answer."""
        async with answered(world, *tokens, path=path) as response:
            assert response.status == 403, tokens
            assert response.headers["Content-Type"] == "application/vnd.ipld.dag-json"
            assert response.headers["Cache-Control"] == "private, no-store"
            body = dagjson.decode(await response.text())
            (receipt,) = read_header(response.headers[HEADER]).receipts.values()
        assert isinstance(tokens[0], Invocation)
        assert (receipt.ran, receipt.executor) == (tokens[0].task, world.service.did)
        assert body == {"error": receipt.error}
        assert tail_of(world).news.readers == 0
        return failure_of(receipt).name

    async def test_who_has_none_gets_nothing(self, world: World) -> None:
        await world.customer()
        proof = given(world, SOMEBODY)
        parts = {"subject": world.service.did, "proofs": [proof.cid]}
        about_customers = given(world, SOMEBODY, policy=Policy.decode([["==", ".customer", str(PRODUCT)]]))
        revoked = given(world, SOMEBODY)
        await revoke(world, revoked)
        refused = self.refused
        assert await refused(world, asked(world, SOMEBODY)) == "InvalidSubject"
        assert await refused(world, asked(world, SOMEBODY, subject=world.service.did)) == "InvalidClaim"
        assert await refused(world, asked(world, SOMEBODY, **parts)) == "UnavailableProof"
        assert await refused(world, asked(world, Signer.generate(), **parts), proof) == "InvalidAudience"
        assert await refused(world, asked(world, SOMEBODY, **parts, expiration=1), proof) == "Expired"
        parts["proofs"] = [about_customers.cid]
        assert await refused(world, asked(world, SOMEBODY, **parts), about_customers) == "MatchError"
        parts["proofs"] = [revoked.cid]
        assert await refused(world, asked(world, SOMEBODY, **parts), revoked) == "Revoked"
        assert await refused(world, asked(world, arguments={"customers": "all"})) == "MalformedArguments"

    async def test_a_message_that_is_too_long_for_a_header(self, world: World) -> None:
        long = DID("did:web:" + ".".join(["x" * 60] * 4) + ":y" * 800)
        proof = Delegation.issue(
            Signer(world.service.key, long),
            audience=SOMEBODY.did,
            subject=long,
            command=CommandPath("/event"),
            expiration=None,
        )
        world.app.state.host.executor._resolver = Resolver({long: DIDKeyResolutionError(token_urlsafe(6100))})  # type: ignore[dict-item]
        async with answered(world, asked(world, SOMEBODY, subject=long, proofs=[proof.cid]), proof) as response:
            assert (response.status, HEADER in response.headers) == (403, False)
            assert json.loads(await response.text())["error"]["name"] == "DIDKeyResolutionError"

    @pytest.mark.parametrize("elsewhere", [False, True])
    async def test_revoked_while_it_reads(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool) -> None:  # noqa: FBT001 - a column
        """While nothing happens, too: it is found out as soon as an event would be."""
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        monkeypatch.setattr(news, "POLL", 0.05 if elsewhere else 10 * LONG)
        async with running(tmp_path) as world, running(tmp_path) as other:
            first = await happen(world, row())
            proof = given(world, SOMEBODY)
            invocation = asked(world, SOMEBODY, subject=world.service.did, proofs=[proof.cid])
            async with following(world, invocation, proof) as lent, following(world) as own:
                assert await lent.numbers(1) == await own.numbers(1) == [first]
                await revoke(other if elsewhere else world, proof)
                failure = await lent.failure()
                assert failure["name"] == "Revoked"
                assert str(proof.cid) in failure["message"]
                second = await happen(world, row())
                assert await own.numbers(1) == [second]
            assert await TestAuthority().refused(world, invocation, proof) == "Revoked"

    async def test_what_it_did_not_see_before_it_does_not_see(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """Authority is looked at in the transaction that reads a page."""
        monkeypatch.setattr(tail, "PAGE", 2)
        await happen(world, *(row() for _ in range(10)))
        numbers = await recorded(world)
        proof = given(world, SOMEBODY)
        looks = 0
        real = Executor.follow

        async def revoking(self: Executor[Any], *how: Any) -> Any:
            nonlocal looks
            looks += 1
            if looks == 3:
                await revoke(world, proof)
            return await real(self, *how)

        monkeypatch.setattr(Executor, "follow", revoking)
        invocation = asked(world, SOMEBODY, subject=world.service.did, proofs=[proof.cid])
        async with following(world, invocation, proof) as follower:
            assert await follower.numbers(4) == numbers[:4]
            assert (await follower.failure())["name"] == "Revoked"

    async def test_no_page_waits_for_who_does_not_take_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        """The page that would is read when it can be taken: by then whoever waits may have lost the authority."""
        monkeypatch.setattr(tail, "PAGE", 1)
        await happen(world, row(), row())
        proof = given(world, SOMEBODY)
        invocation = asked(world, SOMEBODY, subject=world.service.did, proofs=[proof.cid])
        reader = tail.Reader(invocation, Container.of(invocation, proof))
        parts = tail_of(world).read(reader, await tail_of(world).page(reader, 0))
        assert await anext(parts) == KEEP_ALIVE
        assert (await anext(parts)).startswith(b"id: 1\n")
        # What the server gives on after it has been able to write all that came before.
        assert await anext(parts) == b""
        await revoke(world, proof)
        assert (await anext(parts)).startswith(b"event: error\n")
        with pytest.raises(StopAsyncIteration):
            await anext(parts)

    async def test_expired_while_it_reads(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(news, "QUIET", 0.01)
        last = await happen(world, row())
        for short in ("invocation", "proof"):
            proof = given(world, SOMEBODY, expiration=now() + 60 if short == "proof" else None)
            invocation = asked(
                world,
                SOMEBODY,
                subject=world.service.did,
                proofs=[proof.cid],
                expiration=now() + 60 if short == "invocation" else None,
            )
            async with following(world, invocation, proof) as follower:
                assert await follower.numbers(1) == [last]
                world.app.state.host.executor._clock = lambda: now() + 3600
                failure = await follower.failure()
                assert failure["name"] == "Expired"
                assert failure["message"].startswith(short)
            world.app.state.host.executor._clock = now

    async def test_no_longer_whom_the_command_serves(self, world: World) -> None:
        heir, other = Signer.generate(), Signer.generate()
        await happen(world, row(about=heir.did))
        async with following(world, asked(world, heir, "/test/inherit"), path="/inherited") as follower:
            await follower.items(1)
            await happen(world, row(about=heir.did), row(about=heir.did))
            assert len(await follower.items(2)) == 2
            await happen(world, row(about=heir.did), row(about=other.did))
            assert (await follower.failure())["name"] == "InvalidSubject"

    async def test_keys_are_asked_for_again(self, world: World) -> None:
        reader = DID("did:web:reader.example.com")
        old, new = Signer.generate(), Signer.generate()
        known: dict[DID, Sequence[VerificationMethod]] = {reader: own_methods(reader, old.key.public)}
        resolver = world.app.state.host.executor._resolver = Resolver(known)
        invocation = asked(world, Signer(old.key, reader), "/test/tail")
        async with following(world, invocation, path="/test-tail") as follower:
            await happen(world, row())
            await follower.items(1)
            resolver._own[reader] = own_methods(reader, new.key.public)
            await happen(world, row())
            assert (await follower.failure())["name"] == "InvalidSignature"

    async def test_a_signature_is_checked_once(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        checked = 0
        kind = type(world.service.key.public)
        real = kind.verify

        def counted(*how: Any) -> bool:
            nonlocal checked
            checked += 1
            return real(*how)

        proof = given(world, SOMEBODY)
        invocation = asked(world, SOMEBODY, subject=world.service.did, proofs=[proof.cid])
        async with following(world, invocation, proof) as follower:
            await happen(world, row())
            await follower.items(1)
            monkeypatch.setattr(kind, "verify", counted)
            for _ in range(3):
                await happen(world, row())
                await follower.items(1)
        assert checked == 0


class TestFaults:
    async def test_something_breaks_before_it_begins(self, world: World) -> None:
        for kind in ("broken", "undeclared", "stuck"):
            last = await happen(world, row(kind))
            async with answered(world, asked(world, SOMEBODY, "/test/tail"), path="/test-tail", since=last - 1) as response:
                assert response.status == 500
                text = await response.text()
            assert json.loads(text)["error"]["name"] == "HandlerExecutionError"
            assert SECRET not in text
        assert tail_of(world, "/test/tail").news.readers == 0

    async def test_something_breaks_while_it_reads(self, world: World) -> None:
        for kind in ("broken", "stuck"):
            last = await happen(world, row())
            invocation = asked(world, SOMEBODY, "/test/tail")
            async with following(world, invocation, path="/test-tail", since=last - 1) as follower:
                await follower.items(1)
                await happen(world, row(kind))
                failure = await follower.failure()
            assert failure["name"] == "HandlerExecutionError"
            assert SECRET not in failure["message"]

    async def test_a_store_that_fails(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        last = await happen(world, row())
        async with following(world) as follower:
            assert await follower.numbers(1) == [last]

            def broken(work: Callable[..., Any]) -> None:
                raise StoreError(f"store: secret {work!r}")

            monkeypatch.setattr(world.app.state.host.store, "begin_read", broken)
            tail_of(world).news.knock()
            failure = await follower.failure()
        assert failure["name"] == "HandlerExecutionError"
        assert "secret" not in failure["message"]


class TestBounds:
    async def test_a_page_has_so_many_bytes_and_one_event_at_least(self, world: World) -> None:
        await happen(world, *(row(noise="x" * 10_000) for _ in range(30)), row(noise="x" * 200_000), row(), row())
        reader = tail.Reader(asked(world), Container.of())
        place, pages = 0, []
        while (page := await tail_of(world).page(reader, place)).data:
            place = page.last
            pages.append(page)
        assert [page.data.count(b"event: event\n") for page in pages] == [6, 6, 6, 6, 6, 1, 2]
        assert all(len(page.data) <= tail.PAGE_BYTES for page in pages if page is not pages[5])

    async def test_a_page_has_so_many_events(self, world: World) -> None:
        await happen(world, *(row() for _ in range(250)))
        reader = tail.Reader(asked(world), Container.of())
        places = [0]
        while (page := await tail_of(world).page(reader, places[-1])).data:
            places.append(page.last)
        assert [after - before for before, after in pairwise(places)] == [100, 100, 50]

    async def test_there_are_so_many_seats(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tail, "MAX_READERS", 5)
        monkeypatch.setattr(tail, "RESERVED", 2)
        monkeypatch.setattr(tail, "MAX_OF_ONE", 2)
        one, other = [await world.customer() for _ in range(2)]
        async with AsyncExitStack() as stack:

            async def full(by: Signer | None = None) -> bool:
                async with answered(world, asked(world, by)) as response:
                    if response.status == 200:
                        return False
                    assert response.status == 503
                    assert int(response.headers["Retry-After"]) > 0
                    assert response.headers["Connection"] == "close"
                    return True

            async def sit(by: Signer | None = None) -> Follower:
                return await stack.enter_async_context(following(world, asked(world, by)))

            sitting = [await sit(one), await sit(one)]
            assert await full(one), "one subject has so many"
            await sit(other)
            assert await full(other), "the others are the service's"
            await sit()
            await sit()
            assert await full(), "and no more than those"
            sitting[0].response.close()
            await until(lambda: tail_of(world).news.readers == 4)
            assert await full(one), "of which it would have one too many"
            await sit()
        await until(lambda: tail_of(world).news.readers == 0)
        assert not tail_of(world)._seats

    async def test_strangers_take_no_seats(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tail, "MAX_READERS", 0)
        async with answered(world, asked(world, SOMEBODY)) as response:
            assert response.status == 403

    async def test_who_does_not_read_costs_little_and_holds_nobody_up(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Thirty megabytes wait for it; what it costs is a few pages."""
        monkeypatch.setattr("forge.cli.protocol.WRITE_DEADLINE", 1.0)
        invocation, pages = asked(world), 0
        real = Tail.page

        async def counted(self: Tail, reader: tail.Reader, after: int) -> tail.Page:
            nonlocal pages
            pages += reader.invocation.cid == invocation.cid
            return await real(self, reader, after)

        monkeypatch.setattr(Tail, "page", counted)
        await happen(world, *(row(noise="x" * 60_000) for _ in range(500)))
        async with unread(world, invocation):
            last = await happen(world, row())
            async with following(world, since=last - 1) as follower:
                assert await follower.numbers(1) == [last]
            await until(lambda: tail_of(world).news.readers == 0)
        assert pages < 500, "it was not read to the end"

    async def test_a_server_that_stops_does_not_wait_for_readers(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The server here has no limit for a graceful stop: it would wait for ever."""
        monkeypatch.setattr("forge.cli.protocol.WRITE_DEADLINE", 10 * LONG)
        monkeypatch.setattr(news, "QUIET", 10 * LONG)
        monkeypatch.setattr(news, "POLL", 10 * LONG)
        paused = asyncio.Event()
        real = BoundedProtocol.pause_writing

        def pause(self: BoundedProtocol) -> None:
            real(self)
            paused.set()

        monkeypatch.setattr(BoundedProtocol, "pause_writing", pause)
        async with asyncio.timeout(LONG), AsyncExitStack() as stack:
            async with running(tmp_path) as world:
                last = await happen(world, *(row(noise="x" * 60_000) for _ in range(500)))
                reading = await stack.enter_async_context(following(world, since=last - 1))
                assert await reading.numbers(1) == [last]
                await stack.enter_async_context(unread(world, asked(world)))
                await paused.wait()
                assert tail_of(world).news.readers == 2
            assert await reading.end() == [], "and it is an end, not a cut"
            assert tail_of(world).news.readers == 0


@asynccontextmanager
async def unread(world: World, invocation: Invocation) -> AsyncIterator[None]:
    """Ask for everything, and read nothing of it."""
    address, _, port = world.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(address, int(port), limit=1024)
    writer.write(f"GET /events/0 HTTP/1.1\r\nHost: x\r\n{HEADER}: {headers(invocation)[HEADER]}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    yield
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


class TestBinding:
    STREAM: Stream[Any] = Stream("/a", "a", lambda _, __, ___, ____: (), lambda _: 0)

    @staticmethod
    def command(path: str, effect: Effect) -> Command[Any, Any]:
        return Command(path, NoArguments, Nothing, effect=effect, subjects=(ANYONE,))

    def test_what_changes_something_has_no_stream(self) -> None:
        with pytest.raises(ValueError, match="/x changes something: it has no stream"):
            self.command("/x", Effect.CHANGES).route(lambda _, __: Nothing(), self.STREAM)

    def test_a_path_is_one_streams(self) -> None:
        routes = [self.command(path, Effect.READS).route(lambda _, __: Nothing(), self.STREAM) for path in ("/x", "/y")]
        assert len(Catalog(routes[0])) == 1
        with pytest.raises(ValueError, match="two routes stream at one path"):
            Catalog(*routes)
