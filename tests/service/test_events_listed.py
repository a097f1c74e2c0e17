"""Events, over HTTP: what happened, oldest first, and to whom it is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from commands.events import Type
from forge.keys import Signer
from tests.service.deed import How
from tests.service.scene import START, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIST = "/event/list"


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


class TestEvent:
    async def test_says_what_who_and_when(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        manager, space = Signer.generate(), Signer.generate()
        proof = scene.lend("/subscription/assign", of=customer, to=manager)
        how: How = {"by": manager, "subject": customer, "proofs": [proof]}
        time = await scene.advance("P1D")
        receipt = await scene.receipt("/subscription/assign", **how, subscription=name, consumers=[space])
        event = (await scene.all(LIST, consumer=space))[0]
        assert event.pop("seq") == await scene.last_event()
        assert event.pop("data")["provider"] == scene.service.did
        assert event == {
            "at": time,
            "task": str(receipt.ran),
            "command": "/subscription/assign",
            "issuer": manager.did,
            "subject": customer.did,
            "type": "consumer-assigned",
            "customer": customer.did,
            "subscription": name,
            "consumer": space.did,
        }

    async def test_its_task_finds_the_signed_receipt(self, scene: Scene) -> None:
        customer = await scene.customer()
        receipt = await scene.receipt("/customer/suspend", customer=customer, reason="unpaid")
        event = (await scene.all(LIST, by=customer))[-1]
        assert event["task"] == str(receipt.ran)
        found = await scene.world.client.receipt(receipt.ran)
        assert found is not None
        assert bytes(found) == bytes(receipt)

    async def test_what_was_done_together_stands_together(self, scene: Scene) -> None:
        customer = await scene.customer()
        for _ in range(3):
            await scene.subscription(customer)
        before = await scene.last_event()
        receipt = await scene.receipt("/customer/close", customer=customer)
        events = await scene.all(LIST, since=before)
        assert kinds(events) == ["subscription-cancelled"] * 3 + ["customer-closed"]
        assert {event["task"] for event in events} == {str(receipt.ran)}


class TestOrder:
    async def test_is_that_in_which_they_happened(self, scene: Scene) -> None:
        customer = await scene.customer()
        await asyncio.gather(*(scene.subscription(customer) for _ in range(20)))
        events = await scene.all(LIST, size=3, by=customer)
        numbers = [event["seq"] for event in events]
        assert numbers == sorted(set(numbers))
        assert kinds(events) == ["customer-added", *["subscription-added"] * 20]

    async def test_goes_on_after_the_last_one_seen(self, scene: Scene) -> None:
        customer = await scene.customer()
        seen = (await scene.all(LIST, by=customer))[-1]["seq"]
        assert await scene.all(LIST, by=customer, since=seen) == []
        await scene.subscription(customer)
        (new,) = await scene.all(LIST, by=customer, since=seen)
        assert new["seq"] > seen
        assert kinds(await scene.all(LIST, by=customer, since=new["seq"] - 1)) == ["subscription-added"]
        assert len(await scene.all(LIST, by=customer, since=0)) == 2
        assert await scene.all(LIST, since=2**63 - 1) == []

    async def test_of_a_page_goes_on_where_it_ended(self, scene: Scene) -> None:
        customer = await scene.customer()
        page = await scene.do(LIST, by=customer, size=1)
        assert "cursor" not in page
        await scene.subscription(customer)
        await scene.subscription(customer)
        page = await scene.do(LIST, by=customer, size=2)
        rest = await scene.do(LIST, by=customer, cursor=page["cursor"])
        assert kinds(page["results"] + rest["results"]) == ["customer-added", "subscription-added", "subscription-added"]


class TestFilters:
    async def test_by_what_they_are_about(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        space, other = await scene.seated(name), await scene.seated(name)
        await scene.do("/subscription/unassign", by=other, subscription=name, consumers=[other])
        await scene.subscription(customer)
        assigned, released = "consumer-assigned", "consumer-released"
        cases: list[tuple[How, list[str]]] = [
            ({"customer": customer, "subscription": name}, ["subscription-added", assigned, assigned, released]),
            ({"subscription": name}, ["subscription-added", assigned, assigned, released]),
            ({"consumer": space}, [assigned]),
            ({"consumer": other}, [assigned, released]),
            ({"consumer": other, "type": released}, [released]),
            ({"customer": customer, "type": "subscription-added"}, ["subscription-added"] * 2),
            ({"subscription": name, "type": "customer-added"}, []),
            ({"subscription": name, "consumer": customer}, []),
            ({"customer": customer, "type": "customer-closed"}, []),
        ]
        for filters, expected in cases:
            assert kinds(await scene.all(LIST, **filters)) == expected, filters
            if "customer" in filters or "type" not in filters:
                assert kinds(await scene.all(LIST, by=customer, **filters)) == expected, filters

    async def test_by_types_that_there_are(self, scene: Scene) -> None:
        for kind in Type:
            await scene.do(LIST, type=kind.value, size=1)
        name, message = await scene.refusal(LIST, type="customer-renamed")
        assert name == "MalformedArguments"
        assert message.startswith("malformed arguments: args.type: Input should be 'customer-added', 'customer-updated'")

    async def test_a_customer_sees_nothing_of_others_by_them(self, scene: Scene) -> None:
        (_, name), (other, _) = await scene.bought(), await scene.bought()
        space = await scene.seated(name)
        for filters in ({"subscription": name}, {"consumer": space}):
            assert await scene.all(LIST, by=other, **filters) == []


class TestWhose:
    async def test_a_giver_hears_of_what_it_gave_and_not_of_what_came_of_it(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        receiver = await scene.customer()
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        space = await scene.seated(name)
        assert kinds(await scene.all(LIST, by=giver)) == [
            "customer-added",
            "subscription-added",
            "subscription-transferred",
        ]
        assert kinds(await scene.all(LIST, by=receiver)) == [
            "customer-added",
            "subscription-transferred",
            "consumer-assigned",
        ]
        assert await scene.all(LIST, by=giver, consumer=space) == []

    async def test_a_customer_keeps_what_it_heard_as_a_guest(self, scene: Scene) -> None:
        guest = await scene.guest()
        name = await scene.subscription(guest)
        customer = await scene.customer()
        await scene.do("/customer/link", guest=guest, customer=customer)
        told = [
            ("customer-added", guest.did),
            ("subscription-added", guest.did),
            ("customer-added", customer.did),
            ("subscription-transferred", customer.did),
            ("customer-linked", customer.did),
        ]
        for how in ({"by": customer}, {"by": guest}, {"customer": guest}, {"customer": customer}):
            events = await scene.all(LIST, **how)
            assert [(event["type"], event["customer"]) for event in events] == told
        assert (await scene.all(LIST, by=customer, subscription=name))[0]["at"] == START

    async def test_plans_are_the_services(self, scene: Scene) -> None:
        before = await scene.last_event()
        product = await scene.plan("open")
        (event,) = await scene.all(LIST, since=before)
        assert (event["type"], event["data"]["product"]) == ("plan-added", product)
        assert "customer" not in event
