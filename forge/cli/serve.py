"""`forge serve`: executes invocations and answers with receipts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from forge.cli import logs
from forge.cli.serving import prepare
from forge.cli.serving import serve as run
from forge.config import CONFIG_FILE, ENVIRONMENT, load

app = typer.Typer(add_completion=False)


@app.command()
def serve(  # noqa: PLR0913 - a flag a setting
    *,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="A TOML file of settings.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The service's private key, PKCS #8 PEM.")] = None,
    did: Annotated[str | None, typer.Option(metavar="DID", help="The service's did:web. The key's did:key without.")] = None,
    store: Annotated[str | None, typer.Option(metavar="URL", help="Where rows live, such as sqlite:////absolute.db.")] = None,
    host: Annotated[str | None, typer.Option(metavar="HOST", help="Where to listen; 127.0.0.1 without.")] = None,
    port: Annotated[int | None, typer.Option(metavar="PORT", help="Which port; 8080 without, 0 for one that is free.")] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Server processes on one store; 1 without.")] = None,
    dev: Annotated[
        bool | None, typer.Option("--dev/--no-dev", help="To try things: makes a key and a store and keeps them; has /debug.")
    ] = None,
    debug: Annotated[bool | None, typer.Option("--debug/--no-debug", help="Serve the commands below /debug.")] = None,
    test_clock: Annotated[
        bool | None,
        typer.Option("--test-clock/--no-test-clock", help="Serve /debug/clock: tests set the service's time. Only with --dev."),
    ] = None,
) -> None:
    """Serve: execute invocations, answer with receipts, until SIGTERM or Ctrl+C.

    Every setting is a flag here, or a FORGE_ variable (FORGE_KEY, FORGE_STORE), or a key of the TOML file that --config or
    FORGE_CONFIG names; the first that is given counts. `forge config` shows the result.
    """
    # Worker processes read the settings for themselves: the environment is the way to them.
    flags = {
        "key": key,
        "did": did,
        "store": store,
        "host": host,
        "port": port,
        "workers": workers,
        "dev": dev,
        "debug": debug,
        "test_clock": test_clock,
    }
    given = {f"{ENVIRONMENT}{name.upper()}": value for name, value in flags.items()} | {CONFIG_FILE: config}
    os.environ.update({name: str(value) for name, value in given.items() if value is not None})
    logs.configure()
    settings = load()
    run(settings, prepare(settings))
