"""Payers, over HTTP: customers that pay for other customers, and how one comes to be paid for."""

from __future__ import annotations

from typing import Any

import pytest

from forge.client import now
from forge.delegation import Delegation
from forge.did import DID
from forge.keys import Signer
from tests.service.scene import START, Scene
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD = "/customer/payer/add"
GOLD = DID("did:web:gold.example.com")


async def payer_of(scene: Scene, customer: Signer) -> str | None:
    receipt = await scene.receipt("/customer/payer/get", customer=customer)
    if receipt.error_name == "PayerNotFound":
        return None
    assert isinstance(receipt.ok, dict)
    return str(receipt.ok["payer"])


async def paid_for(scene: Scene) -> tuple[Signer, Signer]:
    payer, leaf = await scene.customer(account="f1:payer"), await scene.customer(account="f1:leaf")
    await scene.pays(payer, leaf)
    return payer, leaf


class TestAdd:
    async def test_bills_the_payer(self, scene: Scene) -> None:
        payer, leaf = await scene.customer(account="f1:payer"), await scene.customer(account="f1:leaf")
        told = await scene.told(ADD, payer=payer, customer=leaf)
        assert [(kind, said["customer"], said["data"]["payer"]) for kind, said in told] == [
            ("payer-added", leaf.did, payer.did)
        ]
        for by in (scene.service, leaf):
            assert await scene.do("/customer/payer/get", by=by, customer=leaf) == {"payer": payer.did}
            said = await scene.do("/customer/get", by=by, customer=leaf)
            assert said["payer"] == payer.did
            assert said["billedTo"] == {"customer": payer.did, "externalAccount": "f1:payer"}
            assert said["externalAccount"] == "f1:leaf"
        own = await scene.do("/customer/get", customer=payer)
        assert "payer" not in own
        assert own["billedTo"] == {"customer": payer.did, "externalAccount": "f1:payer"}

    async def test_who_is_no_customer_becomes_one_with_the_payers_product(self, scene: Scene) -> None:
        payer, newcomer = await scene.customer(GOLD, account="f1:payer"), Signer.generate()
        told = await scene.told(ADD, payer=payer, customer=newcomer)
        assert [(kind, said["customer"]) for kind, said in told] == [
            ("customer-added", newcomer.did),
            ("payer-added", newcomer.did),
        ]
        assert await scene.do("/customer/get", customer=newcomer) == {
            "customer": newcomer.did,
            "product": GOLD,
            "details": {},
            "state": "active",
            "payer": payer.did,
            "billedTo": {"customer": payer.did, "externalAccount": "f1:payer"},
            "subscriptions": 0,
            "insertedAt": START,
        }

    async def test_a_payer_has_none_and_who_pays_gets_none(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        other = await scene.customer()
        ring = [(payer, payer), (leaf, payer), (leaf, other), (other, payer), (leaf, leaf), (other, other)]
        for who, whom in ring:
            assert await scene.untold(ADD, payer=who, customer=whom) == "PayerCycle", (who, whom)
        newcomer = Signer.generate()
        assert await scene.untold(ADD, payer=leaf, customer=newcomer) == "PayerCycle"
        assert await scene.refused("/customer/get", customer=newcomer) == "CustomerNotFound"
        assert await scene.untold(ADD, payer=payer, customer=payer, by=payer) == "PayerCycle"

    async def test_one_payer_at_a_time(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        other = await scene.customer()
        for who in (payer, other):
            assert await scene.untold(ADD, payer=who, customer=leaf) == "PayerExists"
        assert await payer_of(scene, leaf) == payer.did
        await scene.do("/customer/payer/remove", customer=leaf)
        await scene.pays(other, leaf)
        assert await payer_of(scene, leaf) == other.did

    async def test_who_no_longer_pays_may_be_paid_for(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        await scene.do("/customer/payer/remove", customer=leaf)
        await scene.pays(leaf, payer)
        assert await payer_of(scene, payer) == leaf.did

    async def test_nobody_and_who_was_closed_pay_for_nobody(self, scene: Scene) -> None:
        nobody, closed, leaf = Signer.generate(), await scene.customer(), await scene.customer()
        await scene.do("/customer/close", customer=closed)
        for payer in (nobody, closed):
            name, message = await scene.refusal(ADD, payer=payer, customer=leaf)
            assert (name, message) == ("CustomerNotFound", f'customer "{payer.did}" not found')

    async def test_both_wills_are_in_the_signatures(self, scene: Scene) -> None:
        payer, leaf, other = await scene.customer(), await scene.customer(), await scene.customer()
        proof = scene.lend(ADD, of=payer, to=other)
        # The payer alone, and whoever it trusts: the leaf has not agreed.
        for by, proofs in ((payer, []), (other, [proof])):
            how = {"by": by, "subject": payer, "proofs": proofs}
            assert await scene.untold(ADD, **how, payer=payer, customer=leaf) == "ReceiverDidNotSign"
        # The leaf alone: the payer has not.
        assert await scene.untold(ADD, by=leaf, payer=payer, customer=leaf) == "CustomerNotFound"
        assert await scene.untold(ADD, by=leaf, subject=payer, payer=payer, customer=leaf) == "InvalidClaim"
        assert await payer_of(scene, leaf) is None
        proof = scene.lend(ADD, of=payer, to=leaf)
        told = await scene.told(ADD, by=leaf, subject=payer, proofs=[proof], payer=payer, customer=leaf)
        assert [kind for kind, _ in told] == ["payer-added"]
        assert await payer_of(scene, leaf) == payer.did

    async def test_a_suspended_payer_stops_its_leaves(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        space, name = await scene.provisioned(leaf)
        await scene.do("/customer/suspend", customer=payer)
        assert (await scene.do("/customer/get", customer=leaf))["state"] == "active", "its own"
        assert (await scene.state(name), await scene.entitled(space)) == ("suspended", False)
        asked = {"by": leaf, "provider": scene.service}
        assert await scene.refused("/provider/add", **asked, consumer=Signer.generate()) == "AccountBlocked"
        await scene.do("/customer/resume", customer=payer)
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)
        await scene.do("/customer/close", customer=payer)
        assert (await scene.state(name), await scene.entitled(space)) == ("suspended", False)
        await scene.do("/customer/payer/remove", customer=leaf)
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)

    async def test_a_suspended_leaf_stops_nobody_else(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        space, _ = await scene.provisioned(payer)
        await scene.do("/customer/suspend", customer=leaf)
        assert await scene.entitled(space) is True


class TestRemove:
    @pytest.mark.parametrize("who", ["the service", "the payer", "the leaf"])
    async def test_each_side_may(self, scene: Scene, who: str) -> None:
        payer, leaf = await paid_for(scene)
        by = {"the service": scene.service, "the payer": payer, "the leaf": leaf}[who]
        told = await scene.told("/customer/payer/remove", by=by, customer=leaf)
        assert [(kind, said["customer"], said["data"]["payer"]) for kind, said in told] == [
            ("payer-removed", leaf.did, payer.did)
        ]
        said = await scene.do("/customer/get", customer=leaf)
        assert "payer" not in said
        assert said["billedTo"] == {"customer": leaf.did, "externalAccount": "f1:leaf"}
        assert await scene.untold("/customer/payer/remove", by=by, customer=leaf) == "PayerNotFound"

    async def test_its_leaf_is_told_and_so_is_it(self, scene: Scene) -> None:
        payer, leaf = await paid_for(scene)
        await scene.do("/customer/payer/remove", by=leaf, customer=leaf)
        for somebody in (payer, leaf):
            types = [event["type"] for event in await scene.all("/event/list", by=somebody)]
            assert types == ["customer-added", "payer-added", "payer-removed"]


class TestList:
    async def test_its_leaves_with_what_they_use(self, scene: Scene) -> None:
        payer, (first, second) = await scene.customer(), [await scene.customer() for _ in range(2)]
        await scene.pays(payer, first)
        time = await scene.advance("P1D")
        await scene.pays(payer, second)
        for _ in range(2):
            await scene.provisioned(first)
        name = await scene.subscription(first)
        await scene.assign(name, *(Signer.generate() for _ in range(3)))
        for by in (scene.service, payer):
            assert await scene.all("/customer/payer/list", by=by, payer=payer) == [
                {"customer": first.did, "subscriptions": 3, "consumers": 5, "since": START},
                {"customer": second.did, "subscriptions": 0, "consumers": 0, "since": time},
            ]
        listed = await scene.all("/customer/list", payer=payer)
        assert {one["customer"] for one in listed} == {first.did, second.did}

    async def test_page_by_page(self, scene: Scene) -> None:
        payer = await scene.customer()
        leaves = [Signer.generate() for _ in range(5)]
        for leaf in leaves:
            await scene.pays(payer, leaf)
        page = await scene.do("/customer/payer/list", by=payer, payer=payer, size=2)
        assert [one["customer"] for one in page["results"]] == [leaf.did for leaf in leaves[:2]]
        read = await scene.all("/customer/payer/list", by=payer, payer=payer, size=2)
        assert [one["customer"] for one in read] == [leaf.did for leaf in leaves]
        # Where another reads on, it is told nothing more than it would be without.
        name = await scene.refused("/customer/payer/list", by=leaves[0], payer=payer, size=2, cursor=page["cursor"])
        assert name == "InvalidSubject"

    async def test_of_nobody_is_empty(self, scene: Scene) -> None:
        assert await scene.all("/customer/payer/list", payer=Signer.generate()) == []
        customer = await scene.customer()
        assert await scene.all("/customer/payer/list", by=customer, payer=customer) == []


class TestInvitation:
    """The payer delegates to a fresh key, and whoever knows its secret delegates on to itself."""

    @staticmethod
    async def join(scene: Scene, payer: Signer, code: Signer, invitation: Delegation, newcomer: Signer, **how: Any) -> str:
        handed = scene.lend(ADD, of=code, to=newcomer, subject=payer)
        how = {"by": newcomer, "subject": payer, "proofs": [invitation, handed], "customer": newcomer, **how}
        receipt = await scene.receipt(ADD, payer=payer, **how)
        return receipt.error_name or "ok"

    async def test_lets_whoever_has_the_code_join(self, scene: Scene) -> None:
        payer, code = await scene.customer(GOLD), Signer.generate()
        invitation = scene.lend(ADD, of=payer, to=code)
        for newcomer in (Signer.generate(), await scene.customer(), scene.mailto()):
            assert await self.join(scene, payer, code, invitation, newcomer) == "ok"
            assert await payer_of(scene, newcomer) == payer.did
        assert (await scene.do("/customer/get", customer=newcomer))["product"] == GOLD
        # The code is good for this, and for nothing else of the payer's.
        proofs = [invitation, scene.lend("/customer", of=code, to=newcomer, subject=payer)]
        name = await scene.refused("/customer/get", by=newcomer, subject=payer, proofs=proofs, customer=payer)
        assert name == "ImpossibleAttenuation"

    async def test_nobody_joins_for_another(self, scene: Scene) -> None:
        payer, code, other = await scene.customer(), Signer.generate(), await scene.customer()
        invitation = scene.lend(ADD, of=payer, to=code)
        newcomer = Signer.generate()
        assert await self.join(scene, payer, code, invitation, newcomer, customer=other) == "ReceiverDidNotSign"
        how = {"by": code, "subject": payer, "proofs": [invitation]}
        assert await scene.untold(ADD, **how, payer=payer, customer=other) == "ReceiverDidNotSign"
        assert await payer_of(scene, other) is None

    async def test_needs_the_secret(self, scene: Scene) -> None:
        payer, code, thief = await scene.customer(), Signer.generate(), Signer.generate()
        invitation = scene.lend(ADD, of=payer, to=code)
        assert await self.join(scene, payer, thief, invitation, thief) == "InvalidAudience"

    async def test_that_has_expired_is_none(self, scene: Scene) -> None:
        payer, code = await scene.customer(), Signer.generate()
        invitation = scene.lend(ADD, of=payer, to=code, expiration=now() - 61)
        assert await self.join(scene, payer, code, invitation, Signer.generate()) == "Expired"

    async def test_that_was_revoked_is_none(self, scene: Scene) -> None:
        payer, code, first, second = await scene.customer(), Signer.generate(), Signer.generate(), Signer.generate()
        invitation = scene.lend(ADD, of=payer, to=code)
        assert await self.join(scene, payer, code, invitation, first) == "ok"
        await scene.revoke(invitation, by=payer)
        assert await self.join(scene, payer, code, invitation, second) == "Revoked"
        assert await scene.refused("/customer/get", customer=second) == "CustomerNotFound"
        assert await payer_of(scene, first) == payer.did, "who came before stays"

    async def test_may_be_confined_to_some(self, scene: Scene) -> None:
        payer, code, invited = await scene.customer(PRODUCT), Signer.generate(), scene.mailto()
        invitation = scene.lend(ADD, of=payer, to=code, policy=[["==", ".customer", invited.did]])
        assert await self.join(scene, payer, code, invitation, Signer.generate()) == "MatchError"
        assert await self.join(scene, payer, code, invitation, invited) == "ok"
