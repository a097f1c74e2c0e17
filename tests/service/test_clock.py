"""A test's clock: tests set the service's time and advance it, and what is signed keeps the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from commands.customer import add as customer_add
from commands.customer import get as customer_get
from commands.debug.clock import ClockArguments, clock
from commands.period import Period
from commands.values import MAX_TIME
from forge.client import now
from forge.config import load
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import ConfigurationError, InvalidClaim, InvalidSubject
from forge.execute import FAULT_TTL
from forge.invocation import Invocation
from forge.keys import Signer
from tests.service.world import PRODUCT, World, running

LEEWAY = 60
"""Seconds, the setting's default."""


def utc(*date: int) -> int:
    """Unix seconds of a date, by other means than the subject's."""
    return int(datetime(*date, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]  # a year, a month, a day, an hour


WARNING = "the time of this service is a test's"
PAST, YEAR_9000 = utc(2000, 1, 1), utc(9000, 1, 1)


def timed(folder: Path, **settings: Any) -> Any:
    return running(folder, **{"dev": True, "data": folder, "test_clock": True, **settings})


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with timed(tmp_path) as made:
        yield made


async def tell(world: World, *, to: int | None = None, advance: str | None = None) -> int:
    """Set the time, advance it, or only ask for it, as the service itself."""
    arguments = ClockArguments(now=to, advance=None if advance is None else Period(advance))
    told = await world.ask(clock, arguments, by=world.service)
    assert isinstance(told.now, int)
    return told.now


async def registered(world: World) -> int:
    """Register somebody, and give when that was, as the service tells it."""
    somebody = await world.customer()
    found = await world.ask(customer_get.get, customer_get.GetArguments(customer=somebody.did), by=world.service)
    assert isinstance(found.inserted_at, int)
    return found.inserted_at


def registering(world: World, by: Signer | None = None, **parts: Any) -> Invocation:
    """Sign the registration of somebody new."""
    arguments = {"customer": Signer.generate().did, "product": PRODUCT, "details": {}}
    return world.invocation("/customer/add", arguments, by=by or world.service, subject=world.service.did, **parts)


def lent(world: World, to: DID, command: Any = customer_add.add, **bounds: int | None) -> Delegation:
    delegation = command.delegate(
        world.service, audience=to, subject=world.service.did, **{"expiration": now() + 300, **bounds}
    )
    assert isinstance(delegation, Delegation)
    return delegation


class TestTime:
    async def test_is_the_real_one_until_it_is_set(self, world: World) -> None:
        before = now()
        told = [await tell(world), await registered(world), await tell(world)]
        assert before <= told[0] <= told[1] <= told[2] <= now()
        assert await world.app.state.host.store.read(lambda tx: tx.time()) is None, "to tell it sets nothing"

    @pytest.mark.parametrize("date", [PAST, YEAR_9000, 0, MAX_TIME])
    async def test_is_what_it_is_set_to(self, world: World, date: int) -> None:
        assert await tell(world, to=date) == date
        assert await tell(world) == date
        assert await registered(world) == date

    async def test_stands_still(self, world: World) -> None:
        await tell(world, to=PAST)
        executor = world.app.state.host.executor
        # The real clock goes on, by less than others may be off.
        executor._clock = lambda: now() + LEEWAY // 2
        assert await tell(world) == PAST
        assert await tell(world, advance="PT1S") == PAST + 1

    async def test_advances_by_the_calendar(self, world: World) -> None:
        await tell(world, to=utc(2028, 1, 31, 12))
        assert await tell(world, advance="P1M") == utc(2028, 2, 29, 12)
        assert await tell(world) == utc(2028, 2, 29, 12)
        assert await tell(world, advance="P1DT12H") == utc(2028, 3, 2)
        assert await registered(world) == utc(2028, 3, 2)

    async def test_advances_from_the_real_one_where_none_was_set(self, world: World) -> None:
        before = now()
        told = await tell(world, advance="P90D")
        assert before <= told - 90 * 86_400 <= now()
        assert await tell(world) == told

    async def test_ends_with_the_calendar(self, world: World) -> None:
        await tell(world, to=MAX_TIME - 5)
        assert await tell(world, advance="P1Y") == MAX_TIME

    async def test_may_be_set_back(self, world: World) -> None:
        await tell(world, to=YEAR_9000)
        await registered(world)
        assert await tell(world, to=PAST) == PAST
        assert await registered(world) == PAST

    async def test_is_advanced_once_by_one_task(self, world: World) -> None:
        await tell(world, to=PAST)
        step = world.invocation("/debug/clock", {"advance": "P1D"}, by=world.service)
        for _ in range(3):
            (receipt,) = await world.send(step)
            assert receipt.ok == {"now": PAST + 86_400}
        assert await tell(world) == PAST + 86_400

    async def test_appends_no_event(self, world: World) -> None:
        await tell(world, to=PAST)
        await tell(world, advance="P1D")
        assert not await world.app.state.host.store.read(lambda tx: tx.events())
        await registered(world)
        (event,) = await world.app.state.host.store.read(lambda tx: tx.events())
        assert event.at == PAST + 86_400

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"now": 0, "advance": "P1D"}, "args: expected now or advance, not both"),
            ({"now": -1}, "args.now: "),
            ({"now": MAX_TIME + 1}, "args.now: "),
            ({"now": True}, "args.now: "),
            ({"now": "2030-01-01T00:00:00Z"}, "args.now: "),
            ({"advance": "P0D"}, "args.advance: "),
            ({"advance": "-P1D"}, "args.advance: "),
            ({"advance": 86_400}, "args.advance: "),
            ({"then": 1}, "args.then: unknown key"),
        ],
    )
    async def test_is_not_set_by_what_is_malformed(self, world: World, arguments: dict[str, Any], said: str) -> None:
        await tell(world, to=PAST)
        (receipt,) = await world.send(world.invocation("/debug/clock", arguments, by=world.service))
        assert receipt.error_name == "MalformedArguments"
        assert f"malformed arguments: {said}" in str(receipt.error_message)
        assert await tell(world) == PAST


