"""Plans, on every engine: what was added to the catalogue stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from store import Transaction
from store.records import Terms
from tests.store.samples import ALICE, GOLD, NOBODY, OTHER, PRODUCT, SERVICE, TERMS, bare, plan, subscribe, subscription, task
from tests.store.units import at_fault, inside, taken


@inside
def test_a_plan_comes_out_as_it_went_in(tx: Transaction) -> None:
    full = plan(terms=TERMS, seats=12, self_serve=True, name="Ä\u2028", kind="trial")
    plain = plan(PRODUCT, kind="open")
    tx.add_plan(full)
    tx.add_plan(plain)
    assert tx.plan(GOLD) == full
    assert tx.plan(PRODUCT) == plain
    assert tx.plan(NOBODY) is None


@pytest.mark.parametrize("part", ["period", "exclusive", "clock", "assign_within", "grace", "consent"])
@inside
def test_no_term_is_taken_for_another(tx: Transaction, part: str) -> None:
    terms = Terms(**{part: getattr(TERMS, part)})
    tx.add_plan(plan(terms=terms))
    found = tx.plan(GOLD)
    assert found is not None
    assert found.terms == terms
    subscribe(tx, "one", product=GOLD, planned=True)
    assert bare(tx.subscription(SERVICE, "one")).terms == terms


@pytest.mark.parametrize("parts", [{"kind": "free"}, {"terms": Terms(clock="never")}])  # type: ignore[arg-type] # what is refused
@inside
def test_a_plan_is_of_a_kind_and_a_clock_that_there_are(tx: Transaction, parts: dict[str, Any]) -> None:
    with at_fault(tx):
        tx.add_plan(plan(**parts))


@inside
def test_a_product_is_in_the_catalogue_once(tx: Transaction) -> None:
    tx.add_plan(plan())
    with taken(tx):
        tx.add_plan(plan(name="Platinum"))
    assert tx.plan(GOLD) == plan()
    assert tx.plans("", 9) == (plan(),)


@inside
def test_a_plan_retires_once_and_for_good(tx: Transaction) -> None:
    tx.add_plan(plan())
    tx.add_plan(plan(PRODUCT))
    assert tx.retire(GOLD, at=120, task=task(4))
    assert not tx.retire(GOLD, at=110, task=task(5))
    assert tx.plan(GOLD) == plan(retired_at=120)
    assert tx.plan(PRODUCT) == plan(PRODUCT)
    assert tx.plans("", 9) == (plan(retired_at=120), plan(PRODUCT))
    with at_fault(tx):
        tx.retire(NOBODY, at=1, task=task(6))


@inside
def test_plans_are_listed_by_their_products(tx: Transaction) -> None:
    first, second, third = sorted((GOLD, OTHER, PRODUCT))
    for product in (third, first):
        tx.add_plan(plan(product))
    assert [found.product for found in tx.plans("", 1)] == [first]
    tx.add_plan(plan(second))
    assert [found.product for found in tx.plans(first, 9)] == [second, third]
    assert [found.product for found in tx.plans("", 2)] == [first, second]
    assert tx.plans(third, 9) == ()


@inside
def test_a_subscription_has_the_terms_of_its_plan_only_where_it_was_made_to_it(tx: Transaction) -> None:
    """What is added to the catalogue later changes no older subscription."""
    subscribe(tx, "one", product=GOLD)
    tx.add_plan(plan(terms=TERMS))
    subscribe(tx, "two", product=GOLD, planned=True, kind="paid", seats=3)
    assert bare(tx.subscription(SERVICE, "one")) == subscription("one", product=GOLD)
    assert bare(tx.subscription(SERVICE, "two")) == subscription(
        "two", product=GOLD, planned=True, kind="paid", seats=3, terms=TERMS
    )


@inside
def test_a_subscription_to_a_plan_needs_it(tx: Transaction) -> None:
    with at_fault(tx):
        subscribe(tx, "one", of=ALICE, product=GOLD, planned=True)
