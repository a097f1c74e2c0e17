"""Guests, over HTTP: a customer known by its e-mail address alone goes on as one that has a key."""

from __future__ import annotations

import pytest

from forge.did import DID
from forge.keys import Signer
from tests.service.scene import DAY, START, Scene
from tests.service.test_payers import payer_of
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINK = "/customer/link"
GOLD = DID("did:web:gold.example.com")


async def linked(scene: Scene) -> tuple[Signer, Signer]:
    guest, customer = await scene.guest(), await scene.customer()
    await scene.do(LINK, guest=guest, customer=customer)
    return guest, customer


class TestLink:
    async def test_a_guest_that_gets_a_key_goes_on_under_it(self, scene: Scene) -> None:
        guest, key = await scene.guest(), Signer.generate()
        space, first = await scene.provisioned(guest)
        second = await scene.subscription(guest)
        assert await scene.entitled(space) is True
        time = await scene.advance("P1D")
        proof = scene.lend(LINK, of=guest, to=key)
        how = {"by": key, "subject": guest, "proofs": [proof]}
        told = await scene.told(LINK, **how, guest=guest, customer=key)
        assert [(kind, said["customer"], said.get("subscription")) for kind, said in told] == [
            ("customer-added", key.did, None),
            ("subscription-transferred", key.did, first),
            ("subscription-transferred", key.did, second),
            ("customer-linked", key.did, None),
        ]
        assert told[-1][1]["data"]["guest"] == guest.did
        held = await scene.do("/subscription/get", by=key, subscription=first)
        assert (held["customer"], held["state"], held["seats"]["used"]) == (key.did, "active", 1)
        for by in (space, key, scene.service):
            now = await scene.do("/consumer/get", by=by, consumer=space)
            assert (now["customer"], now["entitled"], now["subscription"]) == (key.did, True, first)
        for by in (space, key, guest, scene.service):
            then = await scene.do("/consumer/get", by=by, consumer=space, at=time - DAY)
            assert (then["customer"], then["entitled"]) == (guest.did, True)

    async def test_gives_how_many_went_over(self, scene: Scene) -> None:
        guest, customer = await scene.guest(), await scene.customer()
        assert await scene.do(LINK, guest=guest, customer=customer) == {"moved": 0}
        guest = await scene.guest()
        names = [await scene.subscription(guest) for _ in range(3)]
        await scene.do("/subscription/cancel", subscription=names[0], at="now")
        await scene.subscription(customer)
        assert await scene.do(LINK, guest=guest, customer=customer) == {"moved": 3}, "ended ones too"
        listed = await scene.all("/subscription/list", customer=customer)
        assert {one["subscription"] for one in listed} >= set(names)
        assert len(listed) == 4

    async def test_who_is_no_customer_becomes_what_the_guest_was(self, scene: Scene) -> None:
        guest, key = scene.mailto(), Signer.generate()
        details = {"region": "eu"}
        await scene.do("/customer/add", customer=guest, externalAccount="f1:g", product=GOLD, details=details)
        await scene.do(LINK, guest=guest, customer=key)
        said = await scene.do("/customer/get", by=key, customer=key)
        assert (said["externalAccount"], said["product"], said["details"]) == ("f1:g", GOLD, details)

    async def test_who_is_a_customer_stays_what_it_was(self, scene: Scene) -> None:
        guest, key = await scene.guest(GOLD), await scene.customer(account="f1:k")
        await scene.do(LINK, guest=guest, customer=key)
        said = await scene.do("/customer/get", customer=key)
        assert (said["externalAccount"], said["product"]) == ("f1:k", PRODUCT)

    async def test_both_wills_are_in_the_signatures(self, scene: Scene) -> None:
        guest, key, other = await scene.guest(), Signer.generate(), await scene.customer()
        for by, proofs in ((guest, []), (other, [scene.lend(LINK, of=guest, to=other)])):
            how = {"by": by, "subject": guest, "proofs": proofs}
            assert await scene.untold(LINK, **how, guest=guest, customer=key) == "ReceiverDidNotSign"
        assert await scene.untold(LINK, by=key, subject=guest, guest=guest, customer=key) == "InvalidClaim"
        assert await scene.untold(LINK, by=key, guest=guest, customer=key) == "CustomerNotFound"
        assert await scene.refused("/customer/get", customer=key) == "CustomerNotFound"

    async def test_once_one_way_and_without_chains(self, scene: Scene) -> None:
        guest, customer = await linked(scene)
        other, nobody = await scene.customer(), Signer.generate()
        for who, whom in [
            (guest, guest),
            (customer, customer),
            (other, other),
            (guest, customer),  # twice
            (guest, other),
            (guest, nobody),
            (customer, guest),  # in a ring
            (customer, other),  # in a chain
            (customer, nobody),
        ]:
            assert await scene.untold(LINK, guest=who, customer=whom) == "CustomerLinked", (who.did, whom.did)
        assert await scene.refused("/customer/get", customer=nobody) == "CustomerNotFound"

    async def test_to_a_customers_old_did_is_to_the_customer(self, scene: Scene) -> None:
        old, customer = await linked(scene)
        guest = await scene.guest()
        name = await scene.subscription(guest)
        await scene.do(LINK, guest=guest, customer=old)
        assert (await scene.do("/subscription/get", by=customer, subscription=name))["customer"] == customer.did
        assert (await scene.do("/customer/get", customer=guest))["customer"] == customer.did

    async def test_both_exclusive_subscriptions_stay_until_they_end(self, scene: Scene) -> None:
        guest, customer = await scene.guest(), await scene.customer()
        product = await scene.plan("complimentary", exclusive=True, period="P1M")
        names = [await scene.subscription(one, product) for one in (guest, customer)]
        await scene.do(LINK, guest=guest, customer=customer)
        assert [await scene.state(name) for name in names] == ["active", "active"]
        adding = {"customer": customer, "provider": scene.service, "product": product}
        assert await scene.refused("/subscription/add", **adding) == "SubscriptionActive"
        await scene.do("/subscription/cancel", subscription=names[0], at="now")
        assert await scene.refused("/subscription/add", **adding) == "SubscriptionActive"
        await scene.do("/subscription/cancel", subscription=names[1], at="now")
        await scene.do("/subscription/add", **adding)

    async def test_a_trial_that_the_guest_had_was_had(self, scene: Scene) -> None:
        guest, customer = await scene.guest(), await scene.customer()
        product = await scene.plan("trial")
        await scene.subscription(guest, product)
        await scene.do(LINK, guest=guest, customer=customer)
        for who in (guest, customer):
            adding = {"customer": who, "provider": scene.service, "product": product}
            assert await scene.refused("/subscription/add", **adding) == "SubscriptionActive"


