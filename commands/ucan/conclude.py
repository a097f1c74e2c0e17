"""`/ucan/conclude`: delivers a receipt of a task that somebody else ran.

For anyone. The receipt comes in the same container; it is verified as its executor's own word and kept as that: a statement,
which never stands where this service's receipts stand, whatever task it is about. The same receipt again changes nothing; a
receipt of this service itself is no news, and is not kept. Nothing of a customer's changes, so there is no event.
"""

from __future__ import annotations

from typing import Final

from commands.roles import ANYONE
from forge.binding import Arguments, Command, Effect, Evidence, Nothing, Task
from forge.cid import CID
from forge.errors import Failure
from forge.receipt import Receipt
from store.records import Statement
from store.transaction import Transaction

MAX_RECORD: Final = 64 * 1024
"""Bytes of a receipt and of the invocation that delivers it: both are kept, and anyone may deliver one."""


class ConcludeArguments(Arguments):
    """Which receipt."""

    receipt: CID
    """The receipt's own CID."""


class ConclusionReceiptNotFound(Failure):
    """The receipt did not come along."""

    def __init__(self, receipt: CID) -> None:
        super().__init__(f'args.receipt: receipt "{receipt}" not found in container; send it along with the invocation')


class ReceiptTooLarge(Failure):
    """The receipt and its delivery are larger than what is kept."""

    def __init__(self, size: int) -> None:
        super().__init__(f"args.receipt: at most {MAX_RECORD} bytes are kept of receipt and invocation, these have {size}")


def judge(task: Task[ConcludeArguments]) -> Receipt:
    """Give the receipt, if it is one that is kept."""
    receipt = task.evidence[task.arguments.receipt]
    if not isinstance(receipt, Receipt):
        raise ConclusionReceiptNotFound(task.arguments.receipt)
    size = len(bytes(task.invocation)) + len(bytes(receipt))
    if size > MAX_RECORD:
        raise ReceiptTooLarge(size)
    return receipt


conclude = Command(
    "/ucan/conclude",
    ConcludeArguments,
    Nothing,
    effect=Effect.CHANGES,
    subjects=(ANYONE,),
    failures=(ConclusionReceiptNotFound, ReceiptTooLarge),
    evidence=Evidence(lambda arguments: (arguments.receipt,), ConclusionReceiptNotFound),
    judge=judge,
)


def handle(task: Task[ConcludeArguments], tx: Transaction) -> Nothing:
    """Keep the receipt."""
    receipt = judge(task)
    if receipt.executor != task.executor:
        tx.keep(
            Statement(
                receipt=receipt.cid,
                task=receipt.ran,
                executor=receipt.executor,
                failed=receipt.error is not None,
                data=bytes(receipt),
                cause=task.cid,
                at=task.signed_at,
            )
        )
    return Nothing()


route = conclude.route(handle)
