"""`/ucan/revoke`: revokes a delegation, for good and at once.

For whoever issued the delegation, or one on the path to it, which `path` lists from the root on. It is about whoever invokes
it, and needs nobody's leave: it takes no proofs. The delegations come in the same container. Revoking the same again changes
nothing. What is refused leaves no trace, so that what lacked a delegation may be sent again with it, as the same task: its
nonce is best empty. Nothing of a customer's changes, so there is no event: `GET /revocations/{since}` tells what is recorded.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from forge.binding import ISSUER, Arguments, Command, Effect, Evidence, Nothing, Task
from forge.cid import CID
from forge.delegation import Delegation
from forge.ports import Revocation
from forge.revocation import FAILURES, MAX_PATH, REVOKE, DelegationNotFound, witness
from store.transaction import Transaction


class RevokeArguments(Arguments):
    """Which delegation, and how the revoker has a say in it."""

    path: Annotated[list[CID], Field(max_length=MAX_PATH)]
    """The delegations from a root to the revoked one; empty where the revoker issued that."""
    revoke: CID


def judge(task: Task[RevokeArguments]) -> tuple[Delegation, ...]:
    """Give the path by which the issuer may revoke it, root first."""
    return witness(task.invocation, task.arguments.revoke, task.arguments.path, task.evidence)


revoke = Command(
    REVOKE,
    RevokeArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(ISSUER,),
    failures=FAILURES,
    # The revoked one first: so many are looked at, and of a path that is as long as may be it is the last one too.
    evidence=Evidence(lambda arguments: (arguments.revoke, *arguments.path), DelegationNotFound),
    judge=judge,
)


def handle(task: Task[RevokeArguments], tx: Transaction) -> Nothing:
    """Record the revocation."""
    tx.revoke(
        Revocation(
            delegation=task.arguments.revoke,
            revoker=task.issuer,
            cause=task.invocation.cid,
            invocation=bytes(task.invocation),
            path=tuple(bytes(one) for one in judge(task)),
        ),
        at=task.signed_at,
    )
    return Nothing()


route = revoke.route(handle)
