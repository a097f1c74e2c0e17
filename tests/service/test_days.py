"""As of a day, over HTTP: who paid for a space on that day, and whether it was entitled."""

from __future__ import annotations

from typing import Any

import pytest

from commands.values import MAX_TIME
from forge.keys import Signer
from tests.service.scene import DAY, START, Scene, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")

GET = "/consumer/get"


async def on(scene: Scene, consumer: Signer, day: int, **how: Any) -> tuple[str, str, bool]:
    """Say in which subscription a consumer was on a day, whose, and whether it was entitled."""
    said = await scene.do(GET, **how, consumer=consumer, at=day)
    return said["subscription"], said["customer"], said["entitled"]


class TestWhoPaid:
    async def test_in_march(self, scene: Scene) -> None:
        """It is provisioned in January, moved in February, given away in April, released in June."""
        first, second = await scene.customer(), await scene.customer()
        space, own = await scene.provisioned(first)
        await scene.at(2030, 2, 1)
        name = await scene.subscription(first)
        await scene.assign(name, space)
        await scene.at(2030, 4, 1)
        await scene.do("/subscription/transfer", subscription=name, customer=second)
        await scene.at(2030, 6, 1)
        await scene.do("/provider/remove", provider=scene.service, consumer=space)
        await scene.at(2031, 1, 1)
        assert await scene.of(space) is None
        months = [(own, first), (name, first), (name, first), (name, second), (name, second)]
        for month, (subscription, customer) in enumerate(months, start=1):
            for day in (utc(2030, month, 1), utc(2030, month + 1, 1) - 1):
                for by in (scene.service, space, customer):
                    assert await on(scene, space, day, by=by) == (subscription, customer.did, True)
                stranger = second if customer is first else first
                assert await scene.refused(GET, by=stranger, consumer=space, at=day) == "ConsumerNotFound"
        for day in (START - 1, utc(2030, 6, 1), utc(2031, 1, 1), 0, MAX_TIME):
            for by in (scene.service, space, first, second):
                name_, message = await scene.refusal(GET, by=by, consumer=space, at=day)
                assert (name_, message) == ("ConsumerNotFound", f'consumer "{space.did}" not found')

    async def test_the_payer_of_that_day(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        space, payers = await scene.seated(name), [await scene.customer() for _ in range(2)]
        days = []
        for payer in payers:
            days.append(await scene.advance("P1D"))
            await scene.pays(payer, customer)
            await scene.advance("P1D")
            await scene.do("/customer/payer/remove", customer=customer)
        for day, payer in zip(days, payers, strict=True):
            for by in (scene.service, customer):
                assert (await scene.do(GET, by=by, consumer=space, at=day))["payer"] == payer.did
                assert "payer" not in await scene.do(GET, by=by, consumer=space, at=day + DAY)
            assert "payer" not in await scene.do(GET, by=space, consumer=space, at=day), "not the consumer's to know"

    async def test_a_customer_that_is_its_own_consumer_knows_its_payer(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        payer = await scene.customer()
        await scene.pays(payer, customer)
        await scene.assign(name, customer)
        assert (await scene.do(GET, by=customer, consumer=customer))["payer"] == payer.did


class TestEntitled:
    async def test_what_was_decided_counts_from_then_on(self, scene: Scene) -> None:
        customer, name = await scene.bought(period="P1M")
        space = await scene.seated(name)
        steps: list[tuple[str, dict[str, Any], bool]] = [
            ("/customer/suspend", {"customer": customer}, False),
            ("/customer/resume", {"customer": customer}, True),
            ("/subscription/extend", {"subscription": name, "endsAt": utc(2030, 1, 10)}, True),
            ("/subscription/extend", {"subscription": name, "endsAt": None}, True),
            ("/subscription/cancel", {"subscription": name, "at": "now"}, False),
        ]
        days = [(START, True)]
        for command, arguments, entitled in steps:
            days.append((await scene.advance("P1D"), entitled))
            await scene.do(command, **arguments)
        for day, entitled in days:
            assert (await on(scene, space, day))[2] is entitled, day
            assert (await on(scene, space, day + DAY - 1))[2] is entitled, day
        assert (await scene.do(GET, consumer=space, at=START))["endsAt"] == utc(2030, 2, 1), "as it was said then"
        assert (await scene.do(GET, consumer=space, at=days[3][0]))["endsAt"] == utc(2030, 1, 10)

    async def test_what_was_paid_counts_for_its_time_whenever_we_were_told(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        space = await scene.seated(name)
        await scene.at(2030, 3, 1)
        assert (await on(scene, space, utc(2030, 1, 15)))[2] is False
        await scene.paid(name, "in_1", utc(2030, 2, 1))
        assert (await on(scene, space, utc(2030, 1, 15)))[2] is True
        assert (await on(scene, space, utc(2030, 2, 1)))[2] is False

    async def test_a_suspended_payer_counts_on_its_days(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        payer, space = await scene.customer(), await scene.seated(name)
        await scene.pays(payer, customer)
        days = [START]
        for verb in ("suspend", "resume", "close"):
            days.append(await scene.advance("P1D"))
            await scene.do(f"/customer/{verb}", customer=payer)
        assert [(await on(scene, space, day))[2] for day in days] == [True, False, True, False]

    async def test_who_pays_now_does_not_count_on_days_before(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        first, second, space = await scene.customer(), await scene.customer(), await scene.seated(name)
        days = []
        for payer in (first, second):
            days.append(await scene.advance("P1D"))
            await scene.pays(payer, customer)
            days.append(await scene.advance("P1D"))
            await scene.do("/customer/suspend", customer=payer)
            days.append(await scene.advance("P1D"))
            await scene.do("/customer/payer/remove", customer=customer)
        assert [(await on(scene, space, day))[2] for day in days] == [True, False, True] * 2

    async def test_a_seats_term_counts(self, scene: Scene) -> None:
        _, name = await scene.bought("open", period="P1M", clock="assignment", seats=1)
        space = await scene.seated(name)
        await scene.at(2030, 6, 1)
        days = (utc(2030, 2, 1) - 1, utc(2030, 2, 1))
        assert [(await on(scene, space, day))[2] for day in days] == [True, False]

    async def test_tomorrow_is_as_far_as_is_known(self, scene: Scene) -> None:
        _, name = await scene.bought(period="P1M")
        space = await scene.seated(name)
        assert (await on(scene, space, utc(2030, 2, 1) - 1))[2] is True
        assert (await on(scene, space, utc(2030, 2, 1)))[2] is False
        assert (await scene.do(GET, consumer=space, at=MAX_TIME))["state"] == "expired"
