"""A reader that was given nothing but the events, in their order, and writes down the rows that they tell of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from store.records import Event
from tests.domain.rows import COLUMNS, Row, Tables


class Replay:
    """What has become of everybody, as far as the events have been read."""

    def __init__(self) -> None:
        self.tables: Tables = {table: [] for table in COLUMNS}

    def read(self, events: Iterable[Event]) -> Tables:
        """Read events to the end; give the tables, in the order in which `tests.domain.rows` reads them."""
        for event in events:
            getattr(self, "_" + event.type.replace("-", "_"))(event)
        for table, rows in self.tables.items():
            first, second = COLUMNS[table][:2]
            if first != "seq":
                rows.sort(key=lambda row: (row[first], row[second]))
        return self.tables

    def _add(self, table: str, event: Event, at: str = "at", /, **parts: Any) -> None:
        self.tables[table].append({**parts, at: event.at, "task": bytes(event.task)})

    def _open(self, table: str, event: Event, /, **parts: Any) -> None:
        # `parts` may say that it begins when the row before ended.
        row = {"since": event.at, **parts, "task": bytes(event.task), "until": None, "ended_by": None}
        self.tables[table].append(row)

    def _current(self, table: str, /, **key: Any) -> Row | None:
        for row in reversed(self.tables[table]):
            if row["until"] is None and all(row[name] == value for name, value in key.items()):
                return row
        return None

    def _end(self, table: str, event: Event, /, **key: Any) -> int:
        """End a current row; say when it did: not before it began."""
        row = self._current(table, **key)
        assert row is not None, f"nothing to end in {table} where {key}"
        row |= {"until": max(event.at, row["since"]), "ended_by": bytes(event.task)}
        return int(row["until"])

    # -- customers

    def _customer_added(self, event: Event) -> None:
        data = event.data
        self._add(
            "customer",
            event,
            "inserted_at",
            did=event.customer,
            external_account=data["externalAccount"],
            product=data["product"],
            details=data["details"],
            updated_at=None,
        )

    def _customer_updated(self, event: Event) -> None:
        (row,) = (row for row in self.tables["customer"] if row["did"] == event.customer)
        since = row["inserted_at"] if row["updated_at"] is None else row["updated_at"]
        until, task = max(event.at, since), bytes(event.task)
        told = ("external_account", "product", "details")
        past = {"customer": event.customer, **{key: row[key] for key in told}}
        self.tables["profile"].append({**past, "since": since, "task": row["task"], "until": until, "ended_by": task})
        names = {"externalAccount": "external_account", "product": "product", "details": "details"}
        row |= {names[key]: value for key, value in event.data.items()} | {"updated_at": until, "task": task}

    def _customer_suspended(self, event: Event) -> None:
        self._open("suspension", event, customer=event.customer, reason=event.data.get("reason"))

    def _customer_resumed(self, event: Event) -> None:
        self._end("suspension", event, customer=event.customer)

    def _customer_closed(self, event: Event) -> None:
        self._add("closure", event, customer=event.customer)

    def _customer_linked(self, event: Event) -> None:
        self._add("link", event, guest=event.data["guest"], customer=event.customer)

    def _payer_added(self, event: Event) -> None:
        self._open("payer", event, customer=event.customer, payer=event.data["payer"])

    def _payer_removed(self, event: Event) -> None:
        self._end("payer", event, customer=event.customer)

    # -- plans

    def _plan_added(self, event: Event) -> None:
        data = event.data
        names: Final = {"assign_within": "assignWithin", "self_serve": "selfServe"}
        parts = {key: data.get(names.get(key, key)) for key in COLUMNS["plan"][:-2]}
        self._add("plan", event, "inserted_at", **parts)

    def _plan_retired(self, event: Event) -> None:
        self._add("retirement", event, product=event.data["product"])

    # -- subscriptions

    def _subscription_added(self, event: Event) -> None:
        data = event.data
        of = {"provider": data["provider"], "subscription": event.subscription}
        self._add(
            "subscription",
            event,
            "inserted_at",
            provider=data["provider"],
            id=event.subscription,
            product=data["product"],
            plan=data["product"] if data["planned"] else None,
            kind=data["kind"],
            seats=data.get("seats"),
            starts_at=data["startsAt"],
        )
        self._open("holding", event, **of, customer=event.customer)
        if data["kind"] == "complimentary":
            self.tables["complimentary"].append({**of, "granted_by": event.issuer, "reason": data.get("reason")})
        if data["kind"] == "trial":
            self.tables["trial"].append({**of, "customer": event.customer, "product": data["product"]})
        if data["kind"] in ("complimentary", "trial"):
            self._add("term", event, **of, ends_at=data.get("endsAt"))

    def _subscription_transferred(self, event: Event) -> None:
        of = {"provider": event.data["provider"], "subscription": event.subscription}
        self._open("holding", event, **of, customer=event.customer, since=self._end("holding", event, **of))

    def _subscription_extended(self, event: Event) -> None:
        data = event.data
        self._add("term", event, provider=data["provider"], subscription=event.subscription, ends_at=data["endsAt"])

    def _subscription_cancelled(self, event: Event) -> None:
        data = event.data
        self._add("cancellation", event, provider=data["provider"], subscription=event.subscription, effect=data["effect"])

    def _payment_recorded(self, event: Event) -> None:
        data = event.data
        self._add(
            "payment",
            event,
            provider=data["provider"],
            subscription=event.subscription,
            event=data["event"],
            reference=data["reference"],
            begins_at=data.get("from"),
            ends_at=data.get("until"),
        )

    # -- consumers

    def _consumer_assigned(self, event: Event) -> None:
        of = {"provider": event.data["provider"], "consumer": event.consumer}
        since = event.at if self._current("assignment", **of) is None else self._end("assignment", event, **of)
        self._open(
            "assignment",
            event,
            **of,
            subscription=event.subscription,
            seat=event.data.get("seat"),
            accepted_at=None,
            accepted_by=None,
            since=since,
        )

    _consumer_moved = _consumer_assigned

    def _consumer_accepted(self, event: Event) -> None:
        row = self._current("assignment", provider=event.data["provider"], consumer=event.consumer)
        assert row is not None
        row |= {"accepted_at": event.at, "accepted_by": bytes(event.task)}

    def _consumer_released(self, event: Event) -> None:
        self._end("assignment", event, provider=event.data["provider"], consumer=event.consumer)

    _consumer_declined = _consumer_released
