"""A store, opened for one thing that is done with it, and how far that is."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from forge.config import CONFIG_FILE, find, load, store_of
from forge.ports import Store, Tell

T = TypeVar("T")

StoreUrl: TypeAlias = Annotated[
    str | None, typer.Option("--store", metavar="URL", help="Where rows live, such as sqlite:////absolute.db.")
]
ConfigFile: TypeAlias = Annotated[
    Path | None, typer.Option("--config", envvar=CONFIG_FILE, metavar="FILE", help="A TOML file of settings.")
]


class Opened:
    """The store that the settings name."""

    def __init__(self, store: str | None, config: Path | None) -> None:
        """Find it: a URL that was given, or else what the settings say.

        Raises:
            ConfigurationError: there is none.
        """
        if config is not None:
            os.environ[CONFIG_FILE] = str(config)
        self._url = store_of(load(store=store))

    def run(self, work: Callable[[Store[Any]], Awaitable[T]]) -> T:
        """Open it, do that, and close it.

        Raises:
            ConfigurationError, StoreError: as the store says.
        """

        async def run() -> T:
            rows: Store[Any] = await find(load().connect)(self._url)
            try:
                return await work(rows)
            finally:
                await rows.close()

        return asyncio.run(run())

    def watch(self, work: Callable[[Store[Any], Tell], Awaitable[T]], *, unit: str = "rows") -> T:
        """The same, and show how far it is, where there is a terminal to see it. Ctrl+C ends it at the next telling."""
        stopped = False

        async def run(rows: Store[Any]) -> T:
            nonlocal stopped
            try:
                return await work(rows, told)
            except asyncio.CancelledError:
                # What is done is done on a thread, which is waited for: it ends when it tells.
                stopped = True
                raise

        with progress(unit) as tell:

            def told(count: int, share: float) -> None:
                if stopped:
                    raise asyncio.CancelledError
                tell(count, share)

            return self.run(run)


@contextmanager
def progress(unit: str = "rows") -> Iterator[Tell]:
    """Show how far it is, where there is a terminal to see it."""
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), TextColumn(f"{{task.fields[count]:,}} {unit}"), TimeElapsedColumn())
    # What is printed meanwhile goes where it would go without a bar.
    seen = sys.stdout.isatty()
    with Progress(*columns, console=console, transient=True, redirect_stdout=seen, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0, count=0)
        yield lambda count, share: bar.update(task, completed=share, count=count)
