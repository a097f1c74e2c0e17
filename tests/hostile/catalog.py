"""The service's commands, and one that writes under several names: whatever runs leaves a trace."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict

from commands import CATALOG as SERVED
from forge.binding import ANYONE, SERVICE, Arguments, Command, Effect, Nothing, Route, Task
from forge.catalog import Catalog
from store.records import Event
from store.transaction import Transaction

WRITING: Final = ("/file/write", "/file", "/crypto", "/cryptocurrency", "/größe/ändern", "/file/wr")


class Anything(Arguments):
    """Any arguments: what they are is the policies' affair here."""

    model_config = ConfigDict(extra="allow")


def write(task: Task[Any], tx: Transaction) -> Nothing:
    """Leave a trace."""
    tx.append(
        Event(at=task.at, task=task.cid, command=task.command, issuer=task.issuer, subject=task.subject, type="ran", data={})
    )
    return Nothing()


def _writing(path: str) -> Route[Any, Any]:
    return Command(path, Anything, Nothing, effect=Effect.CHANGES, subjects=(ANYONE,)).route(write)


read: Final = Command("/file/read", Anything, Nothing, effect=Effect.READS, subjects=(ANYONE,))
own: Final = Command("/file/own", Anything, Nothing, effect=Effect.CHANGES, subjects=(SERVICE,))

CATALOG: Final = Catalog(
    *SERVED,
    *(_writing(path) for path in WRITING),
    read.route(lambda task, tx: Nothing()),  # noqa: ARG005 - a handler's signature
    own.route(write),
)
