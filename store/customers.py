"""Customers: the part of a transaction that knows who pays.

A guest that was linked to another customer is still named by its old DID; every look-up here means the customer that it became.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from forge.cid import CID
from forge.did import DID
from store.cells import to_did, to_did_at, to_dids, to_json
from store.records import Customer, Leaf, Profile
from store.sql import customers as sql
from store.statement import Execute

_LAST: Final = 2**63 - 1


class Customers:
    """The part of a transaction that customers are."""

    __slots__ = ()
    _execute: Execute

    def customer(self, did: DID) -> Customer | None:
        """Look a customer up, by its DID or by one that it had as a guest."""
        row = self._execute(sql.CUSTOMER, (str(did), str(did))).fetchone()
        return None if row is None else _customer(row)

    def meant(self, did: DID) -> DID | None:
        """Say which customer a DID means, without reading what is known about it. None: it is nobody's."""
        row = self._execute(sql.MEANT, (str(did), str(did))).fetchone()
        return None if row is None else to_did(row[0])

    def linked(self, guest: DID) -> DID | None:
        """Say which customer a guest became. None: it was not linked."""
        row = self._execute(sql.LINKED, (str(guest),)).fetchone()
        return None if row is None else to_did(row[0])

    def guests(self, customer: DID) -> tuple[DID, ...]:
        """List the DIDs that a customer had as a guest."""
        return to_dids(self._execute(sql.GUESTS, (str(customer),)))

    def customers(
        self, after: str, limit: int, *, external_account: str | None = None, payer: DID | None = None
    ) -> tuple[Customer, ...]:
        """List customers by their DIDs, those after `after`, at most `limit`; guests that were linked are not among them."""
        place = (after, limit)
        if external_account is not None:
            rows = self._execute(sql.CUSTOMERS_OF_ACCOUNT, (external_account, *place))
        elif payer is not None:
            rows = self._execute(sql.CUSTOMERS_OF_PAYER, (str(payer), *place))
        else:
            rows = self._execute(sql.CUSTOMERS, place)
        return tuple(map(_customer, rows.fetchall()))

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
                to_json(customer.details),
                customer.external_account,
                customer.updated_at,
            ),
        )

    def update_customer(self, customer: Customer, *, at: int, task: CID) -> None:
        """Write a customer's product, details and external account over; what they were stays, as a profile."""
        did = str(customer.did)
        self._execute(sql.KEEP_PROFILE, (at, at, bytes(task), did))
        details = to_json(customer.details)
        self._execute(
            sql.UPDATE_CUSTOMER, (str(customer.product), details, customer.external_account, bytes(task), at, at, did)
        )

    def profiles(self, customer: DID) -> tuple[Profile, ...]:
        """List what a customer was before, oldest first."""
        return tuple(
            Profile(
                customer=to_did(did),
                external_account=account,
                product=to_did(product),
                details=json.loads(details),
                since=since,
                task=CID(task),
                until=until,
                ended_by=CID(ended_by),
            )
            for did, account, product, details, since, task, until, ended_by in self._execute(
                sql.PROFILES, (str(customer),)
            ).fetchall()
        )

    # -- suspended, closed, linked ------------------------------------------------------------------------------------

    def suspend(self, customer: DID, *, reason: str | None, at: int, task: CID) -> None:
        """Suspend a customer.

        Raises:
            AlreadyExists: it is suspended.
        """
        self._execute(sql.SUSPEND, (str(customer), reason, at, bytes(task)))

    def resume(self, customer: DID, *, at: int, task: CID) -> bool:
        """End a customer's suspension. False: there was none."""
        return self._execute(sql.RESUME, (at, at, bytes(task), str(customer))).fetchone() is not None

    def was_blocked(self, customer: DID, at: int) -> bool:
        """Say whether a customer was suspended or closed at a time."""
        values = (str(customer), at, str(customer), at, at)
        # Both are asked for in any case: how many statements run must not tell what there is.
        suspended = self._execute(sql.WAS_SUSPENDED, values).fetchone()
        closed = self._execute(sql.CLOSED, (str(customer),)).fetchone()
        return suspended is not None or (closed is not None and closed[0] <= at)

    def close(self, customer: DID, *, at: int, task: CID) -> bool:
        """Close a customer, for good. False: it was closed."""
        return self._execute(sql.CLOSE, (str(customer), at, bytes(task))).fetchone() is not None

    def link(self, guest: DID, customer: DID, *, at: int, task: CID) -> None:
        """Let a guest's DID mean another customer, for good.

        Raises:
            AlreadyExists: it does so already.
        """
        self._execute(sql.LINK, (str(guest), str(customer), at, bytes(task)))

    # -- payers --------------------------------------------------------------------------------------------------------

    def add_payer(self, customer: DID, payer: DID, *, at: int, task: CID) -> None:
        """Have a customer paid for by another.

        Raises:
            AlreadyExists: one pays for it.
        """
        self._execute(sql.ADD_PAYER, (str(customer), str(payer), at, bytes(task)))

    def end_payer(self, customer: DID, *, at: int, task: CID) -> tuple[DID, int] | None:
        """End that a customer is paid for; give who paid, and until when. None: nobody did."""
        row = self._execute(sql.END_PAYER, (at, at, bytes(task), str(customer))).fetchone()
        return None if row is None else (to_did(row[0]), row[1])

    def payer(self, customer: DID) -> DID | None:
        """Say who pays for a customer, where that is another."""
        row = self._execute(sql.PAYER, (str(customer),)).fetchone()
        return None if row is None else to_did(row[0])

    def payer_at(self, customer: DID, at: int) -> DID | None:
        """Say who paid for a customer at a time, where that was another."""
        values = (str(customer), at)
        rows = self._execute(sql.PAYER_AT, (*values, *values)).fetchall()
        return to_did_at(rows, at)

    def pays(self, payer: DID) -> bool:
        """Say whether a customer pays for others."""
        return self._execute(sql.PAYS, (str(payer),)).fetchone() is not None

    def leaves(self, payer: DID, after: int = 0, limit: int = _LAST) -> tuple[Leaf, ...]:
        """List those that a customer pays for, in the order in which they came, with their counts."""
        return tuple(
            Leaf(customer=to_did(did), since=since, seq=seq, subscriptions=subscriptions, consumers=consumers)
            for did, since, seq, subscriptions, consumers in self._execute(sql.LEAVES, (str(payer), after, limit)).fetchall()
        )


def _customer(row: Sequence[Any]) -> Customer:
    did, product, task, inserted_at, details, account, updated_at, suspended, closed_at, payer, payer_account, blocked = row
    return Customer(
        did=to_did(did),
        product=to_did(product),
        task=CID(task),
        inserted_at=inserted_at,
        details=json.loads(details),
        external_account=account,
        updated_at=updated_at,
        suspended=bool(suspended),
        closed_at=closed_at,
        payer=None if payer is None else to_did(payer),
        payer_account=payer_account,
        payer_blocked=bool(blocked),
    )
