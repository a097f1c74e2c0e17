"""Payers and their leaves, on every engine."""

from __future__ import annotations

from store import Transaction
from store.records import Leaf
from tests.store.samples import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    NOBODY,
    OTHER,
    SERVICE,
    SHELF,
    SPACE,
    bare,
    customer,
    register,
    subscribe,
    subscription,
    task,
)
from tests.store.units import at_fault, inside, taken


def paying(tx: Transaction) -> None:
    """Let Alice pay for Bob since 110."""
    tx.add_customer(customer(external_account="f1:a"))
    register(tx, BOB, CAROL)
    tx.add_payer(BOB, ALICE, at=110, task=task(2))


@inside
def test_a_payer_is_told_with_its_leaf(tx: Transaction) -> None:
    paying(tx)
    assert tx.customer(BOB) == customer(BOB, payer=ALICE, payer_account="f1:a")
    assert tx.customer(ALICE) == customer(external_account="f1:a")
    assert [tx.payer(did) for did in (ALICE, BOB, CAROL, NOBODY)] == [None, ALICE, None, None]
    assert [tx.pays(did) for did in (ALICE, BOB, CAROL, NOBODY)] == [True, False, False, False]


@inside
def test_a_leaf_has_one_payer(tx: Transaction) -> None:
    paying(tx)
    for payer in (ALICE, CAROL):
        with taken(tx):
            tx.add_payer(BOB, payer, at=111, task=task(3))
    assert tx.payer(BOB) == ALICE
    assert not tx.pays(CAROL)


@inside
def test_nobody_pays_for_itself(tx: Transaction) -> None:
    register(tx, ALICE)
    with at_fault(tx):
        tx.add_payer(ALICE, ALICE, at=1, task=task(2))


@inside
def test_a_payer_that_is_blocked_blocks_its_leaves(tx: Transaction) -> None:
    def blocked() -> list[bool]:
        found = [tx.customer(did) for did in (ALICE, BOB, CAROL)]
        return [one is not None and one.blocked for one in found]

    paying(tx)
    assert blocked() == [False, False, False]
    tx.suspend(ALICE, reason=None, at=120, task=task(3))
    assert blocked() == [True, True, False]
    assert tx.customer(BOB) == customer(BOB, payer=ALICE, payer_account="f1:a", payer_blocked=True)
    tx.resume(ALICE, at=130, task=task(4))
    assert blocked() == [False, False, False]
    tx.close(ALICE, at=140, task=task(5))
    assert blocked() == [True, True, False]
    tx.end_payer(BOB, at=150, task=task(6))
    assert blocked() == [True, False, False]


@inside
def test_a_leaf_that_is_blocked_blocks_nobody_else(tx: Transaction) -> None:
    paying(tx)
    tx.suspend(BOB, reason=None, at=120, task=task(3))
    assert tx.customer(ALICE) == customer(external_account="f1:a")
    assert not tx.was_blocked(ALICE, 125)


@inside
def test_a_payer_ends_once(tx: Transaction) -> None:
    paying(tx)
    assert tx.end_payer(BOB, at=120, task=task(3)) == (ALICE, 120)
    assert tx.end_payer(BOB, at=130, task=task(4)) is None
    assert tx.payer(BOB) is None
    assert not tx.pays(ALICE)
    assert tx.customer(BOB) == customer(BOB)
    assert tx.payer_at(BOB, 119) == ALICE
    assert tx.payer_at(BOB, 120) is None
    tx.add_payer(BOB, CAROL, at=140, task=task(5))
    assert tx.payer(BOB) == CAROL


@inside
def test_who_paid_when_is_known_to_the_second(tx: Transaction) -> None:
    paying(tx)
    tx.end_payer(BOB, at=120, task=task(3))
    tx.add_payer(BOB, CAROL, at=120, task=task(4))
    tx.end_payer(BOB, at=130, task=task(5))
    tx.add_payer(BOB, ALICE, at=140, task=task(6))
    found = {at: tx.payer_at(BOB, at) for at in range(100, 150)}
    assert [at for at, who in found.items() if who == ALICE] == [*range(110, 120), *range(140, 150)]
    assert [at for at, who in found.items() if who == CAROL] == [*range(120, 130)]
    assert tx.payer_at(ALICE, 115) is None


