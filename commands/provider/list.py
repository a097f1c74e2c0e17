"""`/provider/list`: lists the providers that are offered here, or those that a consumer has.

For the service and for customers. A customer is told about consumers that it pays for; others have none, as far as it can see.
"""

from __future__ import annotations

from typing import ClassVar

from commands.page import ListArguments, Position, scan
from commands.roles import CUSTOMER, SERVICE
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
    providers = (task.executor,) if consumer is None else tx.providers_of(consumer)
    customer = None if task.subject == task.executor else tx.meant(task.subject)

    def fetch(position: Position | None, limit: int) -> list[DID]:
        after = "" if position is None else str(position[0])
        return [provider for provider in providers if str(provider) > after][:limit]

    def keep(provider: DID) -> ProviderView | None:
        seen = consumer is None or customer is None or tx.paid_by(provider, consumer) == customer
        return ProviderView(provider=provider) if seen else None

    results, cursor = scan(task.arguments, fetch, lambda provider: (str(provider),), keep)
    return ListProvidersResult(results=results, cursor=cursor)


route = list_.route(handle)
