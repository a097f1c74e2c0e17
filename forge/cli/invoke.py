"""`forge invoke`: has a command executed by a service, and checks its receipt."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from forge.cli.executing import execute
from forge.cli.keyfiles import read_signer
from forge.cli.options import As, Json, KeyFile, Output, Proofs
from forge.cli.signing import EMPTY, Draft, Request

LIFETIME: Final = "5m"
"""Long enough to be sent again after a time-out."""

app = typer.Typer(add_completion=False)


@app.command()
def invoke(  # noqa: PLR0913 - an invocation has these parts
    *,
    command: Annotated[str, typer.Argument(metavar="CMD", help="Such as /customer/add.")],
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE", help="Arguments; the command knows their types.")] = [],  # noqa: B006 - typer never changes it
    key: KeyFile,
    subject: Annotated[
        str,
        typer.Option(
            envvar="FORGE_SUBJECT",
            metavar="DID|self|service",
            help="Whose resource it is about: a DID, `self` for whoever signs, `service` for the audience.",
        ),
    ],
    audience: Annotated[str, typer.Option(envvar="FORGE_AUDIENCE", metavar="DID", help="The service's DID.")],
    url: Annotated[
        str | None,
        typer.Option(envvar="FORGE_URL", metavar="URL", help="Where the service is. Without it, only -o FILE is written."),
    ] = None,
    arguments: Annotated[
        str | None, typer.Option("--args", metavar="JSON", help="Arguments as a DAG-JSON map; KEY=VALUE counts more.")
    ] = None,
    as_did: As = None,
    proof: Proofs = [],  # noqa: B006 - typer never changes it
    expires: Annotated[
        str, typer.Option(metavar="TIME|never", help="When it ends: RFC 3339, a date, Unix seconds, a duration from now.")
    ] = LIFETIME,
    nonce: Annotated[
        str | None, typer.Option(metavar=f"HEX|{EMPTY}", help="What makes the task its own; 16 random bytes without.")
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Send it whatever is wrong with it: to see what a service says.")
    ] = False,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Have a command executed by a service, and check its receipt.

    The chain of proofs is found among the given ones. With -o FILE what was signed is kept before it is sent: `forge send FILE`
    sends it again, which is always safe. It runs once.
    """
    said = Request(command, pairs, arguments, subject, audience, proof, expires, nonce, unchecked)
    execute(Draft.read(read_signer(key, as_did), said), url=url, output=output, as_json=as_json)
