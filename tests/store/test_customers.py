"""Customers, on every engine: what they are and were, suspended and closed, and by which DIDs they are found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from forge.cid import CID
from store import Transaction
from store.records import Profile
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, CAROL, DAN, GOLD, NOBODY, PRODUCT, customer, register, task
from tests.store.units import at_fault, inside, taken

# -- what it is ---------------------------------------------------------------------------------------------------------


async def test_a_customer_comes_out_as_it_went_in(store: Tx) -> None:
    full = customer(BOB, external_account="f1:A/b:c", updated_at=7, details={})
    await store.change(lambda tx: tx.add_customer(customer()))
    await store.change(lambda tx: tx.add_customer(full))
    assert await store.read(lambda tx: tx.customer(ALICE)) == customer()
    assert await store.read(lambda tx: tx.customer(BOB)) == full
    assert await store.read(lambda tx: tx.customer(NOBODY)) is None


@inside
def test_dids_and_cids_come_out_as_such(tx: Transaction) -> None:
    register(tx, ALICE)
    found = tx.customer(ALICE)
    assert found is not None
    assert type(found.did) is type(ALICE)
    assert found.did.method == "mailto"
    assert isinstance(found.task, CID)


@inside
def test_a_customer_is_added_once(tx: Transaction) -> None:
    register(tx, ALICE)
    with taken(tx):
        tx.add_customer(customer(number=9))
    assert tx.customer(ALICE) == customer()
    register(tx, BOB)


# -- what it was --------------------------------------------------------------------------------------------------------


@inside
def test_what_a_customer_was_stays(tx: Transaction) -> None:
    register(tx, ALICE, BOB)
    second = customer(product=GOLD, details={}, external_account="stripe:cus_1")
    tx.update_customer(second, at=130, task=task(5))
    assert tx.customer(ALICE) == replace(second, updated_at=130, task=task(5))
    third = replace(second, external_account=None)
    tx.update_customer(third, at=140, task=task(6))
    assert tx.customer(ALICE) == replace(third, updated_at=140, task=task(6))
    first = customer()
    assert tx.profiles(ALICE) == (
        Profile(
            customer=ALICE,
            external_account=None,
            product=PRODUCT,
            details=first.details,
            since=first.inserted_at,
            task=first.task,
            until=130,
            ended_by=task(5),
        ),
        Profile(
            customer=ALICE,
            external_account="stripe:cus_1",
            product=GOLD,
            details={},
            since=130,
            task=task(5),
            until=140,
            ended_by=task(6),
        ),
    )
    assert tx.customer(BOB) == customer(BOB)
    assert tx.profiles(BOB) == ()


@inside
def test_profiles_touch_and_none_ends_before_it_began(tx: Transaction) -> None:
    """The clock of the process that writes one over may be behind."""
    register(tx, ALICE)
    for number, at in enumerate((90, 150, 120, 150), 10):
        tx.update_customer(customer(), at=at, task=task(number))
    rows = tx.profiles(ALICE)
    assert [(row.since, row.until) for row in rows] == [(100, 100), (100, 150), (150, 150), (150, 150)]
    assert [row.ended_by for row in rows] == [task(number) for number in range(10, 14)]
    assert [row.task for row in rows] == [task(1), *(task(number) for number in range(10, 13))]
    found = tx.customer(ALICE)
    assert found is not None
    assert found.updated_at == 150


@inside
def test_who_is_no_customer_is_not_updated(tx: Transaction) -> None:
    tx.update_customer(customer(), at=1, task=task(5))
    assert tx.customer(ALICE) is None
    assert tx.profiles(ALICE) == ()


# -- suspended and closed -----------------------------------------------------------------------------------------------


def blocked(tx: Transaction) -> bool:
    found = tx.customer(ALICE)
    assert found is not None
    return found.blocked


@inside
def test_a_customer_is_suspended_until_it_is_resumed(tx: Transaction) -> None:
    register(tx, ALICE, BOB)
    assert not tx.resume(ALICE, at=1, task=task(2))
    for round_ in range(3):
        assert not blocked(tx)
        tx.suspend(ALICE, reason="unpaid" if round_ else None, at=110 + round_ * 20, task=task(3))
        assert tx.customer(ALICE) == customer(suspended=True)
        with taken(tx):
            tx.suspend(ALICE, reason=None, at=200, task=task(4))
        assert blocked(tx)
        assert tx.resume(ALICE, at=120 + round_ * 20, task=task(4))
        assert not tx.resume(ALICE, at=999, task=task(5))
    assert tx.customer(ALICE) == customer()
    assert tx.customer(BOB) == customer(BOB)


@inside
def test_a_customer_is_closed_once_and_for_good(tx: Transaction) -> None:
    register(tx, ALICE, BOB)
    assert tx.close(ALICE, at=120, task=task(3))
    assert not tx.close(ALICE, at=110, task=task(4))
    assert tx.customer(ALICE) == customer(closed_at=120)
    assert blocked(tx)
    assert tx.customer(BOB) == customer(BOB)


@inside
def test_who_was_blocked_when_is_known_to_the_second(tx: Transaction) -> None:
    register(tx, ALICE, BOB)
    for since, until in ((110, 120), (120, 125), (130, 130), (140, 135)):
        tx.suspend(ALICE, reason=None, at=since, task=task(3))
        assert tx.was_blocked(ALICE, 10**9), "while it is"
        tx.resume(ALICE, at=until, task=task(4))
    tx.suspend(ALICE, reason=None, at=150, task=task(3))

    def when() -> list[int]:
        return [at for at in range(105, 165) if tx.was_blocked(ALICE, at)]

    assert when() == [*range(110, 125), *range(150, 165)]
    tx.resume(ALICE, at=155, task=task(4))
    assert when() == [*range(110, 125), *range(150, 155)]
    tx.close(ALICE, at=160, task=task(5))
    assert when() == [*range(110, 125), *range(150, 155), *range(160, 165)]
    assert not tx.was_blocked(BOB, 110)
    assert not tx.was_blocked(NOBODY, 110)


@inside
def test_a_suspension_never_ends_before_it_began(tx: Transaction) -> None:
    register(tx, ALICE)
    tx.suspend(ALICE, reason=None, at=50, task=task(3))
    assert tx.resume(ALICE, at=40, task=task(4))
    assert not blocked(tx)
    assert not any(tx.was_blocked(ALICE, at) for at in range(39, 52))


OF_NOBODY: dict[str, Callable[[Transaction], object]] = {
    "suspend": lambda tx: tx.suspend(NOBODY, reason=None, at=1, task=task(2)),
    "close": lambda tx: tx.close(NOBODY, at=1, task=task(2)),
    "link from": lambda tx: tx.link(NOBODY, ALICE, at=1, task=task(2)),
    "link to": lambda tx: tx.link(ALICE, NOBODY, at=1, task=task(2)),
    "pay for": lambda tx: tx.add_payer(NOBODY, ALICE, at=1, task=task(2)),
    "pay by": lambda tx: tx.add_payer(ALICE, NOBODY, at=1, task=task(2)),
}


@pytest.mark.parametrize("what", OF_NOBODY)
@inside
def test_only_of_a_customer_is_anything_known(tx: Transaction, what: str) -> None:
    register(tx, ALICE)
    with at_fault(tx):
        OF_NOBODY[what](tx)


# -- guests -------------------------------------------------------------------------------------------------------------


@inside
def test_a_guest_that_was_linked_means_the_customer_it_became(tx: Transaction) -> None:
    register(tx, ALICE, BOB, CAROL, DAN)
    assert tx.meant(BOB) == BOB
    assert tx.linked(BOB) is None
    assert tx.guests(CAROL) == ()
    tx.link(DAN, CAROL, at=1, task=task(2))
    tx.link(BOB, CAROL, at=1, task=task(2))
    assert tx.customer(BOB) == tx.customer(DAN) == tx.customer(CAROL) == customer(CAROL)
    assert [tx.meant(did) for did in (ALICE, BOB, CAROL, DAN, NOBODY)] == [ALICE, CAROL, CAROL, CAROL, None]
    assert [tx.linked(did) for did in (ALICE, BOB, CAROL, DAN, NOBODY)] == [None, CAROL, None, CAROL, None]
    assert tx.guests(CAROL) == (BOB, DAN)
    assert tx.guests(BOB) == ()


@inside
def test_a_guest_is_linked_once(tx: Transaction) -> None:
    register(tx, ALICE, BOB, CAROL)
    tx.link(ALICE, BOB, at=1, task=task(2))
    for whose in (BOB, CAROL):
        with taken(tx):
            tx.link(ALICE, whose, at=2, task=task(3))
    assert tx.linked(ALICE) == BOB


# -- lists --------------------------------------------------------------------------------------------------------------


@inside
def test_customers_are_listed_by_their_dids(tx: Transaction) -> None:
    for did, account in ((CAROL, "f1:a"), (ALICE, "f1:a"), (DAN, None), (BOB, "f1:A")):
        tx.add_customer(customer(did, external_account=account))
    tx.add_payer(CAROL, ALICE, at=1, task=task(2))
    tx.add_payer(BOB, ALICE, at=1, task=task(2))

    def dids(after: str = "", limit: int = 10, **whose: object) -> list[str]:
        return [found.did for found in tx.customers(after, limit, **whose)]  # type: ignore[arg-type] # what it takes

    assert dids() == [ALICE, BOB, CAROL, DAN]
    assert tx.customers("", 10) == tuple(tx.customer(did) for did in (ALICE, BOB, CAROL, DAN))
    assert dids(limit=2) == [ALICE, BOB]
    assert dids(BOB) == [CAROL, DAN]
    assert dids(DAN) == []
    assert dids(external_account="f1:a") == [ALICE, CAROL]
    assert dids(ALICE, external_account="f1:a") == [CAROL]
    assert dids(limit=1, external_account="f1:a") == [ALICE]
    assert dids(external_account="f1:") == []
    assert dids(payer=ALICE) == [BOB, CAROL]
    assert tx.customers("", 10, payer=ALICE) == (tx.customer(BOB), tx.customer(CAROL))
    assert dids(BOB, payer=ALICE) == [CAROL]
    assert dids(limit=1, payer=ALICE) == [BOB]
    assert dids(payer=BOB) == []


@inside
def test_a_list_shows_a_write_at_once_and_no_guests(tx: Transaction) -> None:
    register(tx, ALICE, BOB, CAROL)
    tx.update_customer(customer(BOB, external_account="f1:a"), at=1, task=task(2))
    assert [found.did for found in tx.customers("", 9, external_account="f1:a")] == [BOB]
    tx.add_payer(BOB, ALICE, at=1, task=task(2))
    tx.link(BOB, CAROL, at=1, task=task(2))
    assert [found.did for found in tx.customers("", 9)] == [ALICE, CAROL]
    assert tx.customers("", 9, external_account="f1:a") == ()
    assert tx.customers("", 9, payer=ALICE) == ()
    tx.update_customer(customer(CAROL, external_account="f1:b"), at=2, task=task(3))
    assert [found.did for found in tx.customers("", 9, external_account="f1:b")] == [CAROL]


@inside
def test_a_list_is_stable_while_customers_are_added(tx: Transaction) -> None:
    register(tx, BOB, DAN)
    (first,) = tx.customers("", 1)
    register(tx, ALICE, CAROL)
    assert [found.did for found in tx.customers(first.did, 9)] == [CAROL, DAN], "those after the place, and none twice"
