"""`forge demo`: plays the whole story over HTTP, against a real service on SQLite, with fresh keys."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from forge.cli.cast import Cast
from forge.cli.child import service
from forge.cli.exits import UsageError
from forge.cli.files import write
from forge.cli.story import Story
from forge.cli.terminal import show
from forge.client import Client
from forge.config import find, load
from forge.container import Container

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    *,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Leave keys, store, delegation and log there; nothing is kept without.")
    ] = None,
) -> None:
    """Play the whole story over HTTP, with fresh keys: a tenant, a customer, its spaces, and a stranger.

    Every expectation is checked; a wrong outcome ends it with status 1.
    """
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="forge-demo-") as folder:
            play(Path(folder))
    else:
        try:
            keep.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--keep: {keep}: {error.strerror}") from error
        play(keep)
        show()
        show(f"All of it is in {keep}.")


def play(folder: Path) -> None:
    """Play in a folder.

    Raises:
        UsageError: keys of another play are in it.
        Unexpected: something came out otherwise than it had to.
        ServiceError: the service was not reached, or answered something else.
    """
    cast = Cast()
    cast.keep(folder)
    flags = ["--key", str(folder / "service.pem"), "--store", f"sqlite:///{(folder / 'forge.db').absolute()}"]
    with service(flags, folder / "service.log") as url:
        show(f"A service runs at {url}. Every key here is fresh.")
        for role, did in cast.listing():
            show(f"    {role.ljust(10)}", (did, "dim"))
        asyncio.run(_play(url, cast, folder))
    show()
    show(("The service has ended. Everything came out as it had to.", "bold green"))


async def _play(url: str, cast: Cast, folder: Path) -> None:
    async with Client(url) as client:
        story = Story(client, find(load().catalog), cast)
        delegation = story.delegation()
        write(folder / "tenant.ucan", Container.of(delegation).encode() + b"\n")
        await story.play(delegation)
