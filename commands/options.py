"""What an operator can set for these commands: `options` of the configuration."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from forge.binding import Arguments, Task


class CommandOptions(Arguments):
    """What an operator can set for these commands. Names are as in Python: they stand in a TOML file."""

    external_account_prefixes: (
        Annotated[list[Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]{0,31}$")]], Field(min_length=1)] | None
    ) = None
    """The prefixes that external accounts may have. Any, where not set."""


_DEFAULT: Final = CommandOptions()


def options_of(task: Task[Any]) -> CommandOptions:
    """Give what is set where a task runs."""
    return task.options if isinstance(task.options, CommandOptions) else _DEFAULT
