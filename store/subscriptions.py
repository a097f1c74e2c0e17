"""Subscriptions: the part of a transaction that knows plans, and what was bought or granted until when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from forge.cid import CID
from forge.did import DID
from store.cells import to_did, to_did_at
from store.records import Payment, PaymentEvent, Plan, Subscription, Terms
from store.sql import subscriptions as sql
from store.statement import Execute

_LAST: Final = 2**63 - 1


class Subscriptions:
    """The part of a transaction that plans and subscriptions are."""

    __slots__ = ()
    _execute: Execute

    # -- plans ---------------------------------------------------------------------------------------------------------

    def plan(self, product: DID) -> Plan | None:
        """Look a plan up."""
        row = self._execute(sql.PLAN, (str(product),)).fetchone()
        return None if row is None else _plan(row)

    def plans(self, after: str, limit: int) -> tuple[Plan, ...]:
        """List plans by their products, those after `after`, at most `limit`."""
        return tuple(map(_plan, self._execute(sql.PLANS, (after, limit)).fetchall()))

    def add_plan(self, plan: Plan) -> None:
        """Add a plan.

        Raises:
            AlreadyExists: its product is in the catalogue.
        """
        terms = plan.terms
        self._execute(
            sql.ADD_PLAN,
            (
                str(plan.product),
                plan.name,
                plan.kind,
                terms.period,
                int(terms.exclusive),
                terms.clock,
                terms.assign_within,
                terms.grace,
                int(terms.consent),
                plan.seats,
                int(plan.self_serve),
                plan.inserted_at,
                bytes(plan.task),
            ),
        )

    def retire(self, product: DID, *, at: int, task: CID) -> bool:
        """Let nobody subscribe to a plan any more, for good. False: so it was."""
        return self._execute(sql.RETIRE, (str(product), at, bytes(task))).fetchone() is not None

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def subscription(self, provider: DID, subscription: str) -> Subscription | None:
        """Look a subscription up by its id."""
        row = self._execute(sql.SUBSCRIPTION, (str(provider), subscription)).fetchone()
        return None if row is None else to_subscription(row)

    def subscriptions(self, after: int = 0, limit: int = _LAST, *, customer: DID | None = None) -> tuple[Subscription, ...]:
        """List subscriptions in the order in which their holders got them, those after number `after`, at most `limit`.

        Those of a `customer`, where one is given.
        """
        if customer is None:
            rows = self._execute(sql.SUBSCRIPTIONS, (after, limit))
        else:
            rows = self._execute(sql.SUBSCRIPTIONS_OF, (str(customer), after, limit))
        return tuple(map(to_subscription, rows.fetchall()))

    def subscriptions_to(
        self, plan: DID, customer: DID, provider: DID, *, after: tuple[int, int] = (-1, 0), limit: int
    ) -> tuple[Subscription, ...]:
        """List a customer's subscriptions to a plan, oldest first, those after a start and a number, at most `limit`."""
        values = (str(customer), str(provider), str(plan), *after, limit)
        return tuple(map(to_subscription, self._execute(sql.SUBSCRIPTIONS_TO, values).fetchall()))

    def latest_to(self, plan: DID, customer: DID, provider: DID, *, limit: int) -> tuple[Subscription, ...]:
        """List a customer's subscriptions to a plan, latest first, at most `limit`."""
        values = (str(customer), str(provider), str(plan), limit)
        return tuple(map(to_subscription, self._execute(sql.LATEST_TO, values).fetchall()))

    def holder(self, provider: DID, subscription: str) -> DID | None:
        """Say whose a subscription is, without reading what is known about it."""
        row = self._execute(sql.HOLDER, (str(provider), subscription)).fetchone()
        return None if row is None else to_did(row[0])

    def holder_at(self, provider: DID, subscription: str, at: int) -> DID | None:
        """Say whose a subscription was at a time."""
        values = (str(provider), subscription, at)
        return to_did_at(self._execute(sql.HOLDER_AT, (*values, *values)).fetchall(), at)

    def is_taken(self, provider: DID, subscription: str) -> bool:
        """Say whether the provider has a subscription of that id."""
        return self._execute(sql.IS_TAKEN, (str(provider), subscription)).fetchone() is not None

    def count_subscriptions(self, customer: DID) -> int:
        """Count the subscriptions that a customer holds, with every provider, those that have ended too."""
        return int(self._execute(sql.COUNT, (str(customer),)).fetchone()[0])

    def add_subscription(self, subscription: Subscription) -> None:
        """Add a subscription of a customer that is there.

        Raises:
            AlreadyExists: the provider has one of that id.
        """
        key = (str(subscription.provider), subscription.id)
        task = bytes(subscription.task)
        product = str(subscription.product)
        self._execute(
            sql.ADD_SUBSCRIPTION,
            (
                *key,
                product,
                product if subscription.planned else None,
                subscription.kind,
                subscription.seats,
                subscription.starts_at,
                subscription.inserted_at,
                task,
            ),
        )
        planned = (product, subscription.starts_at) if subscription.planned else (None, None)
        self._execute(sql.HOLD, (*key, str(subscription.customer), *planned, subscription.inserted_at, task))

    def transfer(self, provider: DID, subscription: str, customer: DID, *, at: int, task: CID) -> DID:
        """End who holds a subscription, and let `customer` hold it from then on; give who held it.

        Raises:
            LookupError: nobody holds such a one.
        """
        key = (str(provider), subscription)
        row = self._execute(sql.END_HOLDING, (at, at, bytes(task), *key)).fetchone()
        if row is None:
            raise LookupError(f"{provider} has no subscription {subscription!r}")
        giver, plan, starts_at, until = row
        self._execute(sql.HOLD, (*key, str(customer), plan, starts_at, until, bytes(task)))
        return to_did(giver)

    # -- what only one kind has ----------------------------------------------------------------------------------------

    def grant(self, provider: DID, subscription: str, *, by: DID, reason: str | None) -> None:
        """Say who granted a complimentary subscription, and why.

        Raises:
            AlreadyExists: it was said.
        """
        self._execute(sql.GRANT, (str(provider), subscription, str(by), reason))

    def granted(self, provider: DID, subscription: str) -> tuple[DID, str | None] | None:
        """Say who granted a complimentary subscription, and why."""
        row = self._execute(sql.GRANTED, (str(provider), subscription)).fetchone()
        return None if row is None else (to_did(row[0]), row[1])

    def try_out(self, provider: DID, subscription: str, *, customer: DID, product: DID) -> None:
        """Say whose trial a subscription is.

        Raises:
            AlreadyExists: the customer has had its one of this product.
        """
        self._execute(sql.TRY_OUT, (str(provider), subscription, str(customer), str(product)))

    def tried_out(self, provider: DID, customer: DID, product: DID) -> bool:
        """Say whether a customer was given a trial of a product, as a guest too, or holds or held one."""
        given = (str(provider), str(customer), str(product))
        others = (str(customer), str(provider), str(product))
        return self._execute(sql.TRIED_OUT, (*given, *others, *others, *others)).fetchone() is not None

    def set_term(self, provider: DID, subscription: str, ends_at: int | None, *, at: int, task: CID) -> None:
        """Say when a complimentary subscription or a trial ends; None: never. What was said last counts."""
        self._execute(sql.ADD_TERM, (str(provider), subscription, ends_at, at, bytes(task)))

    def term_at(self, provider: DID, subscription: str, at: int) -> int | None:
        """Say what was said about the end of a subscription at a time."""
        row = self._execute(sql.TERM_AT, (str(provider), subscription, at)).fetchone()
        return None if row is None else row[0]

    def cancel(self, provider: DID, subscription: str, effect: Literal["now", "end"], *, at: int, task: CID) -> None:
        """Cancel a subscription.

        Raises:
            AlreadyExists: it was cancelled like that before.
        """
        self._execute(sql.CANCEL, (str(provider), subscription, effect, at, bytes(task)))

    def payment(
        self, provider: DID, subscription: str, event: PaymentEvent, reference: str
    ) -> tuple[int | None, int | None] | None:
        """Look up which period a payment event was about: its begin and its end."""
        row = self._execute(sql.PAYMENT, (str(provider), subscription, event, reference)).fetchone()
        return None if row is None else (row[0], row[1])

    def add_payment(self, payment: Payment) -> None:
        """Add what a billing system said.

        Raises:
            AlreadyExists: it has said so.
        """
        self._execute(
            sql.ADD_PAYMENT,
            (
                str(payment.provider),
                payment.subscription,
                payment.event,
                payment.reference,
                payment.begins_at,
                payment.ends_at,
                payment.at,
                bytes(payment.task),
            ),
        )


