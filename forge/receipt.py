"""Receipts: an executor's word on what came of a task (protocol §5.2).

On the wire a receipt is an invocation: `/ucan/assert/receipt`, issued by the executor about itself, without an audience,
with the arguments `{"out": {"ok": value} | {"error": value}, "ran": task}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, Self

from propcache.api import cached_property

from forge import dagcbor, envelope
from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.did import DID
from forge.envelope import Envelope, Sealed
from forge.errors import Failure, TokenError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.varsig import Algorithm

COMMAND: Final = CommandPath("/ucan/assert/receipt")
UNNAMED: Final = "UnknownError"
"""What peers call an error that has no name."""
MAX_MESSAGE_BYTES: Final = 8192
"""The longest text that Go peers read in an error."""

_SIGNERS: Final = 64
"""Executors whose frames are kept: a process has one, a test some."""
_DEPTH: Final = 4
"""Of `out` in a token: in the envelope, what is signed, the payload and the arguments."""


class _Frame(NamedTuple):
    """What all receipts of an executor have in common, encoded, in the order of the token."""

    before_expiration: bytes
    before_issued_at: bytes
    before_out: bytes
    before_ran: bytes
    before_nonce: bytes


@dataclass(frozen=True, eq=False)
class Receipt(Sealed):
    """What came of the task `ran`: either `ok` or `error`, never both, and the one that counts is never null."""

    data: bytes = field(repr=False)
    """The token's own bytes."""
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
        receipt = cls._told(bytes(assertion), ran, out)
        receipt.__dict__["assertion"] = assertion
        return receipt

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
        value: dict[str, Value] = (
            {"ok": out} if not isinstance(out, Failure) else {"error": {"name": out.name, "message": _readable(out.message)}}
        )
        encoded = dagcbor.encode_again(value)
        # Read again, where it could be too deep to be read: what is told can be read.
        told = value if dagcbor.is_shallow(encoded, depth=_DEPTH) else dagcbor.read_map(encoded, depth=_DEPTH)[0]
        frame = _frame(executor.did, executor.algorithm)
        signed = b"".join(
            (
                frame.before_expiration,
                _time(expiration),
                frame.before_issued_at,
                _time(issued_at),
                frame.before_out,
                encoded,
                frame.before_ran,
                dagcbor.link(ran),
                frame.before_nonce,
                dagcbor.byte_string(envelope.fresh_nonce() if nonce is None else nonce),
            )
        )
        return cls._told(envelope.enclose(executor.sign(signed), signed), ran, told)

    @classmethod
    def _told(cls, data: bytes, ran: CID, out: dict[str, Value]) -> Self:
        ok, error = out.get("ok"), out.get("error")
        if ok is None and error is None:
            raise TokenError("args.out: neither ok nor error")
        return cls(data, ran, ok, None if ok is not None else error)

    def __bytes__(self) -> bytes:
        return self.data

    @cached_property
    def cid(self) -> CID:
        """The receipt's own name: each has another one, for each has a nonce."""
        return CID.of(self.data)

    @cached_property
    def assertion(self) -> Invocation:
        """The invocation that this receipt is on the wire."""
        return Invocation.decode(self.data)

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


@lru_cache(_SIGNERS)
def _frame(executor: DID, algorithm: Algorithm) -> _Frame:
    """Encode what is the same in all receipts of an executor."""
    return _Frame(
        before_expiration=envelope.opening(algorithm, "inv") + dagcbor.map_head(8) + dagcbor.join("cmd", COMMAND, "exp"),
        before_issued_at=dagcbor.encode("iat"),
        before_out=dagcbor.join("iss", executor, "prf", [], "sub", executor, "args")
        + dagcbor.map_head(2)
        + dagcbor.encode("out"),
        before_ran=dagcbor.encode("ran"),
        before_nonce=dagcbor.encode("nonce"),
    )


# A service that is busy issues many in a second.
_time: Final = lru_cache(_SIGNERS)(dagcbor.encode)


def _readable(message: str) -> str:
    """Cut a message to what Go peers read, between characters. What is not Unicode becomes `?`: a failure is always told."""
    return message.encode(errors="replace")[:MAX_MESSAGE_BYTES].decode(errors="ignore")
