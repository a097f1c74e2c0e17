"""Events: the part of a transaction that tells what became of whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from forge.cid import CID
from forge.did import DID
from store.cells import to_did, to_json
from store.records import Event
from store.sql import events as sql
from store.statement import Execute

EVENTS_PAGE: Final = 1001
"""Events that one call of `events` gives at most: a page, and one to see whether there are more."""

# Names that one statement asks about. Engines bound how many parts a statement has, and a customer may have been many guests.
NAMES_BATCH: Final = 32


class Events:
    """The part of a transaction that events are."""

    __slots__ = ()
    _execute: Execute

    def append(self, event: Event) -> None:
        """Append an event. The store gives the number: `seq` is not looked at.

        Whom it names as customer and giver are customers by then: it is found under them as such.
        """
        customer, giver = _text(event.customer), _text(event.giver)
        self._execute(
            sql.APPEND,
            (
                event.at,
                bytes(event.task),
                event.command,
                str(event.issuer),
                str(event.subject),
                event.type,
                customer,
                giver,
                event.subscription,
                _text(event.consumer),
                to_json(event.data),
                customer,
                giver,
            ),
        )

    def events(
        self,
        since: int = 0,
        limit: int = EVENTS_PAGE,
        *,
        customers: Sequence[DID] = (),
        subscription: str | None = None,
        consumer: DID | None = None,
    ) -> tuple[Event, ...]:
        """List the events that follow number `since`, oldest first, at most `limit` of them.

        At most one of: those of a customer, under all the DIDs that it had; those of a subscription; those of a consumer.
        """
        limit = min(limit, EVENTS_PAGE)
        if customers:
            batches = (customers[begin : begin + NAMES_BATCH] for begin in range(0, len(customers), NAMES_BATCH))
            # Each once: by its number, which is its last column.
            found = {row[-1]: row for batch in batches for row in self._of_customers(batch, since, limit)}
            return tuple(to_event(found[seq]) for seq in sorted(found)[:limit])
        if subscription is not None:
            rows = self._execute(sql.EVENTS_OF_SUBSCRIPTION, (subscription, since, limit))
        elif consumer is not None:
            rows = self._execute(sql.EVENTS_OF_CONSUMER, (str(consumer), since, limit))
        else:
            rows = self._execute(sql.EVENTS, (since, limit))
        return tuple(map(to_event, rows.fetchall()))

    def _of_customers(self, names: Sequence[DID], since: int, limit: int) -> list[Any]:
        places = [value for did in names for _ in range(2) for value in (str(did), since, limit)]
        return self._execute(sql.of_customers(len(names)), (*places, limit)).fetchall()

    def last_event(self) -> int:
        """Give the number of the last event; 0 where there is none."""
        return int(self._execute(sql.LAST).fetchone()[0] or 0)


def _text(did: DID | None) -> str | None:
    return None if did is None else str(did)


def to_event(row: Sequence[Any]) -> Event:
    """Read the columns of the statements about events: all that they have, the number last."""
    at, task, command, issuer, subject, type_, customer, giver, subscription, consumer, data, seq = row
    return Event(
        at=at,
        task=CID(task),
        command=command,
        issuer=to_did(issuer),
        subject=to_did(subject),
        type=type_,
        customer=None if customer is None else to_did(customer),
        giver=None if giver is None else to_did(giver),
        subscription=subscription,
        consumer=None if consumer is None else to_did(consumer),
        data=json.loads(data),
        seq=seq,
    )
