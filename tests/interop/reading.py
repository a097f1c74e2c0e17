"""Reading what another implementation has signed: all that it says of its token must be what ours finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from forge import Delegation, Receipt, Signer, dagcbor, dagjson, envelope
from forge.attestation import AttestedSigner
from forge.cid import CID
from forge.container import Token, decode_token
from forge.document import own_methods
from forge.envelope import Envelope
from forge.errors import Failure
from forge.invocation import Invocation
from forge.method import Authority, VerificationMethod
from forge.signature import verify_signature


def kind(token: Token) -> str:
    return type(token).__name__.lower()


def sealed(token: Token) -> Invocation | Delegation:
    """Give what was signed: a receipt is an invocation."""
    return token.assertion if isinstance(token, Receipt) else token


def methods(signer: Signer) -> tuple[VerificationMethod, ...]:
    """Give how the signatures of somebody whose key is known are verified."""
    own = own_methods(signer.did, signer.key.public)
    if not isinstance(signer, AttestedSigner):
        return own
    authority = Authority(signer.authority, own_methods(signer.authority, signer.key.public))
    return (VerificationMethod(f"{signer.did}#{signer.authority}", authority),)


def again(signer: Signer, opened: Envelope) -> bytes:
    """Write what was read, and sign it again."""
    signed = dagcbor.encode_as_read({"h": signer.algorithm.header, opened.tag: opened.payload})
    return envelope.enclose(signer.sign(signed), signed)


def differences(told: dict[str, Any], signer: Signer) -> Iterator[str]:
    """Read a token: say what is not as the other side says.

    Args:
        told: `token` (hexadecimal), `kind`, `cid`, `means` (DAG-JSON), and `task` where it is no delegation.
        signer: who signed it.
    """
    data = bytes.fromhex(told["token"])
    token = decode_token(data)
    whole = sealed(token)
    if kind(token) != told["kind"]:
        yield f"a {kind(token)}"
    if str(token.cid) != told["cid"] or CID.of(data) != token.cid:
        yield f"cid {token.cid}"
    if isinstance(whole, Invocation) and str(whole.task) != told.get("task"):
        yield f"task {whole.task}"
    if json.loads(dagjson.encode(whole.envelope.payload)) != told["means"]:
        yield "another meaning"
    if again(signer, whole.envelope) != data:
        yield "other bytes when written again"
    try:
        verify_signature(whole, {signer.did: methods(signer)}, 0, what="token")
    except Failure as failure:
        yield failure.name


def read(told: dict[str, Any], signer: Signer) -> str:
    """Say what was read, as a row has it."""
    return ", ".join(differences(told, signer)) or f"{told['kind']} {told['cid']}"
