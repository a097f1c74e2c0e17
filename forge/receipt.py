"""Receipts: an executor's word on what came of a task (protocol §5.2).

On the wire a receipt is an invocation: `/ucan/assert/receipt`, issued by the executor about itself, without an audience,
with the arguments `{"out": {"ok": value} | {"error": value}, "ran": task}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.did import DID
from forge.envelope import Envelope, Sealed
from forge.errors import Failure, TokenError
from forge.invocation import Invocation
from forge.keys import Signer

COMMAND: Final = CommandPath("/ucan/assert/receipt")
UNNAMED: Final = "UnknownError"
"""What peers call an error that has no name."""
MAX_MESSAGE_BYTES: Final = 8192
"""The longest text that Go peers read in an error."""


@dataclass(frozen=True, eq=False)
class Receipt(Sealed):
    """What came of the task `ran`: either `ok` or `error`, never both, and the one that counts is never null."""

    assertion: Invocation = field(repr=False)
    """The invocation that this receipt is on the wire."""
    ran: CID
    ok: Value
    """The result; None exactly when there is an error."""
    error: Value
    """The error, by convention `{name, message}`; None exactly when there is a result."""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a receipt.

        Raises:
            TokenError: `data` is none.
        """
        return cls.of(Invocation.decode(data))

    @classmethod
    def of(cls, assertion: Invocation) -> Self:
        """Read an invocation as the receipt that it is.

        Raises:
            TokenError: it is none.
        """
        if assertion.command != COMMAND:
            raise TokenError(f"cmd: a receipt's is {COMMAND}")
        if assertion.audience is not None:
            raise TokenError("aud: a receipt has none")
        out = assertion.arguments.get("out")
        ran = assertion.arguments.get("ran")
        if not isinstance(ran, CID):
            raise TokenError("args.ran: expected a link")
        if not isinstance(out, dict):
            raise TokenError("args.out: expected a map")
        ok, error = out.get("ok"), out.get("error")
        if ok is not None:
            return cls(assertion, ran, ok, None)
        if error is not None:
            return cls(assertion, ran, None, error)
        raise TokenError("args.out: neither ok nor error")

    @classmethod
    def issue(  # noqa: PLR0913 - a receipt has these parts
        cls,
        executor: Signer,
        *,
        ran: CID,
        out: Value | Failure,
        issued_at: int,
        expiration: int | None = None,
        nonce: bytes | None = None,
    ) -> Self:
        """Sign a receipt.

        Args:
            executor: who ran the task, and signs.
            ran: the task.
            out: the result, which is not null, or the failure.
            issued_at: Unix seconds.
            expiration: Unix seconds until which to keep this answer; None for good.
            nonce: 16 random bytes where None.

        Raises:
            DagCborError: the result is nothing that DAG-CBOR can say.
            TokenError: the result is null.
        """
        value = {"error": {"name": out.name, "message": _readable(out.message)}} if isinstance(out, Failure) else {"ok": out}
        return cls.of(
            Invocation.issue(
                executor,
                subject=executor.did,
                command=COMMAND,
                arguments={"out": value, "ran": ran},
                expiration=expiration,
                issued_at=issued_at,
                nonce=nonce,
            )
        )

    @property
    def envelope(self) -> Envelope:  # type: ignore[override] # Sealed only reads it
        """The assertion's."""
        return self.assertion.envelope

    @property
    def executor(self) -> DID:
        """Who says so."""
        return self.assertion.issuer

    @property
    def error_name(self) -> str | None:
        """The error's name; None when there is a result."""
        return None if self.error is None else self._error_text("name") or UNNAMED

    @property
    def error_message(self) -> str | None:
        """The error's message; None when there is a result."""
        return None if self.error is None else self._error_text("message")

    def _error_text(self, key: str) -> str:
        text = self.error.get(key) if isinstance(self.error, dict) else None
        return text if isinstance(text, str) else ""


def _readable(message: str) -> str:
    """Cut a message to what Go peers read, between characters. What is not Unicode becomes `?`: a failure is always told."""
    return message.encode(errors="replace")[:MAX_MESSAGE_BYTES].decode(errors="ignore")
