"""One transaction of the store, as commands see it: look-ups and changes of the domain, and what the core asks of any store.

It is the same for every engine: a driver hands in how a statement is executed, and turns its own errors into `AlreadyExists`
and `StoreError` there. Everything is synchronous, and nothing here reads a clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry
from store import sql
from store.cells import join, split, to_did
from store.records import Assignment, Customer, Event, Provision, Statement, Subscription
from store.revocations import Revocations
from store.statement import Execute, Rows

# Events that one call of `events` gives at most.
EVENTS_PAGE: Final = 1000

# Made once: `json.dumps` makes an encoder at every call that wants other than its defaults.
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Transaction(Revocations):
    """The rows, inside one transaction. Whoever holds it uses it on the thread that it came on, until the unit of work ends.

    Every method may raise `StoreError`; the unit of work is lost then, whatever it does next.
    """

    __slots__ = ()

    # -- customers ---------------------------------------------------------------------------------------------------

    def customer(self, did: DID) -> Customer | None:
        """Look a customer up."""
        row = self._execute(sql.CUSTOMER, (str(did),)).fetchone()
        if row is None:
            return None
        did_, product, task, inserted_at, details, external_account, updated_at = row
        return Customer(
            did=to_did(did_),
            product=to_did(product),
            task=CID(task),
            inserted_at=inserted_at,
            details=json.loads(details),
            external_account=external_account,
            updated_at=updated_at,
        )

    def is_customer(self, did: DID) -> bool:
        """Say whether somebody is a customer, without reading what is known about it."""
        return self._execute(sql.IS_CUSTOMER, (str(did),)).fetchone() is not None

    def add_customer(self, customer: Customer) -> None:
        """Add a customer.

        Raises:
            AlreadyExists: its DID is a customer's.
        """
        self._execute(
            sql.ADD_CUSTOMER,
            (
                str(customer.did),
                str(customer.product),
                bytes(customer.task),
                customer.inserted_at,
                _json(customer.details),
                customer.external_account,
                customer.updated_at,
            ),
        )

    def count_subscriptions(self, customer: DID) -> int:
        """Count a customer's subscriptions, with every provider, ended ones too."""
        return _count(self._execute(sql.COUNT_SUBSCRIPTIONS, (str(customer),)))

    # -- subscriptions -----------------------------------------------------------------------------------------------

    def subscription(self, provider: DID, subscription: str) -> Subscription | None:
        """Look a subscription up by its id."""
        row = self._execute(sql.SUBSCRIPTION, (str(provider), subscription)).fetchone()
        return None if row is None else _subscription(row)

    def add_subscription(self, subscription: Subscription) -> None:
        """Add a subscription of a customer that is there.

        Raises:
            AlreadyExists: the provider has one of that id.
        """
        self._execute(
            sql.ADD_SUBSCRIPTION,
            (
                str(subscription.provider),
                subscription.id,
                str(subscription.customer),
                str(subscription.product),
                subscription.starts_at,
                subscription.inserted_at,
                bytes(subscription.task),
                subscription.kind,
            ),
        )

    def used(self, provider: DID, subscription: str) -> int:
        """Count the consumers that are in a subscription now."""
        return _count(self._execute(sql.USED, (str(provider), subscription)))

    # -- consumers ---------------------------------------------------------------------------------------------------

    def current(self, provider: DID, consumer: DID) -> Assignment | None:
        """Look up where a consumer is now."""
        row = self._execute(sql.CURRENT, (str(provider), str(consumer))).fetchone()
        return None if row is None else _assignment(row)

    def provisioned(self, provider: DID, consumer: DID) -> Provision | None:
        """Look up where a consumer is now, with the subscription, and so with its customer, in one read."""
        row = self._execute(sql.PROVISIONED, (str(provider), str(consumer))).fetchone()
        return None if row is None else Provision(assignment=_assignment(row[:7]), subscription=_subscription(row[7:]))

    def providers_of(self, consumer: DID) -> tuple[DID, ...]:
        """List the providers with which a consumer is in a subscription now."""
        return tuple(to_did(provider) for (provider,) in self._execute(sql.PROVIDERS_OF, (str(consumer),)).fetchall())

    def history(self, consumer: DID) -> tuple[Assignment, ...]:
        """List where a consumer has ever been, in the order in which it came there."""
        rows = self._execute(sql.HISTORY, (str(consumer), str(consumer))).fetchall()
        return tuple(_assignment(row[:7]) for row in rows)

    def assign(self, provider: DID, consumer: DID, subscription: str, *, at: int, task: CID) -> None:
        """Put a consumer into a subscription of the provider.

        Raises:
            AlreadyExists: it is in one.
        """
        self._execute(sql.ASSIGN, (str(provider), str(consumer), subscription, at, bytes(task)))

    def release(self, provider: DID, consumer: DID, *, at: int, task: CID) -> Assignment | None:
        """Close a consumer's current row, and return it as it is now. None: there was no such row.

        It ends at `at`, or when it began if a clock elsewhere was ahead.
        """
        values = (at, at, bytes(task), str(provider), str(consumer))
        row = self._execute(sql.RELEASE, values).fetchone()
        return None if row is None else _assignment(row)

    def move(self, provider: DID, consumer: DID, subscription: str, *, at: int, task: CID) -> Assignment:
        """Close a consumer's current row, open another in `subscription` where that one ends, and return the closed one.

        Raises:
            LookupError: it is in no subscription of the provider.
        """
        closed = self.release(provider, consumer, at=at, task=task)
        if closed is None or closed.until is None:
            raise LookupError(f"{consumer} is in no subscription of {provider}")
        self.assign(provider, consumer, subscription, at=closed.until, task=task)
        return closed

    # -- events ------------------------------------------------------------------------------------------------------

    def append(self, event: Event) -> None:
        """Append an event. The store gives the number: `seq` is not looked at."""
        self._execute(
            sql.APPEND,
            (
                event.at,
                bytes(event.task),
                event.command,
                str(event.issuer),
                str(event.subject),
                event.type,
                None if event.customer is None else str(event.customer),
                event.subscription,
                None if event.consumer is None else str(event.consumer),
                _json(event.data),
            ),
        )

    def events(self, since: int = 0, limit: int = EVENTS_PAGE) -> tuple[Event, ...]:
        """List the events that follow number `since`, oldest first, at most `limit` of them."""
        rows = self._execute(sql.EVENTS, (since, min(limit, EVENTS_PAGE))).fetchall()
        return tuple(
            Event(
                at=at,
                task=CID(task),
                command=command,
                issuer=to_did(issuer),
                subject=to_did(subject),
                type=type_,
                customer=None if customer is None else to_did(customer),
                subscription=subscription,
                consumer=None if consumer is None else to_did(consumer),
                data=json.loads(data),
                seq=seq,
            )
            for at, task, command, issuer, subject, type_, customer, subscription, consumer, data, seq in rows
        )

    # -- what others say ---------------------------------------------------------------------------------------------

    def keep(self, statement: Statement) -> None:
        """Keep what somebody says came of a task. The same receipt again changes nothing."""
        self._execute(
            sql.KEEP,
            (
                bytes(statement.receipt),
                bytes(statement.task),
                str(statement.executor),
                int(statement.failed),
                statement.data,
                bytes(statement.cause),
                statement.at,
            ),
        )

    # -- what the core asks: forge.ports.Transaction -----------------------------------------------------------------

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what happens inside the `with` block if an exception leaves it. May be nested."""
        return _Savepoint(self._execute)

    def recorded(self, task: CID) -> bytes | None:
        """Look the receipt of `task` up in the ledger."""
        row = self._execute(sql.RECORDED, (bytes(task),)).fetchone()
        return None if row is None else bytes(row[0])

    def entry(self, task: CID) -> LedgerEntry | None:
        """Look all up that the ledger has about `task`."""
        row = self._execute(sql.ENTRY, (bytes(task),)).fetchone()
        if row is None:
            return None
        task_, command, issuer, subject, invocation, proofs, receipt, at = row
        return LedgerEntry(
            CID(task_), command, to_did(issuer), to_did(subject), invocation, tuple(map(CID, split(proofs))), receipt, at
        )

    def record(self, entry: LedgerEntry) -> None:
        """Enter a task that ran into the ledger.

        Raises:
            AlreadyExists: it is there.
        """
        self._execute(
            sql.RECORD,
            (
                bytes(entry.task),
                entry.command,
                str(entry.issuer),
                str(entry.subject),
                entry.invocation,
                join(map(bytes, entry.proofs)),
                entry.receipt,
                entry.at,
            ),
        )


class _Savepoint:
    """A `with` block that is undone if an exception leaves it.

    All have one name: in either engine a name means the innermost savepoint that bears it, and `with` blocks end inside out.
    """

    __slots__ = ("_execute",)

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def __enter__(self) -> None:
        self._execute("SAVEPOINT block")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._execute("ROLLBACK TO SAVEPOINT block")
        self._execute("RELEASE SAVEPOINT block")


def _json(value: Mapping[str, Any]) -> str:
    return _ENCODE(value if isinstance(value, dict) else dict(value))


def _count(rows: Rows) -> int:
    return int(rows.fetchone()[0])


def _subscription(row: Sequence[Any]) -> Subscription:
    provider, id_, customer, product, starts_at, inserted_at, task, kind = row
    return Subscription(
        provider=to_did(provider),
        id=id_,
        customer=to_did(customer),
        product=to_did(product),
        starts_at=starts_at,
        inserted_at=inserted_at,
        task=CID(task),
        kind=kind,
    )


def _assignment(row: Sequence[Any]) -> Assignment:
    provider, consumer, subscription, since, task, until, ended_by = row
    return Assignment(
        provider=to_did(provider),
        consumer=to_did(consumer),
        subscription=subscription,
        since=since,
        task=CID(task),
        until=until,
        ended_by=None if ended_by is None else CID(ended_by),
    )
