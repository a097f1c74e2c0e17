"""`forge receipt`: asks a service for the receipt of a task that ran."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from forge.cid import CID
from forge.cli.exits import UsageError
from forge.cli.files import write
from forge.cli.options import Json, Output, Url
from forge.cli.outcome import report
from forge.cli.parties import read_did
from forge.cli.urls import read_url
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.errors import CIDError, ServiceError
from forge.receipt import Receipt

app = typer.Typer(add_completion=False)


@app.command()
def receipt(
    *,
    task: Annotated[str, typer.Argument(metavar="CID", help="The task's CID, which `forge invoke` prints.")],
    url: Url,
    audience: Annotated[
        str | None,
        typer.Option(envvar="FORGE_AUDIENCE", metavar="DID", help="Whose receipt it must be; whoever it says without."),
    ] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Ask a service for the receipt of a task that ran, and check it. With -o FILE the receipt is kept as a container."""
    address = read_url(url)
    executor = None if audience is None else read_did("--audience", audience)
    try:
        cid = CID.parse(task)
    except CIDError as error:
        raise UsageError(str(error)) from error
    found = asyncio.run(_ask(address, cid, executor))
    if found is None:
        raise ServiceError(f"{address} has no receipt of task {cid}" + (f" by {executor}" if executor else ""))
    if output is not None:
        write(output, Container.of(found).encode() + b"\n")
    report(found, as_json=as_json, executor="" if executor else " (its own word: no --audience was given to compare)")


async def _ask(url: str, task: CID, executor: DID | None) -> Receipt | None:
    async with Client(url) as client:
        return await client.receipt(task, executor=executor)
