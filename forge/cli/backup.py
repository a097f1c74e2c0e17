"""`forge backup`: copies the store to a file, while servers go on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.filesize import decimal

from forge.cli.opened import ConfigFile, Opened, StoreUrl
from forge.cli.options import Json
from forge.cli.terminal import emit_json, show
from forge.ports import Archive, Store, Tell

app = typer.Typer(add_completion=False)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    *,
    store: StoreUrl = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Copy the store to a file, while servers go on. The copy is the store as it was at one moment, and is a store itself.

    A store on SQLite is copied by its engine. PostgreSQL has tools of its own (pg_dump, base backups): use those, or
    `forge export`.

    Archives are files of their own, and are to be copied after the store. Which there are is said.
    """
    path = file.absolute()
    archives = Opened(store, config).watch(lambda rows, tell: _back_up(rows, path, tell), unit="pages")
    size = path.stat().st_size
    if as_json:
        emit_json({"file": str(path), "bytes": size, "archives": [one.file for one in archives]})
        return
    show(("The store", "bold"), f" ({decimal(size)}) was copied to {path}.")
    if archives:
        show("Its archives are to be copied now, after it:")
    for one in archives:
        show(one.file, indent=4)


async def _back_up(rows: Store[Any], file: Path, tell: Tell) -> Sequence[Archive]:
    await rows.backup(file, tell=tell)
    return await rows.archives()
