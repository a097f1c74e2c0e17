"""`/customer/payer/list`: lists those that a customer pays for, its leaves, with what they use.

For the service and for the payer, in the order in which they came.
"""

from __future__ import annotations

from commands.page import ListArguments, Position, scan
from commands.roles import PAYER_NAMED, SERVICE
from commands.values import Time
from forge.binding import Command, Effect, Result, Task
from forge.did import DID
from store.records import Leaf
from store.transaction import Transaction


class ListLeavesArguments(ListArguments):
    """Whose leaves."""

    payer: DID


class LeafView(Result):
    """A customer that is paid for. Times are Unix seconds."""

    customer: DID
    subscriptions: int
    """How many it holds, those that have ended too."""
    consumers: int
    """How many are in them."""
    since: Time


class ListLeavesResult(Result):
    """A page of leaves."""

    results: list[LeafView]
    cursor: str | None = None


list_ = Command(
    "/customer/payer/list", ListLeavesArguments, ListLeavesResult, effect=Effect.READS, subjects=(SERVICE, PAYER_NAMED)
)


def handle(task: Task[ListLeavesArguments], tx: Transaction) -> ListLeavesResult:
    """Read a page."""
    payer = tx.meant(task.arguments.payer) or task.arguments.payer

    def fetch(position: Position | None, limit: int) -> tuple[Leaf, ...]:
        return tx.leaves(payer, 0 if position is None else int(position[0]), limit)

    def keep(leaf: Leaf) -> LeafView:
        return LeafView(customer=leaf.customer, subscriptions=leaf.subscriptions, consumers=leaf.consumers, since=leaf.since)

    results, cursor = scan(task.arguments, fetch, lambda leaf: (leaf.seq,), keep)
    return ListLeavesResult(results=results, cursor=cursor)


route = list_.route(handle)
