"""Payments, on every engine: a set of what a billing system said, in whatever order it came."""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from store import Transaction
from store.records import Payment
from tests.store.samples import OTHER, SERVICE, bare, payment, subscribe, subscription
from tests.store.units import at_fault, inside, taken, undone

NEVER = 2**63 - 1
"""Later than any end: of a failed payment that names no period."""


@inside
def test_a_payment_comes_out_as_it_went_in(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    tx.add_payment(payment(begins_at=400))
    tx.add_payment(payment("failed", "two", None))
    tx.add_payment(payment("refunded", "one", 600))
    assert tx.payment(SERVICE, "one", "paid", "one") == (400, 500)
    assert tx.payment(SERVICE, "one", "failed", "two") == (None, None)
    assert tx.payment(SERVICE, "one", "refunded", "one") == (None, 600)
    assert tx.payment(SERVICE, "one", "paid", "two") is None
    assert tx.payment(SERVICE, "two", "paid", "one") is None
    assert tx.payment(OTHER, "one", "paid", "one") is None


@inside
def test_a_payment_is_said_once_of_each_subscription_event_and_reference(tx: Transaction) -> None:
    subscribe(tx, "one", "two")
    tx.add_payment(payment())
    for again in (payment(), payment(ends_at=900)):
        with taken(tx):
            tx.add_payment(again)
    tx.add_payment(payment("failed"))
    tx.add_payment(payment("paid", "two"))
    tx.add_payment(payment(subscription="two"))
    assert tx.payment(SERVICE, "one", "paid", "one") == (None, 500)


@pytest.mark.parametrize("said", [payment("stolen"), payment("paid", ends_at=None), payment(subscription="three")])  # type: ignore[arg-type] # what is refused
@inside
def test_what_was_paid_has_an_end_and_a_subscription(tx: Transaction, said: Payment) -> None:
    subscribe(tx, "one")
    with at_fault(tx):
        tx.add_payment(said)


def facts(tx: Transaction) -> tuple[int | None, bool, int | None]:
    found = bare(tx.subscription(SERVICE, "one"))
    expected = subscription(
        "one", kind="paid", paid_until=found.paid_until, ever_paid=found.ever_paid, failed_until=found.failed_until
    )
    assert found == expected
    assert bare(tx.subscription(SERVICE, "two")) == subscription("two", kind="paid")
    return found.paid_until, found.ever_paid, found.failed_until


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], (None, False, None)),
        ([("paid", "a", 500)], (500, True, None)),
        ([("paid", "a", 500), ("paid", "b", 400)], (500, True, None)),
        ([("failed", "a", 500)], (None, False, 500)),
        ([("failed", "a", None)], (None, False, NEVER)),
        ([("failed", "a", None), ("failed", "b", 500)], (None, False, NEVER)),
        ([("failed", "a", None), ("paid", "a", 500)], (500, True, None)),
        ([("failed", "a", 600), ("failed", "b", 700), ("paid", "b", 500)], (500, True, 600)),
        ([("refunded", "a", None)], (None, False, None)),
        ([("refunded", "a", None), ("paid", "a", 500)], (None, True, None)),
        ([("refunded", "b", None), ("paid", "a", 500), ("paid", "b", 900)], (500, True, None)),
        ([("refunded", "a", None), ("failed", "a", 500), ("paid", "a", 500)], (None, True, None)),
        ([("refunded", "a", None), ("failed", "a", 500)], (None, False, 500)),
    ],
    ids=str,
)
@inside
def test_what_follows_from_payments(
    tx: Transaction, said: Sequence[tuple[str, str, int | None]], expected: tuple[int | None, bool, int | None]
) -> None:
    subscribe(tx, "one", "two", kind="paid")
    for event, reference, ends_at in said:
        tx.add_payment(payment(event, reference, ends_at))  # type: ignore[arg-type] # the names of events
    assert facts(tx) == expected


payments = st.lists(
    st.one_of(
        st.builds(payment, st.just("paid"), st.sampled_from("abc"), st.sampled_from([400, 500, 600])),
        st.builds(payment, st.sampled_from(["failed", "refunded"]), st.sampled_from("abc"), st.sampled_from([None, 400, 700])),
    ),
    max_size=7,
    unique_by=lambda said: (said.event, said.reference),
)


@inside
def test_the_order_in_which_payments_come_changes_nothing(tx: Transaction) -> None:
    subscribe(tx, "one", "two", kind="paid")

    def said(order: Sequence[Payment]) -> tuple[int | None, bool, int | None]:
        for one in order:
            tx.add_payment(one)
        return facts(tx)

    @given(payments.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
    @settings(max_examples=150, deadline=None, database=None)
    def law(orders: tuple[Sequence[Payment], Sequence[Payment]]) -> None:
        found = []
        for order in orders:
            with undone(tx):
                found.append(said(order))
        assert found[0] == found[1]
        paid = {one.reference: one.ends_at for one in orders[0] if one.event == "paid"}
        back = {one.reference for one in orders[0] if one.event == "refunded"}
        failed = [
            NEVER if one.ends_at is None else one.ends_at
            for one in orders[0]
            if one.event == "failed" and one.reference not in paid
        ]
        kept = [end for reference, end in paid.items() if reference not in back and end is not None]
        assert found[0] == (max(kept, default=None), bool(paid), max(failed, default=None))

    law()
