"""`forge archive`: moves old rows of the ledger to a file, from which their receipts are still answered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from forge.cli.exits import UsageError
from forge.cli.options import Json
from forge.cli.terminal import emit_json, show
from forge.cli.times import now, read_time, show_time
from forge.config import CONFIG_FILE, find, load, store_of
from forge.ports import Archive, Moved, Store

T = TypeVar("T")

Tell = Callable[[int, float], object]

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
    store: Annotated[str | None, typer.Option(metavar="URL", help="Where rows live, such as sqlite:////absolute.db.")] = None,
    config: Annotated[
        Path | None, typer.Option("--config", envvar=CONFIG_FILE, metavar="FILE", help="A TOML file of settings.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Move old rows of the ledger to an archive file. Their receipts are still answered, and their tasks still never run again.

    Servers may serve meanwhile. Whatever ends it in the middle, the same again goes on with it.

    The store remembers where the file is. Where it was moved to another place, `forge archive FILE`, without --before, says so.

    What becomes free in the store is used again. `sqlite3 STORE VACUUM`, with the servers stopped, gives it back to the disk.
    """
    if config is not None:
        os.environ[CONFIG_FILE] = str(config)
    if listing == (file is not None):
        raise UsageError("archive: name a FILE, or give --list")
    if listing and before is not None:
        raise UsageError("--before: it says what to move, and --list moves nothing")
    at = now()
    until = None if before is None else read_time("--before", before, at=at)
    if until is not None and until > at:
        raise UsageError(f"--before: {before} is yet to come. A time that has passed is written like -90d, or as a date")
    opened = _Opened(store_of(load(store=store)))
    if file is None:
        _report_all(opened.run(lambda rows: rows.archives()), at, as_json=as_json)
    elif until is None:
        found = opened.run(lambda rows: rows.find_archive(file.absolute()))
        _report_all([found], at, as_json=as_json)
    else:
        with _progress() as tell:
            moved, free = opened.run(lambda rows: _move(rows, file.absolute(), until, tell))
        _report(moved, free, as_json=as_json)


class _Opened:
    """A store, for one thing that is done with it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, work: Callable[[Store[Any]], Awaitable[T]]) -> T:
        """Open it, do that, and close it."""

        async def run() -> T:
            rows: Store[Any] = await find(load().connect)(self._url)
            try:
                return await work(rows)
            finally:
                await rows.close()

        return asyncio.run(run())


async def _move(rows: Store[Any], file: Path, before: int, tell: Tell) -> tuple[Moved, int | None]:
    return await rows.archive(file, before=before, tell=tell), await rows.free()


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show how far it is, where there is a terminal to see it."""
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0, rows=0)
        yield lambda rows, share: bar.update(task, completed=share, rows=rows)


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
