"""Following another service's revocations: all that verify, nothing else, whatever is cut, however often (protocol §13.2)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from forge import dagjson, follow, inquiry, instant
from forge.cid import CID
from forge.command import CommandPath
from forge.config import Settings
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DIDKeyResolutionError, StoreError
from forge.eventstream import MAX_EVENT, Event
from forge.follow import Follower
from forge.invocation import Invocation
from forge.keys import Signer
from forge.method import did_key_methods
from forge.ports import Wanted
from forge.server import feed
from forge.signature import Keys
from store import Transaction, connect
from tests.service.test_feed import until
from tests.service.test_revoke import ANN, BEN, CAT, CHAIN, DAN, EVE, FIRST, LONG, SECOND, THIRD, Case, delegation, send
from tests.service.world import World, running

NOW = 1_000_000
ELSEWHERE = DID("did:web:elsewhere.example.com")
JSON = "application/vnd.ipld.dag-json"
WEB = Signer(EVE.key, DID("did:web:eve.example.com"))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PAUSES", (0.01, 0.02))
    monkeypatch.setattr(follow, "REVISIT", 0.01)


def cause(case: Case, **parts: Any) -> Invocation:
    """Make the invocation of a case, for some service or other, long past."""
    links = [one if isinstance(one, CID) else one.cid for one in case.path]
    revoke = case.revoke if isinstance(case.revoke, CID) else case.revoke.cid
    arguments = parts.pop("arguments", {"path": links, "revoke": revoke})
    given: dict[str, Any] = {"subject": case.by.did, "audience": ELSEWHERE, "expiration": 1, "nonce": b""}
    command = parts.pop("command", CommandPath("/ucan/revoke"))
    return Invocation.issue(case.by, command=command, arguments=arguments, **given | parts)


@dataclass
class Source:
    """Another service, which tells whatever it is told to."""

    url: str = ""
    events: list[bytes] = field(default_factory=list)
    records: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    since: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    stays: bool = True
    recorded: int = NOW
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def announce(self, invocation: Invocation, revoke: CID, path: Sequence[CID] = (), recorded_at: object = None) -> None:
        self.recorded += 1
        data = {
            "cause": invocation.cid,
            "path": list(path),
            "recorded_at": instant.write(self.recorded * 10**9) if recorded_at is None else recorded_at,
            "revoke": revoke,
            "more": "than is known",
        }
        self.tell(Event("revocation", dagjson.encode(data), str(invocation.cid)).encode())

    def tell(self, event: bytes) -> None:
        self.events.append(event)
        self.changed.set()

    def has(self, invocation: Invocation, revoke: CID, path: Sequence[bytes], named: Invocation | None = None) -> None:
        body = {"cause": bytes(invocation), "path": list(path), "recorded_at": "x", "revoke": revoke}
        self.records[str((named or invocation).cid)] = (200, JSON, dagjson.encode(body))

    def revoke(self, case: Case, **parts: Any) -> Invocation:
        """Tell of a revocation as it should be."""
        invocation = cause(case, **parts)
        assert isinstance(case.revoke, Delegation)
        path = [one for one in case.path if isinstance(one, Delegation)] or [case.revoke]
        self.has(invocation, case.revoke.cid, [bytes(one) for one in path])
        self.announce(invocation, case.revoke.cid, [one.cid for one in path])
        return invocation

    async def feed(self, request: web.Request) -> web.StreamResponse:
        self.since.append(request.match_info["since"])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        told = 0
        with suppress(ConnectionError):
            while True:
                self.changed.clear()
                while told < len(self.events):
                    await response.write(self.events[told])
                    told += 1
                if not self.stays:
                    return response
                await self.changed.wait()
        return response

    async def record(self, request: web.Request) -> web.Response:
        named = request.query["cause"]
        self.asked.append(named)
        status, content_type, body = self.records.get(named, (404, "text/plain", ""))
        return web.Response(status=status, content_type=content_type, body=body.encode())

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        app = web.Application()
        app.add_routes([web.get("/revocations/{since}", self.feed), web.get("/revocation/{cid}", self.record)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield
        finally:
            await runner.cleanup()


class Resolving:
    """Knows did:key, and what it was told."""

    def __init__(self) -> None:
        self.known: dict[DID, Any] = {}

    async def resolve(self, dids: Sequence[DID]) -> Keys:
        return {
            did: self.known.get(did, DIDKeyResolutionError("not now")) if did.method != "key" else did_key_methods(did)
            for did in dids
        }


@dataclass
class Here:
    """This side: a store, and who follows into it."""

    store: Any
    source: Source
    resolver: Resolving = field(default_factory=Resolving)
    now: int = NOW + 10**6

    @asynccontextmanager
    async def following(self) -> AsyncIterator[Follower]:
        async with aiohttp.ClientSession() as session:
            follower = Follower(self.source.url, self.store, self.resolver, session, lambda: self.now)
            task = asyncio.create_task(follower.run())
            try:
                yield follower
                assert not task.done(), "nothing ends it"
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def causes(self) -> list[CID]:
        return [one.cause for one in await self.store.read(lambda tx: tx.announcements(-1, 1000))]

    async def arrived(self, *invocations: Invocation, after: str = "") -> None:
        """Wait until the last of these was recorded, and see that all of them are, and nothing else."""

        async def is_there() -> bool:
            return invocations[-1].cid in await self.causes()

        await until(is_there)
        assert sorted(map(str, await self.causes())) == sorted(str(one.cid) for one in invocations), after


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Here]:
    source = Source()
    store = await connect(str(tmp_path / "here.db"))
    async with source.serving():
        yield Here(store, source)
    await store.close()


LAST = Case(ANN, (), delegation(ANN, EVE))
"""What is told after what is not to be recorded: once it is there, the other was looked at."""


class TestWhatVerifies:
    async def test_it_is_recorded_whole_whomever_it_was_for_and_however_long_ago(self, here: Here) -> None:
        direct, by_path = here.source.revoke(Case(CAT)), here.source.revoke(Case(BEN, CHAIN))
        async with here.following():
            await here.arrived(direct, by_path)
        for invocation, path in ((direct, (THIRD,)), (by_path, CHAIN)):
            found = await here.store.read(lambda tx, cid=invocation.cid: tx.revocation(THIRD.cid, cid))
            assert found.invocation == bytes(invocation)
            assert found.path == tuple(bytes(one) for one in path)
            assert found.revoker == invocation.issuer
        found = await here.store.read(lambda tx: tx.revokers([THIRD.cid]))
        assert found == {THIRD.cid: {BEN.did, CAT.did}}

    async def test_a_time_may_be_a_number(self, here: Here) -> None:
        case = Case(CAT)
        invocation = cause(case)
        here.source.has(invocation, THIRD.cid, [bytes(THIRD)])
        here.source.announce(invocation, THIRD.cid, recorded_at=NOW * 10**9)
        async with here.following():
            await here.arrived(invocation)
        assert await here.store.read(lambda tx: tx.followed(here.source.url)) == NOW * 10**9

    async def test_arguments_without_a_path_or_with_more_than_is_known(self, here: Here) -> None:
        ones = [here.source.revoke(Case(CAT), arguments={"revoke": THIRD.cid, "why": "because"})]
        async with here.following():
            await here.arrived(*ones)

    async def test_twice_is_once(self, here: Here) -> None:
        first = here.source.revoke(Case(CAT))
        here.source.revoke(Case(CAT), nonce=b"another")
        here.source.events *= 2
        last = here.source.revoke(LAST)
        async with here.following():
            await here.arrived(first, last)
        assert len(here.source.asked) == 3, "what was seen is not asked for again"


def forged(token: Delegation, issuer: Signer, other: Signer) -> Delegation:
    return Delegation.decode(bytes(token).replace(issuer.did.encode(), other.did.encode()))


GOOD = cause(Case(CAT))
BY_EVE = forged(THIRD, CAT, EVE)
FAKE = Invocation.decode(bytes(GOOD).replace(CAT.did.encode(), EVE.did.encode()))


def told(*event: bytes) -> Callable[[Source], None]:
    return lambda source: source.tell(b"\n".join((b"event: revocation", *event, b"", b"")))


def gives(invocation: Invocation, revoke: CID, *path: Delegation) -> Callable[[Source], None]:
    def tell(source: Source) -> None:
        source.has(invocation, revoke, [bytes(one) for one in path])
        source.announce(invocation, revoke)

    return tell


def answers(body: str) -> Callable[[Source], None]:
    def tell(source: Source) -> None:
        source.records[str(GOOD.cid)] = (200, JSON, body)
        source.announce(GOOD, THIRD.cid)

    return tell


def revokes(case: Case, **parts: Any) -> Callable[[Source], object]:
    return lambda source: source.revoke(case, **parts)


def dated(recorded_at: object) -> Callable[[Source], None]:
    return lambda source: source.announce(GOOD, THIRD.cid, recorded_at=recorded_at)


IMPOSTORS: dict[str, Callable[[Source], object]] = {
    "not the revoker's own": revokes(Case(CAT), subject=ANN.did),
    "not signed by the revoker": gives(FAKE, BY_EVE.cid, BY_EVE),
    "a delegation that nobody signed": revokes(Case(EVE, (), BY_EVE)),
    "a path that nobody signed": revokes(Case(EVE, [delegation(ANN, EVE), forged(SECOND, BEN, EVE), THIRD])),
    "another command": revokes(Case(CAT), command=CommandPath("/ucan/revoke/not")),
    "with proofs": revokes(Case(CAT), proofs=[FIRST.cid]),
    "a stranger": revokes(Case(EVE)),
    "the audience": revokes(Case(DAN, CHAIN)),
    "a gap": revokes(Case(ANN, [FIRST, THIRD])),
    "no root": revokes(Case(BEN, CHAIN[1:])),
    "without its delegations": gives(GOOD, THIRD.cid),
    "with another's delegations": gives(GOOD, THIRD.cid, FIRST),
    "arguments of another kind": revokes(Case(CAT), arguments={"revoke": "x", "path": []}),
    "no path": revokes(Case(CAT), arguments={"revoke": THIRD.cid, "path": ["x"]}),
    "a path longer than may be": revokes(Case(ANN, [*LONG, LONG[0]], LONG[0])),
    "no tokens": answers('{"cause":{"/":{"bytes":"AAAA"}},"path":[]}'),
    "no bytes": answers('{"cause":"x","path":[]}'),
    "no list of bytes": answers('{"cause":{"/":{"bytes":"AAAA"}},"path":[1]}'),
    "no record": answers("[]"),
    "no JSON": told(b"data: {"),
    "no announcement": told(b'data: {"cause":1}'),
    "no time": dated("yesterday"),
    "no time that can be kept": dated("9999-01-01T00:00:00Z"),
    "a time of another kind": dated(recorded_at=True),
    "another event": lambda source: source.tell(b"event: weather\ndata: fine\n\n"),
}
"""Whatever may be told that is no revocation."""


class TestWhatDoesNot:
    async def test_it_is_passed_over_for_good(self, here: Here) -> None:
        good: list[Invocation] = []
        async with here.following() as follower:
            for name, tell in IMPOSTORS.items():
                # Many are about the same one, which is looked at anew each time.
                follower._done.clear()
                tell(here.source)
                good.append(here.source.revoke(Case(ANN, (), delegation(ANN, EVE))))
                await here.arrived(*good, after=name)
        assert await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40)) == []
        assert len(here.source.since) == 1, "nothing of it ended the feed"

    async def test_another_record_in_its_place_counts_if_it_verifies(self, here: Here) -> None:
        """Some services give the last record of a delegation, and no other."""
        gone, other = cause(Case(BEN, CHAIN)), cause(Case(CAT))
        here.source.has(other, THIRD.cid, [bytes(THIRD)], named=gone)
        here.source.announce(gone, THIRD.cid)
        last = here.source.revoke(LAST)
        async with here.following():
            await here.arrived(other, last)


class TestWhatCannotBeSaidYet:
    async def test_keys_that_are_not_found_are_asked_for_again_and_nothing_else_waits(self, here: Here) -> None:
        shared = delegation(WEB, BEN)
        late = here.source.revoke(Case(WEB, (), shared))
        last = here.source.revoke(LAST)
        async with here.following() as follower:
            await here.arrived(last)
            await until(lambda: len(follower._done) == 2)
            asked = here.source.asked.count(str(late.cid))
            here.now += follow.POSTPONED[0]
            await until(lambda: here.source.asked.count(str(late.cid)) > asked)
            here.resolver.known[WEB.did] = did_key_methods(EVE.did)
            here.now += follow.POSTPONED[1]
            await here.arrived(last, late)
        assert await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40)) == []

    async def test_it_is_not_forgotten_where_following_ends(self, here: Here) -> None:
        late = here.source.revoke(Case(WEB, (), delegation(WEB, BEN)))
        async with here.following() as follower:
            await until(lambda: bool(follower._done))
        assert [one.cause for one in await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40))] == [
            late.cid
        ]
        here.source.events.clear()
        here.resolver.known[WEB.did] = did_key_methods(EVE.did)
        here.now += follow.POSTPONED[1]
        async with here.following():
            await here.arrived(late)

    async def test_a_replaced_key_may_be_known_later_but_not_for_ever(self, here: Here) -> None:
        here.resolver.known[WEB.did] = did_key_methods(ANN.did)
        here.source.revoke(Case(WEB, (), delegation(WEB, BEN)))
        async with here.following() as follower:
            await until(lambda: bool(follower._done))
            for tries in range(1, inquiry.ROTATION + 1):
                asked = len(here.source.asked)
                here.now += follow.POSTPONED[1]
                await until(lambda asked=asked: len(here.source.asked) > asked)  # type: ignore[misc]
                # Before the clock goes on: the next try is put off from when this one is kept.
                await until(self._tried(here, tries))

            async def settled() -> bool:
                return not await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40))

            await until(settled)
        assert await here.causes() == []

    async def test_what_can_never_be_said_is_given_up(self, here: Here) -> None:
        here.source.revoke(Case(WEB, (), delegation(WEB, BEN)))
        postponed = 0
        async with here.following() as follower:
            while True:
                asked = len(here.source.asked)
                await until(lambda: bool(follower._done))
                if not await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40)):
                    break
                postponed += 1
                assert postponed < follow.TRIES
                here.now += follow.POSTPONED[1]
                await until(lambda asked=asked: len(here.source.asked) > asked)  # type: ignore[misc]
                await until(self._tried(here, postponed))
        assert len(here.source.asked) == follow.TRIES
        assert await here.causes() == []

    @staticmethod
    def _tried(here: Here, before: int) -> Callable[[], Awaitable[bool]]:
        """What came of a try is in the store."""

        async def work() -> bool:
            found = await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40))
            return all(one.tries > before for one in found)

        return work

    def test_ten_days_are_long_enough(self) -> None:
        waits = [follow._longer(follow.POSTPONED, tries) for tries in range(follow.TRIES - 1)]
        assert 9 < sum(waits) / 86_400 < 11

    async def test_only_so_many_wait_at_a_time(self, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those that were tried least: the others had their chance."""
        monkeypatch.setattr(follow, "MOST_POSTPONED", 3)
        before = [Wanted(CID.of(b"%d" % number), CID.of(b"%d" % number), 10) for number in range(3)]

        def work(tx: Transaction) -> None:
            for number, one in enumerate(before):
                tx.postpone(here.source.url, one, until=here.now + 10_000 + number)

        await here.store.change(work)
        late = [here.source.revoke(Case(WEB, (), delegation(WEB, BEN))) for _ in range(2)]
        async with here.following() as follower:
            await until(lambda: len(follower._done) == 2)
        found = await here.store.read(lambda tx: tx.postponed(here.source.url, 10, at=2**40))
        assert {one.cause for one in found} == {*(one.cid for one in late), before[0].cause}

    async def test_what_is_announced_and_not_there_is_asked_for_again(self, here: Here) -> None:
        late = cause(Case(CAT))
        here.source.announce(late, THIRD.cid)
        last = here.source.revoke(LAST)
        async with here.following():
            await here.arrived(last)
            here.source.has(late, THIRD.cid, [bytes(THIRD)])
            here.now += follow.POSTPONED[1]
            await here.arrived(last, late)


