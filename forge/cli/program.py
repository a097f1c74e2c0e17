"""The program: which commands there are, and what leaves it when something goes wrong.

A command is a module with a `typer` app of its own, and is imported when it is run: `forge --help` starts no server's imports.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, Final

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from forge.cli.deferred import Deferred, Group
from forge.cli.exits import USAGE, status_of
from forge.cli.terminal import complain
from forge.errors import ForgeError

DISTRIBUTION: Final = "forge-ucan"

COMMANDS: Final = {
    "serve": ("forge.cli.serve", "Serve: execute invocations, answer with receipts."),
    "key": ("forge.cli.key", "Make keys, and tell whose they are."),
    "delegate": ("forge.cli.delegate", "Let somebody else invoke commands."),
    "attest": ("forge.cli.attest", "Delegate on behalf of an e-mail address."),
    "invoke": ("forge.cli.invoke", "Have a command executed by a service, and check its receipt."),
    "revoke": ("forge.cli.revoke", "Revoke a delegation, for good."),
    "inspect": ("forge.cli.inspect", "Explain a token or a container, in any encoding."),
    "verify": ("forge.cli.verify", "Say why something would be accepted, or which link fails."),
    "send": ("forge.cli.send", "Send an invocation that was signed before."),
    "receipt": ("forge.cli.receipt", "Ask a service for the receipt of a task that ran."),
    "commands": ("forge.cli.catalogue", "List the commands that are known here."),
    "schema": ("forge.cli.schema", "Write commands' arguments and results as JSON Schema."),
    "archive": ("forge.cli.archive", "Move old rows of the ledger to an archive file."),
    "backup": ("forge.cli.backup", "Copy the store to a file, while servers go on."),
    "export": ("forge.cli.export", "Write the store out to a file that any engine reads in."),
    "import": ("forge.cli.importing", "Read an export into a store that has no rows yet."),
    "fsck": ("forge.cli.fsck", "Look for damage in everything that the store holds."),
    "config": ("forge.cli.config", "Show the settings that `forge serve` would use."),
    "demo": ("forge.cli.demo", "Play the whole story over HTTP, with fresh keys."),
}
"""Name → where it is, and the first line of its help."""
_VERBS: Final = "forge.cli.verbs"


class Program(Group):
    """The group of all commands: the program's own, and those of the catalogue."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own
        own = [Deferred(name, summary, partial(_import, module)) for name, (module, summary) in COMMANDS.items()]
        super().__init__(**settings, deferred=own)
        self._complete = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer's own
        """List the commands, in their order."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - typer's own
        """Find a command. The catalogue is looked at only for what is none of the program's own."""
        if cmd_name not in self.commands:
            self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        """Add the catalogue's commands. Where they cannot be loaded, that is said, and the program's own are all there is."""
        if self._complete:
            return
        self._complete = True
        try:
            verbs: list[Deferred] = import_module(_VERBS).known()
        except Exception as error:  # noqa: BLE001 - the catalogue may be anybody's code
            complain(f"the catalogue's commands are missing here: {str(error) or type(error).__name__}")
            return
        for one in verbs:
            if one.name is not None:
                self.commands.setdefault(one.name, one)

    def main(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 - typer's own
        """Run, and turn whatever went wrong into one line on standard error and an exit status."""
        try:
            status = super().main(*args, **settings | {"standalone_mode": False})
        except TyperException as error:
            text = error.format_message()
            if text:
                context = getattr(error, "ctx", None)
                complain(f"{text} See: {context.command_path if context else 'forge'} --help")
            sys.exit(USAGE)
        except ForgeError as error:
            complain(str(error))
            sys.exit(status_of(error))
        sys.exit(status or 0)


def _import(module: str) -> Any:  # noqa: ANN401 - typer's base of all commands has no name in public
    return get_command(import_module(module).app)


# Tracebacks are Python's own: typer's show local variables, and those may be keys.
app = typer.Typer(
    cls=Program,
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - a typer callback
    if wanted:
        typer.echo(f"forge {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")] = False,
) -> None:
    """Work with UCAN 1.0: serve signed invocations, sign them, delegate, and read what others signed.

    Exit status: 0 done; 1 the receipt holds an error; 2 usage; 3 the service was not reached or answered something else.
    """
    del version


def main() -> None:
    """Run the program that the console script `forge` is."""
    app(prog_name="forge")
