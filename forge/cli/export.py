"""`forge export`: writes the store out to a file that any engine reads in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forge.cli.opened import ConfigFile, Opened, StoreUrl
from forge.cli.options import Json
from forge.cli.terminal import emit_json, show
from forge.ports import Inventory

app = typer.Typer(add_completion=False)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    *,
    store: StoreUrl = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Write the store out to a file that any engine reads in: every row of every table, as they are at one moment.

    The same rows give the same bytes, whichever engine they are in: two stores with one digest hold the same.

    Servers may go on meanwhile, but what they do after it began is not in it: to move house, stop them first.

    Archives are files of their own. What the store knows of them is in the export; the files are to be taken along.
    """
    path = file.absolute()
    report(
        Opened(store, config).watch(lambda rows, tell: rows.write_out(path, tell=tell)),
        f"were written to {path}",
        as_json=as_json,
    )


def report(inventory: Inventory, done: str, *, as_json: bool) -> None:
    """Say what was moved."""
    count = sum(inventory.rows.values())
    if as_json:
        emit_json({"rows": count, "tables": dict(inventory.rows), "digest": inventory.digest})
        return
    show((f"{count:,} rows", "bold"), f" {done}.")
    show(f"Digest: {inventory.digest}")
