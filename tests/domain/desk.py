"""Where tasks of a sequence are handed in: what `forge.execute` does in a transaction, without signatures and HTTP.

    arguments → the command's own judgement → subject → ran before? → handler, undone where it fails → ledger
"""

from __future__ import annotations

from typing import Any

from commands import CATALOG
from forge import dagcbor
from forge.binding import Effect, Task, to_wire
from forge.cid import CID
from forge.command import CommandPath
from forge.did import DID
from forge.errors import Failure
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.ports import LedgerEntry
from store import Transaction
from tests.domain.model import Ask

Outcome = dict[str, Any]
"""`{"ok": result}` or `{"error": {"name", "message"}}`."""

_SIGNER = Signer(Ed25519PrivateKey(b"\x07" * 32))
_INVOCATION = Invocation.issue(
    _SIGNER, subject=_SIGNER.did, command=CommandPath("/x"), arguments={}, expiration=None, nonce=b""
)
"""Who looks at the token itself is not among the commands here."""


def name(number: int) -> str:
    """Name a task."""
    return str(CID.of(b"task %d" % number))


def hand_in(tx: Transaction, ask: Ask, service: str) -> Outcome:
    """Have a task done."""
    route = CATALOG.get(CommandPath(ask.command))
    assert route is not None
    try:
        task = Task(
            cid=CID.parse(ask.task),
            command=route.command.path,
            arguments=route.command.parse(ask.arguments),
            subject=DID(ask.subject),
            issuer=DID(ask.issuer),
            executor=DID(service),
            at=ask.at,
            invocation=_INVOCATION,
        )
        if route.command.judge is not None:
            route.command.judge(task)
        route.check_subject(task, tx)
    except Failure as failure:
        return _error(failure)
    if route.command.effect is Effect.CHANGES and (known := tx.recorded(task.cid)) is not None:
        return _read(known)
    outcome: Outcome
    try:
        with tx.savepoint():
            outcome = {"ok": to_wire(route.handle(task, tx))}
    except Failure as failure:
        # Any other is a fault of the handler.
        assert isinstance(failure, route.command.failures), f"{ask.command} does not declare {failure.name}"
        outcome = _error(failure)
    if route.command.effect is Effect.CHANGES:
        tx.record(
            LedgerEntry(task.cid, task.command, task.issuer, task.subject, b"", (), dagcbor.encode(outcome), task.at)
        )
    return outcome


def _error(failure: Failure) -> Outcome:
    return {"error": {"name": failure.name, "message": failure.message}}


def _read(receipt: bytes) -> Outcome:
    outcome = dagcbor.decode(receipt)
    assert isinstance(outcome, dict)
    return outcome
