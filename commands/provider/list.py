"""`/provider/list`: lists the providers that are offered here, or those that a consumer has.

For the service and for customers. A customer is told about consumers that it pays for; others have none, as far as it can see.
"""

from __future__ import annotations

from typing import ClassVar

from commands.page import ListArguments, Position, scan
from commands.roles import CUSTOMER, SERVICE
from commands.standing import has_ended
from forge.binding import Command, Effect, Result, Task
from forge.did import DID
from store.transaction import Transaction


class ListProvidersArguments(ListArguments):
    """Of which consumer; where none is named, those that are offered."""

    KEY: ClassVar = (str,)

    consumer: DID | None = None


class ProviderView(Result):
    """A provider."""

    provider: DID


class ListProvidersResult(Result):
    """A page of providers."""

    results: list[ProviderView]
    cursor: str | None = None


list_ = Command(
    "/provider/list", ListProvidersArguments, ListProvidersResult, effect=Effect.READS, subjects=(SERVICE, CUSTOMER)
)


def handle(task: Task[ListProvidersArguments], tx: Transaction) -> ListProvidersResult:
    """Read a page."""
    consumer = task.arguments.consumer
    providers = [task.executor] if consumer is None or _is_seen(task, tx, consumer) else []

    def fetch(position: Position | None, limit: int) -> list[DID]:
        after = "" if position is None else str(position[0])
        return [provider for provider in providers if str(provider) > after][:limit]

    results, cursor = scan(
        task.arguments, fetch, lambda provider: (str(provider),), lambda provider: ProviderView(provider=provider)
    )
    return ListProvidersResult(results=results, cursor=cursor)


def _is_seen(task: Task[ListProvidersArguments], tx: Transaction, consumer: DID) -> bool:
    """Say whether a consumer is in a subscription here that has not ended, and that the subject may know of.

    The same statements run whether it is in one or not (law 4).
    """
    customer = None if task.subject == task.executor else tx.meant(task.subject)
    found = tx.provisioned(task.executor, consumer)
    return (
        found is not None
        and not has_ended(found.subscription, task.at)
        and (customer is None or found.subscription.customer == customer)
    )


route = list_.route(handle)
