"""`forge config`: shows the settings that `forge serve` would use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from forge import config as configuration
from forge.cli.options import Json
from forge.cli.terminal import emit, emit_json, printable

app = typer.Typer(add_completion=False)


@app.command()
def config(
    *,
    file: Annotated[
        Path | None, typer.Option("--config", envvar=configuration.CONFIG_FILE, metavar="FILE", help="A TOML file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the settings that `forge serve` would use: defaults, then the TOML file, then FORGE_* variables.

    What is secret is not shown: of the key its path, of the store's address no password.
    """
    if file is not None:
        os.environ[configuration.CONFIG_FILE] = str(file)
    settings = configuration.load().model_dump(mode="json")
    if settings["store"] is not None:
        settings["store"] = without_password(settings["store"])
    if as_json:
        emit_json(settings)
        return
    for name, value in settings.items():
        emit(printable(f"# {name} is not set" if value is None else f"{name} = {json.dumps(value, ensure_ascii=False)}"))


def without_password(url: str) -> str:
    """Hide the password in a store's address."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "(not an address)"
    return url if not password else url.replace(f":{password}@", ":***@", 1)