class TestSuspended:
    async def test_nobody_escapes_by_linking(self, scene: Scene) -> None:
        guest, key = await scene.guest(), Signer.generate()
        space, _ = await scene.provisioned(guest)
        await scene.do("/customer/suspend", customer=guest)
        proof = scene.lend(LINK, of=guest, to=key)
        for how in ({"by": key, "subject": guest, "proofs": [proof]}, {}):
            assert await scene.untold(LINK, **how, guest=guest, customer=key) == "AccountBlocked"
        assert await scene.entitled(space) is False
        assert await scene.refused("/customer/get", customer=key) == "CustomerNotFound"

    @pytest.mark.parametrize("how", ["suspend", "close"])
    async def test_nobody_is_linked_to_or_from_one(self, scene: Scene, how: str) -> None:
        guest, blocked = await scene.guest(), await scene.customer()
        await scene.do(f"/customer/{how}", customer=blocked)
        assert await scene.untold(LINK, guest=guest, customer=blocked) == "AccountBlocked"
        assert await scene.untold(LINK, guest=blocked, customer=guest) == "AccountBlocked"

    async def test_suspending_the_old_did_suspends_the_customer(self, scene: Scene) -> None:
        guest, customer = await linked(scene)
        space, _ = await scene.provisioned(customer)
        ((kind, said),) = await scene.told("/customer/suspend", customer=guest)
        assert (kind, said["customer"]) == ("customer-suspended", customer.did)
        assert await scene.entitled(space) is False
        assert await scene.untold("/customer/suspend", customer=customer) == "ok"
        await scene.do("/customer/resume", customer=guest)
        assert await scene.entitled(space) is True


class TestOldName:
    async def test_means_the_customer_as_an_argument_and_as_a_subject(self, scene: Scene) -> None:
        guest, customer = await linked(scene)
        name = await scene.subscription(guest)
        for by in (scene.service, guest, customer):
            for named in (guest, customer):
                assert (await scene.do("/customer/get", by=by, customer=named))["customer"] == customer.did
                assert [one["customer"] for one in await scene.all("/subscription/list", by=by, customer=named)] == [
                    customer.did
                ]
        held = await scene.do("/subscription/get", by=guest, subscription=name)
        assert held["customer"] == customer.did
        space, own = await scene.provisioned(guest)
        assert await scene.of(space) == own
        listed = await scene.all("/consumer/list", by=guest)
        assert [(one["consumer"], one["customer"]) for one in listed] == [(space.did, customer.did)]

    async def test_what_it_delegated_holds(self, scene: Scene) -> None:
        guest = await scene.guest()
        name = await scene.subscription(guest)
        manager, customer = Signer.generate(), await scene.customer()
        proof = scene.lend("/subscription/assign", of=guest, to=manager)
        await scene.do(LINK, guest=guest, customer=customer)
        space = Signer.generate()
        how = {"by": manager, "subject": guest, "proofs": [proof]}
        told = await scene.told("/subscription/assign", **how, subscription=name, consumers=[space])
        assert [(kind, said["customer"]) for kind, said in told] == [("consumer-assigned", customer.did)]
        assert await scene.entitled(space) is True

    async def test_is_not_listed_beside_the_new_one(self, scene: Scene) -> None:
        guest, customer = scene.mailto(), Signer.generate()
        await scene.do("/customer/add", customer=guest, externalAccount="f1:listed", product=PRODUCT, details={})
        await scene.do(LINK, guest=guest, customer=customer)
        listed = await scene.all("/customer/list", externalAccount="f1:listed")
        assert [one["customer"] for one in listed] == [customer.did]

    async def test_its_events_are_the_customers(self, scene: Scene) -> None:
        guest, customer = await linked(scene)
        for by in (guest, customer):
            types = [event["type"] for event in await scene.all("/event/list", by=by)]
            assert types == ["customer-added", "customer-added", "customer-linked"]

    async def test_who_was_somebody_else_gives_it_no_power(self, scene: Scene) -> None:
        guest, customer = await linked(scene)
        other = await scene.customer()
        name = await scene.subscription(other)
        for by in (guest, customer):
            assert await scene.refused("/customer/get", by=by, customer=other) == "CustomerNotFound"
            assert await scene.refused("/subscription/get", by=by, subscription=name) == "SubscriptionNotFound"


