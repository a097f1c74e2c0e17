"""What SQLite's query planner says of each statement, and what a look-up costs where there is much.

The rule:

1. A step that reads a table is a search by an index or by the primary key, in sub-selects too. Nothing is scanned.
2. What walks along a key, with no column that is given, has a limit, ends at another key, or wants the key's end alone.
3. A page is read off in its order: what has a limit sorts nothing. Only what merges several pages does.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from forge.did import DID
from store import Transaction, sql
from store.sql.events import of_customers
from tests.store import samples
from tests.store.conftest import empty
from tests.store.samples import ALICE, BOB, CAROL, GOLD, SERVICE, subscribe, task
from tests.store.statements import GENERATED, MODULES, STATEMENTS

# Of one row.
OF_ONE_ROW = {"CURRENT_STEP", "TOUCH"}
# Reads the end of the primary key, and the planner names no key then.
AT_THE_END = {
    "LAST": ["SEARCH event"],
    "APPEND": [*["SEARCH customer USING COVERING INDEX sqlite_autoindex_customer_1 (did=?)"] * 2, "SEARCH event"],
}
# All of one consumer's, subscription's, customer's rows: what has ended and what has not, each by an index of its own.
HISTORIES = {"HISTORY"}
# Looks at everything, because that is what is asked: how many there are, whether there is any, which are there twice.
WHOLE = ("total(", "anything(", "two_current(")
# Reads the end of a key: the planner names none where the statement bounds none.
LAST = ("last(",)
LOOKED_AT = [name for name in STATEMENTS if name not in OF_ONE_ROW and not name.startswith((*WHOLE, *LAST))]

# How many rows of each kind there are where much is, and how many where little is.
MANY, FEW = 400, 8


def made(folder: Path, name: str) -> sqlite3.Connection:
    """Make a store, and open a connection of one's own to it."""
    (folder / name).write_bytes(empty())
    return sqlite3.connect(folder / name, isolation_level=None)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """An empty store that is only asked for its plans."""
    with closing(made(tmp_path_factory.mktemp("planner"), "store.db")) as opened:
        yield opened


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    found = connection.execute(f"EXPLAIN QUERY PLAN {statement}", [1] * statement.count("?"))
    return [step[3] for step in found]


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_statement_is_answered_by_an_index(connection: sqlite3.Connection, name: str) -> None:
    statement = STATEMENTS[name]
    steps = plan(connection, statement)
    # What the statement itself makes: its parts, and the rows that it inserts.
    own = {f"SCAN {step.removeprefix('CO-ROUTINE ')}" for step in steps if step.startswith("CO-ROUTINE ")}
    reads = [step for step in steps if step.startswith(("SEARCH", "SCAN")) and step not in own and "CONSTANT ROW" not in step]
    if name in AT_THE_END:
        assert reads == AT_THE_END[name]
        return
    for read in reads:
        assert re.match(r"SEARCH \w+ USING (COVERING |)(INDEX \w+|INTEGER PRIMARY KEY) \(", read), steps
    # Each table that is named is one of the steps: none is looked up in a way that the plan does not show.
    named = re.findall(r"\b(?:FROM|JOIN)\s+[a-z]", statement)
    assert len(reads) >= len(named)
    if statement.split()[0] in ("UPDATE", "DELETE") or "SELECT" in statement:
        assert reads


@pytest.mark.parametrize("name", LOOKED_AT)
def test_what_walks_along_a_key_has_a_limit(connection: sqlite3.Connection, name: str) -> None:
    statement = STATEMENTS[name]
    walks = [step for step in plan(connection, statement) if step.startswith("SEARCH") and "=?" not in step and "<" not in step]
    assert not walks or "LIMIT" in statement or name in AT_THE_END


@pytest.mark.parametrize("name", LOOKED_AT)
def test_no_page_is_sorted(connection: sqlite3.Connection, name: str) -> None:
    sorts = [step for step in plan(connection, STATEMENTS[name]) if "TEMP B-TREE" in step]
    if name in HISTORIES:
        assert "LIMIT" not in STATEMENTS[name]
    elif name.startswith(of_customers.__name__):
        parts = re.findall(r"\(SELECT e\..*?\) AS", STATEMENTS[name])
        assert all(part.endswith("ORDER BY e.seq LIMIT ?) AS") for part in parts)
        assert len(sorts) == len(parts)
    else:
        assert not sorts


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name.startswith(LAST)])
def test_the_end_of_a_key_is_read_off(connection: sqlite3.Connection, name: str) -> None:
    assert "LIMIT 1" in STATEMENTS[name]
    assert not [step for step in plan(connection, STATEMENTS[name]) if "TEMP B-TREE" in step]


