"""How every failure that a command declares is provoked.

A table: whoever declares one adds a row here; `test_failures.py` goes through it, over HTTP, and misses what is not in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from forge.keys import Signer
from tests.service.scene import DAY, OTHER_PROVIDER, START, Scene
from tests.service.world import PRODUCT

Provoke = Callable[[Scene], Awaitable[dict[str, Any]]]
"""Arranges what is needed; gives what is asked then, as `Scene.receipt` takes it."""

ROWS: Final[dict[tuple[str, str], Provoke]] = {}
UNREACHABLE: Final = {
    # No key of such an account can be found out, so no invocation comes that far; `test_spaces.py` asks the command itself.
    ("/provider/add", "InvalidAccount"),
}


def provokes(*rows: str) -> Callable[[Provoke], Provoke]:
    """Enter rows: `path failure`."""

    def enter(provoke: Provoke) -> Provoke:
        for row in rows:
            path, failure = row.split()
            assert (path, failure) not in ROWS
            ROWS[path, failure] = provoke
        return provoke

    return enter


# -- who is not there


@provokes(*(f"/customer/{verb} CustomerNotFound" for verb in ("get", "update", "suspend", "resume", "close")))
async def _(_: Scene) -> dict[str, Any]:
    return {"customer": Signer.generate()}


@provokes(*(f"/customer/payer/{verb} PayerNotFound" for verb in ("get", "remove")))
async def _(scene: Scene) -> dict[str, Any]:
    return {"customer": await scene.customer()}


@provokes("/plan/get PlanNotFound", "/plan/retire PlanNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return {"product": scene.product()}


@provokes("/subscription/get SubscriptionNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"subscription": "nothing"}


@provokes("/subscription/accept SubscriptionNotFound", "/subscription/decline SubscriptionNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought(consent=True)
    return {"by": Signer.generate(), "subscription": name}


@provokes("/subscription/assign SubscriptionNotFound", "/subscription/unassign SubscriptionNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"subscription": "nothing", "consumers": [Signer.generate()]}


@provokes("/subscription/transfer SubscriptionNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return {"subscription": "nothing", "customer": await scene.customer()}


@provokes("/subscription/extend SubscriptionNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"subscription": "nothing", "endsAt": None}


@provokes("/subscription/cancel SubscriptionNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"subscription": "nothing", "at": "end"}


@provokes("/payment/record SubscriptionNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"subscription": "nothing", "event": "failed", "reference": "in_1"}


@provokes("/consumer/get ConsumerNotFound")
async def _(_: Scene) -> dict[str, Any]:
    return {"consumer": Signer.generate()}


@provokes("/provider/remove ConsumerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return {"provider": scene.service, "consumer": Signer.generate()}


@provokes("/space/info UnknownSpace")
async def _(scene: Scene) -> dict[str, Any]:
    return {"by": scene.mailto()}


# -- customers


@provokes("/customer/add InvalidCustomerSubject")
async def _(_: Scene) -> dict[str, Any]:
    somebody = Signer.generate()
    return {"by": somebody, "customer": somebody, "product": PRODUCT, "details": {}}


@provokes("/customer/add CustomerExists")
async def _(scene: Scene) -> dict[str, Any]:
    return {"customer": await scene.customer(), "product": PRODUCT, "details": {}}


@provokes("/customer/add InvalidExternalAccount")
async def _(_: Scene) -> dict[str, Any]:
    return {"customer": Signer.generate(), "externalAccount": "F1:x", "product": PRODUCT, "details": {}}


@provokes("/customer/update InvalidExternalAccount")
async def _(scene: Scene) -> dict[str, Any]:
    return {"customer": await scene.customer(), "externalAccount": "x" * 33 + ":y"}


@provokes("/customer/link CustomerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return {"guest": scene.mailto(), "customer": await scene.customer()}


@provokes("/customer/link CustomerLinked")
async def _(scene: Scene) -> dict[str, Any]:
    guest = await scene.guest()
    await scene.do("/customer/link", guest=guest, customer=Signer.generate())
    return {"guest": guest, "customer": Signer.generate()}


@provokes("/customer/link AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    guest = await scene.guest()
    await scene.do("/customer/suspend", customer=guest)
    return {"guest": guest, "customer": Signer.generate()}


@provokes("/customer/link PayerCycle")
async def _(scene: Scene) -> dict[str, Any]:
    payer, guest, customer, leaf = [await scene.customer() for _ in range(4)]
    await scene.pays(guest, leaf)
    await scene.pays(payer, customer)
    return {"guest": guest, "customer": customer}


@provokes("/customer/link ReceiverDidNotSign")
async def _(scene: Scene) -> dict[str, Any]:
    guest = await scene.guest()
    return {"by": guest, "guest": guest, "customer": Signer.generate()}


@provokes("/customer/payer/add CustomerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return {"payer": Signer.generate(), "customer": await scene.customer()}


@provokes("/customer/payer/add PayerExists")
async def _(scene: Scene) -> dict[str, Any]:
    leaf = await scene.customer()
    await scene.pays(await scene.customer(), leaf)
    return {"payer": await scene.customer(), "customer": leaf}


@provokes("/customer/payer/add PayerCycle")
async def _(scene: Scene) -> dict[str, Any]:
    payer, leaf = await scene.customer(), await scene.customer()
    await scene.pays(payer, leaf)
    return {"payer": leaf, "customer": payer}


@provokes("/customer/payer/add AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    payer, leaf = await scene.customer(), Signer.generate()
    await scene.do("/customer/suspend", customer=payer)
    proof = scene.lend("/customer/payer/add", of=payer, to=leaf)
    return {"by": leaf, "subject": payer, "proofs": [proof], "payer": payer, "customer": leaf}


@provokes("/customer/payer/remove AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    payer, leaf = await scene.customer(), await scene.customer()
    await scene.pays(payer, leaf)
    await scene.do("/customer/suspend", customer=payer)
    return {"by": leaf, "customer": leaf}


@provokes("/customer/payer/add ReceiverDidNotSign")
async def _(scene: Scene) -> dict[str, Any]:
    payer = await scene.customer()
    return {"by": payer, "payer": payer, "customer": await scene.customer()}


# -- spaces and plans


@provokes("/plan/add PlanExists")
async def _(scene: Scene) -> dict[str, Any]:
    return {"product": await scene.plan("open"), "name": "another", "kind": "open"}


@provokes("/provider/add AccountPlanMissing")
async def _(scene: Scene) -> dict[str, Any]:
    customer = await scene.customer(await scene.plan("paid"))
    return {"by": customer, "provider": scene.service, "consumer": Signer.generate()}


@provokes("/provider/add AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    customer = await scene.customer()
    await scene.do("/customer/close", customer=customer)
    return {"by": customer, "provider": scene.service, "consumer": Signer.generate()}


@provokes("/provider/add ProviderNotAllowed")
async def _(scene: Scene) -> dict[str, Any]:
    return {"by": await scene.customer(), "provider": OTHER_PROVIDER, "consumer": Signer.generate()}


@provokes("/provider/add SeatsExhausted")
async def _(scene: Scene) -> dict[str, Any]:
    product = await scene.plan("complimentary", seats=1)
    customer = await scene.customer(product)
    await scene.seated(await scene.subscription(customer, product))
    return {"by": customer, "provider": scene.service, "consumer": Signer.generate()}


@provokes("/provider/add ConsumerExists")
async def _(scene: Scene) -> dict[str, Any]:
    space, _ = await scene.provisioned(await scene.customer())
    return {"by": await scene.customer(), "provider": scene.service, "consumer": space}


# -- subscriptions


async def _buying(scene: Scene, **more: Any) -> dict[str, Any]:
    return {"customer": await scene.customer(), "provider": scene.service, "product": PRODUCT, **more}


@provokes("/subscription/add CustomerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return await _buying(scene, customer=Signer.generate())


@provokes("/subscription/add AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    buying = await _buying(scene)
    await scene.do("/customer/suspend", customer=buying["customer"])
    return {"by": buying["customer"], **buying}


@provokes("/subscription/add ProviderNotAllowed")
async def _(scene: Scene) -> dict[str, Any]:
    return await _buying(scene, provider=OTHER_PROVIDER)


@provokes("/subscription/add PlanNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    return await _buying(scene, product=scene.product())


@provokes("/subscription/add PlanRetired")
async def _(scene: Scene) -> dict[str, Any]:
    product = await scene.plan("open")
    await scene.do("/plan/retire", product=product)
    return await _buying(scene, product=product)


@provokes("/subscription/add SubscriptionActive")
async def _(scene: Scene) -> dict[str, Any]:
    customer, product = await scene.customer(), await scene.plan("open", exclusive=True)
    await scene.subscription(customer, product)
    return await _buying(scene, customer=customer, product=product)


@provokes("/subscription/add MalformedArguments")
async def _(scene: Scene) -> dict[str, Any]:
    return await _buying(scene, product=await scene.plan("complimentary"), endsAt=START)


@provokes("/subscription/assign SubscriptionEnded")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought(period="P1M")
    await scene.advance("P1M")
    return {"subscription": name, "consumers": [Signer.generate()]}


@provokes("/subscription/assign SeatsExhausted")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought(seats=1)
    return {"subscription": name, "consumers": [Signer.generate(), Signer.generate()]}


@provokes("/subscription/assign SeatLapsed")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought("open", period="P1M", clock="assignment", assignWithin="P90D")
    await scene.advance("P90D")
    return {"subscription": name, "consumers": [Signer.generate()]}


@provokes("/subscription/assign ConsumerExists")
async def _(scene: Scene) -> dict[str, Any]:
    space, _ = await scene.provisioned(await scene.customer())
    _, name = await scene.bought()
    return {"subscription": name, "consumers": [space]}


@provokes("/subscription/assign ConsumerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought()
    return {"subscription": name, "consumers": [Signer.generate()], "instead": [Signer.generate()]}


@provokes("/subscription/unassign ConsumerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought()
    return {"subscription": name, "consumers": [await scene.seated(name), Signer.generate()]}


@provokes("/subscription/transfer CustomerNotFound")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought()
    return {"subscription": name, "customer": Signer.generate()}


@provokes("/subscription/transfer SubscriptionEnded")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought()
    await scene.do("/subscription/cancel", subscription=name, at="now")
    return {"subscription": name, "customer": await scene.customer()}


@provokes("/subscription/transfer SubscriptionActive")
async def _(scene: Scene) -> dict[str, Any]:
    product = await scene.plan("open", exclusive=True)
    giver, receiver = await scene.customer(), await scene.customer()
    name, _ = [await scene.subscription(one, product) for one in (giver, receiver)]
    return {"subscription": name, "customer": receiver}


@provokes("/subscription/transfer AccountBlocked")
async def _(scene: Scene) -> dict[str, Any]:
    giver, name = await scene.bought()
    receiver = await scene.customer()
    await scene.do("/customer/suspend", customer=giver)
    proof = scene.lend("/subscription/transfer", of=giver, to=receiver)
    return {"by": receiver, "subject": giver, "proofs": [proof], "subscription": name, "customer": receiver}


@provokes("/subscription/transfer ReceiverDidNotSign")
async def _(scene: Scene) -> dict[str, Any]:
    giver, name = await scene.bought()
    return {"by": giver, "subscription": name, "customer": await scene.customer()}


@provokes("/subscription/extend NotExtendable")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought("paid")
    return {"subscription": name, "endsAt": START + DAY}


@provokes("/subscription/extend MalformedArguments")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought(period="P1M")
    return {"subscription": name, "endsAt": START}


@provokes("/payment/record PaymentConflict")
async def _(scene: Scene) -> dict[str, Any]:
    _, name = await scene.bought("paid")
    await scene.paid(name, "in_1", START + DAY)
    return {"subscription": name, "event": "paid", "reference": "in_1", "until": START + 2 * DAY}
