"""What can be followed: a command whose answer grows, as those who invoke it know its stream (protocol §10.4).

    events = Followable(list_, "/events", "event", EventView)
    async for number, event in client.follow(events, signer, ListEventsArguments(), subject=service): ...

It stands beside the command, and the `Stream` that serves it takes its path and its name from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from forge.binding import Arguments, Command, Result
from forge.dagcbor import Value
from forge.errors import ServiceError
from forge.model import problems

A = TypeVar("A", bound=Arguments)
I = TypeVar("I", bound=Result)  # noqa: E741 - of an item


@dataclass(frozen=True)
class Followable(Generic[A, I]):
    """A command, and what its stream gives to whoever may invoke it."""

    command: Command[A, Any]
    path: str
    """Of the stream, such as `/events`."""
    name: str
    """What one item is on the wire, such as `event`."""
    item: type[I]

    def unpack(self, value: Value) -> I:
        """Read an item.

        Raises:
            ServiceError: it is not of this shape.
        """
        try:
            return self.item.model_validate(value, by_alias=True, by_name=False)
        except ValidationError as error:
            raise ServiceError(f"{self.path}: an item is no {self.item.__name__}: {problems(error, self.name)}") from error