class TestOneStore:
    async def test_another_server_on_it_sees_the_same_time(self, world: World, tmp_path: Path) -> None:
        await tell(world, to=PAST)
        async with timed(tmp_path) as other:
            assert await tell(other) == PAST
            assert await tell(other, advance="P1D") == PAST + 86_400
            assert await registered(other) == PAST + 86_400
            assert await registered(world) == PAST + 86_400
        assert await tell(world) == PAST + 86_400

    async def test_served_without_the_flag_has_the_real_time(self, world: World, tmp_path: Path) -> None:
        await tell(world, to=PAST)
        before = now()
        async with timed(tmp_path, test_clock=False) as other:
            assert before <= await registered(other) <= now()


class TestSignatures:
    async def test_an_invocation_that_has_expired_is_expired_in_the_past_too(self, world: World) -> None:
        await tell(world, to=PAST)
        old = now() - LEEWAY - 1
        (receipt,) = await world.send(registering(world, expiration=old))
        assert receipt.error_name == "Expired"
        (receipt,) = await world.send(registering(world, expiration=PAST + 300))
        assert receipt.error_name == "Expired"

    async def test_what_is_in_force_is_in_force_in_the_year_9000_too(self, world: World) -> None:
        await tell(world, to=YEAR_9000)
        tenant = Signer.generate()
        delegation = lent(world, tenant.did, not_before=now() - 300)
        (receipt,) = await world.send(registering(world, tenant, proofs=[delegation.cid]), delegation)
        assert receipt.ok == {}
        entry = await world.app.state.host.store.read(lambda tx: tx.entry(receipt.ran))
        assert now() - LEEWAY < entry.at <= now(), "the ledger says when it ran"

    async def test_what_is_not_in_force_yet_is_too_early_in_the_year_9000_too(self, world: World) -> None:
        await tell(world, to=YEAR_9000)
        tenant = Signer.generate()
        delegation = lent(world, tenant.did, not_before=now() + 3600, expiration=None)
        (receipt,) = await world.send(registering(world, tenant, proofs=[delegation.cid]), delegation)
        assert receipt.error_name == "TooEarly"

    @pytest.mark.parametrize(
        ("command", "outcome"),
        [
            ("/debug/clock", "InvalidSubject"),
            ("/test/note", None),
            ("/test/count", None),
            ("/test/declared", "Declared"),
            ("/test/boom", "HandlerExecutionError"),
            ("/test/none", "HandlerNotFound"),
        ],
    )
    async def test_receipts_say_the_real_time(self, world: World, command: str, outcome: str | None) -> None:
        await tell(world, to=YEAR_9000)
        before = now()
        (receipt,) = await world.send(world.invocation(command, {}, by=Signer.generate()))
        assert receipt.error_name == outcome
        said = receipt.assertion
        assert said.issued_at is not None
        assert before <= said.issued_at <= now()
        assert said.expiration in (None, said.issued_at + FAULT_TTL)

    @pytest.mark.parametrize("date", [PAST, YEAR_9000], ids=["2000", "9000"])
    async def test_a_revocation_has_the_real_time_since_others_follow_it(self, world: World, date: int) -> None:
        friend = Signer.generate()
        delegation = lent(world, friend.did)
        before = now()
        await tell(world, to=date)
        revoking = world.invocation("/ucan/revoke", {"path": [delegation.cid], "revoke": delegation.cid}, by=world.service)
        (receipt,) = await world.send(revoking, delegation)
        assert receipt.error is None
        recorded = await world.app.state.host.store.read(lambda tx: tx.last_revocation())
        assert before <= recorded // 10**9 <= now()


