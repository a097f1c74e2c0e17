"""Subscriptions, over HTTP: each kind added, how it stands as time goes by, extended, cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from commands.values import MAX_TIME
from forge.cid import CID
from forge.did import DID
from forge.keys import Signer
from tests.service.scene import DAY, OTHER_PROVIDER, START, Scene, utc
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = "/subscription/add"
GOLD = DID("did:web:gold.example.com")


def adding(scene: Scene, customer: Signer, product: DID, **more: Any) -> dict[str, Any]:
    return {"customer": customer, "provider": scene.service, "product": product, **more}


async def held(scene: Scene, name: str) -> dict[str, Any]:
    return await scene.do("/subscription/get", subscription=name)


class TestAdd:
    async def test_outside_the_catalogue_it_is_open(self, scene: Scene) -> None:
        customer = await scene.customer()
        for by in (customer, scene.service):
            ((kind, said),) = await scene.told(ADD, by=by, **adding(scene, customer, PRODUCT, reason="for the archive"))
            assert (kind, said["customer"]) == ("subscription-added", customer.did)
            facts = {"provider": scene.service.did, "product": PRODUCT, "kind": "open", "reason": "for the archive"}
            assert said["data"].items() >= facts.items()
            assert await scene.do("/subscription/get", by=by, subscription=said["subscription"]) == {
                "subscription": said["subscription"],
                "provider": scene.service.did,
                "customer": customer.did,
                "product": PRODUCT,
                "kind": "open",
                "state": "active",
                "seats": {"used": 0},
                "startsAt": START,
                "insertedAt": START,
                "cause": said["subscription"],
            }
            await scene.set_time(MAX_TIME)
            assert await scene.state(said["subscription"]) == "active"
            await scene.set_time(START)

    async def test_its_id_is_the_tasks(self, scene: Scene) -> None:
        customer = await scene.customer()
        receipt = await scene.receipt(ADD, by=customer, **adding(scene, customer, PRODUCT))
        assert receipt.ok == {"id": str(receipt.ran)}
        CID.parse(str(receipt.ran))

    @pytest.mark.parametrize("seats", [1, 1_000_000])
    async def test_a_bulk_purchase_has_seats(self, scene: Scene, seats: int) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary")
        for what in (PRODUCT, product):
            name = await scene.subscription(customer, what, seats=seats)
            assert (await held(scene, name))["seats"] == {"total": seats, "used": 0}

    @pytest.mark.parametrize("seats", [0, -1, 1_000_001, 2**63, 1.5, "1", True])
    async def test_no_seats_are_no_purchase(self, scene: Scene, seats: object) -> None:
        customer = await scene.customer()
        name, message = await scene.refusal(ADD, **adding(scene, customer, PRODUCT, seats=seats))
        assert name == "MalformedArguments"
        assert message.startswith("malformed arguments: args.seats: ")

    async def test_a_grant_says_who_and_why(self, scene: Scene) -> None:
        customer, product, tenant = await scene.customer(), await scene.plan("complimentary"), Signer.generate()
        proof = scene.lend(ADD, of=scene.service, to=tenant)
        how = {"by": tenant, "subject": scene.service, "proofs": [proof]}
        made = await scene.do(ADD, **how, **adding(scene, customer, product, reason="a friend"))
        said = await held(scene, made["id"])
        assert (said["kind"], said["grantedBy"], said["reason"]) == ("complimentary", tenant.did, "a friend")
        assert "endsAt" not in said

    async def test_a_grants_end(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", period="P1M")
        ends: list[tuple[dict[str, Any], int | None]] = [
            ({}, utc(2030, 2, 1)),
            ({"startsAt": utc(2030, 1, 31)}, utc(2030, 2, 28)),
            ({"endsAt": None}, None),
            ({"endsAt": START + 1}, START + 1),
            ({"endsAt": MAX_TIME}, MAX_TIME),
            ({"startsAt": START - 10, "endsAt": START - 9}, START - 9),
        ]
        for more, end in ends:
            name = await scene.subscription(customer, product, **more)
            assert (await held(scene, name)).get("endsAt") == end, more

    @pytest.mark.parametrize(
        "more",
        [
            {"endsAt": START},
            {"endsAt": START - 1},
            {"endsAt": 0},
            {"startsAt": START + DAY, "endsAt": START + DAY},
            {"startsAt": MAX_TIME},
        ],
    )
    async def test_it_does_not_end_before_it_begins(self, scene: Scene, more: dict[str, int]) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", period="P1M")
        name, message = await scene.refusal(ADD, **adding(scene, customer, product, **more))
        assert name == "MalformedArguments"
        assert "args.endsAt" in message
        assert await scene.all("/subscription/list", customer=customer) == []

    @pytest.mark.parametrize("kind", ["open", "trial", "paid", None])
    async def test_only_of_a_grant_the_end_is_said(self, scene: Scene, kind: str | None) -> None:
        customer, product = await scene.customer(), PRODUCT if kind is None else await scene.plan(kind)
        for end in (START + DAY, None):
            name, message = await scene.refusal(ADD, **adding(scene, customer, product, endsAt=end))
            assert (name, "args.endsAt" in message) == ("MalformedArguments", True)

    async def test_a_trial_is_one_for_a_customer_and_product(self, scene: Scene) -> None:
        customer, other, product = await scene.customer(), await scene.customer(), await scene.plan("trial", period="P14D")
        name = await scene.subscription(customer, product)
        assert (await held(scene, name))["endsAt"] == START + 14 * DAY
        again = adding(scene, customer, product)
        assert await scene.untold(ADD, **again) == "SubscriptionActive"
        await scene.do("/subscription/cancel", subscription=name, at="now")
        await scene.advance("P1Y")
        assert await scene.untold(ADD, **again) == "SubscriptionActive", "ever"
        await scene.subscription(other, product)
        await scene.subscription(customer, await scene.plan("trial"))

    async def test_a_trial_that_was_given_away_was_had(self, scene: Scene) -> None:
        giver, receiver, product = await scene.customer(), await scene.customer(), await scene.plan("trial")
        name = await scene.subscription(giver, product)
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        for customer in (giver, receiver):
            assert await scene.refused(ADD, **adding(scene, customer, product)) == "SubscriptionActive"

    async def test_an_exclusive_one_is_one_at_a_time(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", period="P1M", exclusive=True)
        again = adding(scene, customer, product)
        later = await scene.subscription(customer, product, startsAt=START + 10 * DAY)
        assert await scene.untold(ADD, **again) == "SubscriptionActive", "what has not begun is live"
        await scene.do("/customer/suspend", customer=customer)
        assert await scene.untold(ADD, **again) == "SubscriptionActive", "what is suspended is live"
        await scene.do("/customer/resume", customer=customer)
        await scene.set_time((await held(scene, later))["endsAt"] - 1)
        assert await scene.untold(ADD, **again) == "SubscriptionActive"
        await scene.advance("PT1S")
        await scene.do(ADD, **again)
        await scene.subscription(await scene.customer(), product)

    async def test_by_itself_where_the_plan_says_so(self, scene: Scene) -> None:
        customer = await scene.customer()
        mine = await scene.plan("complimentary", period="P1M", seats=3, selfServe=True)
        theirs = await scene.plan("complimentary", period="P1M")
        made = await scene.do(ADD, by=customer, **adding(scene, customer, mine, seats=3))
        assert (await held(scene, made["id"]))["seats"]["total"] == 3
        kept = "is not for customers to take by themselves (selfServe): the service adds it"
        for product, said in [(theirs, kept), (scene.product(), "not found"), (GOLD, "not found")]:
            name, message = await scene.refusal(ADD, by=customer, **adding(scene, customer, product))
            assert (name, message) == ("PlanNotFound", f'plan "{product}" {said}')
        malformed: list[dict[str, Any]] = [{"startsAt": START}, {"endsAt": None}, {"endsAt": START + 1}, {"seats": 4}]
        for more in malformed:
            name, message = await scene.refusal(ADD, by=customer, **adding(scene, customer, mine, **more))
            assert name == "MalformedArguments"
            assert f"args.{next(iter(more))}" in message
        # The service says what it likes.
        await scene.subscription(customer, mine, startsAt=START - 1, endsAt=None, seats=4)

    async def test_where_there_is_no_customer_provider_or_plan(self, scene: Scene) -> None:
        customer, nobody = await scene.customer(), Signer.generate()
        cases = [
            (nobody, adding(scene, nobody, PRODUCT), "CustomerNotFound"),
            (scene.service, adding(scene, nobody, PRODUCT), "CustomerNotFound"),
            (nobody, adding(scene, customer, PRODUCT), "CustomerNotFound"),
            (customer, adding(scene, customer, PRODUCT, provider=OTHER_PROVIDER), "ProviderNotAllowed"),
            (customer, adding(scene, customer, GOLD), "PlanNotFound"),
            (scene.service, adding(scene, customer, GOLD), "PlanNotFound"),
        ]
        for by, arguments, name in cases:
            assert await scene.untold(ADD, by=by, **arguments) == name

    async def test_who_has_a_plan_as_its_product_cannot_have_it_for_nothing(self, scene: Scene) -> None:
        product = await scene.plan("paid")
        customer = await scene.customer(product)
        assert await scene.untold(ADD, by=customer, **adding(scene, customer, product)) == "PlanNotFound"


class TestState:
    async def test_of_a_grant_as_time_goes_by(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary")
        name = await scene.subscription(customer, product, startsAt=START + DAY, endsAt=START + 2 * DAY)
        space = await scene.seated(name)
        for time, state in [
            (START, "pending"),
            (START + DAY - 1, "pending"),
            (START + DAY, "active"),
            (START + 2 * DAY - 1, "active"),
            (START + 2 * DAY, "expired"),
            (MAX_TIME, "expired"),
        ]:
            await scene.set_time(time)
            assert (await scene.state(name), await scene.entitled(space)) == (state, state == "active")
            page = await scene.do("/subscription/list", customer=customer, state=state)
            assert [one["subscription"] for one in page["results"]] == [name]

    @pytest.mark.parametrize(
        ("begin", "period", "end"),
        [
            ((2028, 1, 31), "P1M", (2028, 2, 29)),
            ((2027, 1, 31), "P1M", (2027, 2, 28)),
            ((2028, 2, 29), "P1Y", (2029, 2, 28)),
            ((2028, 2, 29), "P4Y", (2032, 2, 29)),
            ((2031, 12, 31, 23, 59), "P2M", (2032, 2, 29, 23, 59)),
            ((2030, 10, 31), "P1M", (2030, 11, 30)),
            ((2030, 1, 1), "PT36H", (2030, 1, 2, 12)),
            ((2030, 1, 1), "P2W", (2030, 1, 15)),
            ((2030, 1, 31), "P1M1D", (2030, 3, 1)),
            ((1970, 1, 1), "P1D", (1970, 1, 2)),
            ((2099, 12, 31), "P1M", (2100, 1, 31)),
            ((2100, 1, 31), "P1M", (2100, 2, 28)),
            ((9998, 12, 31), "P1Y", (9999, 12, 31)),
        ],
    )
    async def test_a_trial_runs_by_the_calendar(
        self, scene: Scene, begin: tuple[int, ...], period: str, end: tuple[int, ...]
    ) -> None:
        time = await scene.at(*begin)
        _, name = await scene.bought("trial", period=period)
        said = await held(scene, name)
        assert (said["startsAt"], said["endsAt"]) == (time, utc(*end))
        await scene.set_time(utc(*end) - 1)
        assert await scene.state(name) == "active"
        await scene.advance("PT1S")
        assert await scene.state(name) == "expired"

    async def test_what_would_end_after_the_year_9999_ends_with_it(self, scene: Scene) -> None:
        await scene.at(9999, 6, 1)
        _, name = await scene.bought("trial", period="P1Y")
        assert (await held(scene, name))["endsAt"] == MAX_TIME


class TestExtend:
    @pytest.mark.parametrize("kind", ["complimentary", "trial"])
    async def test_goes_on_also_after_its_end(self, scene: Scene, kind: str) -> None:
        customer, name = await scene.bought(kind, period="P1M")
        space = await scene.seated(name)
        for end in (START + 60 * DAY, START + 40 * DAY, None, START + 50 * DAY, MAX_TIME):
            ((told, said),) = await scene.told("/subscription/extend", subscription=name, endsAt=end)
            assert (told, said["customer"], said["subscription"]) == ("subscription-extended", customer.did, name)
            assert said["data"]["endsAt"] == end
            assert (await held(scene, name)).get("endsAt") == end
            assert await scene.untold("/subscription/extend", subscription=name, endsAt=end) == "ok"
        await scene.do("/subscription/extend", subscription=name, endsAt=START + DAY)
        await scene.advance("P1Y")
        assert (await scene.state(name), await scene.entitled(space)) == ("expired", False)
        await scene.do("/subscription/extend", subscription=name, endsAt=None)
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)

    async def test_never_to_a_time_that_has_passed(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary")
        name = await scene.subscription(customer, product, startsAt=START + DAY, endsAt=START + 2 * DAY)
        for end in (0, START - 1, START, START + DAY):
            found, message = await scene.refusal("/subscription/extend", subscription=name, endsAt=end)
            assert (found, "args.endsAt" in message) == ("MalformedArguments", True)
        assert (await held(scene, name))["endsAt"] == START + 2 * DAY

    async def test_not_what_has_no_end_to_set(self, scene: Scene) -> None:
        names = [(await scene.bought(kind))[1] for kind in ("open", "paid")]
        names.append(await scene.subscription(await scene.customer()))
        for name in names:
            assert await scene.untold("/subscription/extend", subscription=name, endsAt=START + DAY) == "NotExtendable"

    @pytest.mark.parametrize("at", ["now", "end"])
    async def test_not_what_was_cancelled(self, scene: Scene, at: str) -> None:
        _, name = await scene.bought(period="P1M")
        await scene.do("/subscription/cancel", subscription=name, at=at)
        for end in (None, START + 60 * DAY):
            assert await scene.untold("/subscription/extend", subscription=name, endsAt=end) == "NotExtendable"

    async def test_not_what_another_has_taken_the_place_of(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary", period="P1M", exclusive=True)
        first = await scene.subscription(customer, product)
        await scene.advance("P1M")
        second = await scene.subscription(customer, product)
        assert await scene.untold("/subscription/extend", subscription=first, endsAt=None) == "NotExtendable"
        await scene.do("/subscription/cancel", subscription=second, at="now")
        await scene.do("/subscription/extend", subscription=first, endsAt=None)


class TestCancel:
    async def test_now(self, scene: Scene) -> None:
        customer, name = await scene.bought(period="P1M")
        space = await scene.seated(name)
        time = await scene.advance("P1D")
        ((kind, said),) = await scene.told("/subscription/cancel", by=customer, subscription=name, at="now")
        assert (kind, said["customer"], said["subscription"]) == ("subscription-cancelled", customer.did, name)
        assert said["data"]["effect"] == "now"
        said = await held(scene, name)
        assert (said["state"], said["endsAt"], said["seats"]["used"]) == ("cancelled", time, 1)
        assert await scene.entitled(space) is False
        await scene.advance("P1D")
        for at in ("now", "end"):
            assert await scene.untold("/subscription/cancel", subscription=name, at=at) == "ok"
            assert await scene.do("/subscription/cancel", subscription=name, at=at) == {"endsAt": time}

    async def test_at_the_end_of_what_was_granted(self, scene: Scene) -> None:
        customer, name = await scene.bought("trial", period="P1M")
        space, end = await scene.seated(name), utc(2030, 2, 1)
        ((_, said),) = await scene.told("/subscription/cancel", by=customer, subscription=name, at="end")
        assert said["data"]["effect"] == "end"
        assert await scene.untold("/subscription/cancel", subscription=name, at="end") == "ok"
        assert await scene.do("/subscription/cancel", subscription=name, at="end") == {"endsAt": end}
        await scene.set_time(end - 1)
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)
        await scene.set_time(end)
        assert (await scene.state(name), await scene.entitled(space)) == ("cancelled", False)

    async def test_what_was_to_end_later_can_end_now(self, scene: Scene) -> None:
        _, name = await scene.bought(period="P1M")
        await scene.do("/subscription/cancel", subscription=name, at="end")
        time = await scene.advance("P1D")
        assert await scene.do("/subscription/cancel", subscription=name, at="now") == {"endsAt": time}
        assert await scene.state(name) == "cancelled"

    @pytest.mark.parametrize("kind", ["open", "complimentary", "paid"])
    async def test_where_there_is_no_end_to_wait_for_now(self, scene: Scene, kind: str) -> None:
        _, name = await scene.bought(kind)
        ((_, said),) = await scene.told("/subscription/cancel", subscription=name, at="end")
        assert said["data"]["effect"] == "now"
        assert (await held(scene, name))["endsAt"] == START
        assert await scene.state(name) == "cancelled"

    async def test_what_has_not_begun(self, scene: Scene) -> None:
        customer, product = await scene.customer(), await scene.plan("complimentary")
        name = await scene.subscription(customer, product, startsAt=START + DAY)
        assert await scene.do("/subscription/cancel", subscription=name, at="now") == {"endsAt": START}
        assert await scene.state(name) == "cancelled"

    async def test_what_has_expired_ended_when_it_did(self, scene: Scene) -> None:
        _, name = await scene.bought(period="P1M")
        await scene.advance("P2M")
        assert await scene.do("/subscription/cancel", subscription=name, at="now") == {"endsAt": utc(2030, 2, 1)}

    async def test_there_is_no_other_time(self, scene: Scene) -> None:
        _, name = await scene.bought()
        for at in ("later", "", None, 1, "NOW"):
            assert await scene.untold("/subscription/cancel", subscription=name, at=at) == "MalformedArguments"
