"""Having a draft executed: signed, kept, sent, and the receipt printed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from forge.cli.exits import UsageError
from forge.cli.files import write
from forge.cli.outcome import cursor_of, report
from forge.cli.signing import Draft
from forge.cli.terminal import emit_json, say
from forge.cli.urls import read_url
from forge.client import Client
from forge.container import Container
from forge.delegation import Delegation
from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.receipt import Receipt

CURSOR: Final = "cursor"
"""The key by which the arguments of a list say where to go on."""


def execute(draft: Draft, *, url: str | None, output: Path | None, as_json: bool) -> None:
    """Sign it, keep it in `output`, have it executed at `url`, and print the receipt; one of the two may be None.

    Raises:
        UsageError: it cannot be signed or kept, or there is neither.
        ServiceError: the service was not reached, or answered something else.
        typer.Exit: the receipt holds an error.
    """
    if url is None and output is None:
        raise UsageError("--url: where is the service? Or give -o FILE, to sign and not to send")
    address = None if url is None else read_url(url)
    invocation, chain = draft.sign()
    if output is not None:
        write(output, Container.of(invocation, chain).encode() + b"\n")
    if address is not None:
        report(asyncio.run(_execute(address, invocation, chain)), invocation, as_json=as_json, model=draft.result)
        return
    say(f"signed, not sent: {output}")
    if as_json:
        emit_json({"task": str(invocation.task), "cid": str(invocation.cid)})


def execute_all(draft: Draft, *, url: str | None, as_json: bool) -> None:
    """Have a list executed page after page, each an invocation of its own, and print each receipt as it comes.

    Raises:
        UsageError: it cannot be signed, or there is no address.
        ServiceError: the service was not reached, answered something else, or goes round in a circle.
        typer.Exit: a receipt holds an error.
    """
    if url is None:
        raise UsageError("--url: where is the service? Its pages are asked for one by one")
    asyncio.run(_execute_all(read_url(url), draft, as_json=as_json))


async def _execute(url: str, invocation: Invocation, chain: Sequence[Delegation]) -> Receipt:
    async with Client(url) as client:
        return await client.execute(invocation, chain)


async def _execute_all(url: str, draft: Draft, *, as_json: bool) -> None:
    seen: set[str] = set()
    async with Client(url) as client:
        while True:
            invocation, chain = draft.sign()
            receipt = await client.execute(invocation, chain)
            report(receipt, invocation, as_json=as_json, model=draft.result)
            cursor = cursor_of(receipt)
            if cursor is None:
                return
            if cursor in seen:
                raise ServiceError(f"{url} gave the same cursor twice: its pages have no end")
            seen.add(cursor)
            draft = replace(draft, arguments={**draft.arguments, CURSOR: cursor})
