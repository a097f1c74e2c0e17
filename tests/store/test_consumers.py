"""Consumers, on every engine: which subscription each is in, and was in."""

from __future__ import annotations

import pytest

from forge.did import DID
from store import Assignment, Transaction
from store.consumers import Place
from store.records import Provision
from tests.store.samples import (
    ALICE,
    BOB,
    NOBODY,
    OTHER,
    SERVICE,
    SHELF,
    SPACE,
    TERMS,
    bare,
    plan,
    register,
    subscribe,
    subscription,
    task,
    unplaced,
)
from tests.store.units import at_fault, inside, taken


def row(consumer: DID = SPACE, **parts: object) -> Assignment:
    made: dict[str, object] = {"provider": SERVICE, "subscription": "one", "since": 10, "seated_since": 10, "task": task(3)}
    return Assignment(consumer=consumer, **(made | parts))  # type: ignore[arg-type] # the record's own parts


# -- now ----------------------------------------------------------------------------------------------------------------


@inside
def test_a_consumer_is_found_with_its_subscription(tx: Transaction) -> None:
    tx.add_plan(plan(terms=TERMS))
    subscribe(tx, "one", product=plan().product, planned=True, kind="paid", seats=4)
    subscribe(tx, "two")
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    found = tx.provisioned(SERVICE, SPACE)
    assert found is not None
    assert unplaced(found) == row()
    assert found.subscription == tx.subscription(SERVICE, "one")
    assert found.subscription.terms == TERMS
    assert tx.paid_by(SERVICE, SPACE) == ALICE


@inside
def test_whoever_was_never_assigned_is_nowhere(tx: Transaction) -> None:
    subscribe(tx, "one")
    tx.assign(SERVICE, SHELF, "one", at=10, task=task(3))
    assert tx.provisioned(SERVICE, SPACE) is None
    assert tx.provisioned(OTHER, SHELF) is None
    assert tx.paid_by(SERVICE, SPACE) is None
    assert tx.paid_by(OTHER, SHELF) is None
    assert tx.providers_of(SPACE) == ()
    assert tx.history(SPACE) == ()
    assert tx.release(SERVICE, SPACE, at=20, task=task(4)) is None
    tx.accept(SERVICE, SPACE, at=20, task=task(4))


