"""The domain's first two laws, in the statements and the schema.

1. History is never rewritten: a row of the domain is never taken away, and changed only in that it ends, or in what is said
   of it once. A customer alone is written over, and what it was is kept.
2. Time is computed: no column says how something stands.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import Transaction, connect
from store.sql import customers as sql
from tests.store.samples import ALICE, BOB, CAROL, GOLD, SERVICE, SHELF, SPACE, customer, register, subscribe, task
from tests.store.statements import STATEMENTS, table_of
from tests.store.units import inside

# What is no part of the domain: what others said, how far they were followed, what time a test has set, which step this is.
CORE = {"ledger", "archive", "statement", "revocation", "delegation", "followed", "postponed", "clock", "forge_schema"}

DATED = {"profile", "suspension", "payer", "holding", "assignment"}
"""Tables of rows that begin and end."""

# Each with what it changes, and what must not have been said of a row before.
CHANGES = {
    "RESUME": ("suspension", {"until", "ended_by"}, "until IS NULL"),
    "END_PAYER": ("payer", {"until", "ended_by"}, "until IS NULL"),
    "END_HOLDING": ("holding", {"until", "ended_by"}, "until IS NULL"),
    "RELEASE": ("assignment", {"until", "ended_by"}, "until IS NULL"),
    "ACCEPT": ("assignment", {"accepted_at", "accepted_by"}, "until IS NULL AND accepted_at IS NULL"),
    "SUCCEED": ("assignment", {"succeeded_by"}, "succeeded_by IS NULL"),
    "UPDATE_CUSTOMER": ("customer", {"product", "details", "external_account", "task", "updated_at"}, ""),
}


def verbs(verb: str) -> dict[str, str]:
    return {name: text for name, text in STATEMENTS.items() if text.split()[0] == verb and table_of(text) not in CORE}


# -- the first ----------------------------------------------------------------------------------------------------------


def test_no_row_of_the_domain_is_taken_away() -> None:
    taking = {name: text for name, text in STATEMENTS.items() if re.search(r"\b(DELETE|REPLACE|TRUNCATE)\b", text)}
    assert {name: table_of(text) for name, text in taking.items()} == {"SETTLE": "postponed", "CURTAIL": "postponed"}


def test_a_row_of_the_domain_is_changed_by_these_alone() -> None:
    assert verbs("UPDATE").keys() == CHANGES.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_said_of_a_row_is_not_said_anew(name: str) -> None:
    table, columns, before = CHANGES[name]
    statement = " ".join(STATEMENTS[name].split())
    said, _, where = statement.partition(" SET ")[2].partition(" WHERE ")
    assert table_of(statement) == table
    assert set(re.findall(r"(\w+) = ", said)) == columns
    assert where.partition(" RETURNING ")[0].endswith(before)


def test_what_is_there_is_never_written_over_by_adding() -> None:
    over = {name for name, text in STATEMENTS.items() if re.search(r"ON CONFLICT.*DO UPDATE", text, re.DOTALL)}
    assert {table_of(STATEMENTS[name]) for name in over} <= CORE


@inside
def test_a_customer_is_never_written_over_without_keeping_what_it_was(tx: Transaction) -> None:
    said: list[str] = []

    def execute(statement: str, values: object = (), /) -> object:
        said.append(statement)
        return tx._execute(statement, values)  # type: ignore[arg-type] # what it was given

    register(tx, ALICE)
    Transaction(execute).update_customer(customer(), at=1, task=task(2))  # type: ignore[arg-type] # the same
    assert said == [sql.KEEP_PROFILE, sql.UPDATE_CUSTOMER]


def rows(tx: Transaction) -> dict[str, list[tuple[object, ...]]]:
    """All rows that begin and end."""
    return {table: tx._execute(f"SELECT * FROM {table} ORDER BY seq").fetchall() for table in DATED}  # noqa: S608 - ours


@inside
def test_what_has_ended_does_not_end_again(tx: Transaction) -> None:
    register(tx, ALICE, BOB, CAROL)
    tx.update_customer(customer(product=GOLD), at=110, task=task(2))
    tx.suspend(ALICE, reason=None, at=110, task=task(2))
    tx.resume(ALICE, at=120, task=task(3))
    tx.add_payer(BOB, ALICE, at=110, task=task(2))
    tx.end_payer(BOB, at=120, task=task(3))
    subscribe(tx, "one")
    tx.assign(SERVICE, SPACE, "one", at=210, task=task(2), seat=1)
    tx.accept(SERVICE, SPACE, at=215, task=task(3))
    tx.release(SERVICE, SPACE, at=220, task=task(3))
    tx.assign(SERVICE, SHELF, "one", at=220, task=task(3), seat=1)
    tx.release(SERVICE, SHELF, at=230, task=task(4))
    tx.transfer(SERVICE, "one", BOB, at=220, task=task(3))
    before = rows(tx)
    assert {table: len(found) > 0 for table, found in before.items()} == dict.fromkeys(DATED, True)

    assert not tx.resume(ALICE, at=900, task=task(9))
    assert tx.end_payer(BOB, at=900, task=task(9)) is None
    for consumer in (SPACE, SHELF):
        assert tx.release(SERVICE, consumer, at=900, task=task(9)) is None
        tx.accept(SERVICE, consumer, at=900, task=task(9))
    assert rows(tx) == before

    # And what begins anew leaves it as it is.
    tx.suspend(ALICE, reason=None, at=900, task=task(9))
    tx.add_payer(BOB, ALICE, at=900, task=task(9))
    tx.transfer(SERVICE, "one", CAROL, at=900, task=task(9))
    tx.update_customer(customer(), at=900, task=task(9))
    tx.assign(SERVICE, SPACE, "one", at=900, task=task(9))
    tx.accept(SERVICE, SPACE, at=900, task=task(9))
    tx.close(ALICE, at=900, task=task(9))
    tx.link(BOB, CAROL, at=900, task=task(9))
    after = rows(tx)
    for table, was in before.items():
        ended = was[:-1] if table == "holding" else was
        assert after[table][: len(ended)] == ended, table
        assert len(after[table]) == len(was) + 1, table


# -- the second, and the schema of the first ----------------------------------------------------------------------------


async def columns(folder: Path) -> dict[str, set[str]]:
    """The columns of each table, as SQLite has them; they are the same steps everywhere."""
    await (await connect(str(folder / "store.db"))).close()
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")} for table in tables}


async def test_no_column_says_how_something_stands(tmp_path: Path) -> None:
    found = await columns(tmp_path)
    stands = re.compile(
        r"state|status|stage|phase|flag|active|live|current|pending|expired|cancelled|suspended|closed|blocked|entitled|is_|has_"
    )
    assert [(table, name) for table, names in found.items() for name in names if stands.search(name)] == []


async def test_each_row_of_the_domain_names_its_task_and_its_time(tmp_path: Path) -> None:
    """What only one kind of subscription has is made with it, by its task, at its time."""
    found = {table: names for table, names in (await columns(tmp_path)).items() if table not in CORE}
    made_with_another = {"complimentary", "trial"}
    assert {table for table, names in found.items() if "task" not in names} == made_with_another
    assert {table for table, names in found.items() if not names & {"at", "since", "inserted_at"}} == made_with_another


async def test_what_ends_ends_by_a_task(tmp_path: Path) -> None:
    found = await columns(tmp_path)
    assert {table for table, names in found.items() if "until" in names} == DATED
    assert {table for table, names in found.items() if {"seq", "since", "task", "until", "ended_by"} <= names} == DATED
