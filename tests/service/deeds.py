"""One good invocation of every command: what it is about, who may ask, and what it appends.

A table: whoever adds a command adds a row here, and gets from `test_deeds.py` who else may not ask, that strangers learn
nothing, that a repeat changes nothing, and from `test_malformed.py` what happens to arguments that are bent.
"""

from __future__ import annotations

from forge.keys import Signer
from tests.service.deed import DEEDS, Deed, about, deed, nowhere, service
from tests.service.scene import DAY, START, Scene
from tests.service.world import PRODUCT

__all__ = ["DEEDS"]

# -- customers


@deed("/customer/add")
async def _(scene: Scene) -> Deed:
    return Deed(
        arguments={"customer": Signer.generate(), "externalAccount": "f1:x", "product": PRODUCT, "details": {"a": "b"}},
        by=service(scene),
        missing=about("customer"),
        appends=("customer-added",),
        again="CustomerExists",
    )


@deed("/customer/get")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments={"customer": customer}, by=by, missing=about("customer"))


@deed("/customer/list")
async def _(scene: Scene) -> Deed:
    arguments = {"externalAccount": "f1:x", "product": PRODUCT, "payer": Signer.generate(), "state": "active", "size": 1000}
    return Deed(arguments=arguments, by=service(scene))


@deed("/customer/update")
async def _(scene: Scene) -> Deed:
    return Deed(
        arguments={
            "customer": await scene.customer(),
            "externalAccount": "f1:y",
            "product": scene.product(),
            "details": {"a": "b"},
        },
        by=service(scene),
        missing=about("customer"),
        appends=("customer-updated",),
    )


@deed("/customer/suspend")
async def _(scene: Scene) -> Deed:
    arguments = {"customer": await scene.customer(), "reason": "unpaid"}
    return Deed(arguments=arguments, by=service(scene), missing=about("customer"), appends=("customer-suspended",))


@deed("/customer/resume")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    await scene.do("/customer/suspend", customer=customer)
    arguments = {"customer": customer, "reason": "paid"}
    return Deed(arguments=arguments, by=service(scene), missing=about("customer"), appends=("customer-resumed",))


@deed("/customer/close")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    await scene.subscription(customer)
    return Deed(
        arguments={"customer": customer},
        by=service(scene) | {"customer": {"by": customer}},
        missing=about("customer"),
        appends=("subscription-cancelled", "customer-closed"),
    )


@deed("/customer/link")
async def _(scene: Scene) -> Deed:
    guest, customer = await scene.guest(), Signer.generate()
    await scene.subscription(guest)
    proof = scene.lend("/customer/link", of=guest, to=customer)
    return Deed(
        arguments={"guest": guest, "customer": customer},
        by=service(scene) | {"guest": {"by": customer, "subject": guest, "proofs": [proof]}},
        missing=lambda: {"guest": scene.mailto()},
        receiver="customer",
        appends=("customer-added", "subscription-transferred", "customer-linked"),
        again="CustomerLinked",
    )


@deed("/customer/payer/add")
async def _(scene: Scene) -> Deed:
    payer, customer = await scene.customer(), await scene.customer()
    proof = scene.lend("/customer/payer/add", of=payer, to=customer)
    return Deed(
        arguments={"payer": payer, "customer": customer},
        by=service(scene) | {"payer": {"by": customer, "subject": payer, "proofs": [proof]}},
        missing=about("payer"),
        receiver="customer",
        appends=("payer-added",),
        again="PayerExists",
    )


async def _paid_for(scene: Scene) -> tuple[Signer, Signer]:
    payer, customer = await scene.customer(), await scene.customer()
    await scene.pays(payer, customer)
    return payer, customer


@deed("/customer/payer/remove")
async def _(scene: Scene) -> Deed:
    payer, customer = await _paid_for(scene)
    return Deed(
        arguments={"customer": customer},
        by=service(scene) | {"payer": {"by": payer}, "customer": {"by": customer}},
        missing=about("customer"),
        appends=("payer-removed",),
        again="PayerNotFound",
    )


@deed("/customer/payer/get")
async def _(scene: Scene) -> Deed:
    _, customer = await _paid_for(scene)
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments={"customer": customer}, by=by, missing=about("customer"))


@deed("/customer/payer/list")
async def _(scene: Scene) -> Deed:
    payer, _ = await _paid_for(scene)
    by = service(scene) | {"payer": {"by": payer}}
    return Deed(arguments={"payer": payer, "size": 1}, by=by, missing=about("payer"))


# -- plans


@deed("/plan/add")
async def _(scene: Scene) -> Deed:
    arguments = {
        "product": scene.product(),
        "name": "a plan",
        "kind": "paid",
        "period": "P1M",
        "seats": 1_000_000,
        "exclusive": True,
        "clock": "assignment",
        "assignWithin": "P90D",
        "grace": "P3D",
        "consent": True,
        "selfServe": True,
    }
    return Deed(arguments=arguments, by=service(scene), appends=("plan-added",), again="PlanExists")


@deed("/plan/get")
async def _(scene: Scene) -> Deed:
    by = {"anyone": {"by": Signer.generate()}}
    return Deed(arguments={"product": await scene.plan("open")}, by=by, missing=lambda: {"product": scene.product()})


@deed("/plan/list")
async def _(_: Scene) -> Deed:
    return Deed(arguments={"size": 1000}, by={"anyone": {"by": Signer.generate()}})


@deed("/plan/retire")
async def _(scene: Scene) -> Deed:
    return Deed(
        arguments={"product": await scene.plan("open")},
        by=service(scene),
        missing=lambda: {"product": scene.product()},
        appends=("plan-retired",),
    )