@inside
def test_a_consumer_is_in_one_subscription_of_a_provider(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    subscribe(tx, "one", provider=OTHER)
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    tx.assign(OTHER, SPACE, "one", at=10, task=task(3))
    tx.assign(SERVICE, SHELF, "one", at=10, task=task(3))
    for id_ in ("one", "two"):
        with taken(tx):
            tx.assign(SERVICE, SPACE, id_, at=11, task=task(4))
    assert unplaced(tx.provisioned(SERVICE, SPACE)) == row()
    assert tx.providers_of(SPACE) == (OTHER, SERVICE)
    assert tx.providers_of(SHELF) == (SERVICE,)
    assert [tx.used(SERVICE, id_) for id_ in ("one", "two", "three")] == [2, 0, 0]
    assert [tx.is_used(SERVICE, id_) for id_ in ("one", "two", "three")] == [True, False, False]
    assert (tx.used(OTHER, "one"), tx.is_used(OTHER, "two")) == (1, False)


@inside
def test_an_assignment_needs_its_subscription(tx: Transaction) -> None:
    subscribe(tx, "one")
    with at_fault(tx):
        tx.assign(OTHER, SPACE, "one", at=1, task=task(1))


@inside
def test_who_pays_for_a_consumer_is_read_through_its_subscription(tx: Transaction) -> None:
    """A transfer moves all consumers by one row."""
    subscribe(tx, "one")
    register(tx, BOB)
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    before = tx.history(SPACE)
    tx.transfer(SERVICE, "one", BOB, at=20, task=task(4))
    assert tx.paid_by(SERVICE, SPACE) == BOB
    found = tx.provisioned(SERVICE, SPACE)
    assert found is not None
    assert bare(found.subscription) == subscription("one", of=BOB)
    assert tx.history(SPACE) == before
    assert [one.assignment.consumer for one in tx.consumers(customer=BOB)] == [SPACE]
    assert tx.consumers(customer=ALICE) == ()


@inside
def test_a_consumer_accepts_once(tx: Transaction) -> None:
    subscribe(tx, "one")
    subscribe(tx, "one", provider=OTHER)
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    tx.assign(OTHER, SPACE, "one", at=10, task=task(3))
    tx.assign(SERVICE, SHELF, "one", at=10, task=task(3))
    tx.accept(SERVICE, SPACE, at=15, task=task(4))
    tx.accept(SERVICE, SPACE, at=25, task=task(5))
    assert unplaced(tx.provisioned(SERVICE, SPACE)) == row(accepted_at=15)
    assert unplaced(tx.provisioned(OTHER, SPACE)) == row(provider=OTHER)
    assert unplaced(tx.provisioned(SERVICE, SHELF)) == row(SHELF)
    tx.release(SERVICE, SPACE, at=30, task=task(6))
    tx.assign(SERVICE, SPACE, "one", at=30, task=task(6))
    tx.accept(OTHER, SHELF, at=35, task=task(7))
    accepted = {(one.provider, one.since): one.accepted_at for one in tx.history(SPACE)}
    assert accepted == {(SERVICE, 10): 15, (OTHER, 10): None, (SERVICE, 30): None}, "the next time it is asked anew"


# -- then ---------------------------------------------------------------------------------------------------------------


@inside
def test_a_release_closes_the_row_and_frees_the_consumer(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    subscribe(tx, "one", provider=OTHER)
    tx.assign(OTHER, SPACE, "one", at=10, task=task(3))
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    tx.accept(SERVICE, SPACE, at=15, task=task(9))
    assert tx.release(SERVICE, SPACE, at=20, task=task(4)) == ("one", 20)
    assert tx.release(SERVICE, SPACE, at=30, task=task(5)) is None
    tx.accept(SERVICE, SPACE, at=30, task=task(5))
    assert tx.provisioned(SERVICE, SPACE) is None
    assert tx.providers_of(SPACE) == (OTHER,)
    assert (tx.used(SERVICE, "one"), tx.is_used(SERVICE, "one")) == (0, False)
    tx.assign(SERVICE, SPACE, "two", at=40, task=task(6))
    assert [unplaced(one) for one in tx.history(SPACE)] == [
        row(provider=OTHER),
        row(accepted_at=15, until=20, ended_by=task(4)),
        row(subscription="two", since=40, seated_since=40, task=task(6)),
    ]
    assert tx.history(SHELF) == ()


@inside
def test_a_row_never_ends_before_it_began(tx: Transaction) -> None:
    """The clock of the process that ends it may be behind."""
    subscribe(tx, "one", "two")
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    assert tx.release(SERVICE, SPACE, at=8, task=task(4)) == ("one", 10)
    tx.assign(SERVICE, SPACE, "two", at=10, task=task(4))
    assert [(one.since, one.until) for one in tx.history(SPACE)] == [(10, 10), (10, None)]


@inside
def test_history_is_in_the_order_in_which_it_was_made(tx: Transaction) -> None:
    """Of what has ended and what has not together, whatever the clocks said."""
    subscribe(tx, "one", "two")
    subscribe(tx, "one", provider=OTHER)
    tx.assign(SERVICE, SPACE, "one", at=50, task=task(3))
    tx.assign(OTHER, SPACE, "one", at=40, task=task(3))
    tx.release(SERVICE, SPACE, at=60, task=task(4))
    tx.assign(SERVICE, SPACE, "two", at=30, task=task(5))
    tx.release(SERVICE, SPACE, at=60, task=task(6))
    found = tx.history(SPACE)
    assert [(one.provider, one.subscription) for one in found] == [(SERVICE, "one"), (OTHER, "one"), (SERVICE, "two")]
    places = [one.seq for one in found if one.seq is not None]
    assert places == sorted(places)
    assert len(set(places)) == 3


@inside
def test_where_a_consumer_was_at_each_time(tx: Transaction) -> None:
    subscribe(tx, "one", "two", "three")
    subscribe(tx, "one", provider=OTHER)
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    tx.assign(OTHER, SPACE, "one", at=12, task=task(3))
    tx.release(SERVICE, SPACE, at=20, task=task(4))
    # In and out within one second, and in again.
    for name in ("two", "three"):
        tx.assign(SERVICE, SPACE, name, at=30, task=task(5))
        if name == "two":
            tx.release(SERVICE, SPACE, at=30, task=task(5))

    def at(time: int, provider: DID = SERVICE) -> str | None:
        found = tx.assigned_at(provider, SPACE, time)
        return None if found is None else found.subscription

    assert [at(time) for time in (9, 10, 19, 20, 29, 30, 31, 2**40)] == [None, "one", "one", None, None, *["three"] * 3]
    assert [at(time, OTHER) for time in (11, 12, 2**40)] == [None, "one", "one"]
    assert tx.assigned_at(SERVICE, SPACE, 30) == tx.history(SPACE)[-1]
    assert tx.assigned_at(SERVICE, SHELF, 30) is None


@inside
def test_of_another_customers_subscription_nothing_is_listed(tx: Transaction) -> None:
    subscribe(tx, "one")
    register(tx, BOB)
    tx.assign(SERVICE, SPACE, "one", at=10, task=task(3))
    assert [one.assignment.consumer for one in tx.consumers(customer=ALICE, subscription=(SERVICE, "one"))] == [SPACE]
    assert tx.consumers(customer=BOB, subscription=(SERVICE, "one")) == ()


# -- lists --------------------------------------------------------------------------------------------------------------


def place(found: Provision) -> Place:
    assert found.subscription.seq is not None
    assert found.assignment.seq is not None
    return found.subscription.seq, found.assignment.seq


def people(number: int) -> DID:
    return DID(f"did:web:n{number}.example.com")


def crowd(tx: Transaction) -> None:
    """Put 1 and 4 into Alice's one, 3 into her two, 2 into Bob's; her three is empty."""
    subscribe(tx, "one", "two", "three")
    subscribe(tx, "one", of=BOB, provider=OTHER)
    tx.assign(SERVICE, people(1), "one", at=10, task=task(3))
    tx.assign(OTHER, people(2), "one", at=10, task=task(3))
    tx.assign(SERVICE, people(3), "two", at=10, task=task(3))
    tx.assign(SERVICE, people(4), "one", at=10, task=task(3))
    tx.assign(SERVICE, people(5), "one", at=10, task=task(3))
    tx.release(SERVICE, people(5), at=20, task=task(4))


LISTS: list[tuple[dict[str, object], list[int]]] = [
    ({}, [1, 4, 3, 2]),
    ({"customer": ALICE}, [1, 4, 3]),
    ({"customer": BOB}, [2]),
    ({"customer": NOBODY}, []),
    ({"subscription": (SERVICE, "one")}, [1, 4]),
    ({"subscription": (SERVICE, "three")}, []),
    ({"subscription": (OTHER, "one")}, [2]),
]


@pytest.mark.parametrize(("whose", "expected"), LISTS, ids=str)
@inside
def test_consumers_are_listed_subscription_by_subscription(
    tx: Transaction, whose: dict[str, object], expected: list[int]
) -> None:
    crowd(tx)
    everybody = [tx.provisioned(OTHER if number == 2 else SERVICE, people(number)) for number in expected]
    assert list(tx.consumers(**whose)) == everybody  # type: ignore[arg-type] # what it takes
    for size in (1, 2):
        found: list[Provision] = []
        while page := tx.consumers(place(found[-1]) if found else (0, 0), size, **whose):  # type: ignore[arg-type] # the same
            assert len(page) <= size
            found += page
            assert len(found) <= len(everybody)
        assert found == everybody


@inside
def test_a_list_goes_on_after_its_place_while_rows_are_added(tx: Transaction) -> None:
    crowd(tx)
    (first,) = tx.consumers(limit=1, customer=ALICE)
    tx.assign(SERVICE, people(6), "one", at=30, task=task(5))
    tx.assign(SERVICE, people(0), "three", at=30, task=task(5))
    found = tx.consumers(place(first), customer=ALICE)
    assert [one.assignment.consumer for one in found] == [people(number) for number in (4, 6, 3, 0)]
    assert [one.assignment.consumer for one in tx.consumers(place(first))] == [people(number) for number in (4, 6, 3, 0, 2)]


@inside
def test_a_list_of_a_subscription_goes_on_where_it_was_after_a_transfer(tx: Transaction) -> None:
    crowd(tx)
    (first,) = tx.consumers(limit=1, subscription=(SERVICE, "one"))
    tx.transfer(SERVICE, "one", BOB, at=300, task=task(5))
    found = tx.consumers(place(first), subscription=(SERVICE, "one"))
    assert [one.assignment.consumer for one in found] == [people(4)]
