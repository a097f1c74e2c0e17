"""The laws of docs/domain.md that rows break by themselves: what statements can look for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from store.fsck.findings import Findings, place_of, show
from store.fsck.scratch import Scratch
from store.sql import fsck as sql
from store.tables import BY_NAME, Row, Table
from store.transaction import Transaction


class _Law(NamedTuple):
    """A law that each row it finds breaks."""

    name: str
    table: str
    statement: str
    says: str
    """With what follows the key in the statement's columns."""


_LAWS: Final = (
    _Law("seats-exceeded", "assignment", sql.BEYOND_SEATS, "seat {} of {}"),
    _Law("seats-exceeded", "subscription", sql.FULLER_THAN_SEATS, "more consumers than its {} seats"),
    _Law("seat-unnumbered", "assignment", sql.WITHOUT_SEAT, "no seat's number, and {} counts its seats"),
    _Law("payer-has-payer", "payer", sql.PAID_FOR_PAYER, "the payer {} is paid for itself"),
    _Law("link-chain", "link", sql.LINKED_ON, "{} was linked as a guest itself"),
    _Law("guest-holds", "holding", sql.HELD_BY_GUEST, "{} was linked as a guest, and holds it still"),
    _Law("guest-holds", "payer", sql.PAYER_IS_GUEST, "a guest that was linked pays, or is paid for by {}, still"),
)
# One is current for each of these; none begins before the one before it has ended.
CURRENT: Final = {
    "assignment": ("consumer", "provider"),
    "holding": ("provider", "subscription"),
    "payer": ("customer",),
    "suspension": ("customer",),
}


def check_causes(tx: Transaction, findings: Findings, table: Table, rows: list[Row]) -> None:
    """See that every task which rows name is in the ledger: what made them, and what ended them."""
    named = {task for row in rows for task in table.cells(row, table.causes) if task is not None}
    if not named:
        return
    there = {task for (task,) in tx.ask(sql.tasks(len(named)), list(named)).fetchall()}
    for row in rows if named - there else ():
        for column, task in zip(table.causes, table.cells(row, table.causes), strict=True):
            if task is not None and task not in there:
                said = f"its {column} {show(task)} names no task of the ledger"
                findings.add("cause-missing", place_of(table, table.key_of(row)), said, tasks=(task,))


def check_laws(tx: Transaction, findings: Findings, scratch: Scratch) -> None:
    """See that no row breaks a law."""
    for name, key in CURRENT.items():
        for *which, count in tx.ask(sql.two_current(name, key)).fetchall():
            place = f"{name} of {' '.join(map(show, which))}"
            findings.add("two-current", place, f"{count} rows are current")
    for law in _LAWS:
        table = BY_NAME[law.table]
        width = len(table.key)
        for row in _found(tx, table, law.statement):
            findings.add(law.name, place_of(table, row[:width]), law.says.format(*map(show, row[width:])))
    for name, key in (*CURRENT.items(), ("profile", ("customer",))):
        _check_overlaps(tx, findings, BY_NAME[name], key, scratch.has)


def _check_overlaps(
    tx: Transaction, findings: Findings, table: Table, key: tuple[str, ...], is_told: Callable[[Table, Row], bool]
) -> None:
    """See that dated rows follow each other.

    Where clocks of two processes differ, they may overlap by that much; the events then tell the same.
    """
    width = len(table.columns)
    for current in (False, True):
        for pair in _found(tx, table, sql.overlapping(table.name, key, current)):
            for row, other in ((pair[:width], pair[width:]), (pair[width:], pair[:width])):
                if not is_told(table, row):
                    said = f"it overlaps {place_of(table, table.key_of(other))}"
                    findings.add("rows-overlap", place_of(table, table.key_of(row)), said)


def _found(tx: Transaction, table: Table, statement: str) -> Iterator[Any]:
    """Give all rows that a statement finds, which looks between two keys."""
    end = tx.ask(sql.last(table.name)).fetchone()
    after = table.beginning
    while end is not None and after != tuple(end):
        upto = tuple(tx.ask(sql.last_of_window(table.name), after).fetchone() or end)
        yield from tx.ask(statement, (*after, *upto)).fetchall()
        after = upto