def test_every_statement_is_looked_at() -> None:
    makers = {
        value
        for module in MODULES
        for name, value in vars(module).items()
        if callable(value) and hasattr(value, "cache_info") and value.__module__ == module.__name__
    }
    assert makers == GENERATED.keys()
    said = "\n".join(path.read_text() for path in Path(sql.__file__).parent.glob("*.py"))
    assert {f"{name}: Final = " in said for name in STATEMENTS if name.isupper()} == {True}
    public = set(re.findall(r"^([A-Z]\w+): Final", said, re.MULTILINE))
    assert public - STATEMENTS.keys() == {"STEP", "STANDING", "STANDING_COLUMNS", "COLUMNS", "WINDOW"}


@pytest.mark.parametrize("statement", [sql.revokers(3), sql.revokers(3, 3)], ids=["anybody", "issuers"])
def test_who_revoked_is_read_off_an_index_alone(connection: sqlite3.Connection, statement: str) -> None:
    """Every request asks. The rows hold tokens, and are not looked at."""
    (step,) = plan(connection, statement)
    found = "(delegation=? AND revoker=?)" if "revoker IN" in statement else "(delegation=?)"
    assert step.startswith("SEARCH revocation USING COVERING INDEX ")
    assert step.endswith(found)


# -- what it costs ------------------------------------------------------------------------------------------------------


def people(number: int) -> DID:
    return DID(f"did:web:n{number:04}.example.com")


def crowd(connection: sqlite3.Connection, size: int) -> Transaction:
    """Make so many of everything, of which most has ended where it can."""
    tx = Transaction(connection.execute)
    connection.execute("BEGIN")
    samples.register(tx, ALICE, BOB)
    subscribe(tx, "one", kind="paid")
    for number in range(size):
        who = people(number)
        tx.add_customer(samples.customer(who, external_account="f1:a"))
        tx.add_payer(who, ALICE, at=1, task=task(1))
        tx.add_plan(samples.plan(who))
        subscribe(tx, str(number))
        tx.assign(SERVICE, who, "one", at=1, task=task(1), seat=number + 1)
        tx.append(samples.event(number, customer=who, giver=ALICE, subscription="one", consumer=who))
        tx.add_payment(samples.payment("refunded", str(number), subscription=str(number)))
    # Others' past: what has ended weighs on nobody who is there now.
    for number in range(0, size, 2):
        tx.release(SERVICE, people(number), at=2, task=task(2))
        tx.assign(SERVICE, people(number), "one", at=2, task=task(2), seat=number + 1)
        tx.transfer(SERVICE, str(number), BOB, at=300, task=task(2))
        tx.suspend(people(number), reason=None, at=1, task=task(2))
        tx.resume(people(number), at=1, task=task(2))
    tx.release(SERVICE, people(size - 3), at=3, task=task(3))
    # And one whose own past is long.
    samples.register(tx, CAROL)
    subscribe(tx, "moved")
    for number in range(size):
        tx.assign(SERVICE, CAROL, "moved", at=2 * number, task=task(4))
        tx.release(SERVICE, CAROL, at=2 * number + 1, task=task(4))
        tx.transfer(SERVICE, "moved", BOB if number % 2 else ALICE, at=300 + number, task=task(4))
        tx.add_payer(CAROL, BOB, at=2 * number, task=task(4))
        tx.end_payer(CAROL, at=2 * number + 1, task=task(4))
        subscribe(tx, f"planned {number}", of=CAROL, product=people(3), planned=True, kind="paid", starts_at=number)
    return tx