class TestTrouble:
    @pytest.mark.parametrize("answer", [(500, "text/plain", ""), (429, JSON, "{}"), (200, "text/html", "<p>Sign in")])
    async def test_a_source_that_gives_no_records_is_asked_again_from_the_same_place(
        self, here: Here, answer: tuple[int, str, str]
    ) -> None:
        first = here.source.revoke(Case(CAT))
        good = here.source.records[str(first.cid)]
        here.source.records[str(first.cid)] = answer
        async with here.following():
            await until(lambda: len(here.source.since) >= 3)
            assert await here.causes() == []
            assert set(here.source.since) == {"0"}
            here.source.records[str(first.cid)] = good
            await here.arrived(first)

    async def test_an_error_of_the_source_is_a_cut(self, here: Here) -> None:
        first = here.source.revoke(Case(CAT))
        here.source.tell(b'event: error\ndata: {"error":"the store does not answer"}\n\n')
        last = here.source.revoke(LAST)
        async with here.following():
            await until(lambda: len(here.source.since) >= 3)
            assert await here.causes() == [first.cid], "what came before it counts"
            del here.source.events[1]
            await here.arrived(first, last)

    async def test_an_event_without_end_is_not_waited_for(self, here: Here) -> None:
        here.source.tell(b"data: " + b"x" * (MAX_EVENT + 1))
        async with here.following():
            await until(lambda: len(here.source.since) >= 2)
            here.source.events.clear()
            await here.arrived(here.source.revoke(LAST))

    async def test_a_store_that_fails_loses_nothing(self, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        first = here.source.revoke(Case(CAT))
        failures = 0
        real = here.store.change

        async def broken(work: Callable[..., Any]) -> Any:
            nonlocal failures
            failures += 1
            if failures <= 3:
                raise StoreError("store: disk full")
            return await real(work)

        monkeypatch.setattr(here.store, "change", broken)
        async with here.following():
            await here.arrived(first)
        assert failures == 4

    async def test_a_fault_of_our_own_does_not_end_it(self, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
        first = here.source.revoke(Case(CAT))
        real = Transaction.follow
        faults = 0

        def broken(self: Transaction, source: str, instant: int) -> None:
            nonlocal faults
            faults += 1
            if faults == 1:
                raise RuntimeError
            real(self, source, instant)

        monkeypatch.setattr(Transaction, "follow", broken)
        async with here.following():
            await here.arrived(first)
        assert faults >= 2

    async def test_it_resumes_a_little_before_where_it_was(self, here: Here) -> None:
        first = here.source.revoke(Case(CAT))
        async with here.following():
            await here.arrived(first)
        async with here.following():
            await until(lambda: len(here.source.since) == 2)
        assert here.source.since == ["0", instant.write((NOW + 1) * 10**9 - follow.OVERLAP)]

    async def test_a_clock_that_is_ahead_there_makes_us_skip_nothing(self, here: Here) -> None:
        invocation = cause(Case(CAT))
        here.source.has(invocation, THIRD.cid, [bytes(THIRD)])
        here.source.announce(invocation, THIRD.cid, recorded_at="2200-01-01T00:00:00Z")
        async with here.following():
            await here.arrived(invocation)
        assert await here.store.read(lambda tx: tx.followed(here.source.url)) == here.now * 10**9


class Wire:
    """A connection to a service that is cut again and again, at any byte."""

    def __init__(self, port: int, seed: int = 5) -> None:
        self._port = port
        self._source = random.Random(seed)  # noqa: S311 - where to cut, repeatable
        self.cuts = 0
        self.most = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._source.randrange(100, 4000)
        there, back = await asyncio.open_connection("127.0.0.1", self._port)

        async def up() -> None:
            while data := await reader.read(4096):
                back.write(data)
                await back.drain()

        async def down() -> None:
            nonlocal left
            while data := await there.read(1024):
                if self.cuts < self.most:
                    data, left = data[:left], left - len(data[:left])
                writer.write(data)
                await writer.drain()
                if not left:
                    self.cuts += 1
                    return

        tasks = [asyncio.create_task(one()) for one in (up, down)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for one in (writer, back):
            one.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    @asynccontextmanager
    async def serving(self, cuts: int) -> AsyncIterator[str]:
        self.most = cuts
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def port_of(world: World) -> int:
    return int(world.url.rpartition(":")[2])


async def total(world: World) -> int:
    found: int = await world.app.state.host.store.read(lambda tx: len(tx.announcements(-1, 10_000)))
    return found


async def has(world: World, count: int) -> bool:
    return await total(world) >= count


async def dump(world: World) -> set[tuple[Any, ...]]:
    """Give what there is of every revocation but when it was recorded."""

    def work(tx: Transaction) -> set[tuple[Any, ...]]:
        revocations = tx._execute("SELECT delegation, revoker, cause, links, invocation FROM revocation").fetchall()
        return {*revocations, *tx._execute("SELECT cid, data FROM delegation").fetchall()}

    found: set[tuple[Any, ...]] = await world.app.state.host.store.read(work)
    return found


class TestTwoServices:
    async def test_what_is_revoked_there_is_refused_here(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "here").mkdir()
        async with running(tmp_path / "there") as there, running(tmp_path / "here", follow=(there.url + "/",)) as world:
            proof = delegation(world.service, EVE, world.service)
            get = world.invocation(
                "/customer/get", {"customer": EVE.did}, by=EVE, subject=world.service.did, proofs=[proof.cid]
            )
            assert [one.error_name for one in await world.send(get, proof)] == ["CustomerNotFound"]
            assert (await send(there, Case(world.service, (), proof))).ok == {}
            await until(lambda: has(world, 1))
            assert [one.error_name for one in await world.send(get, proof)] == ["Revoked"]

    async def test_it_learns_though_others_hold_every_seat(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feed, "MAX_READERS", 0)
        (tmp_path / "there").mkdir()
        (tmp_path / "here").mkdir()
        async with running(tmp_path / "there") as there, running(tmp_path / "here", follow=(there.url,)) as world:
            for count in (1, 2, 3):
                assert (await send(there, Case(CAT, (), delegation(CAT, DAN)))).ok == {}
                await until(lambda count=count: has(world, count))  # type: ignore[misc]

    async def test_cut_again_and_again_it_ends_with_exactly_the_set(self, tmp_path: Path) -> None:
        (tmp_path / "there").mkdir()
        (tmp_path / "here").mkdir()
        count, cuts = 150, 20
        async with running(tmp_path / "there") as there:
            wire = Wire(port_of(there))
            async with wire.serving(cuts) as url, running(tmp_path / "here", follow=(url,)) as world:
                for number in range(count):
                    proof = delegation(CAT, DAN) if number % 3 else delegation(BEN, CAT)
                    case = Case(CAT, (), proof) if number % 3 else Case(ANN, [FIRST, proof], proof)
                    assert (await send(there, case)).ok == {}
                await until(lambda: wire.cuts == cuts)
                await until(lambda: has(world, count))
                assert await dump(world) == await dump(there)
                assert await total(world) == await total(there) == count
                assert wire.cuts == cuts

    async def test_two_that_follow_each_other(self, tmp_path: Path) -> None:
        (tmp_path / "one").mkdir()
        (tmp_path / "two").mkdir()
        to_one, to_two = Wire(1), Wire(1)
        async with (
            to_one.serving(0) as one_url,
            to_two.serving(0) as two_url,
            running(tmp_path / "one", follow=(two_url,)) as one,
            running(tmp_path / "two", follow=(one_url,)) as two,
        ):
            to_one._port, to_two._port = port_of(one), port_of(two)
            shared = delegation(CAT, DAN)
            for world in (one, two):
                # In two invocations, which are one revocation.
                assert (await send(world, Case(CAT, (), shared), nonce=world.service.did.encode())).ok == {}
                for _ in range(10):
                    assert (await send(world, Case(CAT, (), delegation(CAT, DAN)))).ok == {}
            await until(lambda: has(one, 21))
            await until(lambda: has(two, 21))
            # But for the causes, which are two where both had it first.
            assert {row[:2] for row in await dump(one)} == {row[:2] for row in await dump(two)}
            assert await total(one) == await total(two) == 21

    async def test_a_source_that_is_away_for_a_while(self, tmp_path: Path) -> None:
        """Restarted elsewhere behind the same address; what was revoked meanwhile comes too."""
        (tmp_path / "there").mkdir()
        (tmp_path / "here").mkdir()
        wire = Wire(1)
        async with wire.serving(0) as url, running(tmp_path / "here", follow=(url,)) as world:
            for round_ in range(1, 4):
                async with running(tmp_path / "there") as there:
                    wire._port = port_of(there)
                    for _ in range(5):
                        assert (await send(there, Case(CAT, (), delegation(CAT, DAN)))).ok == {}
                    await until(lambda round_=round_: has(world, 5 * round_))  # type: ignore[misc]
                    assert await dump(world) == await dump(there)


class TestSettings:
    @pytest.mark.parametrize(
        ("given", "means"),
        [
            ("", ()),
            ("https://a.example.com", ("https://a.example.com",)),
            (" https://a.example.com/ http://b:1/x ", ("https://a.example.com", "http://b:1/x")),
            (["https://a.example.com", "https://a.example.com/"], ("https://a.example.com",)),
        ],
    )
    def test_services_by_their_urls(self, given: object, means: tuple[str, ...]) -> None:
        assert Settings(follow=given).follow == means

    def test_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FORGE_FOLLOW", "https://a.example.com https://b.example.com")
        assert Settings().follow == ("https://a.example.com", "https://b.example.com")

    @pytest.mark.parametrize("given", ["a.example.com", "ftp://a", "https://", "https://a?b", "https://a#b"])
    def test_what_is_no_url(self, given: str) -> None:
        with pytest.raises(ValueError, match=r"expected http://… or https://… and a host"):
            Settings(follow=given)
