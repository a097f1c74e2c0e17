"""What tokens say, field by field, for a script: as values of DAG-JSON. Nothing here is verified."""

from __future__ import annotations

from typing import Any, Final

from forge.cid import CID
from forge.cli.reading import Reading
from forge.container import Container, Token
from forge.delegation import Delegation
from forge.envelope import Envelope
from forge.invocation import Invocation
from forge.receipt import Receipt


def explain(reading: Reading) -> dict[str, Any]:
    """Describe what was read."""
    return {
        "kind": "token" if reading.alone else "container",
        "encoding": reading.encoding,
        "bytes": reading.size,
        "verified": False,
        "tokens": [explain_token(token, reading.container) for token in reading.tokens],
        "undecodable": list(reading.container.undecodable),
    }


def explain_token(token: Token, container: Container) -> dict[str, Any]:
    """Describe a token. Fields that are not there are left out, unless that says something."""
    if isinstance(token, Delegation):
        return {"type": "delegation", **_frame(token.envelope), **_delegation(token)}
    if isinstance(token, Receipt):
        return {"type": "receipt", **_frame(token.assertion.envelope), **_receipt(token, container)}
    return {"type": "invocation", **_frame(token.envelope), **_invocation(token, container)}


def _frame(envelope: Envelope) -> dict[str, object]:
    return {
        "cid": str(envelope.cid),
        "tag": envelope.tag,
        "algorithm": envelope.algorithm.name,
        "bytes": len(envelope.data),
    }


def _delegation(token: Delegation) -> dict[str, object]:
    return _sparse(
        {
            "issuer": token.issuer,
            "audience": token.audience,
            "subject": token.subject,
            "command": token.command,
            "policy": token.policy.encode(),
            "notBefore": token.not_before,
            "expiration": token.expiration,
            "nonce": token.nonce,
            "meta": token.meta,
        }
    )


def _invocation(token: Invocation, container: Container) -> dict[str, object]:
    return _sparse(
        {
            "task": str(token.task),
            "issuer": token.issuer,
            "audience": token.audience,
            "subject": token.subject,
            "command": token.command,
            "arguments": token.arguments,
            "proofs": _proofs(token, container),
            "issuedAt": token.issued_at,
            "expiration": token.expiration,
            "nonce": token.nonce,
            "cause": _text(token.cause),
            "meta": token.meta,
        }
    )


def _receipt(token: Receipt, container: Container) -> dict[str, object]:
    assertion = token.assertion
    tasks = {invocation.task for invocation in container.invocations}
    return _sparse(
        {
            "executor": token.executor,
            "subject": assertion.subject,
            "ran": {"task": str(token.ran), "present": token.ran in tasks},
            **({"ok": token.ok} if token.error is None else {"error": token.error}),
            "proofs": _proofs(assertion, container),
            "issuedAt": assertion.issued_at,
            "expiration": assertion.expiration,
            "nonce": assertion.nonce,
            "cause": _text(assertion.cause),
            "meta": assertion.meta,
        }
    )


def _proofs(token: Invocation, container: Container) -> list[dict[str, object]]:
    return [{"cid": str(cid), "present": cid in container.delegations} for cid in token.proofs]


def _sparse(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None or name in _TELLING}


def _text(cid: CID | None) -> str | None:
    return None if cid is None else str(cid)


_TELLING: Final = ("subject", "expiration")
"""Where null says something."""
