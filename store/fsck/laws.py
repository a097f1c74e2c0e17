"""The laws of docs/domain.md that rows break by themselves, and the tasks that they name: what statements can look for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from store.fsck.findings import Findings, place_of, show
from store.fsck.scratch import Scratch
from store.sql import fsck as sql
from store.tables import BY_NAME, TABLES, Row, Table
from store.transaction import Transaction


class _Law(NamedTuple):
    """A law that each row it finds breaks."""

    name: str
    table: str
    statement: str
    says: str
    """With what follows the key in the statement's columns."""


_LAWS: Final = (
    _Law("event-number", "event", sql.misnumbered("customer"), "it is about {}, and is filed under customer {}"),
    _Law("event-number", "event", sql.misnumbered("giver"), "its giver is {}, and it is filed under customer {}"),
    _Law("seats-exceeded", "assignment", sql.BEYOND_SEATS, "seat {} of {}"),
    _Law("seats-exceeded", "subscription", sql.FULLER_THAN_SEATS, "more consumers than its {} seats"),
    _Law("seat-unnumbered", "assignment", sql.WITHOUT_SEAT, "no seat's number, and {} counts its seats"),
    _Law("payer-has-payer", "payer", sql.PAID_FOR_PAYER, "the payer {} is paid for itself"),
    _Law("link-chain", "link", sql.LINKED_ON, "{} was linked as a guest itself"),
    _Law("guest-holds", "holding", sql.HELD_BY_GUEST, "{} was linked as a guest, and holds it still"),
    _Law("guest-holds", "payer", sql.PAYER_IS_GUEST, "a guest that was linked pays, or is paid for by {}, still"),
)
# One is current for each of these; none begins before the one before it has ended.
_CURRENT: Final = {
    "assignment": ("consumer", "provider"),
    "holding": ("provider", "subscription"),
    "payer": ("customer",),
    "suspension": ("customer",),
}


def check_causes(tx: Transaction, findings: Findings, table: Table) -> None:
    """See that every task which a table's rows name is in the ledger."""
    for column in table.causes:
        for *key, task in _found(tx, sql.without_cause(table.name, column), table.beginning, len(table.key)):
            said = f"its {column} {show(task)} names no task of the ledger"
            findings.add("cause-missing", place_of(table, tuple(key)), said, tasks=(task,))


def check_laws(tx: Transaction, findings: Findings, scratch: Scratch) -> None:
    """See that no row breaks a law."""
    for name, key in _CURRENT.items():
        for *which, count in _found(tx, sql.two_current(name, key), ("",) * len(key), len(key)):
            place = f"{name} of {' '.join(map(show, which))}"
            findings.add("two-current", place, f"{count} rows are current")
    for law in _LAWS:
        table = BY_NAME[law.table]
        width = len(table.key)
        for row in _found(tx, law.statement, table.beginning, width):
            findings.add(law.name, place_of(table, row[:width]), law.says.format(*map(show, row[width:])))
    for name, key in _CURRENT.items() | {("profile", ("customer",))}:
        _check_overlaps(tx, findings, BY_NAME[name], key, scratch.has)


def _check_overlaps(
    tx: Transaction, findings: Findings, table: Table, key: tuple[str, ...], is_told: Callable[[Table, Row], bool]
) -> None:
    """See that dated rows follow each other.

    Where clocks of two processes differ, they may overlap by that much; the events then tell the same.
    """
    width = len(table.columns)
    for current in (False, True):
        for pair in _found(tx, sql.overlapping(table.name, key, current), (table.beginning[0],), 1):
            for row, other in ((pair[:width], pair[width:]), (pair[width:], pair[:width])):
                if not is_told(table, row):
                    said = f"it overlaps {place_of(table, table.key_of(other))}"
                    findings.add("rows-overlap", place_of(table, table.key_of(row)), said)


def _found(tx: Transaction, statement: str, after: Row, width: int) -> Iterator[Any]:
    """Give all rows that a statement finds: its first columns are the key that it goes on after."""
    while rows := tx.ask(statement, (*after, sql.MOST)).fetchall():
        yield from rows
        after = tuple(rows[-1][:width])
        if len(rows) < sql.MOST:
            return


CAUSED: Final = tuple(table for table in TABLES if table.causes)
"""Tables whose rows name tasks."""
