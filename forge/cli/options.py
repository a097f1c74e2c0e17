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
Receiver: TypeAlias = Annotated[str, typer.Option("--audience", metavar="DID", help="Who receives the authority.")]
Lent: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--command", metavar="CMD", help="What may be invoked, with all that is below it. Each makes a delegation of its own."
    ),
]
PolicyText: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--policy", metavar="JSON", help="What the arguments must satisfy: statements, or one. Anything goes without."
    ),
]
NotBefore: TypeAlias = Annotated[str | None, typer.Option("--not-before", metavar="TIME", help="From when on it counts.")]
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