@contextmanager
def counted(connection: sqlite3.Connection) -> Iterator[list[int]]:
    """Count the instructions of SQLite's machine."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    connection.set_progress_handler(step, 1)
    try:
        yield steps
    finally:
        connection.set_progress_handler(None, 1)


LOOK_UPS: dict[str, Callable[[Transaction], object]] = {
    "customer": lambda tx: tx.customer(people(3)),
    "meant": lambda tx: tx.meant(people(3)),
    "payer": lambda tx: tx.payer(people(3)),
    "payer_at": lambda tx: tx.payer_at(people(3), 5),
    "pays": lambda tx: tx.pays(ALICE),
    "was_blocked": lambda tx: tx.was_blocked(people(3), 5),
    "plan": lambda tx: tx.plan(people(3)),
    "subscription": lambda tx: tx.subscription(SERVICE, "one"),
    "another subscription": lambda tx: tx.subscription(SERVICE, "3"),
    "holder": lambda tx: tx.holder(SERVICE, "3"),
    "holder_at in a long past": lambda tx: tx.holder_at(SERVICE, "moved", 305),
    "payer_at in a long past": lambda tx: tx.payer_at(CAROL, 6),
    "assigned_at in a long past": lambda tx: tx.assigned_at(SERVICE, CAROL, 6),
    "assigned_at where there was nobody": lambda tx: tx.assigned_at(SERVICE, CAROL, 7),
    "subscriptions_to": lambda tx: tx.subscriptions_to(people(3), CAROL, SERVICE, limit=2),
    "latest_to": lambda tx: tx.latest_to(people(3), CAROL, SERVICE, limit=2),
    "nothing of another's": lambda tx: tx.consumers(customer=CAROL, subscription=(SERVICE, "one")),
    "holder_at": lambda tx: tx.holder_at(SERVICE, "3", 5),
    "tried_out": lambda tx: tx.tried_out(SERVICE, people(3), GOLD),
    "term_at": lambda tx: tx.term_at(SERVICE, "one", 5),
    "payment": lambda tx: tx.payment(SERVICE, "3", "paid", "1"),
    "provisioned": lambda tx: tx.provisioned(SERVICE, people(3)),
    "providers_of": lambda tx: tx.providers_of(people(3)),
    "paid_by": lambda tx: tx.paid_by(SERVICE, people(3)),
    "history": lambda tx: tx.history(people(3)),
    "is_used": lambda tx: tx.is_used(SERVICE, "one"),
    "last_seat": lambda tx: tx.last_seat(SERVICE, "one"),
    "vacant_seat": lambda tx: tx.vacant_seat(SERVICE, "one"),
    "last_event": lambda tx: tx.last_event(),
    "events of a customer": lambda tx: tx.events(customers=[people(3), people(4)]),
    "events of a consumer": lambda tx: tx.events(consumer=people(3)),
    "release": lambda tx: tx.release(SERVICE, people(1), at=9, task=task(9)),
    "transfer": lambda tx: tx.transfer(SERVICE, "3", BOB, at=400, task=task(9)),
    "assign": lambda tx: tx.assign(SERVICE, ALICE, "one", at=9, task=task(9)),
    "end_payer": lambda tx: tx.end_payer(people(1), at=9, task=task(9)),
    "append": lambda tx: tx.append(samples.event(1, customer=people(1))),
}


def test_a_look_up_costs_the_same_where_there_is_much(tmp_path: Path) -> None:
    with closing(made(tmp_path, "few.db")) as little, closing(made(tmp_path, "many.db")) as connection:
        few, many = crowd(little, FEW), crowd(connection, MANY)
        for name, look_up in LOOK_UPS.items():
            with counted(little) as before:
                look_up(few)
            with counted(connection) as after:
                look_up(many)
            assert after[0] <= before[0] * 1.2, name


PAGES: dict[str, Callable[[Transaction, int], object]] = {
    "customers": lambda tx, after: tx.customers(people(after), 3),
    "customers of an account": lambda tx, after: tx.customers(people(after), 3, external_account="f1:a"),
    "customers of a payer": lambda tx, after: tx.customers(people(after), 3, payer=ALICE),
    "leaves": lambda tx, after: tx.leaves(ALICE, after, 3),
    "plans": lambda tx, after: tx.plans(people(after), 3),
    "subscriptions": lambda tx, after: tx.subscriptions(after, 3),
    "subscriptions of a customer": lambda tx, after: tx.subscriptions(after, 3, customer=ALICE),
    "consumers": lambda tx, after: tx.consumers((1, after), 3),
    "consumers of a customer": lambda tx, after: tx.consumers((1, after), 3, customer=ALICE),
    "consumers in a subscription": lambda tx, after: tx.consumers((1, after), 3, subscription=(SERVICE, "one")),
    "events": lambda tx, after: tx.events(after, 3),
    "events of a customer": lambda tx, after: tx.events(after, 3, customers=[ALICE]),
    "events of a subscription": lambda tx, after: tx.events(after, 3, subscription="one"),
}


def test_a_late_page_costs_what_an_early_one_does(tmp_path: Path) -> None:
    """A list of n pages costs n times a page, not n² of them."""
    with closing(made(tmp_path, "many.db")) as connection:
        tx = crowd(connection, MANY)
        for name, page in PAGES.items():
            assert page(tx, MANY - 10) != page(tx, MANY // 2), name
            with counted(connection) as early:
                page(tx, MANY // 4)
            with counted(connection) as late:
                page(tx, MANY - 10)
            assert late[0] <= early[0] * 1.3, name