def to_subscription(row: Sequence[Any]) -> Subscription:
    """Read the columns of `sql.STANDING`."""
    provider, id_, product, plan, kind, seats, starts_at, inserted_at, task, customer, since, seq, *rest = row
    period, exclusive, clock, assign_within, grace, consent, *facts = rest
    granted_until, cancelled_at, cancelled_at_end, paid_until, ever_paid, failed_until, blocked = facts
    terms = (
        _NONE
        if plan is None
        else Terms(
            period=period,
            exclusive=bool(exclusive),
            clock=clock,
            assign_within=assign_within,
            grace=grace,
            consent=bool(consent),
        )
    )
    return Subscription(
        provider=to_did(provider),
        id=id_,
        customer=to_did(customer),
        product=to_did(product),
        starts_at=starts_at,
        inserted_at=inserted_at,
        task=CID(task),
        kind=kind,
        planned=plan is not None,
        seats=seats,
        terms=terms,
        held_since=since,
        seq=seq,
        granted_until=granted_until,
        cancelled_at=cancelled_at,
        cancelled_at_end=cancelled_at_end,
        paid_until=paid_until,
        ever_paid=bool(ever_paid),
        failed_until=failed_until,
        blocked=bool(blocked),
    )


_NONE: Final = Terms()


def _plan(row: Sequence[Any]) -> Plan:
    product, name, kind, period, exclusive, clock, assign_within, grace, consent, *rest = row
    seats, self_serve, inserted_at, task, retired_at = rest
    return Plan(
        product=to_did(product),
        name=name,
        kind=kind,
        inserted_at=inserted_at,
        task=CID(task),
        terms=Terms(
            period=period,
            exclusive=bool(exclusive),
            clock=clock,
            assign_within=assign_within,
            grace=grace,
            consent=bool(consent),
        ),
        seats=seats,
        self_serve=bool(self_serve),
        retired_at=retired_at,
    )
