"""A source: how long documents and failures are kept, and who waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from forge.did import DID
from forge.method import Unusable, VerificationMethod
from forge.resolve import source as module
from forge.resolve.failure import Fault
from forge.resolve.fetcher import Document
from forge.resolve.slots import Slots
from forge.resolve.source import RETRY, Lane, Source
from tests.resolve.fakes import SIGNERS, STALE, TTL, FakeClock, FakeHost, did, methods, reason, settled, source

A, B = did("a"), did("b")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
async def kept(host: FakeHost, clock: FakeClock) -> AsyncIterator[Source]:
    """A source that has just found A."""
    made = source(host, clock)
    assert await made.find(A) == methods(A)
    host.asked.clear()
    yield made
    await made.close()


class TestTime:
    async def test_a_document_is_kept(self, kept: Source, host: FakeHost, clock: FakeClock) -> None:
        assert kept.at_once(A) == methods(A)
        clock.now += TTL / 2 - 1
        assert kept.at_once(A) == methods(A) == await kept.find(A)
        await settled()
        assert host.asked == []
        assert kept.knows(A)
        assert not kept.knows(B)
        assert kept.at_once(B) is None

    async def test_from_half_of_its_time_it_is_asked_for_again_and_nobody_waits(
        self, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        host.version = 1
        clock.now += TTL / 2
        assert await kept.find(A) == methods(A, 0)
        await settled()
        assert host.asked == [(A, '"0"')]
        assert kept.at_once(A) == methods(A, 1)

    async def test_at_the_end_of_its_time_whoever_asks_waits_for_the_answer(
        self, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        host.version = 1
        clock.now += TTL
        assert kept.at_once(A) is None
        assert kept.knows(A)
        assert await kept.find(A) == methods(A, 1)
        assert host.asked == [(A, '"0"')]

    async def test_just_before_that_it_serves(self, kept: Source, host: FakeHost, clock: FakeClock) -> None:
        host.version = 1
        clock.now += TTL - 0.001
        assert kept.at_once(A) == methods(A, 0)

    async def test_what_has_not_changed_is_good_for_as_long_again(self, kept: Source, host: FakeHost, clock: FakeClock) -> None:
        for _ in range(3):
            clock.now += TTL
            assert await kept.find(A) == methods(A)
            clock.now += TTL / 2 - 1
            assert kept.at_once(A) == methods(A)
        await settled()
        assert host.asked == [(A, '"0"')] * 3

    async def test_its_time_runs_from_the_question_not_from_the_answer(
        self, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        async def slow(_: DID) -> None:
            clock.now += 20

        host.before = slow
        clock.now += TTL
        assert await kept.find(A) == methods(A)
        host.before = None
        clock.now += TTL - 20
        assert kept.at_once(A) is None


class TestLastGood:
    @pytest.fixture
    async def late(self, kept: Source, host: FakeHost, clock: FakeClock) -> Source:
        """A source whose document's time has ended, and whose host is down."""
        host.fails()
        clock.now += TTL
        return kept

    async def test_it_serves_while_the_host_gives_none(self, late: Source, host: FakeHost) -> None:
        assert await late.find(A) == methods(A)
        assert host.asked == [(A, '"0"')]

    async def test_the_host_is_not_asked_at_every_request(self, late: Source, host: FakeHost, clock: FakeClock) -> None:
        for _ in range(3):
            assert await late.find(A) == methods(A)
        clock.now += RETRY / 2 - 0.1
        assert late.at_once(A) == methods(A)
        await settled()
        assert len(host.asked) == 1

    async def test_it_is_asked_again_behind_the_scenes(self, late: Source, host: FakeHost, clock: FakeClock) -> None:
        for number in range(1, 10):
            assert late.at_once(A) == methods(A) if number > 1 else await late.find(A)
            await settled()
            assert len(host.asked) == number
            clock.now += RETRY / 2
        host.works()
        host.version = 1
        assert late.at_once(A) == methods(A, 0)
        await settled()
        assert late.at_once(A) == methods(A, 1)

    async def test_who_comes_later_than_that_waits_for_it(self, late: Source, host: FakeHost, clock: FakeClock) -> None:
        """Nobody asked meanwhile; the host may be well again, and the key another."""
        assert await late.find(A) == methods(A)
        clock.now += RETRY
        assert late.at_once(A) is None
        host.works()
        host.version = 1
        assert await late.find(A) == methods(A, 1)

    async def test_but_for_its_time_only(self, late: Source, host: FakeHost, clock: FakeClock) -> None:
        clock.now += STALE - 1
        assert await late.find(A) == methods(A)
        clock.now += 0.5
        assert late.at_once(A) == methods(A), "the last attempt failed moments ago"
        clock.now += 0.5
        assert reason(await late.find(A)) == "the host is down"
        assert not late.knows(A)
        assert len(host.asked) == 2
        clock.now += RETRY
        host.works()
        assert await late.find(A) == methods(A)
        assert host.asked[-1] == (A, None)

    async def test_where_that_is_none_it_does_not(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, stale=0)
        await made.find(A)
        host.fails()
        clock.now += TTL / 2
        assert await made.find(A) == methods(A)
        await settled()
        clock.now += TTL / 2 - 1
        assert made.at_once(A) == methods(A)
        clock.now += 1
        assert reason(await made.find(A)) == "the host is down"

    async def test_who_is_gone_is_gone_at_once(self, kept: Source, host: FakeHost, clock: FakeClock) -> None:
        host.fails("answered 404", Fault.GONE)
        clock.now += TTL / 2
        assert kept.at_once(A) == methods(A)
        await settled()
        assert reason(kept.at_once(A)) == "answered 404"
        assert not kept.knows(A)

    async def test_a_crowd_at_a_host_that_is_down_is_its_own_doing(
        self, late: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        assert await late.find(A) == methods(A)
        host.fails("busy", Fault.HOST_BUSY)
        for _ in range(3):
            clock.now += RETRY
            assert await late.find(A) == methods(A)

    @pytest.mark.parametrize("fault", [None, Fault.GONE])
    async def test_but_not_once_the_host_answered_somebody(
        self, fault: Fault | None, late: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        """The crowd's own answers tell that it is well."""
        assert await late.find(A) == methods(A)
        host.works()
        if fault is not None:
            host.fails(fault=fault)
        await late.find(did("a:other"))
        host.fails("busy", Fault.HOST_BUSY)
        clock.now += RETRY
        assert reason(await late.find(A)) == "busy"
        host.fails()
        assert await late.find(A) == methods(A)

    async def test_nor_by_what_befell_others_of_the_same_host(self, kept: Source, host: FakeHost, clock: FakeClock) -> None:
        """Anybody can name a port or a path of it that never answers."""
        other = did("a:other")
        await kept.find(other)
        clock.now += TTL
        host.fails()
        assert await kept.find(other) == methods(other)
        assert reason(await kept.find(did("a:stranger"))) == "the host is down"
        host.fails("busy", Fault.HOST_BUSY)
        assert reason(await kept.find(A)) == "busy"

    async def test_where_all_ask_one_host_a_crowd_says_nothing_about_it(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, one_host=True)
        await made.find(A)
        host.fails()
        clock.now += TTL
        assert await made.find(A) == methods(A)
        host.fails("busy", Fault.HOST_BUSY)
        clock.now += RETRY
        assert reason(await made.find(A)) == "busy"
        host.fails()
        assert await made.find(A) == methods(A)

    async def test_outages_that_are_remembered_are_bounded(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, max_failures=2)
        known = [did(name) for name in "abc"]
        for one in known:
            await made.find(one)
        host.fails()
        clock.now += TTL
        for one in known:
            assert await made.find(one) == methods(one)
        assert list(made._outages) == ["b", "c"]
        host.fails("busy", Fault.HOST_BUSY)
        clock.now += RETRY
        assert reason(await made.find(known[0])) == "busy", "what is forgotten excuses nothing"
        assert await made.find(known[1]) == methods(known[1])

    async def test_a_crowd_behind_the_scenes_does_not_lengthen_its_time(
        self, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        host.fails("busy", Fault.HOST_BUSY)
        clock.now += TTL - 1
        assert kept.at_once(A) == methods(A)
        await settled()
        assert len(host.asked) == 1
        clock.now += 1
        assert kept.at_once(A) is None

    async def test_a_replaced_key_is_not_kept_by_a_crowd_at_its_host(self, host: FakeHost, clock: FakeClock) -> None:
        """The host is well, and only has more visitors than turns."""
        known, never = FakeHost(), asyncio.Event()
        made = source(host, clock, known=known, slots=(2, 2, 2))
        crowd = [did(f"a:{number}") for number in range(10)]
        for one in (A, *crowd):
            await made.find(one)
        known.version = 1
        known.before = lambda _: never.wait()
        clock.now += TTL
        waiting = [asyncio.create_task(made.find(one)) for one in crowd]
        await settled()
        assert reason(await made.find(A)) == "too many others are being resolved; try again"
        assert A not in dict(known.asked)
        never.set()
        await asyncio.gather(*waiting)
        assert await made.find(A) == methods(A, 1)

    @pytest.mark.parametrize("fault", [Fault.BUSY, Fault.HOST_BUSY])
    async def test_if_others_kept_it_from_being_asked_for_it_does_not_serve(
        self, fault: Fault, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        """Or whoever keeps us busy could keep a key in use that was replaced."""
        host.fails("busy", fault)
        clock.now += TTL
        for _ in range(2):
            assert reason(await kept.find(A)) == "busy"
        assert kept.knows(A)
        assert len(host.asked) == 2
        host.works()
        assert await kept.find(A) == methods(A)

    async def test_time_that_ends_before_there_was_a_turn_is_no_failure_of_the_host(
        self, host: FakeHost, clock: FakeClock
    ) -> None:
        class Stuck(Slots):
            """As where this process itself was held up, so that all times end together."""

            @asynccontextmanager
            async def hold(self, name: str, patience: float) -> AsyncIterator[None]:
                del name, patience
                await asyncio.Event().wait()
                yield

        made = Source(Lane(host, Slots(1, 1, 1)), Lane(host, Stuck(1, 1, 1)), timeout=0.05, ttl=TTL, stale=STALE, clock=clock)
        await made.find(A)
        clock.now += TTL
        assert reason(await made.find(A)) == "too many others are being resolved; try again"
        assert len(host.asked) == 1

    async def test_a_short_time_to_live_is_the_pause_too(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, ttl=2.0)
        await made.find(A)
        host.fails()
        clock.now += 2
        assert await made.find(A) == methods(A)
        clock.now += 2
        assert made.at_once(A) is None


class TestFailures:
    @pytest.mark.parametrize("fault", [Fault.HOST, Fault.GONE])
    async def test_one_is_kept_for_a_while(self, fault: Fault, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        host.fails(fault=fault)
        for _ in range(3):
            assert reason(await made.find(A)) == "the host is down"
        clock.now += RETRY - 0.1
        assert reason(made.at_once(A)) == "the host is down"
        assert host.asked == [(A, None)]
        host.works()
        clock.now += 0.1
        assert made.at_once(A) is None
        assert await made.find(A) == methods(A)
        assert made.at_once(A) == methods(A)

    @pytest.mark.parametrize("fault", [Fault.BUSY, Fault.HOST_BUSY])
    async def test_one_that_says_nothing_about_the_did_is_not(self, fault: Fault, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        host.fails("busy", fault)
        assert reason(await made.find(A)) == "busy"
        host.works()
        assert await made.find(A) == methods(A)

    async def test_the_reason_is_told_and_the_detail_is_not(self, host: FakeHost, clock: FakeClock) -> None:
        host.fails("two\nlines\x1b[31m")
        found = await source(host, clock).find(A)
        assert str(found) == f'unable to resolve "{A}" key: not resolvable by any resolver: two lines [31m'

    async def test_a_did_that_names_no_host_is_not_asked_for(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        assert reason(await made.find(did("bad"))) == "it names no host"
        assert host.asked == []
        assert made.at_once(did("bad")) is None, "there is nothing to keep"

    async def test_what_breaks_the_reader_is_a_failure_too(
        self, host: FakeHost, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        made = source(host, clock)
        host.failure = KeyError("secret")
        for name in range(5):
            assert reason(await made.find(did(name))) == "its document could not be read"
        (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
        assert record.exc_info is not None

    async def test_a_host_that_says_unchanged_to_whoever_knew_nothing(self, clock: FakeClock) -> None:
        class Unchanged(FakeHost):
            async def fetch(self, did: DID, etag: str | None) -> None:
                del did, etag

        assert reason(await source(Unchanged(), clock).find(A)) == "there was no document"


class TestBounds:
    async def test_failures_push_no_document_out(self, kept: Source, host: FakeHost) -> None:
        host.fails()
        for number in range(module.MAX_FAILURES + 10):
            await kept.find(did(number))
        assert kept.at_once(A) == methods(A)
        assert len(kept._failures) == module.MAX_FAILURES
        assert kept.at_once(did(0)) is None, "the oldest is forgotten first"
        assert kept.at_once(did(11)) is not None

    async def test_the_documents_used_longest_ago_are_forgotten_first(self, host: FakeHost, clock: FakeClock) -> None:
        cost = 1_024 + 3_072 + len(f"{A}#key-0") + len('"0"')
        made = source(host, clock, max_bytes=3 * cost)
        for name in ("a", "b", "c"):
            await made.find(did(name))
        made.at_once(A)
        await made.find(did("d"))
        assert [name for name in "abcd" if made.knows(did(name))] == ["a", "c", "d"]
        assert made._bytes == 3 * cost
        clock.now += TTL
        host.version = 1
        await made.find(A)
        assert made._bytes == 3 * cost, "a document that was replaced counts no more"
        host.tag = "x" * 100
        clock.now += TTL
        await made.find(A)
        assert [name for name in "abcd" if made.knows(did(name))] == ["a", "d"], "its tag is kept too"
        assert made._bytes == 2 * cost + 100

    async def test_what_counts_is_what_is_kept_of_a_document(self, clock: FakeClock) -> None:
        """A key takes a hundred times its text; what a document says beside its methods takes nothing."""
        key = SIGNERS[0].key.public
        many = tuple(VerificationMethod(f"{A}#{number}", key) for number in range(16))
        wrong = (VerificationMethod(f"{A}#0", Unusable("w" * 50)),)

        class Host(FakeHost):
            async def fetch(self, did: DID, etag: str | None) -> Document:
                del etag
                return Document({A: many, B: wrong}.get(did, ()), None)

        made = source(Host(), clock)
        cost = 0
        for one, added in (
            (A, 1_024 + 16 * 3_072 + sum(len(method.id) for method in many)),
            (B, 1_024 + 3_072 + len(wrong[0].id) + 50),
            (did("c"), 1_024),
        ):
            await made.find(one)
            cost += added
            assert made._bytes == cost

    async def test_one_that_is_larger_than_all_may_be_serves_once(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, max_bytes=1_000)
        assert await made.find(A) == methods(A)
        assert not made.knows(A)
        assert made._bytes == 0

    async def test_one_request_has_so_many_asked_for_again_behind_the_scenes(
        self, host: FakeHost, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_BEHIND", 3)
        made = source(host, clock)
        many = [did(number) for number in range(10)]
        for one in many:
            await made.find(one)
        host.asked.clear()
        go = asyncio.Event()
        host.before = lambda _: go.wait()
        clock.now += TTL / 2
        for _ in range(2):
            assert all(made.at_once(one) == methods(one) for one in many)
            await settled()
        assert [one for one, _ in host.asked] == many[:3]
        waiting = asyncio.create_task(made.find(B))
        await settled()
        assert len(host.asked) == 4, "whoever waits is not among them"
        go.set()
        await waiting
        for _ in range(3):
            assert all(made.at_once(one) == methods(one) for one in many)
            await settled()
        assert sorted(one for one, _ in host.asked) == sorted([*many, B])
        assert made._behind == 0

    async def test_the_log_cannot_be_filled(
        self, kept: Source, host: FakeHost, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        host.fails()
        clock.now += TTL
        for number in range(50):
            await kept.find(did(number))
        assert [record.levelname for record in caplog.records] == ["DEBUG"]
        assert "10.0.0.1" in caplog.text
        await kept.find(A)
        assert [record.levelname for record in caplog.records] == ["DEBUG", "WARNING"]
        clock.now += module.QUIET
        await kept.find(did("z"))
        assert len(caplog.records) == 3


class TestAtOnce:
    async def test_many_ask_and_the_host_is_asked_once(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        go = asyncio.Event()
        host.before = lambda _: go.wait()
        waiting = [asyncio.create_task(made.find(A)) for _ in range(100)]
        await settled()
        assert len(host.asked) == 1
        go.set()
        assert await asyncio.gather(*waiting) == [methods(A)] * 100
        assert len(host.asked) == 1
        assert made._flights == {}

    async def test_who_stops_waiting_ends_it_for_nobody(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        go = asyncio.Event()
        host.before = lambda _: go.wait()
        first, second = asyncio.create_task(made.find(A)), asyncio.create_task(made.find(A))
        await settled()
        first.cancel()
        await settled()
        assert first.cancelled()
        go.set()
        assert await second == methods(A)
        assert len(host.asked) == 1

    async def test_what_nobody_waits_for_any_more_is_kept_all_the_same(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock)
        go = asyncio.Event()
        host.before = lambda _: go.wait()
        only = asyncio.create_task(made.find(A))
        await settled()
        only.cancel()
        await settled()
        go.set()
        await settled()
        assert made.at_once(A) == methods(A)

    async def test_a_host_that_never_answers_ends_in_time_and_holds_up_no_other(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, timeout=0.05)
        held = asyncio.Event()

        async def dead(one: DID) -> None:
            if one == A:
                await held.wait()

        host.before = dead
        asking = asyncio.create_task(made.find(A))
        await settled()
        assert await made.find(B) == methods(B)
        assert reason(await asking) == "there was no answer within 0.05 s"
        assert made.at_once(A) is not None

    async def test_strangers_hold_up_nobody_who_is_known(self, host: FakeHost, clock: FakeClock) -> None:
        known = FakeHost()
        made = source(host, clock, known=known, slots=(2, 2, 2))
        await made.find(A)
        never = asyncio.Event()
        host.before = lambda _: never.wait()
        strangers = [asyncio.create_task(made.find(did(number))) for number in range(50)]
        await settled()
        clock.now += TTL
        known.version = 1
        assert await made.find(A) == methods(A, 1)
        assert known.asked == [(A, '"0"')]
        await made.close()
        assert {reason(found) for found in await asyncio.gather(*strangers)} == {"the service is stopping"}

    async def test_each_question_is_observed(self, host: FakeHost, clock: FakeClock) -> None:
        seen: list[tuple[str, str]] = []
        made = source(host, clock, observe=lambda method, outcome: seen.append((method, outcome)))
        await made.find(A)
        clock.now += TTL
        await made.find(A)
        host.fails()
        await made.find(B)
        host.fails(fault=Fault.GONE)
        clock.now += TTL
        await made.find(A)
        assert seen == [("fake", "new"), ("fake", "same"), ("fake", "host"), ("fake", "gone")]
