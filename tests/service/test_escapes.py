"""Ways around a rule, each closed: out of a suspension, twice through a door for one, into what is another's."""

from __future__ import annotations

import pytest

from forge.keys import Signer
from forge.receipt import Receipt
from tests.service.scene import DAY, START, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def is_kept(scene: Scene, receipt: Receipt) -> bool:
    return await scene.world.app.state.host.store.receipt(receipt.ran) is not None


class TestSuspended:
    async def test_a_payer_invites_nobody(self, scene: Scene) -> None:
        payer, code, newcomer = await scene.customer(), Signer.generate(), Signer.generate()
        await scene.do("/customer/suspend", customer=payer)
        proofs = [
            scene.lend("/customer/payer/add", of=payer, to=code),
            scene.lend("/customer/payer/add", of=code, to=newcomer, subject=payer),
        ]
        asked = {"by": newcomer, "subject": payer, "proofs": proofs, "payer": payer, "customer": newcomer}
        assert await scene.refused("/customer/payer/add", **asked) == "AccountBlocked"
        assert await scene.refused("/customer/get", customer=newcomer) == "CustomerNotFound"

    async def test_a_leaf_does_not_leave_its_payer_s_suspension(self, scene: Scene) -> None:
        payer, leaf = await scene.customer(), await scene.customer()
        await scene.pays(payer, leaf)
        space, _ = await scene.provisioned(leaf)
        await scene.do("/customer/suspend", customer=payer)
        for by in (leaf, payer):
            assert await scene.untold("/customer/payer/remove", by=by, customer=leaf) == "AccountBlocked"
        assert not await scene.entitled(space)
        await scene.do("/customer/payer/remove", customer=leaf)
        assert await scene.entitled(space), "the service let it"


class TestOnce:
    async def test_a_trial_is_not_had_twice_by_handing_it_around(self, scene: Scene) -> None:
        product = await scene.plan("trial")
        first, second, third = [await scene.customer() for _ in range(3)]
        one, two = await scene.subscription(first, product), await scene.subscription(second, product)
        assert await scene.untold("/subscription/transfer", subscription=one, customer=second) == "SubscriptionActive"
        await scene.do("/subscription/transfer", subscription=two, customer=third)
        # Who held one that another was given has had it, also when it has gone on.
        fourth = await scene.customer()
        await scene.do("/subscription/transfer", subscription=two, customer=fourth)
        asked = {"customer": third, "provider": scene.service, "product": product}
        assert await scene.untold("/subscription/add", **asked) == "SubscriptionActive"


class TestOthers:
    async def test_of_another_s_subscription_a_list_says_nothing_at_all(self, scene: Scene) -> None:
        spy, owner = await scene.customer(), await scene.customer()
        theirs = await scene.subscription(owner)
        await scene.assign(theirs, *(Signer.generate() for _ in range(12)))
        there = await scene.do("/consumer/list", by=spy, subscription=theirs, size=1)
        absent = await scene.do("/consumer/list", by=spy, subscription="nothing", size=1)
        assert there == absent == {"results": []}
        assert len((await scene.do("/consumer/list", subscription=theirs, customer=owner))["results"]) == 12
        assert await scene.do("/consumer/list", subscription=theirs, customer=spy) == {"results": []}

    async def test_who_was_nobody_s_guest_leaves_no_trace(self, scene: Scene) -> None:
        stranger = Signer.generate()
        receipt = await scene.receipt("/customer/link", by=stranger, guest=stranger, customer=stranger)
        assert receipt.error_name == "CustomerNotFound"
        assert not await is_kept(scene, receipt)

    async def test_an_old_name_does_not_sign_that_the_customer_receives(self, scene: Scene) -> None:
        guest, customer, evil = await scene.guest(), await scene.customer(), await scene.customer()
        await scene.do("/customer/link", guest=guest, customer=customer)
        gift = await scene.subscription(evil)
        for command, more in (
            ("/customer/payer/add", {"payer": evil}),
            ("/subscription/transfer", {"subscription": gift}),
        ):
            proof = scene.lend(command, of=evil, to=guest)
            how = {"by": guest, "subject": evil, "proofs": [proof], "customer": guest, **more}
            assert await scene.untold(command, **how) == "ReceiverDidNotSign"
        assert "payer" not in await scene.do("/customer/get", customer=customer)

    async def test_who_held_it_is_not_told_how_it_goes_on(self, scene: Scene) -> None:
        giver, name = await scene.bought("paid")
        receiver, seat = await scene.customer(), await scene.seated(name)
        await scene.paid(name, "in_1", START + 3 * DAY)
        await scene.advance("P1D")
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        await scene.paid(name, "in_2", START + 9 * DAY)
        then = await scene.do("/consumer/get", by=giver, consumer=seat, at=START)
        assert then["customer"] == giver.did
        assert "endsAt" not in then
        for by in (scene.service, seat):
            assert (await scene.do("/consumer/get", by=by, subject=by, consumer=seat, at=START))["endsAt"] > START + 8 * DAY

    async def test_what_was_bought_before_there_was_a_plan_is_no_seat_in_it(self, scene: Scene) -> None:
        product = scene.product()
        customer = await scene.customer(product)
        space, own = await scene.provisioned(customer)
        await scene.do("/plan/add", product=product, name="Late", kind="complimentary", seats=1)
        asked = {"by": customer, "provider": scene.service, "consumer": Signer.generate()}
        assert await scene.refused("/provider/add", **asked) == "AccountPlanMissing"
        bought = await scene.subscription(customer, product)
        assert (await scene.do("/provider/add", **asked))["id"] == bought
        assert await scene.of(space) == own
        assert await scene.entitled(space)

    async def test_what_has_ended_does_not_end_later(self, scene: Scene) -> None:
        _, name = await scene.bought("complimentary", period="P1D")
        await scene.advance("P30D")
        assert await scene.state(name) == "expired"
        assert await scene.do("/subscription/cancel", subscription=name, at="end") == {"endsAt": START + DAY}
        assert await scene.state(name) == "expired"
