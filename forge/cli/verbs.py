"""The catalogue's commands by name: `/customer/payer/add` is `forge customer payer add`.

Each segment but the last is a group. A command that a group has the path of is not among them, nor is what has a name of the
program's own: `forge invoke` has all of them executed.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

from typer.core import TyperGroup

from forge.binding import Route
from forge.catalog import Catalog
from forge.cli.deferred import Deferred, Group
from forge.command import CommandPath
from forge.config import find, load

PANEL: Final = "Commands of services"
_VERB: Final = "forge.cli.verb"


def known() -> list[Deferred]:
    """Give what stands at the top: groups, mostly.

    Raises:
        ConfigurationError: the catalogue cannot be loaded; or whatever its own code raises.
    """
    catalog: Catalog = find(load().catalog)
    commands = {route.command.path.segments: route for route in catalog if route.command.path.segments}
    return _below((), commands, PANEL)


def _below(
    place: tuple[str, ...], commands: dict[tuple[str, ...], Route[Any, Any]], panel: str | None = None
) -> list[Deferred]:
    """Give the groups and verbs right below a place, in order."""
    within = {path: route for path, route in commands.items() if path[: len(place)] == place and path != place}
    names = dict.fromkeys(path[len(place)] for path in within)
    return [_one((*place, name), within, panel) for name in names]


def _one(place: tuple[str, ...], commands: dict[tuple[str, ...], Route[Any, Any]], panel: str | None) -> Deferred:
    verbs = [" ".join(path[len(place) :]) for path in commands if path[: len(place)] == place and path != place]
    name = place[-1]
    if verbs:
        path = CommandPath("/" + "/".join(place))
        return Deferred(name, ", ".join(verbs), lambda: _group(path, _below(place, commands)), panel=panel)
    route = commands[place]
    return Deferred(name, sentence(route.command.summary), lambda: _verb(route), panel=panel)


def sentence(summary: str) -> str:
    """Write a command's summary as a sentence."""
    return f"{summary[:1].upper()}{summary[1:]}."


def _group(path: CommandPath, below: Sequence[Deferred]) -> TyperGroup:
    return Group(
        deferred=below,
        help=f"Have the commands below {path} executed by a service, and check their receipts.",
        no_args_is_help=True,
        subcommand_metavar="VERB [ARGS]...",
    )


def _verb(route: Route[Any, Any]) -> Any:  # noqa: ANN401 - typer's base of all commands has no name in public
    # What runs brings an HTTP client along, which lists need not wait for.
    return import_module(_VERB).verb(route)
