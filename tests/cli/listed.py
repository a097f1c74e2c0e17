"""A catalogue of the tests' own: names that clash, arguments of every kind, and a list of pages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from forge.binding import ANYONE, ISSUER, SERVICE, Arguments, Command, Effect, Nothing, Result, Task
from forge.catalog import Catalog
from forge.cid import CID
from forge.did import DID
from forge.errors import Failure
from forge.model import UnixTime

OWN = {"FORGE_CATALOG": "tests.cli.listed:CATALOG"}
"""Where it is, for the program."""
COUNT = 5
"""How many results the list has."""

Time = Annotated[int, Field(ge=0), UnixTime()]


class KindArguments(Arguments):
    """One of every kind."""

    who: DID
    ends_at: Time | None
    """When it ends; null for never."""
    note: str | None = None
    """Markup such as [bold] or [/] is only text."""
    from_: Annotated[Time | None, Field(alias="from")] = None
    state: Literal["on", "off"] | None = None
    colour: Literal["red", "green"] = "red"
    exclusive: bool = False
    consent: bool | None = None
    share: float = 0.5
    link: CID | None = None
    guests: list[DID] = Field(default_factory=list)
    details: dict[str, str] = Field(default_factory=dict)


class ClashArguments(Arguments):
    """Names that the shared options have, or that are no options."""

    key: str
    """What opens it."""
    subject: str = ""
    all: str = ""
    json_: Annotated[str, Field(alias="json")] = ""
    help: str = ""
    under_score: Annotated[str, Field(alias="under_score")] = ""
    exclusive: bool = False
    no_exclusive: str = ""
    guest: str = ""
    guests: list[str] = Field(default_factory=list)


class SaidResult(Result):
    """What was said."""

    said: dict[str, Any]


class ListArguments(Arguments):
    """Which page."""

    cursor: str | None = None
    size: int = 2
    circular: bool = False
    fails_at: int | None = None


class Item(Result):
    """One of the results."""

    number: int
    name: str
    inner: dict[str, int]


class ListResult(Result):
    """A page."""

    results: list[Item]
    cursor: str | None = None


class TooFar(Failure):
    """That page cannot be read."""


def command(path: str, arguments: type[Arguments], result: type[Result], *subjects: Any, **more: Any) -> Command[Any, Any]:
    return Command(path, arguments, result, effect=Effect.READS, subjects=subjects or (ANYONE,), **more)


def on_list(task: Task[ListArguments], tx: object) -> ListResult:
    del tx
    first, size = int(task.arguments.cursor or 0), task.arguments.size
    if task.arguments.fails_at == first:
        raise TooFar(f"nothing from {first} on")
    if task.arguments.circular:
        return ListResult(results=[], cursor="0")
    items = [
        Item(number=number, name=f"the {number}th", inner={"n": number}) for number in range(first, min(first + size, COUNT))
    ]
    return ListResult(results=items, cursor=str(first + size) if first + size < COUNT else None)


def on_said(task: Task[Any], tx: object) -> SaidResult:
    del tx
    return SaidResult(said=task.invocation.arguments | {"about": task.subject})


def on_nothing(task: Task[Any], tx: object) -> Nothing:
    del task, tx
    return Nothing()


CATALOG = Catalog(
    command("/kinds/one", KindArguments, SaidResult).route(on_said),
    command("/kinds/clash", ClashArguments, SaidResult).route(on_said),
    command("/kinds/deep/down/below", Arguments, SaidResult, SERVICE).route(on_said),
    command("/kinds/mine", Arguments, SaidResult, ISSUER).route(on_said),
    command("/kinds/both", Arguments, SaidResult, SERVICE, ANYONE).route(on_said),
    command("/item/list", ListArguments, ListResult, failures=(TooFar,)).route(on_list),
    command("/ping", Arguments, Nothing).route(on_nothing),
    command("/key/new", Arguments, Nothing).route(on_nothing),
    command("/kinds", Arguments, Nothing).route(on_nothing),
)
