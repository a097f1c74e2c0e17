"""What each server process runs: the app, with its logs set up."""

from __future__ import annotations

import gc
from typing import Final

from forge import server
from forge.cli import logs

YOUNG: Final = 100_000
"""Objects that are alive more than before until Python looks for cycles among them: more than the requests that are at work at
once have, so that it does not look through all of those again and again. Hardly any is in a cycle."""


def create_app() -> object:
    """Make the ASGI app. Settings come from the environment, where `forge serve` put its flags.

    Raises:
        ConfigurationError: the service cannot start like this.
    """
    logs.configure()
    app = server.create_app()
    # What there is by now stays: looking through it for what is not needed any more took 50 ms, again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 100)
    return app