# -- spaces


@deed("/provider/add")
async def _(scene: Scene) -> Deed:
    return Deed(
        arguments={"provider": scene.service, "consumer": Signer.generate()},
        by={"customer": {"by": await scene.customer()}},
        missing=about("consumer"),
        appends=("subscription-added", "consumer-assigned"),
        again="ConsumerExists",
    )


@deed("/provider/remove")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    space, _ = await scene.provisioned(customer)
    return Deed(
        arguments={"provider": scene.service, "consumer": space},
        by=service(scene) | {"customer": {"by": customer}},
        missing=about("consumer"),
        appends=("consumer-released", "subscription-cancelled"),
        again="ConsumerNotFound",
    )


@deed("/provider/list")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    space, _ = await scene.provisioned(customer)
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments={"consumer": space, "size": 1}, by=by, missing=about("consumer"))


@deed("/space/info")
async def _(_: Scene) -> Deed:
    return Deed(arguments={}, by={"consumer": {"by": Signer.generate()}})


# -- subscriptions


@deed("/subscription/add")
async def _(scene: Scene) -> Deed:
    product = await scene.plan("complimentary", selfServe=True, seats=1_000_000)
    customer = await scene.customer()
    return Deed(
        arguments={"customer": customer, "provider": scene.service, "product": product, "seats": 3, "reason": "why"},
        by=service(scene) | {"customer": {"by": customer}},
        missing=about("customer"),
        appends=("subscription-added",),
    )


@deed("/subscription/get")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments={"subscription": name}, by=by, missing=nowhere)


@deed("/subscription/list")
async def _(scene: Scene) -> Deed:
    customer, _ = await scene.bought()
    arguments = {"customer": customer, "product": PRODUCT, "state": "active", "size": 1}
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments=arguments, by=by, missing=about("customer"))


@deed("/subscription/assign")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    return Deed(
        arguments={"subscription": name, "consumers": [Signer.generate()]},
        by=service(scene) | {"customer": {"by": customer}},
        missing=nowhere,
        appends=("consumer-assigned",),
    )


@deed("/subscription/unassign")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    consumer = await scene.seated(name)
    return Deed(
        arguments={"subscription": name, "consumers": [consumer]},
        by=service(scene) | {"customer": {"by": customer}, "consumer": {"by": consumer}},
        missing=nowhere,
        appends=("consumer-released",),
        again="ConsumerNotFound",
    )


@deed("/subscription/accept")
async def _(scene: Scene) -> Deed:
    _, name = await scene.bought(consent=True)
    by = {"consumer": {"by": await scene.seated(name)}}
    return Deed(arguments={"subscription": name}, by=by, missing=nowhere, appends=("consumer-accepted",))


@deed("/subscription/decline")
async def _(scene: Scene) -> Deed:
    _, name = await scene.bought(consent=True)
    return Deed(
        arguments={"subscription": name},
        by={"consumer": {"by": await scene.seated(name)}},
        missing=nowhere,
        appends=("consumer-declined",),
        again="SubscriptionNotFound",
    )


@deed("/subscription/transfer")
async def _(scene: Scene) -> Deed:
    giver, name = await scene.bought()
    receiver = await scene.customer()
    proof = scene.lend("/subscription/transfer", of=giver, to=receiver)
    return Deed(
        arguments={"subscription": name, "customer": receiver},
        by=service(scene) | {"customer": {"by": receiver, "subject": giver, "proofs": [proof]}},
        missing=nowhere,
        receiver="customer",
        appends=("subscription-transferred",),
    )


@deed("/subscription/extend")
async def _(scene: Scene) -> Deed:
    _, name = await scene.bought(period="P1M")
    arguments = {"subscription": name, "endsAt": START + 60 * DAY}
    return Deed(arguments=arguments, by=service(scene), missing=nowhere, appends=("subscription-extended",))


@deed("/subscription/cancel")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    return Deed(
        arguments={"subscription": name, "at": "now"},
        by=service(scene) | {"customer": {"by": customer}},
        missing=nowhere,
        appends=("subscription-cancelled",),
    )


@deed("/payment/record")
async def _(scene: Scene) -> Deed:
    _, name = await scene.bought("paid")
    return Deed(
        arguments={"subscription": name, "event": "paid", "reference": "in_1", "from": START, "until": START + DAY},
        by=service(scene),
        missing=nowhere,
        appends=("payment-recorded",),
    )


# -- consumers, events


@deed("/consumer/get")
async def _(scene: Scene) -> Deed:
    customer = await scene.customer()
    space, _ = await scene.provisioned(customer)
    return Deed(
        arguments={"consumer": space, "provider": scene.service, "at": START},
        by=service(scene) | {"customer": {"by": customer}, "consumer": {"by": space}},
        missing=about("consumer"),
    )


@deed("/consumer/list")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    arguments = {"customer": customer, "subscription": name, "state": "active", "size": 1}
    by = service(scene) | {"customer": {"by": customer}}
    return Deed(arguments=arguments, by=by, missing=lambda: {"customer": Signer.generate(), **nowhere()})


@deed("/event/list")
async def _(scene: Scene) -> Deed:
    customer, name = await scene.bought()
    return Deed(
        arguments={
            "since": 0,
            "customer": customer,
            "subscription": name,
            "consumer": customer,
            "type": "consumer-assigned",
            "size": 1,
        },
        by=service(scene) | {"customer": {"by": customer}},
        missing=lambda: {"customer": Signer.generate(), **nowhere()},
    )
