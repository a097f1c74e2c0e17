"""Consent, over HTTP: assigned, accepted, entitled are three states of one record, and the consumer's own to say."""

from __future__ import annotations

import pytest

from forge.keys import Signer
from tests.service.scene import DAY, START, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACCEPT, DECLINE = "/subscription/accept", "/subscription/decline"


class TestAccept:
    async def test_entitles_where_the_plan_wants_it(self, scene: Scene) -> None:
        customer, name = await scene.bought(consent=True)
        space = await scene.seated(name)
        assert await scene.entitled(space) is False
        assert await scene.of(space) == name, "assigned it is"
        time = await scene.advance("P1D")
        place = {"customer": customer.did, "subscription": name, "consumer": space.did}
        ((kind, said),) = await scene.told(ACCEPT, by=space, subscription=name)
        assert (kind, said.items() >= place.items()) == ("consumer-accepted", True)
        found = await scene.do("/consumer/get", by=space, consumer=space)
        assert (found["entitled"], found["acceptedAt"]) == (True, time)

    async def test_is_recorded_where_nobody_asks_for_it(self, scene: Scene) -> None:
        _, name = await scene.bought()
        space = await scene.seated(name)
        assert await scene.entitled(space) is True
        await scene.told(ACCEPT, by=space, subscription=name)
        assert (await scene.do("/consumer/get", consumer=space))["acceptedAt"] == START

    async def test_again_changes_nothing(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space = await scene.seated(name)
        await scene.do(ACCEPT, by=space, subscription=name)
        await scene.advance("P1D")
        assert await scene.untold(ACCEPT, by=space, subscription=name) == "ok"
        assert (await scene.do("/consumer/get", consumer=space))["acceptedAt"] == START

    async def test_does_not_count_anywhere_else(self, scene: Scene) -> None:
        customer, first = await scene.bought(consent=True)
        second = await scene.subscription(customer, await scene.plan("complimentary", consent=True))
        space = await scene.seated(first)
        await scene.do(ACCEPT, by=space, subscription=first)
        await scene.assign(second, space)
        assert await scene.entitled(space) is False
        await scene.assign(first, space)
        assert await scene.entitled(space) is False, "it came back, and was not asked"

    async def test_outlives_a_transfer(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space, receiver = await scene.seated(name), await scene.customer()
        await scene.do(ACCEPT, by=space, subscription=name)
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        assert await scene.entitled(space) is True

    async def test_as_of_a_day_before_it_there_was_none(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space = await scene.seated(name)
        time = await scene.advance("P1D")
        await scene.do(ACCEPT, by=space, subscription=name)
        then, now = [await scene.do("/consumer/get", consumer=space, at=at) for at in (time - 1, time)]
        assert ("acceptedAt" in then, then["entitled"], now["entitled"]) == (False, False, True)

    async def test_nobody_consents_for_it(self, scene: Scene) -> None:
        customer, name = await scene.bought(consent=True)
        space, other = await scene.seated(name), await scene.seated(name)
        manager = Signer.generate()
        proof = scene.lend("/subscription", of=customer, to=manager)
        for command in (ACCEPT, DECLINE):
            for by in (scene.service, customer, manager, Signer.generate()):
                failure, message = await scene.refusal(command, by=by, subscription=name)
                assert (failure, message) == ("SubscriptionNotFound", f'subscription "{name}" not found')
                assert await scene.untold(command, by=by, subject=space, subscription=name) == "InvalidClaim"
            how = {"by": manager, "subject": customer, "proofs": [proof]}
            assert await scene.untold(command, **how, subscription=name) == "SubscriptionNotFound"
        assert [await scene.entitled(one) for one in (space, other)] == [False, False]

    async def test_whom_it_trusts_may(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space, friend = await scene.seated(name), Signer.generate()
        proof = scene.lend(ACCEPT, of=space, to=friend)
        await scene.do(ACCEPT, by=friend, subject=space, proofs=[proof], subscription=name)
        assert await scene.entitled(space) is True

    async def test_only_where_it_is(self, scene: Scene) -> None:
        customer, name = await scene.bought(consent=True)
        elsewhere, space = await scene.subscription(customer), await scene.seated(name)
        for where in (elsewhere, "nowhere"):
            for command in (ACCEPT, DECLINE):
                receipt = await scene.receipt(command, by=space, subscription=where)
                said = (receipt.error_name, receipt.error_message)
                assert said == ("SubscriptionNotFound", f'subscription "{where}" not found')
                assert await scene.world.client.receipt(receipt.ran) is None, "it leaves no trace"


class TestDecline:
    async def test_frees_the_seat(self, scene: Scene) -> None:
        customer, name = await scene.bought(consent=True, seats=1)
        space = await scene.seated(name)
        place = {"customer": customer.did, "subscription": name, "consumer": space.did}
        ((kind, said),) = await scene.told(DECLINE, by=space, subscription=name)
        assert (kind, said.items() >= place.items()) == ("consumer-declined", True)
        assert await scene.of(space) is None
        assert await scene.untold(DECLINE, by=space, subscription=name) == "SubscriptionNotFound"
        await scene.seated(name)

    async def test_also_what_was_accepted(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space = await scene.seated(name)
        await scene.do(ACCEPT, by=space, subscription=name)
        time = await scene.advance("P1D")
        await scene.do(DECLINE, by=space, subscription=name)
        assert await scene.of(space) is None
        assert (await scene.do("/consumer/get", consumer=space, at=time - DAY))["entitled"] is True

    async def test_who_declined_can_be_asked_again(self, scene: Scene) -> None:
        _, name = await scene.bought(consent=True)
        space = await scene.seated(name)
        await scene.do(DECLINE, by=space, subscription=name)
        await scene.assign(name, space)
        assert await scene.entitled(space) is False
        await scene.do(ACCEPT, by=space, subscription=name)
        assert await scene.entitled(space) is True