class TestPayers:
    async def test_who_paid_for_the_guest_pays_for_whom_that_makes_a_customer(self, scene: Scene) -> None:
        payer, guest, customer = await scene.customer(), await scene.guest(), Signer.generate()
        await scene.pays(payer, guest)
        told = await scene.told(LINK, guest=guest, customer=customer)
        assert [(kind, said["customer"]) for kind, said in told][:3] == [
            ("customer-added", customer.did),
            ("payer-removed", guest.did),
            ("payer-added", customer.did),
        ]
        assert await payer_of(scene, customer) == payer.did
        leaves = await scene.all("/customer/payer/list", payer=payer)
        assert [leaf["customer"] for leaf in leaves] == [customer.did]

    async def test_but_not_for_one_that_was_a_customer_of_its_own(self, scene: Scene) -> None:
        payer, guest, customer = await scene.customer(), await scene.guest(), await scene.customer()
        await scene.pays(payer, guest)
        told = await scene.told(LINK, guest=guest, customer=customer)
        assert [(kind, said["customer"]) for kind, said in told] == [
            ("payer-removed", guest.did),
            ("customer-linked", customer.did),
        ]
        assert await payer_of(scene, customer) is None
        assert await scene.all("/customer/payer/list", payer=payer) == []

    async def test_where_the_customer_has_a_payer_that_one_stays(self, scene: Scene) -> None:
        first, second, guest, customer = [await scene.customer() for _ in range(4)]
        await scene.pays(first, guest)
        await scene.pays(second, customer)
        told = await scene.told(LINK, guest=guest, customer=customer)
        assert [kind for kind, _ in told] == ["payer-removed", "customer-linked"]
        assert await payer_of(scene, customer) == second.did
        assert await scene.all("/customer/payer/list", payer=first) == []

    async def test_where_one_paid_for_the_other_nobody_does(self, scene: Scene) -> None:
        guest, customer = await scene.guest(), await scene.customer()
        await scene.pays(customer, guest)
        assert [kind for kind, _ in await scene.told(LINK, guest=guest, customer=customer)] == [
            "payer-removed",
            "customer-linked",
        ]
        guest, customer, other = await scene.guest(), await scene.customer(), await scene.customer()
        for leaf in (customer, other):
            await scene.pays(guest, leaf)
        await scene.do(LINK, guest=guest, customer=customer)
        assert await payer_of(scene, customer) is None
        assert await payer_of(scene, other) == customer.did

    async def test_for_whom_the_guest_paid_the_customer_pays(self, scene: Scene) -> None:
        guest, customer, leaves = await scene.guest(), await scene.customer(), [await scene.customer() for _ in range(3)]
        for leaf in leaves:
            await scene.pays(guest, leaf)
        await scene.pays(customer, own := await scene.customer())
        told = await scene.told(LINK, guest=guest, customer=customer)
        assert sorted((kind, said["customer"]) for kind, said in told if kind.startswith("payer")) == sorted(
            (kind, leaf.did) for kind in ("payer-removed", "payer-added") for leaf in leaves
        )
        listed = await scene.all("/customer/payer/list", by=customer, payer=customer)
        assert {leaf["customer"] for leaf in listed} == {leaf.did for leaf in (*leaves, own)}

    async def test_there_is_no_way_around_the_levels(self, scene: Scene) -> None:
        payer, guest, customer, leaf = [await scene.customer() for _ in range(4)]
        await scene.pays(payer, guest)
        await scene.pays(customer, leaf)
        # It pays, and would be one that is paid for.
        assert await scene.untold(LINK, guest=customer, customer=guest) == "PayerCycle"
        assert (await payer_of(scene, guest), await payer_of(scene, leaf)) == (payer.did, customer.did)

    async def test_as_of_a_day_the_payer_is_who_it_was(self, scene: Scene) -> None:
        payer, guest, customer = await scene.customer(), await scene.guest(), Signer.generate()
        await scene.pays(payer, guest)
        space, _ = await scene.provisioned(guest)
        await scene.advance("P1D")
        await scene.do(LINK, guest=guest, customer=customer)
        then, now = [await scene.do("/consumer/get", consumer=space, at=at) for at in (START, START + DAY)]
        assert (then["customer"], then["payer"]) == (guest.did, payer.did)
        assert (now["customer"], now["payer"]) == (customer.did, payer.did)
