"""How many statements each method of the domain runs, on every engine: the same whether there is anything to find or not.

Somebody who measures how long a refusal takes must not learn what there is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store import Transaction
from store.consumers import Consumers
from store.customers import Customers
from store.events import NAMES_BATCH, Events
from store.records import Statement
from store.subscriptions import Subscriptions
from tests.store import samples
from tests.store.samples import ALICE, BOB, CAROL, DAN, GOLD, PRODUCT, SERVICE, SHELF, SPACE, register, subscribe, task
from tests.store.units import inside, undone

LOOK_UPS: dict[str, tuple[int, Callable[[Transaction], object]]] = {
    "customer": (1, lambda tx: tx.customer(ALICE)),
    "meant": (1, lambda tx: tx.meant(ALICE)),
    "linked": (1, lambda tx: tx.linked(DAN)),
    "guests": (1, lambda tx: tx.guests(ALICE)),
    "customers": (
        3,
        lambda tx: (tx.customers("", 9), tx.customers("", 9, payer=ALICE), tx.customers("", 9, external_account="x")),
    ),
    "profiles": (1, lambda tx: tx.profiles(ALICE)),
    "was_blocked": (2, lambda tx: tx.was_blocked(ALICE, 500)),
    "payer": (1, lambda tx: tx.payer(BOB)),
    "payer_at": (1, lambda tx: tx.payer_at(BOB, 500)),
    "pays": (1, lambda tx: tx.pays(ALICE)),
    "leaves": (1, lambda tx: tx.leaves(ALICE)),
    "plan": (1, lambda tx: tx.plan(GOLD)),
    "plans": (1, lambda tx: tx.plans("", 9)),
    "subscription": (1, lambda tx: tx.subscription(SERVICE, "one")),
    "subscriptions": (
        2,
        lambda tx: (
            tx.subscriptions(),
            tx.subscriptions(customer=ALICE),
        ),
    ),
    "subscriptions_to": (1, lambda tx: tx.subscriptions_to(GOLD, ALICE, SERVICE, limit=9)),
    "latest_to": (1, lambda tx: tx.latest_to(GOLD, ALICE, SERVICE, limit=9)),
    "holder": (1, lambda tx: tx.holder(SERVICE, "one")),
    "holder_at": (1, lambda tx: tx.holder_at(SERVICE, "one", 500)),
    "is_taken": (1, lambda tx: tx.is_taken(SERVICE, "one")),
    "count_subscriptions": (1, lambda tx: tx.count_subscriptions(ALICE)),
    "granted": (1, lambda tx: tx.granted(SERVICE, "one")),
    "tried_out": (1, lambda tx: tx.tried_out(SERVICE, ALICE, PRODUCT)),
    "term_at": (1, lambda tx: tx.term_at(SERVICE, "one", 500)),
    "payment": (1, lambda tx: tx.payment(SERVICE, "one", "paid", "one")),
    "provisioned": (1, lambda tx: tx.provisioned(SERVICE, SPACE)),
    "consumers": (
        4,
        lambda tx: (
            tx.consumers(),
            tx.consumers(customer=ALICE),
            tx.consumers(subscription=(SERVICE, "one")),
            tx.consumers(customer=ALICE, subscription=(SERVICE, "one")),
        ),
    ),
    "providers_of": (1, lambda tx: tx.providers_of(SPACE)),
    "paid_by": (1, lambda tx: tx.paid_by(SERVICE, SPACE)),
    "assigned_at": (1, lambda tx: tx.assigned_at(SERVICE, SPACE, 500)),
    "history": (1, lambda tx: tx.history(SPACE)),
    "used": (1, lambda tx: tx.used(SERVICE, "one")),
    "is_used": (1, lambda tx: tx.is_used(SERVICE, "one")),
    "last_seat": (1, lambda tx: tx.last_seat(SERVICE, "one")),
    "vacant_seat": (1, lambda tx: tx.vacant_seat(SERVICE, "one")),
    "events": (
        4,
        lambda tx: (
            tx.events(),
            tx.events(customers=[ALICE] * NAMES_BATCH),
            tx.events(subscription="one"),
            tx.events(consumer=SPACE),
        ),
    ),
    "last_event": (1, lambda tx: tx.last_event()),
    "recorded": (1, lambda tx: tx.recorded(task(1))),
    "entry": (1, lambda tx: tx.entry(task(1))),
    "time": (1, lambda tx: tx.time()),
}

SAID = Statement(receipt=task(7), task=task(1), executor=ALICE, failed=False, data=b"", cause=task(8), at=1)


def nested(tx: Transaction) -> None:
    with tx.savepoint():
        pass


def undoing(tx: Transaction) -> None:
    with tx.savepoint():
        tx.undo()


CHANGES: dict[str, tuple[int, Callable[[Transaction], object]]] = {
    "add_customer": (1, lambda tx: register(tx, CAROL)),
    "update_customer": (2, lambda tx: tx.update_customer(samples.customer(), at=1, task=task(5))),
    "suspend": (1, lambda tx: tx.suspend(BOB, reason=None, at=1, task=task(5))),
    "resume": (1, lambda tx: tx.resume(ALICE, at=1, task=task(5))),
    "close": (1, lambda tx: tx.close(BOB, at=1, task=task(5))),
    "link": (1, lambda tx: tx.link(BOB, ALICE, at=1, task=task(5))),
    "add_payer": (1, lambda tx: tx.add_payer(DAN, ALICE, at=1, task=task(5))),
    "end_payer": (1, lambda tx: tx.end_payer(BOB, at=1, task=task(5))),
    "add_plan": (1, lambda tx: tx.add_plan(samples.plan(PRODUCT))),
    "retire": (1, lambda tx: tx.retire(GOLD, at=1, task=task(5))),
    "add_subscription": (2, lambda tx: tx.add_subscription(samples.subscription("two"))),
    "transfer": (2, lambda tx: tx.transfer(SERVICE, "one", BOB, at=1, task=task(5))),
    "grant": (1, lambda tx: tx.grant(SERVICE, "three", by=ALICE, reason=None)),
    "try_out": (1, lambda tx: tx.try_out(SERVICE, "three", customer=ALICE, product=GOLD)),
    "set_term": (1, lambda tx: tx.set_term(SERVICE, "one", 1, at=1, task=task(5))),
    "cancel": (1, lambda tx: tx.cancel(SERVICE, "one", "end", at=1, task=task(5))),
    "add_payment": (1, lambda tx: tx.add_payment(samples.payment("failed"))),
    "assign": (1, lambda tx: tx.assign(SERVICE, SHELF, "one", at=1, task=task(5))),
    "release": (1, lambda tx: tx.release(SERVICE, SPACE, at=1, task=task(5))),
    "accept": (1, lambda tx: tx.accept(SERVICE, SPACE, at=1, task=task(5))),
    "append": (1, lambda tx: tx.append(samples.event())),
    "record": (1, lambda tx: tx.record(samples.entry(9))),
    "keep": (1, lambda tx: tx.keep(SAID)),
    "set_time": (1, lambda tx: tx.set_time(1)),
    "savepoint": (2, nested),
    "undo": (3, undoing),
}


def filled(tx: Transaction) -> None:
    """Have something to find for each look-up."""
    register(tx, ALICE, BOB, DAN)
    tx.update_customer(samples.customer(external_account="x"), at=110, task=task(2))
    tx.suspend(ALICE, reason=None, at=110, task=task(2))
    tx.add_payer(BOB, ALICE, at=110, task=task(2))
    tx.link(DAN, ALICE, at=110, task=task(2))
    tx.add_plan(samples.plan())
    subscribe(tx, "one", "three")
    subscribe(tx, "planned", product=GOLD, planned=True, kind="paid")
    tx.grant(SERVICE, "one", by=BOB, reason=None)
    tx.try_out(SERVICE, "one", customer=ALICE, product=PRODUCT)
    tx.set_term(SERVICE, "one", 900, at=300, task=task(2))
    tx.add_payment(samples.payment())
    tx.assign(SERVICE, SPACE, "one", at=210, task=task(2), seat=1)
    tx.release(SERVICE, SPACE, at=220, task=task(2))
    tx.assign(SERVICE, SPACE, "one", at=210, task=task(2), seat=2)
    tx.append(samples.event(1, customer=ALICE, subscription="one", consumer=SPACE))
    tx.record(samples.entry())
    tx.set_time(1)


def run(tx: Transaction, call: Callable[[Transaction], object]) -> tuple[int, object]:
    """Call something, and count the statements."""
    count = 0

    def execute(statement: str, values: Any = (), /) -> Any:
        nonlocal count
        count += 1
        return tx._execute(statement, values)

    found = call(Transaction(execute))
    return count, found


def is_something(found: object) -> bool:
    return all(map(is_something, found)) if isinstance(found, tuple) and found and isinstance(found[0], tuple) else bool(found)


@inside
def test_a_look_up_runs_as_many_statements_whether_there_is_something_or_not(tx: Transaction) -> None:
    missed = {name: run(tx, call) for name, (_, call) in LOOK_UPS.items()}
    filled(tx)
    hit = {name: run(tx, call) for name, (_, call) in LOOK_UPS.items()}
    assert {name: count for name, (count, _) in missed.items()} == {name: count for name, (count, _) in LOOK_UPS.items()}
    assert {name: count for name, (count, _) in hit.items()} == {name: count for name, (count, _) in LOOK_UPS.items()}
    assert [name for name, (_, found) in missed.items() if is_something(found)] == []
    assert [name for name, (_, found) in hit.items() if not is_something(found)] == []


@inside
def test_a_numbered_seat_costs_one_statement_more(tx: Transaction) -> None:
    filled(tx)
    assert run(tx, lambda tx: tx.assign(SERVICE, SHELF, "one", at=1, task=task(5), seat=1))[0] == 2


@pytest.mark.parametrize("name", CHANGES)
@inside
def test_a_change_runs_so_many_statements(tx: Transaction, name: str) -> None:
    filled(tx)
    count, call = CHANGES[name]
    with undone(tx):
        assert run(tx, call)[0] == count


def test_every_method_is_counted() -> None:
    parts = (Transaction, Customers, Subscriptions, Consumers, Events)
    methods = {name for part in parts for name, value in vars(part).items() if callable(value) and not name.startswith("_")}
    assert LOOK_UPS.keys() | CHANGES.keys() == methods
    assert not LOOK_UPS.keys() & CHANGES.keys()
