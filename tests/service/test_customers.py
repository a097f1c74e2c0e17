"""Customers, over HTTP: added, looked up, changed, suspended, closed."""

from __future__ import annotations

from typing import Any

import pytest

from forge.did import DID
from forge.keys import Signer
from tests.service.scene import DAY, START, Scene
from tests.service.world import PRODUCT

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLD = DID("did:web:gold.example.com")
ACCOUNTS = [
    "a:b",
    "stripe:cus_9s6XKzkNRiz8i3",
    "f1:7F3C/with:more:colons",
    "x" * 32 + ":y",
    "a+.-9:ü",
    "f1:שלום:العربية",
    "a::",
    "a:" + "z" * 255,
]
NO_ACCOUNTS = [
    "",
    ":",
    "a",
    "a:",
    ":b",
    "A:b",
    "1a:b",
    "x" * 33 + ":y",
    "a:" + "z" * 256,
    "a:b c",
    "a:b\n",
    "a:\x00",
    "a:\x7f",
    "a:\u202eb",
    "a:\ub000\u2028",
]


async def found(scene: Scene, customer: Signer | DID) -> dict[str, object]:
    return await scene.do("/customer/get", customer=customer)


class TestAdd:
    async def test_registers_a_customer(self, scene: Scene) -> None:
        somebody, details = Signer.generate(), {"region": "eu"}
        told = await scene.told("/customer/add", customer=somebody, externalAccount="f1:7f3c", product=PRODUCT, details=details)
        said = {"externalAccount": "f1:7f3c", "product": PRODUCT, "details": details}
        assert told == [("customer-added", {"customer": somebody.did, "data": said})]
        for by in (scene.service, somebody):
            assert await scene.do("/customer/get", by=by, customer=somebody) == {
                "customer": somebody.did,
                "externalAccount": "f1:7f3c",
                "product": PRODUCT,
                "details": details,
                "state": "active",
                "billedTo": {"customer": somebody.did, "externalAccount": "f1:7f3c"},
                "subscriptions": 0,
                "insertedAt": START,
            }

    async def test_of_a_client_that_knows_no_external_accounts(self, scene: Scene) -> None:
        somebody = await scene.customer()
        said = await found(scene, somebody)
        assert "externalAccount" not in said
        assert said["billedTo"] == {"customer": somebody.did}

    @pytest.mark.parametrize(
        "did", ["did:mailto:example.com:alice%2Bx", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:example.com"]
    )
    async def test_takes_every_did_method_of_customers(self, scene: Scene, did: str) -> None:
        await scene.do("/customer/add", customer=did, product=PRODUCT, details={})
        assert (await found(scene, DID(did)))["customer"] == did

    async def test_takes_no_other(self, scene: Scene) -> None:
        others: dict[str, dict[str, Any]] = {
            "/customer/add": {"product": PRODUCT, "details": {}},
            "/customer/payer/add": {"payer": await scene.customer()},
            "/customer/link": {"guest": await scene.guest()},
        }
        for command, more in others.items():
            name, message = await scene.refusal(command, customer="did:example:x", **more)
            assert name == "MalformedArguments"
            assert message.startswith("malformed arguments: args.customer: a customer's DID is a did:key")

    async def test_a_new_task_for_the_same_customer_changes_nothing(self, scene: Scene) -> None:
        somebody = await scene.customer(account="f1:one")
        new = {"customer": somebody, "externalAccount": "f1:two", "product": GOLD, "details": {"a": "b"}}
        before = await found(scene, somebody)
        assert await scene.untold("/customer/add", **new) == "CustomerExists"
        assert await found(scene, somebody) == before

    async def test_the_did_of_a_guest_that_was_linked_is_taken(self, scene: Scene) -> None:
        guest, customer = await scene.guest(), await scene.customer()
        await scene.do("/customer/link", guest=guest, customer=customer)
        assert await scene.refused("/customer/add", customer=guest, product=PRODUCT, details={}) == "CustomerExists"

    async def test_only_the_service_is_its_subject(self, scene: Scene) -> None:
        somebody = Signer.generate()
        name = await scene.untold("/customer/add", by=somebody, customer=somebody, product=PRODUCT, details={})
        assert name == "InvalidCustomerSubject"

    async def test_without_a_product_it_is_malformed_and_never_a_row(self, scene: Scene) -> None:
        somebody = Signer.generate()
        assert await scene.untold("/customer/add", customer=somebody, product=None, details={}) == "MalformedArguments"
        assert await scene.refused("/customer/get", customer=somebody) == "CustomerNotFound"


class TestExternalAccount:
    @pytest.mark.parametrize("account", ACCOUNTS)
    async def test_is_kept_as_sent(self, scene: Scene, account: str) -> None:
        somebody = await scene.customer(account=account)
        assert (await found(scene, somebody))["externalAccount"] == account
        other = await scene.customer()
        await scene.do("/customer/update", customer=other, externalAccount=account)
        assert (await found(scene, other))["externalAccount"] == account
        listed = await scene.all("/customer/list", externalAccount=account)
        assert {one["customer"] for one in listed} >= {somebody.did, other.did}, "two may share one"

    @pytest.mark.parametrize("account", NO_ACCOUNTS)
    async def test_that_is_none_is_refused(self, scene: Scene, account: str) -> None:
        somebody, customer = Signer.generate(), await scene.customer(account="f1:x")
        adding = {"customer": somebody, "externalAccount": account, "product": PRODUCT, "details": {}}
        name, message = await scene.refusal("/customer/add", **adding)
        assert name == "InvalidExternalAccount"
        assert message.startswith("args.externalAccount: expected prefix:rest")
        assert await scene.refused("/customer/get", customer=somebody) == "CustomerNotFound"
        assert await scene.untold("/customer/update", customer=customer, externalAccount=account) == name
        assert (await found(scene, customer))["externalAccount"] == "f1:x"

    async def test_a_policy_confines_a_tenant_to_its_prefix(self, scene: Scene) -> None:
        tenant, customer = Signer.generate(), await scene.customer(account="stripe:x")
        proof = scene.lend("/customer", of=scene.service, to=tenant, policy=[["like", ".externalAccount", "f1:*"]])
        how = {"by": tenant, "subject": scene.service, "proofs": [proof]}
        somebody = Signer.generate()
        adding = {"customer": somebody, "product": PRODUCT, "details": {}}
        for account in ({"externalAccount": "stripe:x"}, {"externalAccount": "f2:x"}, {"externalAccount": None}, {}):
            assert await scene.untold("/customer/add", **how, **adding, **account) == "MatchError"
            assert await scene.untold("/customer/update", **how, customer=customer, product=GOLD, **account) == "MatchError"
        assert (await found(scene, customer))["product"] == PRODUCT
        await scene.do("/customer/add", **how, **adding, externalAccount="f1:x")
        await scene.do("/customer/update", **how, customer=somebody, externalAccount="f1:y")
        assert (await found(scene, somebody))["externalAccount"] == "f1:y"


class TestGet:
    async def test_a_stranger_cannot_claim_the_customers_authority(self, scene: Scene) -> None:
        customer, stranger = await scene.customer(), Signer.generate()
        assert await scene.refused("/customer/get", by=stranger, subject=customer, customer=customer) == "InvalidClaim"

    async def test_who_holds_the_customers_delegation_may_ask(self, scene: Scene) -> None:
        customer, friend = await scene.customer(), Signer.generate()
        proof = scene.lend("/customer/get", of=customer, to=friend)
        said = await scene.do("/customer/get", by=friend, subject=customer, proofs=[proof], customer=customer)
        assert said == await found(scene, customer)

    async def test_counts_subscriptions_that_it_holds_ended_ones_too(self, scene: Scene) -> None:
        customer, other = await scene.customer(), await scene.customer()
        names = [await scene.subscription(customer) for _ in range(3)]
        await scene.do("/subscription/cancel", subscription=names[0], at="now")
        await scene.do("/subscription/transfer", subscription=names[1], customer=other)
        assert (await found(scene, customer))["subscriptions"] == 2
        assert (await found(scene, other))["subscriptions"] == 1


class TestUpdate:
    async def test_changes_what_is_named_and_leaves_the_rest(self, scene: Scene) -> None:
        customer = await scene.customer(account="f1:x")
        steps: list[dict[str, object]] = [
            {"externalAccount": "f1:y"},
            {"product": GOLD},
            {"details": {"a": "b"}},
            {"externalAccount": None},
            {"product": PRODUCT, "details": {}},
        ]
        expected = await found(scene, customer)
        for step in steps:
            time = await scene.advance("P1D")
            told = await scene.told("/customer/update", customer=customer, **step)
            assert told == [("customer-updated", {"customer": customer.did, "data": step})]
            expected |= step | {"updatedAt": time}
            if "externalAccount" in step:
                expected["billedTo"] = {"customer": customer.did, "externalAccount": step["externalAccount"]}
                if step["externalAccount"] is None:
                    del expected["externalAccount"]
                    expected["billedTo"] = {"customer": customer.did}
            assert await found(scene, customer) == expected

    async def test_to_what_it_is_already_changes_nothing(self, scene: Scene) -> None:
        customer = await scene.customer(account="f1:x")
        before = await found(scene, customer)
        await scene.advance("P1D")
        same: list[dict[str, object]] = [{}, {"externalAccount": "f1:x"}, {"product": PRODUCT}, {"details": {}}]
        for nothing in same:
            assert await scene.untold("/customer/update", customer=customer, **nothing) == "ok"
        assert await found(scene, customer) == before

    async def test_tells_only_what_differs(self, scene: Scene) -> None:
        customer = await scene.customer(account="f1:x")
        ((_, said),) = await scene.told("/customer/update", customer=customer, externalAccount="f1:x", product=GOLD, details={})
        assert said["data"] == {"product": GOLD}

    async def test_its_product_decides_what_it_gets_from_now_on(self, scene: Scene) -> None:
        customer = await scene.customer()
        _, first = await scene.provisioned(customer)
        await scene.do("/customer/update", customer=customer, product=GOLD)
        _, second = await scene.provisioned(customer)
        products = [(await scene.do("/subscription/get", subscription=one))["product"] for one in (first, second)]
        assert products == [PRODUCT, GOLD]


class TestSuspend:
    async def test_nothing_is_entitled_and_nothing_is_lost(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, name = await scene.provisioned(customer)
        told = await scene.told("/customer/suspend", customer=customer, reason="unpaid")
        assert told == [("customer-suspended", {"customer": customer.did, "data": {"reason": "unpaid"}})]
        assert (await found(scene, customer))["state"] == "suspended"
        assert (await scene.state(name), await scene.entitled(space)) == ("suspended", False)
        told = await scene.told("/customer/resume", customer=customer, reason="paid")
        assert told == [("customer-resumed", {"customer": customer.did, "data": {"reason": "paid"}})]
        assert (await found(scene, customer))["state"] == "active"
        assert (await scene.state(name), await scene.entitled(space)) == ("active", True)

    async def test_twice_and_resuming_twice_changes_nothing(self, scene: Scene) -> None:
        customer = await scene.customer()
        assert await scene.untold("/customer/resume", customer=customer) == "ok"
        await scene.do("/customer/suspend", customer=customer)
        assert await scene.untold("/customer/suspend", customer=customer, reason="again") == "ok"
        assert (await found(scene, customer))["state"] == "suspended"
        await scene.do("/customer/resume", customer=customer)
        assert await scene.untold("/customer/resume", customer=customer) == "ok"
        assert (await found(scene, customer))["state"] == "active"

    async def test_what_ends_meanwhile_has_ended(self, scene: Scene) -> None:
        customer, name = await scene.bought(period="P1M")
        await scene.do("/customer/suspend", customer=customer)
        await scene.advance("P2M")
        assert await scene.state(name) == "expired"
        await scene.do("/customer/resume", customer=customer)
        assert await scene.state(name) == "expired"

    async def test_it_gets_nothing_new_by_itself(self, scene: Scene) -> None:
        customer = await scene.customer()
        await scene.do("/customer/suspend", customer=customer)
        asked = {"by": customer, "provider": scene.service}
        assert await scene.untold("/provider/add", **asked, consumer=Signer.generate()) == "AccountBlocked"
        assert await scene.untold("/subscription/add", **asked, customer=customer, product=PRODUCT) == "AccountBlocked"
        # The service knows what it does.
        await scene.subscription(customer)


class TestClose:
    async def test_ends_what_it_holds_and_keeps_the_history(self, scene: Scene) -> None:
        customer = await scene.customer()
        space, first = await scene.provisioned(customer)
        second = await scene.subscription(customer)
        await scene.do("/subscription/cancel", subscription=second, at="now")
        third = await scene.subscription(customer)
        time = await scene.advance("P1D")
        told = await scene.told("/customer/close", by=customer, customer=customer)
        assert [(kind, said.get("subscription")) for kind, said in told] == [
            ("subscription-cancelled", first),
            ("subscription-cancelled", third),
            ("customer-closed", None),
        ]
        assert all(said["data"]["effect"] == "now" for kind, said in told if kind == "subscription-cancelled")
        assert {said["customer"] for _, said in told} == {customer.did}
        assert (await found(scene, customer))["state"] == "closed"
        for name, end in ((first, time), (second, START), (third, time)):
            held = await scene.do("/subscription/get", subscription=name)
            assert (held["state"], held["endsAt"], held["customer"]) == ("cancelled", end, customer.did)
        assert await scene.entitled(space) is False
        was = await scene.do("/consumer/get", consumer=space, at=time - DAY)
        assert (was["customer"], was["entitled"]) == (customer.did, True)

    async def test_one_that_was_to_end_later_ends_now(self, scene: Scene) -> None:
        customer, name = await scene.bought(period="P1M")
        await scene.do("/subscription/cancel", subscription=name, at="end")
        assert await scene.state(name) == "active"
        time = await scene.advance("P1D")
        await scene.do("/customer/close", customer=customer)
        held = await scene.do("/subscription/get", subscription=name)
        assert (held["state"], held["endsAt"]) == ("cancelled", time)

    async def test_again_changes_nothing(self, scene: Scene) -> None:
        customer = await scene.customer()
        await scene.do("/customer/close", customer=customer)
        for by in (scene.service, customer):
            assert await scene.untold("/customer/close", by=by, customer=customer) == "ok"

    async def test_it_gets_nothing_any_more(self, scene: Scene) -> None:
        customer = await scene.customer()
        await scene.do("/customer/close", customer=customer)
        asked = {"provider": scene.service}
        assert await scene.refused("/provider/add", by=customer, consumer=Signer.generate(), **asked) == "AccountBlocked"
        for by in (scene.service, customer):
            adding = {"by": by, "customer": customer, "product": PRODUCT}
            assert await scene.untold("/subscription/add", **adding, **asked) == "AccountBlocked"

    async def test_it_can_still_see_what_it_had(self, scene: Scene) -> None:
        customer = await scene.customer()
        name = await scene.subscription(customer)
        await scene.do("/customer/close", customer=customer)
        assert (await scene.do("/subscription/get", by=customer, subscription=name))["state"] == "cancelled"
        events = await scene.all("/event/list", by=customer)
        assert events[-1]["type"] == "customer-closed"
