"""Numbered seats, on every engine: each for one consumer at a time, each vacancy taken once, each term for good."""

from __future__ import annotations

from forge.did import DID
from store import Transaction
from tests.store.samples import OTHER, SERVICE, SHELF, SPACE, subscribe, task, unplaced
from tests.store.units import inside, taken, undone


def people(number: int) -> DID:
    return DID(f"did:web:n{number}.example.com")


def seat(tx: Transaction, number: int, seat: int | None, at: int = 10) -> None:
    tx.assign(SERVICE, people(number), "one", at=at, task=task(number), seat=seat)


def leave(tx: Transaction, number: int, at: int = 50) -> None:
    assert tx.release(SERVICE, people(number), at=at, task=task(99)) is not None


@inside
def test_a_seat_is_numbered_where_it_was_given_a_number(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    assert tx.last_seat(SERVICE, "one") == 0
    seat(tx, 1, None)
    assert tx.last_seat(SERVICE, "one") == 0
    seat(tx, 2, 1)
    seat(tx, 3, 2)
    assert [tx.last_seat(SERVICE, id_) for id_ in ("one", "two")] == [2, 0]
    assert tx.last_seat(OTHER, "one") == 0
    seats = [unplaced(tx.provisioned(SERVICE, people(number))).seat for number in (1, 2, 3)]
    assert seats == [None, 1, 2]
    assert tx.used(SERVICE, "one") == 3
    leave(tx, 3)
    assert tx.last_seat(SERVICE, "one") == 2, "it has had that number"


@inside
def test_two_do_not_sit_on_one_seat(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    subscribe(tx, "one", provider=OTHER)
    seat(tx, 1, 1)
    with taken(tx):
        seat(tx, 2, 1)
    tx.assign(SERVICE, SPACE, "two", at=10, task=task(3), seat=1)
    tx.assign(OTHER, SPACE, "one", at=10, task=task(3), seat=1)
    assert tx.used(SERVICE, "one") == 1
    assert tx.provisioned(SERVICE, people(2)) is None


@inside
def test_a_seat_that_was_never_left_is_not_vacant(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    assert tx.vacant_seat(SERVICE, "one") is None
    seat(tx, 1, 1)
    seat(tx, 2, None)
    assert tx.vacant_seat(SERVICE, "one") is None
    leave(tx, 2)
    assert tx.vacant_seat(SERVICE, "one") is None, "that had no number"
    leave(tx, 1)
    assert tx.vacant_seat(SERVICE, "one") == (1, 10)
    assert tx.vacant_seat(SERVICE, "two") is None
    assert tx.vacant_seat(OTHER, "one") is None


@inside
def test_the_vacant_seat_is_the_one_with_the_highest_number(tx: Transaction) -> None:
    """Its term began last: seats are numbered in the order in which they are first assigned."""
    subscribe(tx, "one")
    for number in (1, 2, 3, 4):
        seat(tx, number, number, at=10 * number)
    found = []
    for number in (2, 4, 1, 3):
        leave(tx, number)
        found.append(tx.vacant_seat(SERVICE, "one"))
    assert found == [(2, 20), (4, 40), (4, 40), (4, 40)]


@inside
def test_each_vacancy_is_taken_once(tx: Transaction) -> None:
    subscribe(tx, "one")
    for number in (1, 2, 3):
        seat(tx, number, number, at=10 * number)
    for number in (1, 2, 3):
        leave(tx, number)
    given = []
    for number in (4, 5, 6):
        vacant = tx.vacant_seat(SERVICE, "one")
        assert vacant is not None
        given.append(vacant)
        seat(tx, number, vacant[0], at=60)
    assert given == [(3, 30), (2, 20), (1, 10)]
    assert tx.vacant_seat(SERVICE, "one") is None
    assert tx.last_seat(SERVICE, "one") == 3
    leave(tx, 5)
    assert tx.vacant_seat(SERVICE, "one") == (2, 20), "left again, vacant again"
    seat(tx, 7, 2, at=70)
    assert tx.vacant_seat(SERVICE, "one") is None


@inside
def test_a_seat_keeps_the_term_that_began_when_it_was_first_assigned(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    seat(tx, 1, 1, at=10)
    leave(tx, 1)
    seat(tx, 2, 1, at=50)
    leave(tx, 2, at=60)
    seat(tx, 1, 1, at=70)
    found = tx.provisioned(SERVICE, people(1))
    assert unplaced(found).since == 70
    assert unplaced(found).seated_since == 10
    (listed,) = tx.consumers(subscription=(SERVICE, "one"))
    assert listed == found
    assert [(one.since, one.seated_since) for one in tx.history(people(1))] == [(10, 10), (70, 10)]
    assert [(one.since, one.seated_since) for one in tx.history(people(2))] == [(50, 10)]
    tx.assign(SERVICE, SPACE, "two", at=80, task=task(3), seat=1)
    assert unplaced(tx.provisioned(SERVICE, SPACE)).seated_since == 80, "a seat of another subscription"


@inside
def test_a_consumer_without_a_number_has_no_term_but_its_own(tx: Transaction) -> None:
    subscribe(tx, "one")
    seat(tx, 1, None, at=10)
    leave(tx, 1)
    seat(tx, 1, None, at=50)
    assert unplaced(tx.provisioned(SERVICE, people(1))).seated_since == 50


@inside
def test_a_vacancy_that_was_not_taken_in_the_end_is_there_again(tx: Transaction) -> None:
    """Whoever could not be seated after all leaves the seat as it was."""
    subscribe(tx, "one", "two")
    seat(tx, 1, 1)
    leave(tx, 1)
    tx.assign(SERVICE, SHELF, "two", at=10, task=task(3))
    with taken(tx):
        tx.assign(SERVICE, SHELF, "one", at=60, task=task(4), seat=1)
    assert tx.vacant_seat(SERVICE, "one") == (1, 10)
    with undone(tx):
        seat(tx, 2, 1)
        assert tx.vacant_seat(SERVICE, "one") is None
    assert tx.vacant_seat(SERVICE, "one") == (1, 10)
    seat(tx, 2, 1)
    assert tx.vacant_seat(SERVICE, "one") is None


@inside
def test_a_consumer_may_leave_its_seat_and_take_it_again_in_one_unit(tx: Transaction) -> None:
    subscribe(tx, "one")
    seat(tx, 1, 1, at=10)
    for at in (20, 20, 30):
        leave(tx, 1, at=at)
        assert tx.vacant_seat(SERVICE, "one") == (1, 10)
        seat(tx, 1, 1, at=at)
    assert [(one.seat, one.since, one.until) for one in tx.history(people(1))] == [
        (1, 10, 20),
        (1, 20, 20),
        (1, 20, 30),
        (1, 30, None),
    ]
