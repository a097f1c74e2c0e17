"""`forge send`: sends what was signed before."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from forge.cli.exits import UsageError
from forge.cli.options import Json, Url
from forge.cli.outcome import report
from forge.cli.reading import read_given
from forge.cli.signing import known
from forge.cli.urls import read_url
from forge.client import Client
from forge.container import Container
from forge.receipt import Receipt

app = typer.Typer(add_completion=False)


@app.command()
def send(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A container with one invocation and its proofs: a file, its text, or -.")
    ],
    url: Url,
    as_json: Json = False,
) -> None:
    """Send an invocation that was signed before, with its proofs, and check its receipt.

    Sending it again is always safe: it runs once, and every time the receipt is the same.
    """
    address = read_url(url)
    container = read_given("FILE", file).container
    if len(container.invocations) != 1:
        raise UsageError(f"FILE: expected one invocation, found {len(container.invocations)}")
    command = known(container.invocations[0].command)
    model = None if command is None else command.result
    report(asyncio.run(_send(address, container)), container.invocations[0], as_json=as_json, model=model)


async def _send(url: str, container: Container) -> Receipt:
    async with Client(url) as client:
        return await client.execute(container.invocations[0], container.delegations.values())
