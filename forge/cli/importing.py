"""`forge import`: reads an export into a store that has no rows yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from forge.cli.export import report
from forge.cli.opened import ConfigFile, Opened, StoreUrl
from forge.cli.options import Json
from forge.cli.terminal import show

app = typer.Typer(add_completion=False)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `forge export` wrote.", show_default=False)],
    *,
    store: StoreUrl = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Read an export into a store that has no rows yet: a new one, on any engine.

    All of it is there in the end, or nothing: it is one transaction. The file's own digest is looked at first, and what was
    read in is read once more before it counts, and has to give the same.

    Numbers stay what they were: who follows events or lists goes on where it was.
    """
    inventory = Opened(store, config).watch(lambda rows, tell: rows.read_in(file.absolute(), tell=tell))
    report(inventory, "were read in", as_json=as_json)
    if inventory.rows.get("archive") and not as_json:
        show("It has archives, files of their own: say where each of them is now, by `forge archive FILE`.")
