"""`forge attest`: delegates on behalf of an e-mail address, as the authority that attests for it (protocol §2.8)."""

from __future__ import annotations

from typing import Annotated

import typer

from forge.attestation import AttestedSigner
from forge.cli.exits import UsageError
from forge.cli.granting import LIFETIME, Grant, grant, hand_out
from forge.cli.keyfiles import read_signer
from forge.cli.options import As, Json, KeyFile, Lent, NotBefore, Output, PolicyText, Proofs, Receiver
from forge.cli.parties import SELF
from forge.cli.principal import ON_BEHALF, read_principal
from forge.cli.terminal import say

app = typer.Typer(add_completion=False)


@app.command()
def attest(  # noqa: PLR0913 - a delegation has these parts
    *,
    key: KeyFile,
    principal: Annotated[str, typer.Option("--for", metavar="ADDRESS|DID", help=ON_BEHALF)],
    audience: Receiver,
    command: Lent,
    as_did: As = None,
    subject: Annotated[
        str,
        typer.Option(
            metavar="DID|self|null",
            help="Whom it is about: a DID, `self` for the did:mailto, `null` for whatever subject a chain has (a powerline).",
        ),
    ] = SELF,
    policy: PolicyText = None,
    expires: Annotated[
        str,
        typer.Option(
            metavar="TIME|never",
            help="When it ends: RFC 3339, a date, Unix seconds, a duration from now."
            " With a duration each run gives another token.",
        ),
    ] = LIFETIME,
    not_before: NotBefore = None,
    proof: Proofs = [],  # noqa: B006 - typer never changes it
    nonce: Annotated[
        str, typer.Option(metavar="HEX", help="What makes the token its own. Empty without, so that the same is attested once.")
    ] = "",
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Delegate on behalf of an e-mail address, as the authority that attests for it.

    The key is the authority's, which has made sure that whoever owns the address agrees; services have to know the authority.

    With a fixed end, or none, the same command always prints the same container (base64 of gzip).
    """
    authority = read_signer(key, as_did)
    did = read_principal(principal)
    said = Grant(audience, subject, command, policy, expires, not_before, proof, _nonce(nonce))
    new, proofs = grant(AttestedSigner.of(authority, did), said)
    say(f"on behalf of {did}, attested by {authority.did}")
    hand_out(new, proofs, output, as_json=as_json)


def _nonce(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise UsageError(f"--nonce: expected hexadecimal, not {text!r}") from error
