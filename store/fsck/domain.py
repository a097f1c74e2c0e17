"""The rows of the domain and its events: each tells what the other does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from forge.errors import DecodeError
from store.events import to_event
from store.fsck.findings import Findings, place_of, show
from store.fsck.laws import check_causes
from store.fsck.replay import ImpossibleError, replay
from store.fsck.scratch import Scratch
from store.records import AlreadyExists
from store.sql import fsck as sql
from store.tables import BY_NAME, Row, Table
from store.transaction import Transaction

MOST: Final = 10_000
"""Rows that are kept until all others have found their counterparts; beyond those, the like of a row is not looked for."""
EVENTS: Final = BY_NAME["event"]

_TASK: Final = EVENTS.columns.index("task")


def tell_events(tx: Transaction, findings: Findings, scratch: Scratch, done: Callable[[int], object]) -> None:
    """Write down what the events tell, in their order."""
    number = 0
    for page in tx.pages(EVENTS):
        check_causes(tx, findings, EVENTS, page)
        _check_numbers(tx, findings, page)
        for row in page:
            if row[0] != number + 1:
                findings.add("event-gap", place_of(EVENTS, EVENTS.key_of(row)), f"the one before it is {number}")
            number = int(row[0] or 0)
            _tell(row, findings, scratch)
        done(len(page))


def _check_numbers(tx: Transaction, findings: Findings, events: list[Row]) -> None:
    """See that events are filed under whom they name."""
    named = {did for row in events for did in EVENTS.cells(row, ("customer", "giver")) if did is not None}
    known = dict(tx.ask(sql.numbers(len(named)), list(named)).fetchall()) if named else {}
    for row in events:
        for part in ("customer", "giver"):
            did, number = EVENTS.cells(row, (part, f"{part}_seq"))
            if number != known.get(did):
                said = f"its {part} is {show(did)}, and it is filed under customer {show(number)}"
                findings.add("event-number", place_of(EVENTS, EVENTS.key_of(row)), said)


def _tell(row: Row, findings: Findings, scratch: Scratch) -> None:
    place, task = place_of(EVENTS, EVENTS.key_of(row)), row[_TASK]
    seq, *cells, _, _ = row
    try:
        event = to_event((*cells, seq))
        scratch.note(bytes(event.task), event.command, event.issuer, event.subject, event.seq or 0)
        replay(scratch.tx, event)
    except (ImpossibleError, AlreadyExists) as error:
        findings.add("event-impossible", place, f"{show(cells[5])}: {error}", tasks=(task,))
    except LookupError as error:
        what = f"its data has no {error}" if isinstance(error, KeyError) else str(error)
        findings.add("event-unreadable" if isinstance(error, KeyError) else "event-impossible", place, what, tasks=(task,))
    except (DecodeError, AttributeError, TypeError, ValueError) as error:
        findings.add("event-unreadable", place, str(error), tasks=(task,))


def compare_rows(tx: Transaction, findings: Findings, scratch: Scratch, table: Table, done: Callable[[int], object]) -> None:
    """See that a table's rows are those that the events tell of."""
    lost: list[Row] = []
    for page in tx.pages(table):
        check_causes(tx, findings, table, page)
        for row in page:
            if not scratch.strike(table, row):
                if len(lost) < MOST:
                    lost.append(row)
                else:
                    _name(findings, table, row, None)
        done(len(page))
    for row in lost:
        _name(findings, table, row, scratch.strike_nearest(table, row))
    width = len(table.identity)
    for told in scratch.left(table):
        which, tasks = told[:width], told[width:]
        if not findings.concern(*tasks):
            place = f"{table.name} of {' '.join(map(show, which))}"
            findings.add(
                "row-missing", place, "the events tell of it, and it is not there", tasks=tasks, key=f"{place} {tasks!r}"
            )


def _name(findings: Findings, table: Table, row: Row, differing: list[str] | None) -> None:
    place, tasks = place_of(table, table.key_of(row)), table.cells(row, table.causes)
    if differing is not None:
        said = f"{', '.join(differing)}: not what the events tell"
        findings.add("row-differs", place, said, tasks=tasks)
    elif not findings.concern(*tasks):
        findings.add("row-untold", place, f"of {' '.join(map(show, table.cells(row, table.identity)))}", tasks=tasks)
