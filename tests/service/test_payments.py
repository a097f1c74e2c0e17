"""Payments, over HTTP: what a billing system says, in any order, and how a subscription stands after it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from commands.values import MAX_TIME
from forge.keys import Signer
from tests.service.scene import DAY, START, Scene, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORD = "/payment/record"
FEBRUARY, MARCH, APRIL = utc(2030, 2, 1), utc(2030, 3, 1), utc(2030, 4, 1)


async def say(scene: Scene, subscription: str, event: str, reference: str, **period: int) -> dict[str, Any]:
    return await scene.do(RECORD, subscription=subscription, event=event, reference=reference, **period)


class TestPaid:
    async def test_pending_until_the_first_payment(self, scene: Scene) -> None:
        customer, name = await scene.bought("paid", grace="P3D")
        space = await scene.seated(name)
        assert (await scene.state(name), await scene.entitled(space)) == ("pending", False)
        assert "endsAt" not in await scene.do("/subscription/get", subscription=name)
        ((kind, said),) = await scene.told(
            RECORD, subscription=name, event="paid", reference="in_1", **{"from": START, "until": FEBRUARY}
        )
        assert (kind, said["customer"], said["subscription"]) == ("payment-recorded", customer.did, name)
        facts = {"event": "paid", "reference": "in_1", "from": START, "until": FEBRUARY}
        assert said["data"].items() >= facts.items()
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)

    async def test_runs_until_the_end_of_its_grace(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        space = await scene.seated(name)
        end = FEBRUARY + 3 * DAY
        assert await scene.paid(name, "in_1", FEBRUARY) == {"state": "active", "endsAt": end}
        for time, state in [(FEBRUARY - 1, "active"), (end - 1, "active"), (end, "expired"), (MAX_TIME, "expired")]:
            await scene.set_time(time)
            assert (await scene.state(name), await scene.entitled(space)) == (state, state == "active")
        assert await scene.paid(name, "in_2", MAX_TIME) == {"state": "expired", "endsAt": MAX_TIME}

    async def test_a_payment_after_it_expired_revives_it(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        space = await scene.seated(name)
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.set_time(MARCH)
        assert await scene.entitled(space) is False
        assert await scene.paid(name, "in_2", APRIL) == {"state": "active", "endsAt": APRIL}
        assert await scene.entitled(space) is True

    @pytest.mark.parametrize(
        ("begin", "end"),
        [
            ((2030, 1, 31), (2030, 2, 28)),
            ((2028, 1, 31), (2028, 2, 29)),
            ((2030, 3, 31), (2030, 4, 30)),
            ((9999, 11, 30), (9999, 12, 30)),
            ((1970, 1, 1), (1970, 2, 1)),
        ],
    )
    async def test_for_a_period_from_a_day(self, scene: Scene, begin: tuple[int, ...], end: tuple[int, ...]) -> None:
        _, name = await scene.bought("paid")
        assert (await say(scene, name, "paid", "in_1", **{"from": utc(*begin)}))["endsAt"] == utc(*end)
        # The same in other words is the same.
        period = {"from": utc(*begin), "until": utc(*end)}
        assert await scene.untold(RECORD, subscription=name, event="paid", reference="in_1", **period) == "ok"

    async def test_that_begins_later_is_pending_although_it_is_paid(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("paid")
        name = await scene.subscription(customer, product, startsAt=START + DAY)
        assert await scene.paid(name, "in_1", FEBRUARY) == {"state": "pending", "endsAt": FEBRUARY}
        await scene.advance("P1D")
        assert await scene.state(name) == "active"

    @pytest.mark.parametrize(
        ("event", "period", "place"),
        [
            ("paid", {}, "until"),
            ("paid", {"from": START, "until": START}, "until"),
            ("paid", {"from": START, "until": START - 1}, "until"),
            ("failed", {"from": START, "until": START}, "until"),
            ("refunded", {"from": START, "until": 0}, "until"),
            ("paid", {"until": -1}, "args.until"),
            ("paid", {"until": MAX_TIME + 1}, "args.until"),
            ("paid", {"until": float(START)}, "args.until"),
            ("paid", {"from": "2030-01-01"}, "args.from"),
            ("charged", {"until": FEBRUARY}, "args.event"),
        ],
    )
    async def test_what_is_no_period_is_malformed(self, scene: Scene, event: str, period: dict[str, Any], place: str) -> None:
        _, name = await scene.bought("paid")
        found, message = await scene.refusal(RECORD, subscription=name, event=event, reference="in_1", **period)
        assert (found, place in message) == ("MalformedArguments", True)
        assert await scene.state(name) == "pending"

    async def test_at_the_end_of_time_it_ends_with_it(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        for begin in (utc(9999, 12, 15), MAX_TIME):
            assert (await say(scene, name, "paid", f"in_{begin}", **{"from": begin}))["endsAt"] == MAX_TIME


class TestFailed:
    async def test_past_due_from_the_end_of_what_was_paid(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        space = await scene.seated(name)
        await scene.paid(name, "in_1", FEBRUARY)
        assert (await say(scene, name, "failed", "in_2", until=MARCH))["state"] == "active", "that time is paid for"
        for time, state, entitled in [
            (FEBRUARY - 1, "active", True),
            (FEBRUARY, "past_due", True),
            (FEBRUARY + 3 * DAY - 1, "past_due", True),
            (FEBRUARY + 3 * DAY, "expired", False),
        ]:
            await scene.set_time(time)
            assert (await scene.state(name), await scene.entitled(space)) == (state, entitled)
        await scene.set_time(FEBRUARY + DAY)
        assert await scene.paid(name, "in_2", MARCH) == {"state": "active", "endsAt": MARCH + 3 * DAY}

    async def test_of_a_period_that_is_not_said_counts(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.set_time(FEBRUARY)
        assert (await say(scene, name, "failed", "in_2"))["state"] == "past_due"

    async def test_of_a_period_that_is_over_does_not(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        await say(scene, name, "failed", "in_0", until=START)
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.set_time(FEBRUARY)
        assert await scene.state(name) == "active"

    async def test_alone_pays_nothing(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        assert await say(scene, name, "failed", "in_1", until=FEBRUARY) == {"state": "pending"}

    async def test_without_grace_it_is_over(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        await scene.paid(name, "in_1", FEBRUARY)
        await say(scene, name, "failed", "in_2", until=MARCH)
        await scene.set_time(FEBRUARY)
        assert await scene.state(name) == "expired"


class TestRefunded:
    async def test_takes_the_period_of_its_reference_away(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        space = await scene.seated(name)
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.paid(name, "in_2", MARCH)
        assert await say(scene, name, "refunded", "in_2") == {"state": "active", "endsAt": FEBRUARY + 3 * DAY}
        assert await say(scene, name, "refunded", "in_9") == {"state": "active", "endsAt": FEBRUARY + 3 * DAY}
        said = await say(scene, name, "refunded", "in_1")
        assert said == {"state": "expired", "endsAt": START}, "as if it had ended when it began"
        assert await scene.entitled(space) is False
        assert (await scene.paid(name, "in_3", MARCH))["state"] == "active"


class TestOrder:
    STORY: tuple[tuple[str, str, dict[str, int]], ...] = (
        ("paid", "in_1", {"until": FEBRUARY}),
        ("failed", "in_2", {"until": MARCH}),
        ("paid", "in_3", {"until": APRIL}),
        ("refunded", "in_3", {}),
    )

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    async def test_does_not_matter(self, scene: Scene, order: tuple[int, ...]) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        for number in order:
            event, reference, period = self.STORY[number]
            said = await say(scene, name, event, reference, **period)
        assert said == {"state": "active", "endsAt": FEBRUARY + 3 * DAY}
        await scene.set_time(FEBRUARY)
        assert await scene.state(name) == "past_due"

    async def test_of_periods_the_one_that_reaches_furthest_counts(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        await scene.paid(name, "in_2", MARCH)
        assert (await scene.paid(name, "in_1", FEBRUARY))["endsAt"] == MARCH

    async def test_the_same_again_changes_nothing(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        events: list[dict[str, Any]] = [
            {"event": "paid", "reference": "in_1", "from": START, "until": FEBRUARY},
            {"event": "failed", "reference": "in_1"},
            {"event": "refunded", "reference": "in_1", "until": FEBRUARY},
        ]
        for event in events:
            first = await scene.do(RECORD, subscription=name, **event)
            assert await scene.untold(RECORD, subscription=name, **event) == "ok"
            assert await scene.do(RECORD, subscription=name, **event) == first

    async def test_the_same_with_other_values_is_a_conflict(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        await say(scene, name, "paid", "in_1", **{"from": START, "until": FEBRUARY})
        others = [{"until": FEBRUARY}, {"from": START + 1}, {"from": START, "until": FEBRUARY + 1}, {"until": MARCH}]
        for period in others:
            how = {"subscription": name, "event": "paid", "reference": "in_1"}
            assert await scene.untold(RECORD, **how, **period) == "PaymentConflict"
        await say(scene, name, "failed", "in_1")
        failed = {"subscription": name, "event": "failed", "reference": "in_1", "until": MARCH}
        assert await scene.untold(RECORD, **failed) == "PaymentConflict"
        assert (await scene.do("/subscription/get", subscription=name))["endsAt"] == FEBRUARY

    async def test_another_subscription_has_references_of_its_own(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("paid")
        names = [await scene.subscription(customer, product) for _ in range(2)]
        for name, until in zip(names, (FEBRUARY, MARCH), strict=True):
            assert (await scene.paid(name, "in_1", until))["endsAt"] == until

    @pytest.mark.parametrize("kind", ["open", "complimentary", "trial", None])
    async def test_for_what_is_not_paid_for_is_a_conflict(self, scene: Scene, kind: str | None) -> None:
        name = await scene.subscription(await scene.customer()) if kind is None else (await scene.bought(kind))[1]
        how = {"subscription": name, "event": "paid", "reference": "in_1", "until": FEBRUARY}
        assert await scene.untold(RECORD, **how) == "PaymentConflict"


class TestCancelled:
    async def test_a_payment_is_recorded_and_revives_nothing(self, scene: Scene) -> None:
        _, name = await scene.bought("paid")
        space = await scene.seated(name)
        await scene.paid(name, "in_1", FEBRUARY)
        time = await scene.advance("P1D")
        await scene.do("/subscription/cancel", subscription=name, at="now")
        paying = {"subscription": name, "event": "paid", "reference": "in_2", "until": MARCH}
        assert [kind for kind, _ in await scene.told(RECORD, **paying)] == ["payment-recorded"]
        assert await scene.do(RECORD, **paying) == {"state": "cancelled", "endsAt": time}
        assert await scene.entitled(space) is False

    async def test_at_its_end_it_ends_with_what_was_paid_and_without_grace(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.advance("P1D")
        assert await scene.do("/subscription/cancel", subscription=name, at="end") == {"endsAt": FEBRUARY}
        # What was paid before we were told is the customer's all the same.
        assert await scene.paid(name, "in_2", MARCH) == {"state": "active", "endsAt": MARCH}
        await scene.set_time(MARCH)
        assert await scene.state(name) == "cancelled"

    async def test_in_grace_it_ends_when_it_is_cancelled(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        await scene.paid(name, "in_1", FEBRUARY)
        await scene.set_time(FEBRUARY + DAY)
        assert await scene.do("/subscription/cancel", subscription=name, at="end") == {"endsAt": FEBRUARY + DAY}
        assert await scene.state(name) == "cancelled"


class TestWho:
    async def test_the_billing_system_with_a_delegation(self, scene: Scene) -> None:
        customer, name = await scene.bought("paid")
        billing = Signer.generate()
        proof = scene.lend("/payment", of=scene.service, to=billing)
        paying = {"subscription": name, "event": "paid", "reference": "in_1", "until": FEBRUARY}
        for by in (customer, billing):
            failure, message = await scene.refusal(RECORD, by=by, **paying)
            assert (failure, message) == ("SubscriptionNotFound", f'subscription "{name}" not found')
        await scene.do(RECORD, by=billing, subject=scene.service, proofs=[proof], **paying)
        assert await scene.state(name) == "active"
