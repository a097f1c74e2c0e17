"""Invocations: somebody asks for something to be done, on an authority (protocol §4.3, §5.1; UCAN Invocation)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from propcache.api import cached_property

from forge import dagcbor, envelope
from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.did import DID
from forge.envelope import Envelope, Fields, Sealed
from forge.errors import TokenError
from forge.keys import Signer

_FIELDS: Final = frozenset(("iss", "sub", "aud", "cmd", "args", "prf", "nonce", "exp", "iat", "cause", "meta"))


@dataclass(frozen=True, eq=False)
class Invocation(Sealed):
    """A token by which `issuer` asks `audience` to do `command` with `arguments` on `subject`.

    It is what its bytes say and nothing more: whether the authority is there is `forge.verify`'s to find out.
    """

    envelope: Envelope = field(repr=False)
    issuer: DID
    subject: DID
    audience: DID | None
    """Who is to execute it; None is the subject."""
    command: CommandPath
    arguments: dict[str, Value] = field(repr=False)
    proofs: tuple[CID, ...]
    """The delegations of its chain, root first."""
    nonce: bytes = field(repr=False)
    expiration: int | None
    """Unix seconds; None is never."""
    issued_at: int | None
    """Unix seconds; the issuer's own word, which nothing relies on."""
    cause: CID | None
    """The receipt that led to this invocation."""
    meta: dict[str, Value] | None = field(repr=False)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read an invocation.

        Raises:
            TokenError: `data` is none. The message begins with the field.
        """
        return cls.of(envelope.decode(data))

    @classmethod
    def of(cls, opened: Envelope) -> Self:
        """Read an invocation from its envelope.

        Raises:
            TokenError: it is none. The message begins with the field.
        """
        fields = Fields(opened, "inv")
        proofs = tuple(Fields.link(f"prf[{index}]", link) for index, link in enumerate(fields.array("prf")))
        for index, proof in enumerate(proofs):
            if proof.version == 0:
                raise TokenError(f"prf[{index}]: a version 0 CID, which no token has")
        token = cls(
            envelope=opened,
            issuer=fields.did("iss"),
            subject=fields.did("sub"),
            audience=fields.did_or_none("aud"),
            command=fields.command(),
            arguments=fields.map("args"),
            proofs=proofs,
            nonce=fields.nonce(),
            expiration=fields.expiration(),
            issued_at=fields.time("iat"),
            cause=fields.link_or_none("cause"),
            meta=fields.map_or_none("meta"),
        )
        fields.finish(_FIELDS)
        return token

    @classmethod
    def issue(  # noqa: PLR0913 - an invocation has these parts
        cls,
        issuer: Signer,
        *,
        subject: DID,
        command: CommandPath,
        arguments: Mapping[str, object],
        expiration: int | None,
        audience: DID | None = None,
        proofs: Sequence[CID] = (),
        nonce: bytes | None = None,
        issued_at: int | None = None,
        cause: CID | None = None,
        meta: Mapping[str, object] | None = None,
    ) -> Self:
        """Sign an invocation.

        Args:
            issuer: who asks, and signs.
            subject: whose resource it is about.
            command: what to do.
            arguments: with what; anything that DAG-CBOR can say.
            expiration: Unix seconds, or None for never.
            audience: who is to execute it; None is the subject.
            proofs: the delegations from the subject to the issuer, root first.
            nonce: 16 random bytes where None; empty for a task that is meant to be the same each time.
            issued_at: Unix seconds.
            cause: the receipt that led to this.
            meta: anything else, which no verifier looks at.

        Raises:
            DagCborError: the arguments hold something that DAG-CBOR cannot say.
            TokenError: the parts do not make an invocation that can be read again.
        """
        payload: dict[str, object] = {
            "iss": issuer.did,
            "sub": subject,
            "cmd": command,
            "args": arguments,
            "prf": list(proofs),
            "exp": expiration,
            "nonce": envelope.fresh_nonce() if nonce is None else nonce,
        }
        optional = {"aud": audience, "iat": issued_at, "cause": cause, "meta": meta}
        payload.update({key: value for key, value in optional.items() if value is not None})
        return cls.of(envelope.seal(issuer, "inv", payload))

    @property
    def executor(self) -> DID:
        """Who is to execute it: the audience, or else the subject."""
        return self.audience or self.subject

    @cached_property
    def task(self) -> CID:
        """The name of what is asked for: command, subject, arguments and nonce, whoever asks and however (§5.1).

        The arguments go in as they were received.
        """
        said = self.envelope.payload
        return CID.of(
            dagcbor.encode_as_read({"cmd": said["cmd"], "sub": said["sub"], "args": said["args"], "nonce": said["nonce"]})
        )
