"""`forge key`: makes keys, and tells whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forge.cli.files import write_private
from forge.cli.keyfiles import DEFAULT_KIND, KINDS, generate, kind_of, read_key
from forge.cli.options import Json
from forge.cli.terminal import emit, emit_json, say

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Make keys, and tell whose they are.")


@app.command()
def new(
    *,
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help=f"One of: {', '.join(KINDS)}.")] = DEFAULT_KIND,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the key there, for its owner only; never over a file."),
    ] = None,
) -> None:
    """Make a key: PKCS #8 PEM, on standard output or in a file. Its DID goes to standard error."""
    key = generate(kind)
    if output is None:
        emit(key.pem().decode().rstrip("\n"))
    else:
        write_private(output, key.pem())
    say(key.did)


@app.command()
def show(
    *,
    file: Annotated[Path, typer.Argument(envvar="FORGE_KEY", metavar="FILE", help="A private key, PEM or its `M…` text.")],
    as_json: Json = False,
) -> None:
    """Tell the DID of a key."""
    key = read_key(file)
    if as_json:
        emit_json({"did": key.did, "type": kind_of(key), "publicKeyMultibase": key.public.text})
    else:
        emit(key.did)
