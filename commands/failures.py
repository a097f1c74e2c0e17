"""Failures that several commands declare. A class's name is its name on the wire.

Law 4: what is not yours and what is not there look the same. So each of these has one message, made here, from nothing but what
the invoker sent.
"""

from __future__ import annotations

from forge.did import DID
from forge.errors import Failure


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