@inside
def test_where_clocks_differ_a_payer_ends_no_sooner_than_it_began_and_the_later_one_counts(tx: Transaction) -> None:
    paying(tx)
    assert tx.end_payer(BOB, at=90, task=task(3)) == (ALICE, 110)
    assert [tx.payer_at(BOB, at) for at in (90, 109, 110, 111)] == [None] * 4
    tx.add_payer(BOB, ALICE, at=110, task=task(4))
    tx.end_payer(BOB, at=130, task=task(5))
    tx.add_payer(BOB, CAROL, at=120, task=task(6))
    assert [tx.payer_at(BOB, at) for at in (110, 119, 120, 130)] == [ALICE, ALICE, CAROL, CAROL]


# -- a payer's leaves ---------------------------------------------------------------------------------------------------


@inside
def test_leaves_are_listed_with_their_counts(tx: Transaction) -> None:
    paying(tx)
    tx.add_payer(CAROL, ALICE, at=120, task=task(2))
    subscribe(tx, "one", "two", of=CAROL)
    subscribe(tx, "one", of=CAROL, provider=OTHER)
    subscribe(tx, "three", of=ALICE)
    tx.assign(SERVICE, SPACE, "one", at=1, task=task(3))
    tx.assign(SERVICE, SHELF, "two", at=1, task=task(3))
    tx.assign(OTHER, SHELF, "one", at=1, task=task(3))
    tx.assign(SERVICE, NOBODY, "three", at=1, task=task(3))
    tx.release(SERVICE, SPACE, at=2, task=task(4))
    first, second = tx.leaves(ALICE)
    assert first == Leaf(customer=BOB, since=110, seq=first.seq, subscriptions=0, consumers=0)
    assert second == Leaf(customer=CAROL, since=120, seq=second.seq, subscriptions=3, consumers=2)
    tx.transfer(SERVICE, "two", BOB, at=3, task=task(5))
    assert [(leaf.subscriptions, leaf.consumers) for leaf in tx.leaves(ALICE)] == [(1, 1), (2, 1)]
    assert tx.leaves(BOB) == ()


@inside
def test_leaves_come_in_the_order_in_which_they_came_page_by_page(tx: Transaction) -> None:
    register(tx, ALICE, BOB, CAROL, DAN)
    for leaf in (DAN, BOB, CAROL):
        tx.add_payer(leaf, ALICE, at=1, task=task(2))
    (first,) = tx.leaves(ALICE, 0, 1)
    assert first.customer == DAN
    tx.end_payer(DAN, at=2, task=task(3))
    tx.add_payer(DAN, ALICE, at=3, task=task(4))
    assert [leaf.customer for leaf in tx.leaves(ALICE, first.seq)] == [BOB, CAROL, DAN], "it came anew"
    second, third = tx.leaves(ALICE, first.seq, 2)
    assert [second.customer, third.customer] == [BOB, CAROL]
    assert [leaf.customer for leaf in tx.leaves(ALICE, second.seq)] == [CAROL, DAN]
    assert len({leaf.seq for leaf in tx.leaves(ALICE)} | {first.seq}) == 4


# -- what it means for subscriptions ------------------------------------------------------------------------------------


@inside
def test_a_subscription_is_blocked_with_its_holder_and_that_ones_payer(tx: Transaction) -> None:
    paying(tx)
    subscribe(tx, "one", of=BOB)
    subscribe(tx, "two", of=CAROL)
    tx.assign(SERVICE, SPACE, "one", at=1, task=task(3))

    def blocked() -> bool:
        one, two = (bare(tx.subscription(SERVICE, id_)) for id_ in ("one", "two"))
        assert one == subscription("one", of=BOB, blocked=one.blocked)
        assert two == subscription("two", of=CAROL)
        provision = tx.provisioned(SERVICE, SPACE)
        assert provision is not None
        assert provision.subscription.blocked == one.blocked
        assert [found.blocked for found in tx.subscriptions()] == [one.blocked, False]
        return one.blocked

    assert not blocked()
    for who in (BOB, ALICE):
        tx.suspend(who, reason=None, at=120, task=task(4))
        assert blocked()
        tx.resume(who, at=130, task=task(5))
        assert not blocked()
    tx.close(ALICE, at=140, task=task(6))
    assert blocked()
    tx.end_payer(BOB, at=150, task=task(7))
    assert not blocked()
    tx.close(BOB, at=160, task=task(8))
    assert blocked()
    tx.transfer(SERVICE, "one", CAROL, at=170, task=task(9))
    assert bare(tx.subscription(SERVICE, "one")) == subscription("one", of=CAROL)
