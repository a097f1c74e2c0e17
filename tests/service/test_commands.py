"""What the commands mean, over HTTP (domain.md)."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import CATALOG
from commands.consumer import get as consumer_get
from commands.customer import add as customer_add
from commands.customer import get as customer_get
from commands.debug.echo import EchoArguments, echo
from commands.provider import add as provider_add
from commands.space.info import info
from commands.subscription import add as subscription_add
from commands.subscription import assign as subscription_assign
from commands.subscription import get as subscription_get
from forge import dagcbor
from forge.binding import Effect, Nothing, Task, to_wire
from forge.cid import CID
from forge.command import CommandPath
from forge.did import DID
from forge.errors import InvalidClaim, MatchError
from forge.keys import Signer
from forge.policy import Policy
from tests.service.world import PRODUCT, World, running


def adding(customer: DID, account: str | None = None, **details: str) -> customer_add.AddArguments:
    return customer_add.AddArguments(customer=customer, external_account=account, product=PRODUCT, details=details)


def provisioning(world: World, consumer: DID) -> provider_add.AddArguments:
    return provider_add.AddArguments(provider=world.service.did, consumer=consumer)


async def subscribed(world: World, customer: Signer) -> str:
    made = await world.ask(
        subscription_add.add,
        subscription_add.AddArguments(customer=customer.did, provider=world.service.did, product=PRODUCT),
        by=customer,
    )
    return str(made.id)


class TestCustomerAdd:
    async def test_registers_a_customer_for_the_service(self, world: World) -> None:
        somebody = Signer.generate()
        assert await world.ask(customer_add.add, adding(somebody.did, "f1:7f3c", region="eu"), by=world.service) == Nothing()
        found = await world.ask(customer_get.get, customer_get.GetArguments(customer=somebody.did), by=somebody)
        assert found.external_account == "f1:7f3c"
        assert found.details == {"region": "eu"}
        assert found.product == PRODUCT
        assert found.state == "active"
        assert (found.billed_to.customer, found.billed_to.external_account) == (somebody.did, "f1:7f3c")
        assert found.subscriptions == 0
        assert found.inserted_at > 0
        assert found.updated_at is None

    @pytest.mark.parametrize(
        "did", ["did:mailto:example.com:alice%2Bx", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:example.com"]
    )
    async def test_takes_every_did_method_of_customers(self, world: World, did: str) -> None:
        await world.ask(customer_add.add, adding(DID(did)), by=world.service)
        found = await world.ask(customer_get.get, customer_get.GetArguments(customer=DID(did)), by=world.service)
        assert (found.customer, found.external_account) == (did, None)

    async def test_a_new_task_for_the_same_customer_changes_nothing(self, world: World) -> None:
        somebody = Signer.generate()
        await world.ask(customer_add.add, adding(somebody.did, "f1:one"), by=world.service)
        failure = await world.refusal(customer_add.add, adding(somebody.did, "f1:two"), by=world.service)
        assert isinstance(failure, customer_add.CustomerExists)
        assert somebody.did in failure.message
        found = await world.ask(customer_get.get, customer_get.GetArguments(customer=somebody.did), by=world.service)
        assert found.external_account == "f1:one"

    async def test_two_customers_may_share_one_external_account(self, world: World) -> None:
        for _ in range(2):
            await world.ask(customer_add.add, adding(Signer.generate().did, "stripe:cus_9s6XKzkNRiz8i3"), by=world.service)

    async def test_only_the_service_is_its_subject(self, world: World) -> None:
        somebody = Signer.generate()
        failure = await world.refusal(customer_add.add, adding(somebody.did), by=somebody)
        assert isinstance(failure, customer_add.InvalidCustomerSubject)

    @pytest.mark.parametrize(
        "account",
        [
            "a:b",
            "stripe:cus_9s6XKzkNRiz8i3",
            "f1:7F3C/with:more:colons",
            "x" * 32 + ":y",
            "a+.-9:ü",
            "a:" + "z" * 255,
        ],
    )
    async def test_external_accounts_are_kept_as_sent(self, world: World, account: str) -> None:
        somebody = Signer.generate()
        await world.ask(customer_add.add, adding(somebody.did, account), by=world.service)
        found = await world.ask(customer_get.get, customer_get.GetArguments(customer=somebody.did), by=world.service)
        assert found.external_account == account

    @pytest.mark.parametrize(
        "account",
        [
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
            "a:\u202eb",
            "a:\ub000\u2028",
        ],
    )
    async def test_what_is_no_external_account_is_refused(self, world: World, account: str) -> None:
        somebody = Signer.generate()
        failure = await world.refusal(customer_add.add, adding(somebody.did, account), by=world.service)
        assert isinstance(failure, customer_add.InvalidExternalAccount)
        missing = await world.refusal(customer_get.get, customer_get.GetArguments(customer=somebody.did), by=world.service)
        assert missing.name == "CustomerNotFound"

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"product": None}, "args.product: "),
            ({"customer": None}, "args.customer: "),
            ({"customer": "did:example:x"}, "args.customer: "),
            ({"customer": "somebody"}, "args.customer: not a DID"),
            ({"customer": ...}, "args.customer: missing"),
            ({"details": None}, "args.details: "),
            ({"details": {"a": 1}}, "args.details.a: "),
            ({"details": ...}, "args.details: missing"),
            ({"externalAccount": 1}, "args.externalAccount: "),
            ({"external_account": "f1:x"}, "args.external_account: unknown key"),
            ({"extra": 1}, "args.extra: unknown key"),
        ],
    )
    async def test_malformed_arguments_name_the_key(self, world: World, change: dict[str, object], place: str) -> None:
        arguments = {"customer": Signer.generate().did, "product": PRODUCT, "details": {}} | change
        arguments = {key: value for key, value in arguments.items() if value is not ...}
        (receipt,) = await world.send(world.invocation("/customer/add", arguments, by=world.service))
        assert receipt.error_name == "MalformedArguments"
        assert receipt.error_message is not None
        assert receipt.error_message.startswith(f"malformed arguments: {place}")

    async def test_a_policy_confines_a_tenant_to_its_prefix(self, world: World) -> None:
        tenant = Signer.generate()
        chain = [
            customer_add.add.delegate(
                world.service,
                audience=tenant.did,
                subject=world.service.did,
                expiration=None,
                policy=Policy.decode([["like", ".externalAccount", "f1:*"]]),
            )
        ]
        how = {"by": tenant, "subject": world.service.did, "proofs": chain}
        await world.ask(customer_add.add, adding(Signer.generate().did, "f1:x"), **how)  # type: ignore[arg-type]
        for account in ("stripe:x", None):
            failure = await world.refusal(customer_add.add, adding(Signer.generate().did, account), **how)
            assert isinstance(failure, MatchError)


class TestCustomerGet:
    async def test_a_stranger_cannot_tell_a_customer_from_nobody(self, world: World) -> None:
        customer, stranger, nobody = await world.customer(), Signer.generate(), Signer.generate()
        there = await world.refusal(customer_get.get, customer_get.GetArguments(customer=customer.did), by=stranger)
        not_there = await world.refusal(customer_get.get, customer_get.GetArguments(customer=nobody.did), by=stranger)
        own = await world.refusal(customer_get.get, customer_get.GetArguments(customer=nobody.did), by=nobody)
        assert there.name == not_there.name == own.name == "CustomerNotFound"
        assert there.message.replace(customer.did, "X") == not_there.message.replace(nobody.did, "X")
        assert own.message == not_there.message

    async def test_a_stranger_cannot_claim_the_customers_authority(self, world: World) -> None:
        customer, stranger = await world.customer(), Signer.generate()
        failure = await world.refusal(
            customer_get.get, customer_get.GetArguments(customer=customer.did), by=stranger, subject=customer.did
        )
        assert isinstance(failure, InvalidClaim)


class TestProviderAdd:
    async def test_provisions_a_space(self, world: World) -> None:
        customer, space = await world.customer(), Signer.generate()
        made = await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        assert made.id == str(CID.of(dagcbor.encode({"consumer": space.did})))
        assert (await world.ask(info, by=space)).providers == [world.service.did]
        found = await world.ask(consumer_get.get, consumer_get.GetArguments(consumer=space.did), by=space)
        assert (found.customer, found.subscription, found.provider) == (customer.did, made.id, world.service.did)
        assert found.entitled is True
        held = await world.ask(subscription_get.get, subscription_get.GetArguments(subscription=made.id), by=customer)
        assert (held.customer, held.product, held.kind, held.state, held.seats.used) == (
            customer.did,
            PRODUCT,
            "open",
            "active",
            1,
        )

    async def test_once_for_each_consumer_whoever_pays(self, world: World) -> None:
        customer, other, space = await world.customer(), await world.customer(), Signer.generate()
        await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        for somebody in (customer, other):
            failure = await world.refusal(provider_add.add, provisioning(world, space.did), by=somebody)
            assert failure.name == "ConsumerExists"

    async def test_takes_another_id_where_the_consumers_own_is_taken(self, world: World) -> None:
        customer, space = await world.customer(), Signer.generate()
        made = await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        target = await subscribed(world, customer)
        await world.ask(
            subscription_assign.assign,
            subscription_assign.AssignArguments(subscription=target, consumers=[space.did]),
            by=customer,
        )
        # Nothing releases a consumer yet, so this is done where it will be done: in the store.
        store = world.app.state.host.store
        await store.change(lambda tx: tx.release(world.service.did, space.did, at=1, task=CID.of(b"\xf6")))
        again = await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        assert again.id != made.id
        CID.parse(again.id)

    async def test_needs_a_customer(self, world: World) -> None:
        failure = await world.refusal(provider_add.add, provisioning(world, Signer.generate().did), by=Signer.generate())
        assert isinstance(failure, provider_add.AccountPlanMissing)
        assert failure.message == "account does not have an active payment plan"

    async def test_needs_this_provider(self, world: World) -> None:
        customer = await world.customer()
        failure = await world.refusal(
            provider_add.add,
            provider_add.AddArguments(provider=DID("did:web:other.example.com"), consumer=Signer.generate().did),
            by=customer,
        )
        assert failure.name == "ProviderNotAllowed"
        assert world.service.did in failure.message

    async def test_an_account_has_a_did_of_a_customer(self, world: World) -> None:
        # No key of such a DID can be found out, so no invocation comes this far: the handler's own checks are asked.
        task = Task(
            cid=CID.of(b"\xf6"),
            command=provider_add.add.path,
            arguments=provisioning(world, Signer.generate().did),
            subject=DID("did:pkh:eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb"),
            issuer=world.service.did,
            executor=world.service.did,
            at=1,
            invocation=world.invocation("/provider/add", {}, by=world.service),
        )
        failure = provider_add.add.refuse(task)
        assert isinstance(failure, provider_add.InvalidAccount)
        assert 'found "did:pkh:' in failure.message
        with pytest.raises(provider_add.AccountPlanMissing):
            await world.app.state.host.store.change(lambda tx: provider_add.handle(task, tx))


class TestSpaceInfo:
    async def test_only_a_did_key_is_a_space(self, tmp_path: Path) -> None:
        async with running(tmp_path, did="did:web:forge.example.com") as world:
            failure = await world.refusal(info, by=world.service)
            assert failure.name == "UnknownSpace"

    async def test_an_unprovisioned_space_has_no_providers(self, world: World) -> None:
        assert (await world.ask(info, by=Signer.generate())).providers == []


class TestSubscriptions:
    async def test_one_for_several_spaces(self, world: World) -> None:
        customer, first, second, third = await world.customer(), Signer.generate(), Signer.generate(), Signer.generate()
        await world.ask(provider_add.add, provisioning(world, first.did), by=customer)
        name = await subscribed(world, customer)
        asked = subscription_assign.AssignArguments(subscription=name, consumers=[first.did, second.did, second.did])
        done = await world.ask(subscription_assign.assign, asked, by=customer)
        assert (done.assigned, done.moved) == ([second.did], [first.did])
        again = await world.ask(subscription_assign.assign, asked, by=customer)
        assert (again.assigned, again.moved) == ([], [])
        held = await world.ask(subscription_get.get, subscription_get.GetArguments(subscription=name), by=customer)
        assert held.seats.used == 2
        assert held.starts_at == held.inserted_at
        assert held.cause == name == str(CID.parse(name))
        for space in (first, second):
            found = await world.ask(consumer_get.get, consumer_get.GetArguments(consumer=space.did), by=customer)
            assert found.subscription == name
        failure = await world.refusal(consumer_get.get, consumer_get.GetArguments(consumer=third.did), by=third)
        assert failure.name == "ConsumerNotFound"

    async def test_history_is_not_rewritten_by_a_move(self, world: World) -> None:
        customer, space = await world.customer(), Signer.generate()
        first = (await world.ask(provider_add.add, provisioning(world, space.did), by=customer)).id
        second = await subscribed(world, customer)
        await world.ask(
            subscription_assign.assign,
            subscription_assign.AssignArguments(subscription=second, consumers=[space.did]),
            by=customer,
        )
        rows = await world.app.state.host.store.read(lambda tx: tx.history(space.did))
        assert [(row.subscription, row.until is None) for row in rows] == [(first, False), (second, True)]
        assert rows[0].ended_by == rows[1].task

    async def test_assigning_is_all_or_nothing(self, world: World) -> None:
        customer, other, free, taken = await world.customer(), await world.customer(), Signer.generate(), Signer.generate()
        await world.ask(provider_add.add, provisioning(world, taken.did), by=other)
        name = await subscribed(world, customer)
        failure = await world.refusal(
            subscription_assign.assign,
            subscription_assign.AssignArguments(subscription=name, consumers=[free.did, taken.did]),
            by=customer,
        )
        assert failure.name == "ConsumerExists"
        held = await world.ask(subscription_get.get, subscription_get.GetArguments(subscription=name), by=customer)
        assert held.seats.used == 0
        assert (await world.ask(info, by=free)).providers == []

    async def test_managing_takes_a_delegation_of_assign_and_no_more(self, world: World) -> None:
        customer, manager, space = await world.customer(), Signer.generate(), Signer.generate()
        name = await subscribed(world, customer)
        chain = [subscription_assign.assign.delegate(customer, audience=manager.did, subject=customer.did, expiration=None)]
        how = {"by": manager, "subject": customer.did, "proofs": chain}
        await world.ask(
            subscription_assign.assign,
            subscription_assign.AssignArguments(subscription=name, consumers=[space.did]),
            **how,  # type: ignore[arg-type]
        )
        failure = await world.refusal(subscription_get.get, subscription_get.GetArguments(subscription=name), **how)
        assert failure.name == "ImpossibleAttenuation"

    @pytest.mark.parametrize("count", [0, 1001])
    async def test_a_list_has_1_to_1000_consumers(self, world: World, count: int) -> None:
        customer = await world.customer()
        name = await subscribed(world, customer)
        consumers = [f"did:web:{number}.example.com" for number in range(count)]
        arguments = {"subscription": name, "consumers": consumers}
        (receipt,) = await world.send(world.invocation("/subscription/assign", arguments, by=customer))
        assert receipt.error_name == "MalformedArguments"
        assert "args.consumers" in (receipt.error_message or "")

    async def test_a_list_of_1000_consumers(self, world: World) -> None:
        customer = await world.customer()
        name = await subscribed(world, customer)
        consumers = [DID(f"did:web:{number}.example.com") for number in range(1000)]
        asked = subscription_assign.AssignArguments(subscription=name, consumers=consumers)
        assert (await world.ask(subscription_assign.assign, asked, by=customer)).assigned == consumers

    async def test_strangers_cannot_tell_a_subscription_from_none(self, world: World) -> None:
        customer, stranger = await world.customer(), await world.customer()
        name = await subscribed(world, customer)
        for command, make in (
            (subscription_get.get, lambda one: subscription_get.GetArguments(subscription=one)),
            (
                subscription_assign.assign,
                lambda one: subscription_assign.AssignArguments(subscription=one, consumers=[stranger.did]),
            ),
        ):
            there = await world.refusal(command, make(name), by=stranger)
            not_there = await world.refusal(command, make("nothing"), by=stranger)
            by_service = await world.refusal(command, make("nothing"), by=world.service)
            assert there.name == not_there.name == by_service.name == "SubscriptionNotFound"
            assert there.message.replace(name, "X") == not_there.message.replace("nothing", "X")
            assert by_service.message == not_there.message

    async def test_strangers_cannot_tell_a_consumer_from_none(self, world: World) -> None:
        customer, stranger, space, free = await world.customer(), await world.customer(), Signer.generate(), Signer.generate()
        await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        there = await world.refusal(consumer_get.get, consumer_get.GetArguments(consumer=space.did), by=stranger)
        not_there = await world.refusal(consumer_get.get, consumer_get.GetArguments(consumer=free.did), by=stranger)
        assert there.name == not_there.name == "ConsumerNotFound"
        assert there.message.replace(space.did, "X") == not_there.message.replace(free.did, "X")

    async def test_adding_needs_a_customer_its_product_and_this_provider(self, world: World) -> None:
        customer, nobody = await world.customer(), Signer.generate()
        cases = [
            (nobody, nobody.did, world.service.did, PRODUCT, "CustomerNotFound"),
            (world.service, nobody.did, world.service.did, PRODUCT, "CustomerNotFound"),
            (nobody, customer.did, world.service.did, PRODUCT, "CustomerNotFound"),
            (customer, customer.did, DID("did:web:other.example.com"), PRODUCT, "ProviderNotAllowed"),
            (customer, customer.did, world.service.did, DID("did:web:gold.example.com"), "PlanNotFound"),
        ]
        for by, who, provider, product, name in cases:
            arguments = subscription_add.AddArguments(customer=who, provider=provider, product=product)
            assert (await world.refusal(subscription_add.add, arguments, by=by)).name == name

    async def test_adding_records_the_reason(self, world: World) -> None:
        customer = await world.customer()
        arguments = subscription_add.AddArguments(
            customer=customer.did, provider=world.service.did, product=PRODUCT, reason="for the archive"
        )
        made = await world.ask(subscription_add.add, arguments, by=world.service)
        events = await world.app.state.host.store.read(lambda tx: tx.events())
        (event,) = [one for one in events if one.subscription == made.id]
        assert (event.type, event.data["reason"], event.subject) == ("subscription-added", "for the archive", world.service.did)


class TestDebug:
    async def test_echo(self, world: World) -> None:
        assert (await world.ask(echo, EchoArguments(message="héllo"), by=Signer.generate())).message == "héllo"


class TestEvents:
    async def test_every_change_appends_what_happened_under_its_task(self, world: World) -> None:
        customer, space = await world.customer(), Signer.generate()
        made = await world.ask(provider_add.add, provisioning(world, space.did), by=customer)
        events = await world.app.state.host.store.read(lambda tx: tx.events())
        assert [event.type for event in events] == ["customer-added", "subscription-added", "consumer-assigned"]
        assert [event.issuer for event in events] == [world.service.did, customer.did, customer.did]
        assert events[1].task == events[2].task
        assert events[2].consumer == space.did
        assert {events[1].subscription, events[2].subscription} == {made.id}
        assert [event.seq for event in events] == sorted(event.seq for event in events)

    async def test_no_command_changes_anything_without_one(self, world: World) -> None:
        customer, space = await world.customer(), Signer.generate()
        name = await subscribed(world, customer)
        tried = {
            "/customer/add": (world.service, adding(Signer.generate().did)),
            "/provider/add": (customer, provisioning(world, Signer.generate().did)),
            "/subscription/add": (
                customer,
                subscription_add.AddArguments(customer=customer.did, provider=world.service.did, product=PRODUCT),
            ),
            "/subscription/assign": (
                customer,
                subscription_assign.AssignArguments(subscription=name, consumers=[space.did]),
            ),
        }
        # Commands about tokens change nothing of a customer's: revocations have a feed of their own.
        served = CATALOG.without(CommandPath("/ucan")).without(CommandPath("/debug"))
        changing = {route.command.path for route in served if route.command.effect is Effect.CHANGES}
        assert tried.keys() == changing, "a command that changes something is tried here"
        for path, (by, arguments) in tried.items():
            (receipt,) = await world.send(world.invocation(path, to_wire(arguments), by=by))
            assert receipt.ok is not None, (path, receipt.error)
            events = await world.app.state.host.store.read(lambda tx: tx.events())
            assert [event for event in events if event.task == receipt.ran and event.command == path], path
