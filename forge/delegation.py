"""Delegations: one party lets another do something (protocol §4.2; UCAN Delegation)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from forge import envelope
from forge.allowance import Allowance
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.did import DID
from forge.envelope import Envelope, Fields, Sealed
from forge.errors import DecodeError, TokenError
from forge.keys import Signer
from forge.policy import Policy

_FIELDS: Final = frozenset(("iss", "aud", "sub", "cmd", "pol", "exp", "nbf", "nonce", "meta"))


@dataclass(frozen=True, eq=False)
class Delegation(Sealed):
    """A token by which `issuer` lets `audience` invoke `command` on `subject`, within `policy` and the two times.

    It is what its bytes say and nothing more: whether the signature holds is `forge.verify`'s to find out.
    """

    envelope: Envelope = field(repr=False)
    issuer: DID
    audience: DID
    subject: DID | None
    """Whom it is about; None (a powerline) stands for whatever subject the chain is about."""
    command: CommandPath
    policy: Policy
    expiration: int | None
    """Unix seconds; None is never."""
    not_before: int | None
    """Unix seconds; None, and 0 on the wire, is always."""
    nonce: bytes = field(repr=False)
    meta: dict[str, Value] | None = field(repr=False)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a delegation.

        Raises:
            TokenError: `data` is none. The message begins with the field.
        """
        return cls.of(envelope.decode(data))

    @classmethod
    def of(cls, opened: Envelope, allowance: Allowance | None = None) -> Self:
        """Read a delegation from its envelope. `allowance` is what may be read of it and of what came with it.

        Raises:
            TokenError: it is none. The message begins with the field.
        """
        fields = Fields(opened, "dlg")
        statements = fields.array("pol")
        try:
            if allowance is not None:
                # Reading a policy's statements costs as much a byte as reading items does.
                allowance.take(len(opened.raw("pol")))
            policy = Policy.decode(statements)
        except DecodeError as error:
            raise TokenError(f"pol: {error}") from error
        token = cls(
            envelope=opened,
            issuer=fields.did("iss"),
            audience=fields.did("aud"),
            subject=fields.did_or_none("sub"),
            command=fields.command(),
            policy=policy,
            expiration=fields.expiration(),
            not_before=fields.time("nbf"),
            nonce=fields.nonce(),
            meta=fields.map_or_none("meta"),
        )
        fields.finish(_FIELDS)
        return token

    @classmethod
    def issue(  # noqa: PLR0913 - a delegation has these parts
        cls,
        issuer: Signer,
        *,
        audience: DID,
        subject: DID | None,
        command: CommandPath,
        expiration: int | None,
        policy: Policy = Policy.ANY,
        not_before: int | None = None,
        nonce: bytes | None = None,
        meta: dict[str, Value] | None = None,
    ) -> Self:
        """Sign a delegation.

        Args:
            issuer: who delegates, and signs.
            audience: who receives the authority.
            subject: whom it is about; None makes a powerline.
            command: what may be invoked, with all that is below it.
            expiration: Unix seconds, or None for never. There is no default: an authority's end is a decision.
            policy: what the arguments must satisfy.
            not_before: Unix seconds.
            nonce: 16 random bytes where None.
            meta: anything else, which no verifier looks at.

        Raises:
            TokenError: the parts do not make a delegation that can be read again.
        """
        payload: dict[str, object] = {
            "iss": issuer.did,
            "aud": audience,
            "sub": subject,
            "cmd": command,
            "pol": policy.encode(),
            "exp": expiration,
            "nonce": envelope.fresh_nonce() if nonce is None else nonce,
        }
        if not_before is not None:
            payload["nbf"] = not_before
        if meta is not None:
            payload["meta"] = meta
        return cls.of(envelope.seal(issuer, "dlg", payload))
