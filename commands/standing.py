"""How subscriptions and consumers stand: what follows from their rows and the time (docs/domain.md, Subscriptions).

Pure functions. Nothing of this is stored, so no job has to change it when its time has come.
"""

from __future__ import annotations

from typing import Final, Literal

from commands.period import Period
from commands.values import MAX_TIME
from store.records import Assignment, Provision, Subscription

State = Literal["pending", "active", "past_due", "expired", "cancelled", "suspended"]
"""How a subscription stands. Pending: it has not begun, or nothing was paid yet. Past due: a payment failed, within grace."""

_ENDED: Final = ("expired", "cancelled")
_IN_FORCE: Final = ("active", "past_due")


def ends_at(subscription: Subscription) -> int | None:
    """Say when a subscription ends, as far as is known. None: never, or nothing was paid yet."""
    end = _earned(subscription, graceful=subscription.cancelled_at_end is None)
    if subscription.cancelled_at_end is not None:
        end = subscription.cancelled_at_end if end is None else max(end, subscription.cancelled_at_end)
    if subscription.cancelled_at is not None:
        end = subscription.cancelled_at if end is None else min(end, subscription.cancelled_at)
    return end


def ends_if_cancelled(subscription: Subscription, at: int) -> int | None:
    """Say when a subscription would end that is cancelled `at` its end. None: it has no end to wait for."""
    end = _earned(subscription, graceful=False)
    return None if end is None else max(end, at)


def state_of(subscription: Subscription, at: int) -> State:
    """Say how a subscription stands at a time."""
    if subscription.cancelled_at is not None:
        return "cancelled"
    end = ends_at(subscription)
    if end is not None and end <= at:
        return "expired" if subscription.cancelled_at_end is None else "cancelled"
    if subscription.blocked:
        return "suspended"
    if at < subscription.starts_at:
        return "pending"
    if subscription.kind == "paid":
        return _paid(subscription, at)
    return "active"


def has_ended(subscription: Subscription, at: int) -> bool:
    """Say whether a subscription is over. What is not is live: it may be pending or suspended."""
    return state_of(subscription, at) in _ENDED


def in_force(subscription: Subscription, at: int) -> bool:
    """Say whether consumers can be entitled by a subscription."""
    return state_of(subscription, at) in _IN_FORCE


def seat_ends_at(subscription: Subscription, since: int | None) -> int | None:
    """Say when the term of a seat ends that was first assigned at `since`. None: it is the subscription's."""
    terms = subscription.terms
    if terms.clock != "assignment" or terms.period is None or since is None:
        return None
    return Period(terms.period).after(since)


def lapses_at(subscription: Subscription) -> int | None:
    """Say from when on no seat can be assigned for the first time. None: there is no such time."""
    within = subscription.terms.assign_within
    return None if within is None else Period(within).after(subscription.starts_at)


def consumer_ends_at(provision: Provision) -> int | None:
    """Say when a consumer's time in its subscription ends: with its seat's term, or the subscription."""
    ends = (ends_at(provision.subscription), seat_ends_at(provision.subscription, provision.assignment.seated_since))
    return min((end for end in ends if end is not None), default=None)


def is_entitled(provision: Provision, at: int) -> bool:
    """Say whether a consumer may use what its subscription is for, at a time within its assignment."""
    return (
        in_force(provision.subscription, at)
        and has_consented(provision.assignment, provision.subscription)
        and at < (seat_ends_at(provision.subscription, provision.assignment.seated_since) or MAX_TIME + 1)
    )


def has_consented(assignment: Assignment, subscription: Subscription) -> bool:
    """Say whether a consumer has accepted, where the plan wants that."""
    return assignment.accepted_at is not None or not subscription.terms.consent


def _earned(subscription: Subscription, *, graceful: bool) -> int | None:
    """Say when it would end if nobody cancelled it."""
    if subscription.kind != "paid":
        return subscription.granted_until
    if subscription.paid_until is None:
        # All was paid back: as if it had ended when it began.
        return subscription.starts_at if subscription.ever_paid else None
    grace = subscription.terms.grace
    return Period(grace).after(subscription.paid_until) if grace is not None and graceful else subscription.paid_until


def _paid(subscription: Subscription, at: int) -> State:
    if subscription.paid_until is None:
        return "pending"
    failed = subscription.failed_until is not None and subscription.failed_until > subscription.paid_until
    return "past_due" if failed and at >= subscription.paid_until else "active"
