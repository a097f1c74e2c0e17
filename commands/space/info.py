"""`/space/info`: tells which providers a space has.

The subject is the space, which is a did:key. One that nobody provisioned has no providers: that is an answer, not a failure.
"""

from __future__ import annotations

from commands.roles import CONSUMER
from commands.standing import has_ended
from forge.binding import Arguments, Command, Effect, Result, Task
from forge.did import DID
from forge.errors import Failure
from store.transaction import Transaction


class InfoArguments(Arguments):
    """Nothing: the space is the subject."""


class InfoResult(Result):
    """The space's providers."""

    providers: list[DID]


class UnknownSpace(Failure):
    """The subject is not a did:key, so it is no space."""


info = Command(
    "/space/info",
    InfoArguments,
    InfoResult,
    effect=Effect.READS,
    subjects=(CONSUMER,),
    failures=(UnknownSpace,),
)


def handle(task: Task[InfoArguments], tx: Transaction) -> InfoResult:
    """List the space's providers."""
    if task.subject.method != "key":
        raise UnknownSpace(f'can only get info for did:key spaces, not for "{task.subject}"')
    return InfoResult(providers=[one for one in tx.providers_of(task.subject) if _runs(task, tx, one)])


def _runs(task: Task[InfoArguments], tx: Transaction, provider: DID) -> bool:
    """Say whether the space's subscription with a provider has not ended."""
    found = tx.provisioned(provider, task.subject)
    return found is not None and not has_ended(found.subscription, task.at)


route = info.route(handle)
