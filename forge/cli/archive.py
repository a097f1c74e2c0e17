"""`forge archive`: moves old rows of the ledger to a file, from which their receipts are still answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.filesize import decimal

from forge.cli.exits import UsageError
from forge.cli.opened import ConfigFile, Opened, StoreUrl
from forge.cli.options import Json
from forge.cli.terminal import emit_json, show
from forge.cli.times import now, read_time, show_time
from forge.ports import Archive, Moved, Store, Tell

_VACUUM: Final = "The store takes them again; stop the servers and run `sqlite3 STORE VACUUM` to give them back to the disk."

app = typer.Typer(add_completion=False)


@app.command()
def archive(  # noqa: PLR0913 - a flag an option
    *,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="An archive: a new file, or one of this store's.", show_default=False),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="TIME", help="Move rows older than that, such as -90d: written 90 days ago."),
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="List the archives of this store, and what is wrong with them.")
    ] = False,
    store: StoreUrl = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Move old rows of the ledger to an archive file. Their receipts are still answered, and their tasks still never run again.

    Servers may serve meanwhile. Whatever ends it in the middle, the same again goes on with it.

    The store remembers where the file is. Where it was moved to another place, `forge archive FILE`, without --before, says so.

    What becomes free in the store is used again. `sqlite3 STORE VACUUM`, with the servers stopped, gives it back to the disk.
    """
    if listing == (file is not None):
        raise UsageError("archive: name a FILE, or give --list")
    if listing and before is not None:
        raise UsageError("--before: it says what to move, and --list moves nothing")
    at = now()
    until = None if before is None else read_time("--before", before, at=at)
    if until is not None and until > at:
        raise UsageError(f"--before: {before} is yet to come. A time that has passed is written like -90d, or as a date")
    opened = Opened(store, config)
    if file is None:
        _report_all(opened.run(lambda rows: rows.archives()), at, as_json=as_json)
    elif until is None:
        found = opened.run(lambda rows: rows.find_archive(file.absolute()))
        _report_all([found], at, as_json=as_json)
    else:
        moved, free = opened.watch(lambda rows, tell: _move(rows, file.absolute(), until, tell))
        _report(moved, free, as_json=as_json)


async def _move(rows: Store[Any], file: Path, before: int, tell: Tell) -> tuple[Moved, int | None]:
    return await rows.archive(file, before=before, tell=tell), await rows.free()


def _report(moved: Moved, free: int | None, *, as_json: bool) -> None:
    if as_json:
        to = None if moved.archive is None else asdict(moved.archive)
        emit_json({"archive": to, "rows": moved.rows, "bytes": moved.size, "free": free})
    elif moved.archive is None or not moved.rows:
        show("Nothing is that old; nothing was moved.")
    else:
        show((f"{moved.rows:,} rows", "bold"), f" ({decimal(moved.size)}) were moved to {moved.archive.file}.")
        if free is not None:
            show(f"{decimal(free)} of the store's file are free. {_VACUUM}")


def _report_all(archives: Sequence[Archive], at: int, *, as_json: bool) -> None:
    if as_json:
        emit_json([asdict(one) for one in archives])
        return
    for one in archives:
        size = "" if one.size is None else f", {decimal(one.size)}"
        show((f"{one.number}", "bold"), f"  {one.file}")
        show(f"{one.rows:,} rows{size}", indent=4)
        if one.oldest is not None and one.youngest is not None:
            show(f"from {show_time(one.oldest, at=at)} to {show_time(one.youngest, at=at)}", indent=4)
        if one.fault is not None:
            show((one.fault, "bold red"), indent=4)
    if not archives:
        show("This store has no archives.")
