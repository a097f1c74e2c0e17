"""`/space/info`: tells which providers a space has.

The subject is the space, which is a did:key. One that nobody provisioned has no providers: that is an answer, not a failure.
"""

from __future__ import annotations

from commands.roles import CONSUMER
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
    return InfoResult(providers=list(tx.providers_of(task.subject)))


route = info.route(handle)
