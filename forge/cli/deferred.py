"""Commands that are only a name and a summary until they are run: what they need is imported, and made, then."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from typer.core import TyperCommand, TyperGroup

Make: TypeAlias = Callable[[], Any]
"""Makes a command of typer's, whose base class has no name in public."""


class Deferred(TyperCommand):
    """A command in lists and help. `make` gives the one that runs."""

    def __init__(self, name: str, summary: str, make: Make, *, panel: str | None = None) -> None:
        super().__init__(name, help=summary, rich_help_panel=panel)
        self.make = make


class Group(TyperGroup):
    """A group of deferred commands."""

    def __init__(self, *, deferred: Iterable[Deferred] = (), **settings: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**settings)
        self.commands.update({one.name: one for one in deferred if one.name is not None})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - typer's own
        """Find a command, and make it."""
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, Deferred):
            command = command.make()
        return name, command, rest
