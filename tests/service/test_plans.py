"""Plans, over HTTP: the catalogue, and the terms that do not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from forge.keys import Signer
from tests.service.scene import DAY, START, Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")

FULL: dict[str, Any] = {
    "name": "Gold, פלוס",
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
BARE: dict[str, Any] = {"name": "x", "kind": "open"}
DEFAULTS: dict[str, Any] = {"exclusive": False, "clock": "purchase", "consent": False, "selfServe": False}


class TestAdd:
    @pytest.mark.parametrize("terms", [FULL, BARE])
    async def test_tells_anyone_the_terms(self, scene: Scene, terms: dict[str, Any]) -> None:
        product = scene.product()
        ((kind, said),) = await scene.told("/plan/add", product=product, **terms)
        assert kind == "plan-added"
        assert said.keys() == {"data"}
        assert said["data"].items() >= {"product": product, **terms}.items()
        for by in (scene.service, Signer.generate()):
            assert await scene.do("/plan/get", by=by, product=product) == {
                "product": product,
                **DEFAULTS,
                **terms,
                "retired": False,
                "insertedAt": START,
            }

    async def test_what_was_added_stays(self, scene: Scene) -> None:
        product = await scene.plan("open")
        before = await scene.do("/plan/get", product=product)
        assert await scene.untold("/plan/add", product=product, **FULL) == "PlanExists"
        await scene.do("/plan/retire", product=product)
        assert await scene.untold("/plan/add", product=product, **FULL) == "PlanExists"
        retired = {"retired": True, "retiredAt": START}
        assert await scene.do("/plan/get", product=product) == before | retired

    @pytest.mark.parametrize(
        ("terms", "place"),
        [
            ({"kind": "trial"}, "period"),
            ({"kind": "paid"}, "period"),
            ({"kind": "paid", "grace": "P3D"}, "period"),
            ({"kind": "open", "clock": "assignment"}, "period"),
            ({"kind": "complimentary", "clock": "assignment"}, "period"),
            ({"kind": "open", "period": "P1M"}, "period"),
            ({"kind": "complimentary", "assignWithin": "P1M"}, "assignWithin"),
            ({"kind": "paid", "period": "P1M", "assignWithin": "P1M", "clock": "purchase"}, "assignWithin"),
            ({"kind": "open", "grace": "P1M"}, "grace"),
            ({"kind": "trial", "period": "P1M", "grace": "P1M"}, "grace"),
            ({"kind": "complimentary", "grace": "P1M"}, "grace"),
            ({"kind": "free"}, "args.kind"),
            ({"clock": "wall"}, "args.clock"),
            ({"seats": 0}, "args.seats"),
            ({"seats": -1}, "args.seats"),
            ({"seats": 1_000_001}, "args.seats"),
            ({"seats": 1.0}, "args.seats"),
            ({"name": ""}, "args.name"),
            ({"name": "x" * 201}, "args.name"),
            ({"kind": "trial", "period": "P0D"}, "args.period"),
            ({"kind": "trial", "period": "-P1M"}, "args.period"),
            ({"kind": "trial", "period": "P1.5M"}, "args.period"),
            ({"kind": "trial", "period": 2_592_000}, "args.period"),
            ({"exclusive": 1}, "args.exclusive"),
        ],
    )
    async def test_terms_that_do_not_fit_are_malformed(self, scene: Scene, terms: dict[str, Any], place: str) -> None:
        product = scene.product()
        name, message = await scene.refusal("/plan/add", product=product, **BARE | terms)
        assert name == "MalformedArguments"
        assert place in message
        assert await scene.refused("/plan/get", product=product) == "PlanNotFound"

    @pytest.mark.parametrize(
        "terms",
        [
            {"kind": "open", "clock": "assignment", "period": "P1M"},
            {"kind": "complimentary", "period": "P1M"},
            {"kind": "complimentary"},
            {"kind": "trial", "period": "P99999Y"},
            {"seats": 1},
            {"name": "x" * 200},
        ],
    )
    async def test_terms_that_fit(self, scene: Scene, terms: dict[str, Any]) -> None:
        product = scene.product()
        await scene.do("/plan/add", product=product, **BARE | terms)
        assert (await scene.do("/plan/get", product=product)).items() >= (BARE | terms).items()


class TestRetire:
    async def test_lets_nobody_in_and_nobody_down(self, scene: Scene) -> None:
        product = await scene.plan("complimentary", period="P1Y", selfServe=True)
        customer = await scene.customer(product)
        name = await scene.subscription(customer, product)
        time = await scene.advance("P1D")
        assert await scene.told("/plan/retire", product=product) == [("plan-retired", {"data": {"product": product}})]
        said = await scene.do("/plan/get", product=product)
        assert (said["retired"], said["retiredAt"]) == (True, time)
        adding = {"customer": customer, "provider": scene.service, "product": product}
        for by in (scene.service, customer):
            assert await scene.untold("/subscription/add", by=by, **adding) == "PlanRetired"
        assert await scene.state(name) == "active"
        assert (await scene.provisioned(customer))[1] == name
        await scene.do("/subscription/extend", subscription=name, endsAt=START + 1000 * DAY)

    async def test_again_changes_nothing(self, scene: Scene) -> None:
        product = await scene.plan("open")
        await scene.do("/plan/retire", product=product)
        before = await scene.do("/plan/get", product=product)
        await scene.advance("P1D")
        assert await scene.untold("/plan/retire", product=product) == "ok"
        assert await scene.do("/plan/get", product=product) == before


class TestList:
    async def test_all_plans_by_their_products_for_anyone(self, scene: Scene) -> None:
        products = [await scene.plan("open") for _ in range(3)]
        await scene.do("/plan/retire", product=products[0])
        by = Signer.generate()
        listed = await scene.all("/plan/list", by=by, size=2)
        assert [one["product"] for one in listed] == sorted(one["product"] for one in listed)
        of = {one["product"]: one for one in listed}
        for product in products:
            assert of[product] == await scene.do("/plan/get", product=product)
        assert of[products[0]]["retired"] is True
