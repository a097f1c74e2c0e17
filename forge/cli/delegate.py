"""`forge delegate`: lets somebody else invoke commands."""

from __future__ import annotations

from typing import Annotated

import typer

from forge.cli.granting import LIFETIME, Grant, grant, hand_out
from forge.cli.keyfiles import read_signer
from forge.cli.options import As, Json, KeyFile, Lent, NotBefore, Output, PolicyText, Proofs, Receiver

app = typer.Typer(add_completion=False)


@app.command()
def delegate(  # noqa: PLR0913 - a delegation has these parts
    *,
    key: KeyFile,
    audience: Receiver,
    subject: Annotated[
        str,
        typer.Option(
            metavar="DID|self|null",
            help="Whom it is about: a DID, `self` for whoever signs, `null` for whatever subject a chain has (a powerline).",
        ),
    ],
    command: Lent,
    as_did: As = None,
    policy: PolicyText = None,
    expires: Annotated[
        str, typer.Option(metavar="TIME|never", help="When it ends: RFC 3339, a date, Unix seconds, a duration from now.")
    ] = LIFETIME,
    not_before: NotBefore = None,
    proof: Proofs = [],  # noqa: B006 - typer never changes it
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Let somebody else invoke commands.

    Prints a container (base64 of gzip) with the new delegations and those of the proofs: all that the audience needs to act.
    """
    signer = read_signer(key, as_did)
    new, proofs = grant(signer, Grant(audience, subject, command, policy, expires, not_before, proof))
    hand_out(new, proofs, output, as_json=as_json)
