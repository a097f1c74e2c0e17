"""The commands of the tests, and one whose stream misbehaves as the events that it finds tell it to."""

from __future__ import annotations

from typing import Any

from commands import CATALOG as SERVED
from forge.binding import ANYONE, Arguments, Command, Effect, Result, Role, Stream, Task
from forge.catalog import Catalog
from forge.dagcbor import Value
from forge.did import DID
from store.transaction import Transaction
from tests.service.catalog import SECRET, NotDeclared


class TailArguments(Arguments):
    """Which events: all, or those of a type."""

    only: str | None = None


class TailResult(Result):
    """Nothing: who asks follows."""


def _heir(_: Task[Any], tx: Transaction) -> DID | None:
    """Give whomever the last event of all is about."""
    (last,) = tx.events(tx.last_event() - 1) or (None,)
    return None if last is None else last.customer


HEIR = Role("heir", _heir)
tail = Command("/test/tail", TailArguments, TailResult, effect=Effect.READS, subjects=(ANYONE,))
inherit = Command("/test/inherit", TailArguments, TailResult, effect=Effect.READS, subjects=(HEIR,))


def follow(task: Task[TailArguments], tx: Transaction, after: int, limit: int) -> list[tuple[int, dict[str, Value] | None]]:
    found: list[tuple[int, dict[str, Value] | None]] = []
    for event in tx.events(after, limit):
        number = event.seq or 0
        if event.type == "broken":
            raise RuntimeError(SECRET)
        if event.type == "undeclared":
            raise NotDeclared(SECRET)
        found.append((after if event.type == "stuck" else number, _item(task, event.type, dict(event.data))))
    return found


def _item(task: Task[TailArguments], kind: str, data: dict[str, Value]) -> dict[str, Value] | None:
    return data | {"type": kind} if task.arguments.only in (None, kind) else None


def handle(task: Task[TailArguments], tx: Transaction) -> TailResult:
    del task, tx
    return TailResult()


CATALOG = Catalog(
    *SERVED,
    tail.route(handle, Stream("/test-tail", "test", follow, Transaction.last_event)),
    inherit.route(handle, Stream("/inherited", "test", follow, Transaction.last_event)),
)
