"""Failures that several commands declare. A class's name is its name on the wire.

Law 4 (docs/domain.md, Laws): what is not yours and what is not there look the same. So each of these has one message, made
here, from nothing but what the invoker sent.
"""

from __future__ import annotations

from forge.did import DID
from forge.errors import Failure
from forge.wording import show_date


class CustomerNotFound(Failure):
    """No such customer, or none that the subject may ask about."""

    def __init__(self, customer: DID) -> None:
        super().__init__(f'customer "{customer}" not found')


class SubscriptionNotFound(Failure):
    """No such subscription, or none that the subject may ask about."""

    def __init__(self, subscription: str) -> None:
        super().__init__(f'subscription "{subscription}" not found')


class ConsumerNotFound(Failure):
    """The consumer has no subscription, or none that the subject may ask about."""

    def __init__(self, consumer: DID) -> None:
        super().__init__(f'consumer "{consumer}" not found')


class ConsumerExists(Failure):
    """The consumer has a subscription with the provider, and it is not for the subject to change."""

    def __init__(self, consumer: DID) -> None:
        super().__init__(f'consumer "{consumer}" already has a subscription with this provider')


class ProviderNotAllowed(Failure):
    """The provider is not one that this service provisions."""

    def __init__(self, provider: DID, allowed: DID) -> None:
        super().__init__(f'provider "{provider}" is not allowed: expected "{allowed}"')


class AccountBlocked(Failure):
    """The customer, or who pays for it, is suspended or closed."""

    def __init__(self) -> None:
        super().__init__("the account is suspended or closed")


class AccountPlanMissing(Failure):
    """The subject is not a customer, or has no subscription that is in force."""

    def __init__(self) -> None:
        super().__init__("account does not have an active payment plan")


class InvalidExternalAccount(Failure):
    """The external account is not `prefix:rest`, or its prefix is not allowed here."""


class PlanNotFound(Failure):
    """No such plan, or none that a customer may take by itself: the service adds it."""

    def __init__(self, product: DID, *, kept: bool = False) -> None:
        # Whether there is a plan is no secret: anyone may ask `/plan/get`.
        super().__init__(
            f'plan "{product}" is not for customers to take by themselves (selfServe): the service adds it'
            if kept
            else f'plan "{product}" not found'
        )


class SubscriptionActive(Failure):
    """The customer has a live subscription to an exclusive plan, or has had its trial."""

    def __init__(self, product: DID) -> None:
        super().__init__(f'the customer already has its one subscription to "{product}"')


class SubscriptionEnded(Failure):
    """The subscription is over."""

    def __init__(self, subscription: str) -> None:
        super().__init__(f'subscription "{subscription}" has ended')


class SeatsExhausted(Failure):
    """All seats are taken, or their terms are over."""

    def __init__(self) -> None:
        super().__init__("no seat is free: each is taken, or its term is over")


class SeatLapsed(Failure):
    """It is too late to assign a seat for the first time."""

    def __init__(self, at: int) -> None:
        super().__init__(f"no new seat can be assigned any more: those that were not by {show_date(at)} have lapsed")


class PayerNotFound(Failure):
    """Nobody else pays for the customer, or the subject may not ask."""

    def __init__(self, customer: DID) -> None:
        super().__init__(f'customer "{customer}" has no payer')


class PayerCycle(Failure):
    """Who pays for others is paid for by nobody, and the other way round."""

    def __init__(self, customer: DID) -> None:
        super().__init__(
            f'customer "{customer}" cannot be paid for like that: who pays for others has no payer, nor is it its own'
        )
