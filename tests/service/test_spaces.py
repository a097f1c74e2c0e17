"""Spaces, over HTTP: provisioned as Forge's clients do it, out of the catalogue and in it."""

from __future__ import annotations

import asyncio

import pytest

from commands.provider import add as provider_add
from forge import dagcbor
from forge.binding import Task
from forge.cid import CID
from forge.did import DID
from forge.keys import Signer
from tests.service.scene import DAY, OTHER_PROVIDER, START, Scene
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADD, REMOVE, INFO = "/provider/add", "/provider/remove", "/space/info"


def own_id(space: Signer) -> str:
    return str(CID.of(dagcbor.encode({"consumer": space.did})))


async def providers(scene: Scene, space: Signer) -> list[str]:
    return list((await scene.do(INFO, by=space))["providers"])


class TestAdd:
    async def test_provisions_a_space(self, scene: Scene) -> None:
        customer, space = await scene.customer(), Signer.generate()
        told = await scene.told(ADD, by=customer, provider=scene.service, consumer=space)
        place = {"customer": customer.did, "subscription": own_id(space)}
        (first, added), (second, assigned) = told
        assert (first, {key: added[key] for key in added if key != "data"}) == ("subscription-added", place)
        facts = {"provider": scene.service.did, "product": PRODUCT, "kind": "open"}
        assert added["data"].items() >= facts.items()
        assert (second, assigned["consumer"], assigned.items() >= place.items()) == ("consumer-assigned", space.did, True)
        assert await providers(scene, space) == [scene.service.did]
        found = await scene.do("/consumer/get", by=space, consumer=space)
        assert found == {
            "consumer": space.did,
            "provider": scene.service.did,
            "subscription": own_id(space),
            "customer": customer.did,
            "state": "active",
            "entitled": True,
            "since": START,
        }

    async def test_once_for_each_consumer_whoever_pays(self, scene: Scene) -> None:
        customer, other = await scene.customer(), await scene.customer()
        space, _ = await scene.provisioned(customer)
        for somebody in (customer, other):
            assert await scene.untold(ADD, by=somebody, provider=scene.service, consumer=space) == "ConsumerExists"

    async def test_once_also_where_many_want_it_at_once(self, scene: Scene) -> None:
        space, customers = Signer.generate(), [await scene.customer() for _ in range(5)]
        asked = [scene.receipt(ADD, by=one, provider=scene.service, consumer=space) for one in customers]
        names = [receipt.error_name or "ok" for receipt in await asyncio.gather(*asked)]
        assert sorted(names) == ["ConsumerExists"] * 4 + ["ok"]
        assert (await scene.do("/consumer/get", consumer=space))["customer"] == customers[names.index("ok")].did

    async def test_takes_another_id_where_the_consumers_own_is_taken(self, scene: Scene) -> None:
        customer, other = await scene.customer(), await scene.customer()
        space, name = await scene.provisioned(customer)
        await scene.do(REMOVE, by=customer, provider=scene.service, consumer=space)
        receipt = await scene.receipt(ADD, by=other, provider=scene.service, consumer=space)
        assert receipt.ok == {"id": str(receipt.ran)}
        assert receipt.ok != {"id": name}
        assert (await scene.do("/consumer/get", consumer=space))["customer"] == other.did
        assert (await scene.do("/subscription/get", by=customer, subscription=name))["state"] == "cancelled"
        told = await scene.told(REMOVE, by=other, provider=scene.service, consumer=space)
        assert [kind for kind, _ in told] == ["consumer-released", "subscription-cancelled"], "it is its own all the same"

    async def test_who_is_in_one_that_has_ended_is_in_none(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, name = await scene.provisioned(customer)
        await scene.do("/subscription/cancel", by=customer, subscription=name, at="now")
        assert await providers(scene, space) == []
        told = await scene.told(ADD, by=customer, provider=scene.service, consumer=space)
        assert [kind for kind, _ in told] == ["subscription-added", "consumer-moved"]
        assert told[1][1]["data"]["from"] == name
        assert await providers(scene, space) == [scene.service.did]

    async def test_needs_a_customer(self, scene: Scene) -> None:
        nobody, space = Signer.generate(), Signer.generate()
        for by in (nobody, scene.service, space):
            failure, message = await scene.refusal(ADD, by=by, provider=scene.service, consumer=space)
            assert (failure, message) == ("AccountPlanMissing", "account does not have an active payment plan")

    async def test_needs_this_provider(self, scene: Scene) -> None:
        customer = await scene.customer()
        failure, message = await scene.refusal(ADD, by=customer, provider=OTHER_PROVIDER, consumer=Signer.generate())
        assert failure == "ProviderNotAllowed"
        assert scene.service.did in message

    async def test_an_account_has_a_did_of_a_customer(self, scene: Scene) -> None:
        # No key of such a DID can be found out, so no invocation comes this far: the command's own refusal is asked.
        arguments = provider_add.AddArguments(provider=scene.service.did, consumer=Signer.generate().did)
        task = Task(
            cid=CID.of(b"\xf6"),
            command=provider_add.add.path,
            arguments=arguments,
            subject=DID("did:pkh:eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb"),
            issuer=scene.service.did,
            executor=scene.service.did,
            at=1,
            invocation=scene.world.invocation(ADD, {}, by=scene.service),
        )
        failure = provider_add.add.refuse(task)
        assert failure.name == "InvalidAccount"
        assert 'found "did:pkh:' in failure.message


class TestInACatalogue:
    async def test_takes_a_seat_in_the_oldest_that_has_one(self, scene: Scene) -> None:
        product = await scene.plan("complimentary", seats=1)
        customer = await scene.customer(product)
        later = await scene.subscription(customer, product, startsAt=START - DAY)
        oldest = await scene.subscription(customer, product, startsAt=START - 2 * DAY)
        newest = await scene.subscription(customer, product)
        await scene.subscription(customer, product, startsAt=START + DAY)
        spaces = [(await scene.provisioned(customer))[1] for _ in range(3)]
        assert spaces == [oldest, later, newest]
        asked = {"by": customer, "provider": scene.service}
        assert await scene.untold(ADD, **asked, consumer=Signer.generate()) == "SeatsExhausted"

    async def test_where_none_is_in_force(self, scene: Scene) -> None:
        product = await scene.plan("paid")
        customer = await scene.customer(product)
        asked = {"by": customer, "provider": scene.service, "consumer": Signer.generate()}
        assert await scene.untold(ADD, **asked) == "AccountPlanMissing"
        name = await scene.subscription(customer, product)
        assert await scene.untold(ADD, **asked) == "AccountPlanMissing", "nothing was paid"
        await scene.paid(name, "in_1", START + DAY)
        assert await scene.do(ADD, **asked) == {"id": name}
        await scene.advance("P1D")
        assert await scene.untold(ADD, **asked | {"consumer": Signer.generate()}) == "AccountPlanMissing"

    async def test_seats_that_have_lapsed_are_no_seats(self, scene: Scene) -> None:
        product = await scene.plan("open", period="P1M", clock="assignment", assignWithin="P1D", seats=5)
        customer = await scene.customer(product)
        await scene.subscription(customer, product)
        await scene.advance("P1D")
        asked = {"by": customer, "provider": scene.service, "consumer": Signer.generate()}
        assert await scene.untold(ADD, **asked) == "SeatsExhausted"

    async def test_events_say_that_a_seat_was_assigned_and_nothing_else(self, scene: Scene) -> None:
        product = await scene.plan("complimentary", seats=1)
        customer = await scene.customer(product)
        name = await scene.subscription(customer, product)
        ((kind, said),) = await scene.told(ADD, by=customer, provider=scene.service, consumer=Signer.generate())
        assert (kind, said["subscription"], said["data"]["seat"]) == ("consumer-assigned", name, 1)

    async def test_of_a_suspended_or_closed_account(self, scene: Scene) -> None:
        product = await scene.plan("complimentary")
        customer = await scene.customer(product)
        await scene.subscription(customer, product)
        await scene.do("/customer/suspend", customer=customer)
        asked = {"by": customer, "provider": scene.service, "consumer": Signer.generate()}
        failure, message = await scene.refusal(ADD, **asked)
        assert (failure, message) == ("AccountBlocked", "the account is suspended or closed")


class TestRemove:
    @pytest.mark.parametrize("who", ["the service", "the customer"])
    async def test_releases_it_and_ends_what_was_its_own(self, scene: Scene, who: str) -> None:
        customer = await scene.customer()
        space, name = await scene.provisioned(customer)
        by = scene.service if who == "the service" else customer
        asked = {"by": by, "provider": scene.service, "consumer": space}
        told = await scene.told(REMOVE, **asked)
        assert [(kind, said["subscription"], said.get("consumer")) for kind, said in told] == [
            ("consumer-released", name, space.did),
            ("subscription-cancelled", name, None),
        ]
        assert await providers(scene, space) == []
        assert await scene.untold(REMOVE, **asked) == "ConsumerNotFound"

    async def test_what_others_are_in_goes_on(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, name = await scene.provisioned(customer)
        await scene.seated(name)
        told = await scene.told(REMOVE, provider=scene.service, consumer=space)
        assert [kind for kind, _ in told] == ["consumer-released"]
        assert await scene.state(name) == "active"

    async def test_what_was_bought_for_itself_goes_on(self, scene: Scene) -> None:
        customer = await scene.customer()
        named, planned = await scene.subscription(customer), (await scene.bought())[1]
        for name in (named, planned):
            space = await scene.seated(name)
            told = await scene.told(REMOVE, provider=scene.service, consumer=space)
            assert [kind for kind, _ in told] == ["consumer-released"]
            assert await scene.state(name) == "active"

    async def test_its_own_is_its_own_also_when_it_came_back(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, name = await scene.provisioned(customer)
        await scene.assign(await scene.subscription(customer), space)
        await scene.assign(name, space)
        told = await scene.told(REMOVE, provider=scene.service, consumer=space)
        assert [kind for kind, _ in told] == ["consumer-released", "subscription-cancelled"]

    async def test_of_another_provider_there_is_none(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, _ = await scene.provisioned(customer)
        for by in (scene.service, customer):
            assert await scene.untold(REMOVE, by=by, provider=OTHER_PROVIDER, consumer=space) == "ConsumerNotFound"


class TestList:
    async def test_offers_this_service(self, scene: Scene) -> None:
        for by in (scene.service, await scene.customer()):
            assert await scene.all("/provider/list", by=by) == [{"provider": scene.service.did}]

    async def test_tells_the_providers_of_a_consumer_to_who_pays(self, scene: Scene) -> None:
        customer, stranger = await scene.customer(), await scene.customer()
        space, _ = await scene.provisioned(customer)
        for by in (scene.service, customer):
            assert await scene.all("/provider/list", by=by, consumer=space) == [{"provider": scene.service.did}]
            assert await scene.all("/provider/list", by=by, consumer=Signer.generate()) == []
        assert await scene.all("/provider/list", by=stranger, consumer=space) == []


class TestInfo:
    async def test_only_a_did_key_is_a_space(self, scene: Scene) -> None:
        assert await scene.refused(INFO, by=scene.mailto()) == "UnknownSpace"

    async def test_an_unprovisioned_space_has_no_providers(self, scene: Scene) -> None:
        assert await providers(scene, Signer.generate()) == []

    async def test_only_the_space_itself_may_ask(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, _ = await scene.provisioned(customer)
        assert await scene.refused(INFO, by=customer, subject=space) == "InvalidClaim"
        assert await providers(scene, customer) == [], "whoever asks is told about itself"
