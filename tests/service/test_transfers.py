"""Transfers, over HTTP: a subscription changes hands, and everything in it comes along."""

from __future__ import annotations

import pytest

from forge.keys import Signer
from tests.service.scene import DAY, START, Scene, utc

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRANSFER = "/subscription/transfer"


class TestTransfer:
    async def test_moves_all_its_consumers_by_changing_one_row(self, scene: Scene) -> None:
        giver, name = await scene.bought(seats=5)
        spaces, receiver = [await scene.seated(name) for _ in range(3)], await scene.customer()
        time = await scene.advance("P1D")
        proof = scene.lend(TRANSFER, of=giver, to=receiver)
        how = {"by": receiver, "subject": giver, "proofs": [proof]}
        ((kind, said),) = await scene.told(TRANSFER, **how, subscription=name, customer=receiver)
        assert (kind, said["customer"], said["subscription"]) == ("subscription-transferred", receiver.did, name)
        assert said["data"]["from"] == giver.did
        held = await scene.do("/subscription/get", by=receiver, subscription=name)
        assert (held["customer"], held["seats"], held["startsAt"]) == (receiver.did, {"total": 5, "used": 3}, START)
        for space in spaces:
            now = await scene.do("/consumer/get", by=receiver, consumer=space)
            assert (now["customer"], now["since"], now["entitled"]) == (receiver.did, START, True)
            then = await scene.do("/consumer/get", consumer=space, at=time - 1)
            assert then["customer"] == giver.did
            assert await scene.refused("/consumer/get", by=giver, consumer=space) == "ConsumerNotFound"
            assert (await scene.do("/consumer/get", by=giver, consumer=space, at=time - 1))["customer"] == giver.did
        assert await scene.refused("/subscription/get", by=giver, subscription=name) == "SubscriptionNotFound"
        assert await scene.refused(TRANSFER, **how, subscription=name, customer=receiver) == "SubscriptionNotFound"

    async def test_both_hear_of_it(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        receiver = await scene.customer()
        await scene.do(TRANSFER, subscription=name, customer=receiver)
        for somebody in (giver, receiver):
            last = (await scene.all("/event/list", by=somebody))[-1]
            assert (last["type"], last["customer"], last["data"]["from"]) == (
                "subscription-transferred",
                receiver.did,
                giver.did,
            )

    async def test_both_wills_are_in_the_signatures(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        receiver, other = await scene.customer(), await scene.customer()
        for by, proofs in ((giver, []), (other, [scene.lend(TRANSFER, of=giver, to=other)])):
            how = {"by": by, "subject": giver, "proofs": proofs}
            assert await scene.untold(TRANSFER, **how, subscription=name, customer=receiver) == "ReceiverDidNotSign"
        # The receiver alone takes nothing.
        asked = {"by": receiver, "subscription": name, "customer": receiver}
        assert await scene.untold(TRANSFER, **asked) == "SubscriptionNotFound"
        assert await scene.untold(TRANSFER, **asked, subject=giver) == "InvalidClaim"
        assert (await scene.do("/subscription/get", subscription=name))["customer"] == giver.did

    async def test_a_gift_may_be_confined_to_one_subscription(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        other, receiver = await scene.subscription(giver), await scene.customer()
        proof = scene.lend(TRANSFER, of=giver, to=receiver, policy=[["==", ".subscription", name]])
        how = {"by": receiver, "subject": giver, "proofs": [proof], "customer": receiver}
        assert await scene.untold(TRANSFER, **how, subscription=other) == "MatchError"
        await scene.do(TRANSFER, **how, subscription=name)

    async def test_to_its_own_holder_changes_nothing(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        for by in (scene.service, customer):
            assert await scene.untold(TRANSFER, by=by, subscription=name, customer=customer) == "ok"
        guest = await scene.guest()
        await scene.do("/customer/link", guest=guest, customer=customer)
        assert await scene.untold(TRANSFER, subscription=name, customer=guest) == "ok"

    async def test_there_and_back_is_history(self, scene: Scene) -> None:
        first, name = await scene.bought()
        space, second = await scene.seated(name), await scene.customer()
        days = [START]
        for receiver in (second, first):
            days.append(await scene.advance("P1D"))
            await scene.do(TRANSFER, subscription=name, customer=receiver)
        said = [(await scene.do("/consumer/get", consumer=space, at=day))["customer"] for day in days]
        assert said == [first.did, second.did, first.did]

    async def test_to_nobody(self, scene: Scene) -> None:
        _, name = await scene.bought()
        nobody = Signer.generate()
        failure, message = await scene.refusal(TRANSFER, subscription=name, customer=nobody)
        assert (failure, message) == ("CustomerNotFound", f'customer "{nobody.did}" not found')

    async def test_not_of_what_has_ended(self, scene: Scene) -> None:
        giver, expired = await scene.bought(period="P1M")
        cancelled, receiver = await scene.subscription(giver), await scene.customer()
        await scene.do("/subscription/cancel", subscription=cancelled, at="now")
        await scene.at(2030, 2, 1)
        for name in (expired, cancelled):
            assert await scene.untold(TRANSFER, subscription=name, customer=receiver) == "SubscriptionEnded"

    async def test_not_of_an_exclusive_one_to_who_has_one(self, scene: Scene) -> None:
        product = await scene.plan("complimentary", exclusive=True, period="P1M")
        giver, receiver = await scene.customer(), await scene.customer()
        name, other = await scene.subscription(giver, product), await scene.subscription(receiver, product)
        assert await scene.untold(TRANSFER, subscription=name, customer=receiver) == "SubscriptionActive"
        await scene.do("/subscription/cancel", subscription=other, at="now")
        await scene.do(TRANSFER, subscription=name, customer=receiver)
        await scene.subscription(giver, product)

    async def test_what_was_paid_comes_along(self, scene: Scene) -> None:
        _, name = await scene.bought("paid", grace="P3D")
        receiver = await scene.customer()
        await scene.paid(name, "in_1", utc(2030, 2, 1))
        await scene.do(TRANSFER, subscription=name, customer=receiver)
        held = await scene.do("/subscription/get", subscription=name)
        assert (held["state"], held["endsAt"]) == ("active", utc(2030, 2, 1) + 3 * DAY)


class TestBlocked:
    @pytest.mark.parametrize("who", ["giver", "receiver", "giver's payer", "receiver's payer"])
    async def test_the_suspended_give_and_take_nothing(self, scene: Scene, who: str) -> None:
        giver, name = await scene.bought()
        receiver, payer = await scene.customer(), await scene.customer()
        if who.endswith("payer"):
            await scene.pays(payer, giver if who.startswith("giver") else receiver)
        blocked = {"giver": giver, "receiver": receiver}.get(who, payer)
        await scene.do("/customer/suspend", customer=blocked)
        how = {"by": receiver, "subject": giver, "proofs": [scene.lend(TRANSFER, of=giver, to=receiver)]}
        asked = {"subscription": name, "customer": receiver}
        assert await scene.untold(TRANSFER, **how, **asked) == "AccountBlocked"
        # The service knows what it does.
        await scene.do(TRANSFER, **asked)
        assert (await scene.do("/subscription/get", subscription=name))["customer"] == receiver.did

    async def test_the_closed_take_nothing_from_anybody(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        receiver = await scene.customer()
        await scene.do("/customer/close", customer=receiver)
        assert await scene.untold(TRANSFER, subscription=name, customer=receiver) == "AccountBlocked"
        how = {"by": receiver, "subject": giver, "proofs": [scene.lend(TRANSFER, of=giver, to=receiver)]}
        assert await scene.untold(TRANSFER, **how, subscription=name, customer=receiver) == "AccountBlocked"