class TestWhoMay:
    async def test_nobody_without_the_services_authority(self, world: World) -> None:
        await tell(world, to=PAST)
        stranger = Signer.generate()
        for subject, kind in ((stranger.did, InvalidSubject), (world.service.did, InvalidClaim)):
            for arguments in (ClockArguments(now=YEAR_9000), ClockArguments()):
                assert isinstance(await world.refusal(clock, arguments, by=stranger, subject=subject), kind)
        assert await tell(world) == PAST

    async def test_whom_the_service_lets(self, world: World) -> None:
        tester = Signer.generate()
        proof = lent(world, tester.did, clock)
        told = await world.ask(clock, ClockArguments(now=PAST), by=tester, subject=world.service.did, proofs=[proof])
        assert told.now == PAST


class TestServed:
    @staticmethod
    async def described(world: World) -> dict[str, Any]:
        async with aiohttp.ClientSession() as http, http.get(world.url + "/") as response:
            said = await response.json()
        assert isinstance(said, dict)
        return said

    async def test_only_with_the_flag(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        async with timed(tmp_path, test_clock=False, debug=True) as world:
            said = await self.described(world)
            assert "testClock" not in said
            paths = [one["command"] for one in said["commands"]]
            assert "/debug/echo" in paths
            assert "/debug/clock" not in paths
            (receipt,) = await world.send(world.invocation("/debug/clock", {"now": PAST}, by=world.service))
            assert receipt.error_name == "HandlerNotFound"
        logged = capsys.readouterr()
        assert WARNING not in logged.out + logged.err

    async def test_with_it_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        async with timed(tmp_path) as world:
            said = await self.described(world)
        assert said["testClock"] is True
        assert "/debug/clock" in [one["command"] for one in said["commands"]]
        logged = capsys.readouterr()
        assert WARNING in logged.out + logged.err

    def test_never_without_dev(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("FORGE_TEST_CLOCK", "true")
        with pytest.raises(ConfigurationError, match=r"^test_clock: .* needs --dev as well$"):
            load()
        with pytest.raises(ConfigurationError, match=r"^test_clock: "):
            load(dev=False, debug=True)
        with pytest.raises(ConfigurationError, match=r"^dev: [^;]*$"):
            load(dev="perhaps")
        assert load(dev=True, data=tmp_path).test_clock
        assert not load(test_clock=False).test_clock
