"""The catalogue: what a service serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from forge.binding import Route
from forge.command import CommandPath
from forge.errors import ConfigurationError
from forge.model import Arguments, Nothing, problems


class Catalog:
    """The commands that a service serves, each under its exact path."""

    def __init__(self, *routes: Route[Any, Any], options: type[Arguments] | None = None) -> None:
        """Put routes together. `options` is what an operator can set for them; all of it has defaults.

        Raises:
            ValueError: two of them serve one command, or stream at one path.
        """
        self._options = options
        self._routes = {route.command.path: route for route in routes}
        if len(self._routes) != len(routes):
            raise ValueError("two routes serve one command")
        streams = [route.stream.path for route in routes if route.stream is not None]
        if len(set(streams)) != len(streams):
            raise ValueError("two routes stream at one path")

    def get(self, path: CommandPath) -> Route[Any, Any] | None:
        """Give the route of exactly this command."""
        return self._routes.get(path)

    def without(self, path: CommandPath) -> Catalog:
        """Give all but those commands that `path` covers."""
        return Catalog(*(route for route in self if not path.covers(route.command.path)), options=self._options)

    def configure(self, given: Mapping[str, Any]) -> Arguments:
        """Read what an operator has set for the commands; handlers find it in their task.

        Raises:
            ConfigurationError: it is nothing that these commands know; the message names the option.
        """
        try:
            return (self._options or Nothing).model_validate(given)
        except ValidationError as error:
            raise ConfigurationError(problems(error, "options")) from error

    def __iter__(self) -> Iterator[Route[Any, Any]]:
        return iter(sorted(self._routes.values(), key=lambda route: route.command.path))

    def __len__(self) -> int:
        return len(self._routes)

    def __contains__(self, path: object) -> bool:
        return path in self._routes
