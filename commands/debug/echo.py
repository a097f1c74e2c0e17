"""`/debug/echo`: gives back what it was given.

For anyone with a valid invocation, where the configuration turns the commands below `/debug` on. It changes nothing.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from commands.roles import ANYONE
from forge.binding import Arguments, Command, Effect, Result, Task
from store.transaction import Transaction


class EchoArguments(Arguments):
    """What to give back."""

    message: Annotated[str, Field(max_length=1_000_000)]


class EchoResult(Result):
    """What was given."""

    message: str


echo = Command("/debug/echo", EchoArguments, EchoResult, effect=Effect.READS, subjects=(ANYONE,))


def handle(task: Task[EchoArguments], tx: Transaction) -> EchoResult:
    """Give the message back."""
    del tx
    return EchoResult(message=task.arguments.message)


route = echo.route(handle)
