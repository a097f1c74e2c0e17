"""Options that several commands have, each with one meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

KeyFile: TypeAlias = Annotated[
    Path,
    typer.Option("--key", envvar="FORGE_KEY", metavar="FILE", help="Whoever signs: a private key, PEM or its `M…` text."),
]
As: TypeAlias = Annotated[
    str | None,
    typer.Option("--as", metavar="DID", help="The DID that the key signs as, such as a did:web. Its own did:key without."),
]
Url: TypeAlias = Annotated[str, typer.Option("--url", envvar="FORGE_URL", metavar="URL", help="Where the service is.")]
Proofs: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--proof",
        metavar="P",
        help="A file or the text of a container of delegations, in any encoding. May be repeated."
        " Without any, FORGE_PROOF counts, which may hold several.",
    ),
]
Output: TypeAlias = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print DAG-JSON, and nothing else, on standard output.")]
