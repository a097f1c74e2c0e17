"""What each server process runs: the app, with its logs set up."""

from __future__ import annotations

from forge import server
from forge.cli import logs


def create_app() -> object:
    """Make the ASGI app. Settings come from the environment, where `forge serve` put its flags.

    Raises:
        ConfigurationError: the service cannot start like this.
    """
    logs.configure()
    return server.create_app()
