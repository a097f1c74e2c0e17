"""The laws of docs/domain.md, looked at in the rows and the answers themselves, without the model.

A broken law is an error of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from store import Transaction
from store.records import Event
from tests.domain import rows
from tests.domain.replay import Replay
from tests.domain.rows import Row, Tables


class Broken(AssertionError):
    """A law is broken."""


class SeatsExceeded(Broken):
    """More consumers than seats, or two on one."""


class TwoAreCurrent(Broken):
    """Two rows are current where one can be."""


class CustomerDiffers(Broken):
    """A consumer's customer is not its subscription's."""


class HistoryRewritten(Broken):
    """A row has changed after it ended, or otherwise than by ending."""


class ReplayDiffers(Broken):
    """The events tell of other rows than there are."""


_LATER: Final = {"until", "ended_by", "accepted_at", "accepted_by"}
"""What a current row gets when it ends, or when its consumer accepts."""

_KEYS: Final = {
    "assignment": ("provider", "consumer"),
    "holding": ("provider", "subscription"),
    "payer": ("customer",),
    "suspension": ("customer",),
}

Read = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Asks the service a reading command; gives its result."""


def check_seats(tables: Tables) -> None:
    """Seats never exceeded: neither the total nor any seat has more than it holds."""
    current = [row for row in tables["assignment"] if row["until"] is None]
    used = Counter((row["provider"], row["subscription"]) for row in current)
    taken = Counter((row["provider"], row["subscription"], row["seat"]) for row in current if row["seat"] is not None)
    if any(count > 1 for count in taken.values()):
        raise SeatsExceeded(f"two consumers on one seat: {taken}")
    seats = {(row["provider"], row["id"]): row["seats"] for row in tables["subscription"] if row["seats"] is not None}
    for row in tables["assignment"]:
        total = seats.get((row["provider"], row["subscription"]))
        if total is not None and not 1 <= row["seat"] <= total:
            raise SeatsExceeded(f"seat {row['seat']} of {total}")
    if over := {key: used[key] for key, total in seats.items() if used[key] > total}:
        raise SeatsExceeded(f"{over} of {seats}")


def check_current(tables: Tables) -> None:
    """One current row per key: of a consumer per provider, of a subscription's holder, of a payer, of a suspension."""
    for table, key in _KEYS.items():
        current = Counter(tuple(row[name] for name in key) for row in tables[table] if row["until"] is None)
        if twice := [key for key, count in current.items() if count > 1]:
            raise TwoAreCurrent(f"{table}: {twice}")


def check_history(before: Tables, after: Tables) -> None:
    """History is never rewritten: what ended stays as it is, and what is current ends and no more."""
    for table in rows.DATED:
        now = {row["seq"]: row for row in after[table]}
        for row in before[table]:
            if changed := sorted(_changes(row, now.get(row["seq"]))):
                raise HistoryRewritten(f"{table} {row}: {changed} now {now.get(row['seq'])}")


def _changes(row: Row, now: Row | None) -> Iterator[str]:
    if now is None:
        yield "gone"
        return
    for key, value in row.items():
        if now[key] != value and (row["until"] is not None or key not in _LATER or value is not None):
            yield key


def check_customers(tables: Tables, read: Read) -> None:
    """A consumer's customer is always its subscription's, whichever way one asks."""
    for row in tables["assignment"]:
        if row["until"] is not None:
            continue
        whose = read("/subscription/get", {"subscription": row["subscription"]})["customer"]
        told = read("/consumer/get", {"consumer": row["consumer"]})
        listed = read("/consumer/list", {"customer": whose})["results"]
        if told["customer"] != whose or row["consumer"] not in [one["consumer"] for one in listed]:
            raise CustomerDiffers(f"{row['consumer']} is in {row['subscription']} of {whose}, but {told} and {listed}")


def check_replay(tx: Transaction, events: list[Event]) -> None:
    """Replaying the event log rebuilds the current state exactly; and the past too."""
    found, told = rows.unplaced(rows.read(tx)), Replay().read(events)
    for table, there in found.items():
        if there != told[table]:
            raise ReplayDiffers(f"{table}:\n  rows:   {there}\n  events: {told[table]}")
