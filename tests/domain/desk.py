"""Where tasks of a sequence are handed in: to the executor itself, in the transaction that the whole sequence is in.

What stands before a task there (signatures, containers, time) is made once, since none of it is the domain's.
"""

from __future__ import annotations

from typing import Any, Final, cast

from commands import CATALOG
from forge.admission import Ready
from forge.binding import Effect, Task
from forge.cid import CID
from forge.command import CommandPath
from forge.did import DID
from forge.errors import Failure
from forge.execute import Executor
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.verify import Verified
from store import Transaction
from tests.domain.cast import SERVICE
from tests.domain.model import Ask

Outcome = dict[str, Any]
"""`{"ok": result}` or `{"error": {"name", "message"}}`."""

_SIGNER: Final = Signer(Ed25519PrivateKey(b"\x07" * 32), DID(SERVICE))
_VERIFIED: Final = Verified(
    Invocation.issue(_SIGNER, subject=_SIGNER.did, command=CommandPath("/x"), arguments={}, expiration=None, nonce=b""), ()
)
"""Who looks at the token itself is not among the commands here."""
_NOBODY: Final = cast("Any", None)
# Its store and its resolver stand before the transaction.
_EXECUTOR: Final[Executor[Transaction]] = Executor(_SIGNER, CATALOG, _NOBODY, _NOBODY, lambda: 0, deadline=1)


def name(number: int) -> str:
    """Name a task."""
    return str(CID.of(b"task %d" % number))


def is_kept(tx: Transaction, task: str) -> bool:
    """Say whether a task has run: what was refused leaves no trace."""
    return tx.recorded(CID.parse(task)) is not None


def hand_in(tx: Transaction, ask: Ask) -> Outcome:
    """Have a task done.

    Raises:
        UndeclaredFailureError: the handler has a fault.
    """
    route = CATALOG.get(CommandPath(ask.command))
    assert route is not None
    try:
        task = Task(
            cid=CID.parse(ask.task),
            command=route.command.path,
            arguments=route.command.parse(ask.arguments),
            subject=DID(ask.subject),
            issuer=DID(ask.issuer),
            executor=_SIGNER.did,
            at=ask.at,
            invocation=_VERIFIED.invocation,
        )
        if route.command.judge is not None:
            route.command.judge(task)
        ready: Ready[Transaction] = Ready(route, task, _VERIFIED, ask.at)
        if route.command.effect is Effect.READS:
            return {"ok": _EXECUTOR._look(ready, tx)}
        # As a store runs a unit.
        with tx.savepoint():
            receipt = _EXECUTOR._change(ready, tx)
    except Failure as failure:
        return {"error": {"name": failure.name, "message": failure.message}}
    return {"ok": receipt.ok} if receipt.error is None else {"error": receipt.error}
