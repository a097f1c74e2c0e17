"""Following a stream: each item as it comes, until Ctrl+C.

Being interrupted is how following ends, and its exit status is 0; so is the end of whoever reads what is printed (`| head`).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import Any, Final

import typer

from forge.binding import Command, Stream
from forge.cli.exits import REFUSED, UsageError
from forge.cli.parameter import Parameter, parameters
from forge.cli.signing import Draft
from forge.cli.terminal import complain, emit_json, json_text, show
from forge.cli.times import date_beside
from forge.cli.urls import read_url
from forge.client import Client
from forge.dagcbor import Value
from forge.errors import Failure
from forge.model import Arguments, UnixTime

RESULTS: Final = "results"
"""The key of the items in the answer of a list."""


def follow(draft: Draft, stream: Stream[Any], *, url: str | None, as_json: bool) -> None:
    """Print what a draft's stream gives, an item a line, until Ctrl+C. Each connection has an invocation of its own.

    Raises:
        UsageError: it cannot be signed, or there is no address.
        ServiceError: the service was not reached, or not for some minutes; or it answered something else.
        typer.Exit: a refusal, or the authority has ended; it was said on standard error.
    """
    if url is None:
        raise UsageError("--url: where is the service? It is asked for what happens there")
    address = read_url(url)
    # Whatever is wrong with it is said before anything is sent.
    draft.sign()
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_follow(address, draft, stream, as_json=as_json))
    except Failure as failure:
        complain(f"{failure.name}: {failure.message}")
        raise typer.Exit(REFUSED) from failure
    except BrokenPipeError:
        # Python itself would try to write the rest when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _follow(url: str, draft: Draft, stream: Stream[Any], *, as_json: bool) -> None:
    keys = _keys(draft.command)
    async with Client(url) as client, aclosing(client.tail(stream.path, stream.name, draft.sign)) as items:
        async for _, item in items:
            if as_json:
                emit_json(item)
            else:
                _show(item, keys)
            # Whoever reads along in a pipe waits for it.
            sys.stdout.flush()


def _show(item: Value, keys: Mapping[str, Parameter]) -> None:
    if not isinstance(item, dict):
        show(_text(item))
        return
    parts: list[str | tuple[str, str]] = []
    # In the order of the command's own definition, and then what it does not know.
    for key in dict.fromkeys([*(key for key in keys if key in item), *item]):
        parts += [(f"{key} ", "dim"), f"{_text(item[key], keys.get(key))}  "]
    show(*parts)


def _text(value: Value, known: Parameter | None = None) -> str:
    if type(value) is int and known is not None and UnixTime in known.kinds:
        value = date_beside(value)
    return value if isinstance(value, str) else json_text(value)


def _keys(command: Command[Any, Any] | None) -> Mapping[str, Parameter]:
    """Give the fields of an item, as the command's answer has them."""
    results = None if command is None else parameters(command.result).get(RESULTS)
    models = [kind for kind in results.kinds if isinstance(kind, type) and issubclass(kind, Arguments)] if results else []
    return parameters(models[0]) if models else {}
