"""Lists, over HTTP: page by page, while rows come, with filters, and each to whom it may be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from commands.page import MAX_SIZE
from forge.did import DID
from forge.keys import Signer
from tests.service.deed import How
from tests.service.scene import DAY, START, Scene
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLD = DID("did:web:gold.example.com")
# A list that grows: what asks for it, and what adds one to it.
Grow = Callable[[], Awaitable[Any]]


async def customers(scene: Scene) -> tuple[dict[str, Any], Grow]:
    account = f"f1:{scene.product()}"
    return {"externalAccount": account}, lambda: scene.customer(account=account)


async def leaves(scene: Scene) -> tuple[dict[str, Any], Grow]:
    payer = await scene.customer()
    return {"by": payer, "payer": payer}, lambda: scene.pays(payer, Signer.generate())


async def subscriptions(scene: Scene) -> tuple[dict[str, Any], Grow]:
    customer = await scene.customer()
    return {"by": customer}, lambda: scene.subscription(customer)


async def consumers(scene: Scene) -> tuple[dict[str, Any], Grow]:
    customer, name = await scene.bought()
    return {"by": customer, "subscription": name}, lambda: scene.seated(name)


async def events(scene: Scene) -> tuple[dict[str, Any], Grow]:
    customer = await scene.customer()
    return {"by": customer, "type": "subscription-added"}, lambda: scene.subscription(customer)


GROWING = {
    "/customer/list": customers,
    "/customer/payer/list": leaves,
    "/subscription/list": subscriptions,
    "/consumer/list": consumers,
    "/event/list": events,
}


class TestPages:
    @pytest.mark.parametrize("path", list(GROWING))
    async def test_have_each_row_once_whatever_their_size(self, scene: Scene, path: str) -> None:
        how, grow = await GROWING[path](scene)
        for _ in range(5):
            await grow()
        whole = await scene.do(path, **how)
        assert len(whole["results"]) == 5
        assert "cursor" not in whole
        for size in (1, 2, 4, 5, 6, MAX_SIZE):
            first = await scene.do(path, **how, size=size)
            assert first["results"] == whole["results"][:size]
            assert ("cursor" in first) == (size < 5)
            assert await scene.all(path, **how, size=size) == whole["results"]

    @pytest.mark.parametrize("path", [path for path in GROWING if path != "/customer/list"])
    async def test_are_stable_while_rows_are_added(self, scene: Scene, path: str) -> None:
        how, grow = await GROWING[path](scene)
        for _ in range(3):
            await grow()
        before = (await scene.do(path, **how))["results"]
        first = await scene.do(path, **how, size=2)
        await grow()
        rest = await scene.do(path, **how, cursor=first["cursor"])
        assert (first["results"] + rest["results"])[:3] == before
        assert len(rest["results"]) == 2

    async def test_of_customers_are_by_their_dids_and_stable_too(self, scene: Scene) -> None:
        how, grow = await customers(scene)
        for _ in range(4):
            await grow()
        first = await scene.do("/customer/list", **how, size=2)
        await grow()
        rest = await scene.do("/customer/list", **how, cursor=first["cursor"])
        names = [one["customer"] for one in first["results"] + rest["results"]]
        assert names == sorted(set(names))
        assert len(names) in {4, 5}

    @pytest.mark.parametrize("path", list(GROWING))
    async def test_a_cursor_is_of_its_query(self, scene: Scene, path: str) -> None:
        how, grow = await GROWING[path](scene)
        for _ in range(2):
            await grow()
        cursor = (await scene.do(path, **how, size=1))["cursor"]
        await scene.do(path, **how, size=5, cursor=cursor)
        other = "state" if path != "/event/list" else "type"
        value = {"state": "cancelled" if path != "/customer/list" else "closed", "type": "customer-added"}[other]
        changed = {"payer": Signer.generate(), "by": scene.service} if path == "/customer/payer/list" else {other: value}
        bad = [how | changed | {"cursor": cursor}, how | {"cursor": cursor + "A"}, how | {"cursor": "AAAA"}]
        for asked in bad:
            name, message = await scene.refusal(path, **asked)
            assert name == "MalformedArguments"
            assert message.startswith("malformed arguments: args.cursor: ")

    @pytest.mark.parametrize("path", [*GROWING, "/plan/list", "/provider/list"])
    async def test_have_1_to_1000_results(self, scene: Scene, path: str) -> None:
        how = (await GROWING[path](scene))[0] if path in GROWING else {}
        for size in (0, -1, MAX_SIZE + 1, 2**63):
            name, message = await scene.refusal(path, **how, size=size)
            assert (name, message.startswith("malformed arguments: args.size: ")) == ("MalformedArguments", True)
        await scene.do(path, **how, size=MAX_SIZE)


class TestCustomers:
    async def test_by_what_they_are(self, scene: Scene) -> None:
        product, account, payer = scene.product(), f"f1:{scene.product()}", await scene.customer()
        plain = await scene.customer(product)
        billed = await scene.customer(product, account=account)
        await scene.pays(payer, billed)
        suspended = await scene.customer(product, account=account)
        await scene.do("/customer/suspend", customer=suspended)
        closed = await scene.customer(product)
        await scene.do("/customer/close", customer=closed)
        cases: list[tuple[How, set[Signer]]] = [
            ({"product": product}, {plain, billed, suspended, closed}),
            ({"product": product, "state": "active"}, {plain, billed}),
            ({"product": product, "state": "suspended"}, {suspended}),
            ({"product": product, "state": "closed"}, {closed}),
            ({"externalAccount": account}, {billed, suspended}),
            ({"externalAccount": account, "state": "suspended"}, {suspended}),
            ({"externalAccount": account, "payer": payer}, {billed}),
            ({"externalAccount": account.upper()}, set()),
            ({"externalAccount": account[:-1]}, set()),
            ({"payer": payer}, {billed}),
            ({"payer": plain}, set()),
        ]
        for filters, expected in cases:
            listed = await scene.all("/customer/list", **filters)
            assert sorted(one["customer"] for one in listed) == sorted(one.did for one in expected), filters
        for one in listed:
            assert one == await scene.do("/customer/get", customer=one["customer"])

    async def test_sees_a_write_at_once(self, scene: Scene) -> None:
        account = f"f1:{scene.product()}"
        customer = await scene.customer(account=account)
        (one,) = await scene.all("/customer/list", externalAccount=account)
        assert one == await scene.do("/customer/get", customer=customer)
        await scene.do("/customer/update", customer=customer, externalAccount=None)
        assert await scene.all("/customer/list", externalAccount=account) == []


class TestSubscriptions:
    async def test_by_what_they_are(self, scene: Scene) -> None:
        customer, other = await scene.customer(), await scene.customer()
        paid, granted = await scene.plan("paid"), await scene.plan("complimentary", period="P1M")
        names = {
            "pending": await scene.subscription(customer, paid),
            "active": await scene.subscription(customer, granted, endsAt=None),
            "expired": await scene.subscription(customer, granted, endsAt=START + 1),
            "cancelled": await scene.subscription(customer, paid),
        }
        await scene.subscription(other, granted)
        await scene.do("/subscription/cancel", subscription=names["cancelled"], at="now")
        await scene.set_time(START + DAY)
        for by in (scene.service, customer):
            for state, name in names.items():
                listed = await scene.all("/subscription/list", by=by, customer=customer, state=state)
                assert listed == [await scene.do("/subscription/get", subscription=name)]
            listed = await scene.all("/subscription/list", by=by, customer=customer, product=granted)
            assert [one["subscription"] for one in listed] == [names["active"], names["expired"]]
        assert len(await scene.all("/subscription/list", by=customer)) == 4
        await scene.do("/customer/suspend", customer=customer)
        listed = await scene.all("/subscription/list", by=customer, state="suspended")
        assert [one["subscription"] for one in listed] == [names["pending"], names["active"]]

    async def test_the_service_sees_everybodys(self, scene: Scene) -> None:
        (first, _), (second, _) = await scene.bought(), await scene.bought()
        listed = await scene.all("/subscription/list", size=MAX_SIZE)
        assert {one["customer"] for one in listed} >= {first.did, second.did}

    async def test_a_received_one_comes_last(self, scene: Scene) -> None:
        giver, name = await scene.bought()
        receiver = await scene.customer()
        own = await scene.subscription(receiver)
        await scene.do("/subscription/transfer", subscription=name, customer=receiver)
        assert [one["subscription"] for one in await scene.all("/subscription/list", by=receiver)] == [own, name]
        assert await scene.all("/subscription/list", by=giver) == []


class TestConsumers:
    async def test_by_where_they_are(self, scene: Scene) -> None:
        customer, first = await scene.bought(period="P1M")
        second = await scene.subscription(customer)
        mine = {name: [await scene.seated(name) for _ in range(2)] for name in (first, second)}
        other, theirs = await scene.bought()
        await scene.seated(theirs)
        for by in (scene.service, customer):
            for name, seated in mine.items():
                listed = await scene.all("/consumer/list", by=by, subscription=name)
                assert [one["consumer"] for one in listed] == [one.did for one in seated]
                assert listed[0] == await scene.do("/consumer/get", by=by, consumer=seated[0])
            assert len(await scene.all("/consumer/list", by=by, customer=customer)) == 4
        # Another's subscription is like one that is not there.
        for name in (theirs, "nothing"):
            assert await scene.all("/consumer/list", by=customer, subscription=name) == []
        assert await scene.all("/consumer/list", customer=other, subscription=first) == []
        await scene.advance("P1M")
        listed = await scene.all("/consumer/list", by=customer, state="expired")
        assert [(one["consumer"], one["entitled"]) for one in listed] == [(one.did, False) for one in mine[first]]

    async def test_who_left_is_not_among_them(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        stays, leaves = await scene.seated(name), await scene.seated(name)
        await scene.do("/subscription/unassign", subscription=name, consumers=[leaves])
        assert [one["consumer"] for one in await scene.all("/consumer/list", by=customer)] == [stays.did]

    async def test_the_customers_payer_is_told_to_it(self, scene: Scene) -> None:
        customer, name = await scene.bought()
        payer, space = await scene.customer(), await scene.seated(name)
        await scene.pays(payer, customer)
        for by in (scene.service, customer):
            (one,) = await scene.all("/consumer/list", by=by, subscription=name)
            assert one["payer"] == payer.did
        assert "payer" not in await scene.do("/consumer/get", by=space, consumer=space)


class TestWhose:
    @pytest.mark.parametrize("path", ["/subscription/list", "/consumer/list", "/event/list"])
    async def test_a_customer_reads_only_its_own(self, scene: Scene, path: str) -> None:
        (customer, name), (other, _) = await scene.bought(), await scene.bought()
        await scene.seated(name)
        assert await scene.refused(path, by=other, customer=customer) == "InvalidSubject"
        assert await scene.refused(path, by=Signer.generate()) == "InvalidSubject"
        for one in await scene.all(path, by=other):
            assert one["customer"] == other.did
        cursor = (await scene.do(path, by=customer, size=1)).get("cursor")
        if cursor is not None:
            # A cursor is no authority.
            assert all(one["customer"] == other.did for one in (await scene.do(path, by=other, cursor=cursor))["results"])

    async def test_customers_are_the_services_to_list(self, scene: Scene) -> None:
        customer = await scene.customer(PRODUCT)
        assert await scene.refused("/customer/list", by=customer) == "InvalidSubject"
