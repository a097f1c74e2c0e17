"""Consumers: the part of a transaction that knows which subscription each is in, and was in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from forge.cid import CID
from forge.did import DID
from store.cells import to_did, to_dids
from store.records import Assignment, Provision
from store.sql import consumers as sql
from store.statement import Execute
from store.subscriptions import to_subscription

Place = tuple[int, int]
"""Where a list of consumers goes on: after this holding's number and this assignment's."""

_BEGIN: Final = (0, 0)


class Consumers:
    """The part of a transaction that consumers are."""

    __slots__ = ()
    _execute: Execute

    def provisioned(self, provider: DID, consumer: DID) -> Provision | None:
        """Look up where a consumer is now, with the subscription, and so with its customer, in one read."""
        row = self._execute(sql.PROVISIONED, (str(provider), str(consumer))).fetchone()
        return None if row is None else _provision(row)

    def consumers(
        self,
        place: Place = _BEGIN,
        limit: int = 2**63 - 1,
        *,
        customer: DID | None = None,
        subscription: tuple[DID, str] | None = None,
    ) -> tuple[Provision, ...]:
        """List consumers, subscription by subscription, those after `place`, at most `limit`.

        Those of a `customer`, those in a `subscription` (its provider and its id), or those that are both.
        """
        values = (place[0], *place, limit)
        if subscription is not None and customer is not None:
            within = (str(subscription[0]), subscription[1], str(customer))
            rows = self._execute(sql.CONSUMERS_IN_OF, (*within, place[1], limit))
        elif subscription is not None:
            rows = self._execute(sql.CONSUMERS_IN, (str(subscription[0]), subscription[1], place[1], limit))
        elif customer is not None:
            rows = self._execute(sql.CONSUMERS_OF, (str(customer), *values))
        else:
            rows = self._execute(sql.CONSUMERS, values)
        return tuple(map(_provision, rows.fetchall()))

    def providers_of(self, consumer: DID) -> tuple[DID, ...]:
        """List the providers with which a consumer is in a subscription now."""
        return to_dids(self._execute(sql.PROVIDERS_OF, (str(consumer),)))

    def paid_by(self, provider: DID, consumer: DID) -> DID | None:
        """Say which customer's subscription a consumer is in, without reading what is known about it."""
        row = self._execute(sql.PAID_BY, (str(provider), str(consumer))).fetchone()
        return None if row is None else to_did(row[0])

    def history(self, consumer: DID) -> tuple[Assignment, ...]:
        """List where a consumer has ever been, in the order in which it came there."""
        rows = self._execute(sql.HISTORY, (str(consumer), str(consumer))).fetchall()
        return tuple(map(_assignment, rows))

    def assigned_at(self, provider: DID, consumer: DID, at: int) -> Assignment | None:
        """Look up where a consumer was at a time. None: nowhere."""
        values = (str(consumer), str(provider), at)
        rows = map(_assignment, self._execute(sql.ASSIGNED_AT, (*values, *values)).fetchall())
        # Rows that begin in one second follow each other by their numbers.
        last = max(rows, key=lambda row: (row.since, row.seq or 0), default=None)
        return last if last is not None and (last.until is None or at < last.until) else None

    def used(self, provider: DID, subscription: str) -> int:
        """Count the consumers that are in a subscription now."""
        return int(self._execute(sql.IN_USE, (str(provider), subscription)).fetchone()[0])

    def is_used(self, provider: DID, subscription: str) -> bool:
        """Say whether any consumer is in a subscription now."""
        return self._execute(sql.IS_IN_USE, (str(provider), subscription)).fetchone() is not None

    def assign(  # noqa: PLR0913 - what the row has
        self, provider: DID, consumer: DID, subscription: str, *, at: int, task: CID, seat: int | None = None
    ) -> None:
        """Put a consumer into a subscription of the provider, on a numbered seat where it has such.

        Raises:
            AlreadyExists: the consumer is in one, or the seat is taken.
        """
        if seat is not None:
            self._execute(sql.SUCCEED, (bytes(task), str(provider), subscription, seat))
        self._execute(sql.ASSIGN, (str(provider), str(consumer), subscription, seat, at, bytes(task)))

    def release(self, provider: DID, consumer: DID, *, at: int, task: CID) -> tuple[str, int] | None:
        """End a consumer's current assignment; give its subscription, and when it ended. None: there was none.

        It ends at `at`, or when it began if a clock elsewhere was ahead.
        """
        row = self._execute(sql.RELEASE, (at, at, bytes(task), str(provider), str(consumer))).fetchone()
        return None if row is None else (row[0], row[2])

    def accept(self, provider: DID, consumer: DID, *, at: int, task: CID) -> None:
        """Note that a consumer has accepted where it is. What it accepted before stays as it is."""
        self._execute(sql.ACCEPT, (at, bytes(task), str(provider), str(consumer)))

    def last_seat(self, provider: DID, subscription: str) -> int:
        """Give the highest number that a seat of a subscription has had; 0 where none has."""
        return int(self._execute(sql.LAST_SEAT, (str(provider), subscription)).fetchone()[0] or 0)

    def vacant_seat(self, provider: DID, subscription: str) -> tuple[int, int] | None:
        """Find a seat that was assigned and is free, that whose term began last: its number, and when it was first assigned."""
        row = self._execute(sql.VACANT_SEAT, (str(provider), subscription)).fetchone()
        return None if row is None else (row[0], row[1])


def _provision(row: Sequence[Any]) -> Provision:
    return Provision(assignment=_assignment(row[: sql.COLUMNS]), subscription=to_subscription(row[sql.COLUMNS :]))


def _assignment(row: Sequence[Any]) -> Assignment:
    provider, consumer, subscription, seat, since, task, accepted_at, until, ended_by, seq, seated_since = row
    return Assignment(
        provider=to_did(provider),
        consumer=to_did(consumer),
        subscription=subscription,
        since=since,
        task=CID(task),
        seat=seat,
        seated_since=seated_since,
        accepted_at=accepted_at,
        until=until,
        ended_by=None if ended_by is None else CID(ended_by),
        seq=seq,
    )
