"""Subscriptions, on every engine: whose they are and were, and what was granted, tried out and cancelled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from forge.did import DID
from store import Transaction
from tests.store.conftest import Tx
from tests.store.samples import (
    ALICE,
    BOB,
    CAROL,
    GOLD,
    NOBODY,
    OTHER,
    PRODUCT,
    SERVICE,
    bare,
    plan,
    register,
    subscribe,
    subscription,
    task,
)
from tests.store.units import at_fault, inside, taken

# -- rows ---------------------------------------------------------------------------------------------------------------


async def test_a_subscription_comes_out_as_it_went_in(store: Tx) -> None:
    full = subscription("two", product=GOLD, planned=True, kind="complimentary", seats=7, terms=plan().terms)
    await store.change(lambda tx: subscribe(tx, "one"))
    await store.change(lambda tx: tx.add_plan(plan()))
    await store.change(lambda tx: tx.add_subscription(full))
    found = await store.read(lambda tx: tx.subscription(SERVICE, "one"))
    assert bare(found) == subscription("one")
    assert found is not None
    assert found.held_since == found.inserted_at
    assert bare(await store.read(lambda tx: tx.subscription(SERVICE, "two"))) == full
    assert await store.read(lambda tx: tx.subscription(SERVICE, "three")) is None
    assert await store.read(lambda tx: tx.subscription(OTHER, "one")) is None


@inside
def test_an_id_is_taken_once_for_each_provider(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    subscribe(tx, "one", provider=OTHER, of=BOB)
    with taken(tx):
        tx.add_subscription(subscription("one", of=BOB, number=9))
    assert bare(tx.subscription(SERVICE, "one")) == subscription("one")
    assert [tx.is_taken(SERVICE, id_) for id_ in ("one", "two", "three")] == [True, True, False]
    assert [tx.is_taken(OTHER, id_) for id_ in ("one", "two", "three")] == [True, False, False]
    assert [tx.count_subscriptions(did) for did in (ALICE, BOB)] == [2, 1]


@inside
def test_a_subscription_needs_its_customer(tx: Transaction) -> None:
    with at_fault(tx):
        tx.add_subscription(subscription())
    assert not tx.is_taken(SERVICE, "one")


@pytest.mark.parametrize("parts", [{"kind": "free"}, {"seats": 0}])
@inside
def test_a_subscription_is_of_a_kind_and_has_seats_or_no_such_number(tx: Transaction, parts: dict[str, object]) -> None:
    register(tx, ALICE)
    with at_fault(tx):
        tx.add_subscription(subscription(**parts))  # type: ignore[arg-type] # what is refused


# -- whose they are -----------------------------------------------------------------------------------------------------


@inside
def test_a_transfer_changes_whose_it_is_and_nothing_else(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    register(tx, BOB)
    assert tx.transfer(SERVICE, "one", BOB, at=210, task=task(5)) == ALICE
    found = tx.subscription(SERVICE, "one")
    assert bare(found) == subscription("one", of=BOB)
    assert found is not None
    assert found.held_since == 210
    assert [tx.holder(SERVICE, id_) for id_ in ("one", "two", "three")] == [BOB, ALICE, None]
    assert tx.holder(OTHER, "one") is None
    assert [tx.count_subscriptions(did) for did in (ALICE, BOB, NOBODY)] == [1, 1, 0]
    assert [held.id for held in tx.subscriptions(customer=ALICE)] == ["two"]
    assert [held.id for held in tx.subscriptions(customer=BOB)] == ["one"]


@inside
def test_what_nobody_holds_is_not_transferred(tx: Transaction) -> None:
    subscribe(tx, "one")
    for provider, id_ in ((SERVICE, "two"), (OTHER, "one")):
        with pytest.raises(LookupError, match="has no subscription"):
            tx.transfer(provider, id_, ALICE, at=1, task=task(5))
    with at_fault(tx):
        tx.transfer(SERVICE, "one", NOBODY, at=210, task=task(5))
    assert tx.holder(SERVICE, "one") == ALICE


@inside
def test_who_held_it_when_is_known_to_the_second(tx: Transaction) -> None:
    subscribe(tx, "one")
    subscribe(tx, "one", provider=OTHER, of=CAROL)
    register(tx, BOB)
    tx.transfer(SERVICE, "one", BOB, at=210, task=task(5))
    tx.transfer(SERVICE, "one", ALICE, at=220, task=task(6))
    found = {at: tx.holder_at(SERVICE, "one", at) for at in range(195, 230)}
    assert [at for at, who in found.items() if who is None] == [*range(195, 200)]
    assert [at for at, who in found.items() if who == BOB] == [*range(210, 220)]
    assert [at for at, who in found.items() if who == ALICE] == [*range(200, 210), *range(220, 230)]
    assert tx.holder_at(SERVICE, "two", 215) is None


@inside
def test_holdings_touch_and_none_ends_before_it_began(tx: Transaction) -> None:
    subscribe(tx, "one")
    register(tx, BOB, CAROL)
    for holder, at in ((BOB, 150), (CAROL, 260), (BOB, 230), (ALICE, 230)):
        tx.transfer(SERVICE, "one", holder, at=at, task=task(5))
    found = [tx.holder_at(SERVICE, "one", at) for at in range(200, 270)]
    assert found == [BOB] * 60 + [ALICE] * 10, "and Carol and Bob from 260 to 260"
    held = tx.subscription(SERVICE, "one")
    assert held is not None
    assert held.held_since == 260


# -- lists --------------------------------------------------------------------------------------------------------------


@inside
def test_subscriptions_are_listed_in_the_order_in_which_their_holders_got_them(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    subscribe(tx, "three", of=BOB)
    subscribe(tx, "four", provider=OTHER)
    subscribe(tx, "five", "six", product=GOLD)

    def ids(after: int = 0, limit: int = 99, **whose: object) -> list[str]:
        return [found.id for found in tx.subscriptions(after, limit, **whose)]  # type: ignore[arg-type] # what it takes

    assert ids() == ["one", "two", "three", "four", "five", "six"]
    assert tx.subscriptions()[0] == tx.subscription(SERVICE, "one")
    assert ids(customer=ALICE) == ["one", "two", "four", "five", "six"]
    tx.transfer(SERVICE, "one", BOB, at=210, task=task(5))
    tx.transfer(SERVICE, "one", ALICE, at=220, task=task(5))
    assert ids() == ["two", "three", "four", "five", "six", "one"]
    assert ids(customer=NOBODY) == []


@pytest.mark.parametrize("whose", [{}, {"customer": ALICE}])
@inside
def test_a_list_goes_on_after_its_place_while_rows_are_added(tx: Transaction, whose: dict[str, object]) -> None:
    subscribe(tx, "one", "two", "three")
    seen: list[str] = []
    place = 0
    for number in range(3):
        page = tx.subscriptions(place, 2, **whose)  # type: ignore[arg-type] # what it takes
        assert page[-1].seq is not None
        place = page[-1].seq
        seen += [found.id for found in page]
        subscribe(tx, f"more {number}")
    assert seen == ["one", "two", "three", "more 0", "more 1"]
    assert [found.id for found in tx.subscriptions(place, **whose)] == ["more 2"]  # type: ignore[arg-type] # the same


# -- what only one kind has ---------------------------------------------------------------------------------------------


@inside
def test_who_granted_it_and_why_is_known(tx: Transaction) -> None:
    subscribe(tx, "one", "two", "three", kind="complimentary")
    tx.grant(SERVICE, "one", by=BOB, reason="Ä\u2028")
    tx.grant(SERVICE, "two", by=SERVICE, reason=None)
    assert [tx.granted(SERVICE, id_) for id_ in ("one", "two", "three")] == [(BOB, "Ä\u2028"), (SERVICE, None), None]
    assert tx.granted(OTHER, "one") is None
    with taken(tx):
        tx.grant(SERVICE, "one", by=CAROL, reason="another")
    assert tx.granted(SERVICE, "one") == (BOB, "Ä\u2028")


@inside
def test_a_customer_has_one_trial_of_a_product_ever(tx: Transaction) -> None:
    subscribe(tx, "one", "two", "three", kind="trial")
    subscribe(tx, "one", provider=OTHER, kind="trial")
    tx.try_out(SERVICE, "one", customer=ALICE, product=PRODUCT)
    with taken(tx):
        tx.try_out(SERVICE, "two", customer=ALICE, product=PRODUCT)
    with taken(tx):
        tx.try_out(SERVICE, "one", customer=BOB, product=GOLD)
    assert tx.tried_out(SERVICE, ALICE, PRODUCT)
    assert not tx.tried_out(SERVICE, ALICE, GOLD)
    assert not tx.tried_out(OTHER, ALICE, PRODUCT)
    assert not tx.tried_out(SERVICE, BOB, PRODUCT)
    tx.try_out(SERVICE, "three", customer=ALICE, product=GOLD)
    tx.try_out(OTHER, "one", customer=ALICE, product=PRODUCT)


@inside
def test_who_was_given_a_trial_has_had_it_and_who_holds_it_too(tx: Transaction) -> None:
    subscribe(tx, "one", kind="trial")
    subscribe(tx, "two", of=BOB)
    tx.try_out(SERVICE, "one", customer=ALICE, product=PRODUCT)
    tx.transfer(SERVICE, "one", BOB, at=210, task=task(5))
    assert [tx.tried_out(SERVICE, who, PRODUCT) for who in (ALICE, BOB)] == [True, True]
    assert not tx.tried_out(SERVICE, BOB, GOLD)
    assert not tx.tried_out(OTHER, BOB, PRODUCT)
    tx.transfer(SERVICE, "one", ALICE, at=220, task=task(6))
    assert [tx.tried_out(SERVICE, who, PRODUCT) for who in (ALICE, BOB)] == [True, True], "and whoever held it too"
    assert not tx.tried_out(SERVICE, BOB, GOLD)


@inside
def test_what_was_said_last_about_the_end_counts(tx: Transaction) -> None:
    subscribe(tx, "one", "two", kind="complimentary")

    def end(id_: str = "one") -> int | None:
        found = tx.subscription(SERVICE, id_)
        assert found is not None
        return found.granted_until

    assert end() is None
    for ends_at in (900, 800, None, 700):
        tx.set_term(SERVICE, "one", ends_at, at=300, task=task(5))
        assert end() == ends_at
    tx.set_term(SERVICE, "one", 600, at=200, task=task(6))
    assert end() == 600, "whatever the clock said"
    assert end("two") is None


@inside
def test_what_was_said_about_the_end_when_is_known_to_the_second(tx: Transaction) -> None:
    subscribe(tx, "one", "two", kind="complimentary")
    for ends_at, at in ((900, 300), (None, 310), (700, 320), (600, 320)):
        tx.set_term(SERVICE, "one", ends_at, at=at, task=task(5))
    tx.set_term(SERVICE, "two", 1, at=300, task=task(5))
    found = [tx.term_at(SERVICE, "one", at) for at in (299, 300, 309, 310, 319, 320, 999)]
    assert found == [None, 900, 900, None, None, 600, 600]
    assert tx.term_at(OTHER, "one", 999) is None


@inside
def test_a_subscription_is_cancelled_once_at_its_end_and_once_now(tx: Transaction) -> None:
    subscribe(tx, "one", "two", "three")
    tx.cancel(SERVICE, "one", "end", at=300, task=task(5))
    assert bare(tx.subscription(SERVICE, "one")) == subscription("one", cancelled_at_end=300)
    tx.cancel(SERVICE, "one", "now", at=310, task=task(6))
    for effect in ("now", "end"):
        with taken(tx):
            tx.cancel(SERVICE, "one", effect, at=320, task=task(7))
    tx.cancel(SERVICE, "two", "now", at=320, task=task(7))
    assert bare(tx.subscription(SERVICE, "one")) == subscription("one", cancelled_at=310, cancelled_at_end=300)
    assert bare(tx.subscription(SERVICE, "two")) == subscription("two", cancelled_at=320)
    assert bare(tx.subscription(SERVICE, "three")) == subscription("three")
    with at_fault(tx):
        tx.cancel(SERVICE, "three", "soon", at=1, task=task(8))  # type: ignore[arg-type] # what is refused


OF_NOTHING: dict[str, Callable[[Transaction], object]] = {
    "grant": lambda tx: tx.grant(SERVICE, "one", by=ALICE, reason=None),
    "try_out": lambda tx: tx.try_out(SERVICE, "one", customer=ALICE, product=PRODUCT),
    "set_term": lambda tx: tx.set_term(SERVICE, "one", 1, at=1, task=task(2)),
    "cancel": lambda tx: tx.cancel(SERVICE, "one", "now", at=1, task=task(2)),
}


@pytest.mark.parametrize("what", OF_NOTHING)
@inside
def test_only_of_a_subscription_is_anything_said(tx: Transaction, what: str) -> None:
    register(tx, ALICE)
    with at_fault(tx):
        OF_NOTHING[what](tx)


# -- to one plan --------------------------------------------------------------------------------------------------------


def planned(tx: Transaction, *ids: str, starts_at: int, of: DID = ALICE, provider: DID = SERVICE) -> None:
    subscribe(tx, *ids, of=of, provider=provider, product=GOLD, planned=True, kind="paid", starts_at=starts_at)


@inside
def test_those_to_a_plan_are_found_oldest_first_and_latest_first(tx: Transaction) -> None:
    tx.add_plan(plan())
    planned(tx, "late", "late too", starts_at=300)
    planned(tx, "early", starts_at=100)
    planned(tx, "another's", starts_at=100, of=BOB)
    planned(tx, "elsewhere", starts_at=100, provider=OTHER)
    # Bought while the product was not in the catalogue: to no plan.
    subscribe(tx, "own", product=GOLD)
    held = tx.subscriptions_to(GOLD, ALICE, SERVICE, limit=9)
    assert [one.id for one in held] == ["early", "late", "late too"]
    assert held[0] == tx.subscription(SERVICE, "early")
    assert [one.id for one in tx.latest_to(GOLD, ALICE, SERVICE, limit=9)] == ["late too", "late", "early"]
    assert [one.id for one in tx.latest_to(GOLD, ALICE, SERVICE, limit=1)] == ["late too"]
    pages, place = [], (-1, 0)
    while page := tx.subscriptions_to(GOLD, ALICE, SERVICE, after=place, limit=1):
        pages.append(page[0].id)
        place = (page[0].starts_at, page[0].seq or 0)
    assert pages == ["early", "late", "late too"]
    assert tx.subscriptions_to(PRODUCT, ALICE, SERVICE, limit=9) == ()


@inside
def test_those_to_a_plan_go_with_their_holder(tx: Transaction) -> None:
    tx.add_plan(plan())
    register(tx, BOB)
    planned(tx, "one", starts_at=100)
    tx.transfer(SERVICE, "one", BOB, at=210, task=task(5))
    assert tx.subscriptions_to(GOLD, ALICE, SERVICE, limit=9) == tx.latest_to(GOLD, ALICE, SERVICE, limit=9) == ()
    assert [one.id for one in tx.subscriptions_to(GOLD, BOB, SERVICE, limit=9)] == ["one"]
    assert [one.id for one in tx.latest_to(GOLD, BOB, SERVICE, limit=9)] == ["one"]
