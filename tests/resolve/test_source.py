"""A source: how long documents and failures are kept, and who waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from forge.did import DID
from forge.resolve import source as module
from forge.resolve.failure import Fault
from forge.resolve.source import RETRY, Source
from tests.resolve.fakes import STALE, TTL, FakeClock, FakeHost, did, methods, reason, settled, source

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

    @pytest.mark.parametrize("fault", [Fault.HOST, Fault.HOST_BUSY])
    async def test_a_host_that_is_slow_is_one_that_gives_none(
        self, fault: Fault, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        host.fails("busy", fault)
        clock.now += TTL
        assert await kept.find(A) == methods(A)

    async def test_if_others_kept_it_from_being_asked_for_it_does_not_serve(
        self, kept: Source, host: FakeHost, clock: FakeClock
    ) -> None:
        """Or whoever keeps us busy could keep a key in use that was replaced."""
        host.fails("busy", Fault.BUSY)
        clock.now += TTL
        for _ in range(2):
            assert reason(await kept.find(A)) == "busy"
        assert kept.knows(A)
        assert len(host.asked) == 2
        host.works()
        assert await kept.find(A) == methods(A)

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
        host.size = 9_000
        made = source(host, clock, max_bytes=3 * (9_000 + 1_024))
        for name in ("a", "b", "c"):
            await made.find(did(name))
        made.at_once(A)
        await made.find(did("d"))
        assert [name for name in "abcd" if made.knows(did(name))] == ["a", "c", "d"]
        assert made._bytes == 3 * 10_024
        clock.now += TTL
        host.version, host.size = 1, 100
        await made.find(A)
        assert made._bytes == 2 * 10_024 + 1_124, "a document that was replaced counts no more"
        assert [name for name in "abcd" if made.knows(did(name))] == ["a", "c", "d"]

    async def test_one_that_is_larger_than_all_may_be_serves_once(self, host: FakeHost, clock: FakeClock) -> None:
        made = source(host, clock, max_bytes=1_000)
        assert await made.find(A) == methods(A)
        assert not made.knows(A)
        assert made._bytes == 0

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
