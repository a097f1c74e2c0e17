"""`forge fsck`: looks for damage in everything that the store holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from forge.cli.exits import REFUSED, UsageError
from forge.cli.keyfiles import read_key
from forge.cli.opened import ConfigFile, Opened, StoreUrl
from forge.cli.options import Json
from forge.cli.parties import read_did
from forge.cli.terminal import emit_json, show
from forge.config import load
from forge.errors import DecodeError
from forge.keys import PublicKey
from forge.method import did_key_methods
from forge.ports import Finding

app = typer.Typer(add_completion=False)


@app.command()
def fsck(
    *,
    store: StoreUrl = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="A key that the service signs with, or did before: its file, or its did:key. May be repeated."
            " Needed where the service is known by a did:web.",
        ),
    ] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Look for damage in everything that the store holds, and change nothing. Servers may serve meanwhile.

    What is looked at: the signature of every receipt and invocation, that every row was made by a task of the ledger, that the
    events, replayed, give the rows that there are, the laws of docs/domain.md, revocations and what backs them, archives, and
    the engine's own check. All of it as it was at one moment.

    Signatures of a did:key, and of the service itself with --key, are checked. Others need somebody to be asked, and are
    counted.

    Each finding has a name that stays, a place, and what to do. Exit status: 0 there is none; 1 there are some.

    With --json there is a line for each finding, and a last one that sums up.
    """
    opened = Opened(store, config)
    keys = _keys(key or [])

    def find(finding: Finding) -> None:
        if as_json:
            emit_json({"finding": finding.name, "place": finding.place, "said": finding.said, "remedy": finding.remedy})
        else:
            show((finding.name, "bold red"), f"  {finding.place}")
            show(finding.said, indent=4)
            show(finding.remedy, indent=4)

    said = opened.watch(lambda rows, tell: rows.examine(keys, find=find, tell=tell))
    if as_json:
        emit_json({"rows": said.rows, "findings": said.findings, "unchecked": said.unchecked})
    else:
        count = "nothing is wrong" if not said.findings else f"{said.findings:,} findings"
        show((f"{said.rows:,} rows: {count}.", "bold"))
        if said.unchecked:
            show(f"{said.unchecked:,} signatures were not checked: their keys are not known without asking anybody.")
    if said.findings:
        raise typer.Exit(REFUSED)


def _keys(given: Sequence[str]) -> list[PublicKey]:
    """Read the keys that were given; the service's own, where none was.

    Raises:
        UsageError: one of them is no key.
    """
    settings = load()
    own = settings.key or (settings.data / "service.pem" if settings.dev else None)
    return [_key(one) for one in given or ([] if own is None else [str(own)])]


def _key(given: str) -> PublicKey:
    if not given.startswith("did:"):
        return read_key(Path(given)).public
    try:
        (method,) = did_key_methods(read_did("--key", given))
        assert isinstance(method.key, PublicKey)  # noqa: S101 - a did:key is one
    except DecodeError as error:
        raise UsageError(f"--key: {given}: {error}") from error
    return method.key
