"""Events, on every engine: in the order of their appending, told to whomever they concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from forge.did import DID
from store import Event, Transaction
from store.events import EVENTS_PAGE, NAMES_BATCH
from tests.store.conftest import Tx
from tests.store.samples import ALICE, BOB, CAROL, NOBODY, SHELF, SPACE, event, register
from tests.store.units import Boom, appending, inside, undone


def ats(found: Sequence[Event]) -> list[int]:
    return [one.at for one in found]


async def test_events_are_numbered_in_the_order_of_their_appending(store: Tx) -> None:
    full = event(
        2, customer=ALICE, giver=BOB, subscription="one", consumer=SPACE, data={"moved": ["ä\0\u2028", 1, None]}, seq=77
    )
    await store.change(appending(1))
    await store.change(lambda tx: tx.append(full))
    await store.change(appending(3))
    found = await store.read(lambda tx: tx.events())
    assert [replace(one, seq=None) for one in found] == [event(1), replace(full, seq=None), event(3)]
    numbers = [one.seq for one in found if one.seq is not None]
    assert len(set(numbers)) == 3
    assert numbers == sorted(numbers)
    assert await store.read(lambda tx: tx.events(since=numbers[0])) == found[1:]
    assert await store.read(lambda tx: tx.events(since=numbers[0], limit=1)) == found[1:2]
    assert await store.read(lambda tx: tx.events(since=numbers[2])) == ()
    assert await store.read(lambda tx: tx.last_event()) == numbers[2]


async def test_a_unit_that_fails_leaves_no_number_that_is_filled_later(store: Tx) -> None:
    def failing(tx: Transaction) -> None:
        tx.append(event(2))
        raise Boom

    await store.change(appending(1))
    with pytest.raises(Boom):
        await store.change(failing)
    await store.change(appending(3))
    first, second = await store.read(lambda tx: tx.events())
    assert (first.at, second.at) == (1, 3)
    assert first.seq is not None
    assert await store.read(lambda tx: tx.events(first.seq or 0)) == (second,)


@inside
def test_the_last_number_is_nought_where_there_is_none(tx: Transaction) -> None:
    assert tx.last_event() == 0
    assert tx.events() == ()
    with undone(tx):
        tx.append(event(1))
        assert tx.last_event() > 0
    assert tx.last_event() == 0


@pytest.mark.parametrize(
    "whose", [{}, {"customers": [ALICE]}, {"customers": [BOB, ALICE]}, {"subscription": "one"}, {"consumer": SPACE}], ids=str
)
@inside
def test_a_page_of_events_has_an_end(tx: Transaction, whose: dict[str, object]) -> None:
    register(tx, ALICE, BOB)
    for number in range(EVENTS_PAGE + 1):
        tx.append(event(number, customer=ALICE, giver=BOB, subscription="one", consumer=SPACE))
    for limit in (EVENTS_PAGE + 1, EVENTS_PAGE):
        found = tx.events(limit=limit, **whose)  # type: ignore[arg-type] # what it takes
        assert ats(found) == list(range(EVENTS_PAGE))
    assert ats(tx.events(found[-1].seq or 0, **whose)) == [EVENTS_PAGE]  # type: ignore[arg-type] # the same
    assert ats(tx.events(limit=3, **whose)) == [0, 1, 2]  # type: ignore[arg-type] # the same


@inside
def test_events_are_found_by_their_subscription_and_their_consumer(tx: Transaction) -> None:
    tx.append(event(1, subscription="one"))
    tx.append(event(2, consumer=SPACE))
    tx.append(event(3, subscription="two", consumer=SHELF))
    tx.append(event(4, subscription="one", consumer=SPACE))
    tx.append(event(5))
    assert ats(tx.events(subscription="one")) == [1, 4]
    assert ats(tx.events(consumer=SPACE)) == [2, 4]
    (first, second) = tx.events(consumer=SPACE)
    assert first.seq is not None
    assert tx.events(first.seq, consumer=SPACE) == (second,)
    assert tx.events(limit=1, consumer=SPACE) == (first,)
    assert tx.events(subscription="three") == ()
    assert tx.events(consumer=NOBODY) == ()


# -- of a customer ------------------------------------------------------------------------------------------------------


def told(tx: Transaction) -> tuple[Event, ...]:
    """Append what concerns Alice as a customer (1, 6), as a giver (2, 7), as both (3), under Bob's name (4, 5), not at all."""
    register(tx, ALICE, BOB, CAROL)
    tx.append(event(1, customer=ALICE))
    tx.append(event(2, customer=CAROL, giver=ALICE))
    tx.append(event(3, customer=ALICE, giver=ALICE))
    tx.append(event(4, customer=ALICE, giver=BOB))
    tx.append(event(5, customer=BOB))
    tx.append(event(6, customer=ALICE))
    tx.append(event(7, customer=CAROL, giver=ALICE))
    tx.append(event(8, customer=CAROL))
    tx.append(event(9))
    return tx.events()


@inside
def test_a_customer_is_told_what_it_got_and_what_it_gave(tx: Transaction) -> None:
    told(tx)
    assert ats(tx.events(customers=[ALICE])) == [1, 2, 3, 4, 6, 7]
    assert ats(tx.events(customers=[BOB])) == [4, 5]
    assert ats(tx.events(customers=[CAROL])) == [2, 7, 8]
    assert tx.events(customers=[NOBODY]) == ()


@inside
def test_a_customer_is_told_under_all_its_names_each_event_once_and_in_order(tx: Transaction) -> None:
    everything = told(tx)
    for names in ([ALICE, BOB], [BOB, ALICE], [ALICE, BOB, NOBODY, BOB]):
        assert tx.events(customers=names) == everything[:7]
    assert tx.events(customers=[ALICE, BOB, CAROL]) == everything[:8]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
@inside
def test_a_customer_is_told_page_by_page(tx: Transaction, limit: int) -> None:
    everything = told(tx)
    found: list[Event] = []
    while page := tx.events(found[-1].seq or 0 if found else 0, limit, customers=[BOB, ALICE]):
        assert len(page) <= limit
        found += page
        assert len(found) <= len(everything)
    assert tuple(found) == everything[:7]


@inside
def test_a_customer_may_have_had_any_number_of_names(tx: Transaction) -> None:
    """Whoever has fresh keys registered and links them must not make its events unreadable."""
    count = 10 * NAMES_BATCH + 1
    names = [DID(f"did:web:n{number}.example.com") for number in range(count)]
    register(tx, *names)
    for number in range(count):
        tx.append(event(number, customer=names[count - 1 - number], giver=names[number]))
        tx.append(event(number, customer=NOBODY))
    found = tx.events(customers=names)
    assert ats(found) == list(range(count))
    assert tx.events(found[4].seq or 0, 70, customers=names) == found[5:75]
