from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from typer.main import get_command

from forge import errors
from forge.cli.exits import Unexpected, UsageError, status_of
from forge.cli.program import COMMANDS
from tests.cli.conftest import Forge

FLAGS = {
    "serve": ["--config", "--key", "--did", "--store", "--host", "--port", "--workers", "--dev", "--debug", "--test-clock"],
    "key new": ["--type", "--output", "-o"],
    "key show": ["--json", "FORGE_KEY"],
    "delegate": [
        *["--key", "--as", "--audience", "--subject", "--command", "--policy", "--expires", "--not-before", "--proof", "-o"],
        *["--json", "FORGE_KEY", "30d"],
    ],
    "attest": [
        *["--key", "--as", "--for", "--audience", "--subject", "--command", "--policy", "--expires", "--not-before", "--proof"],
        *["--nonce", "-o", "--json", "FORGE_KEY", "30d", "another"],
    ],
    "invoke": [
        *[
            "--args",
            "--key",
            "--as",
            "--subject",
            "--audience",
            "--url",
            "--proof",
            "--expires",
            "--nonce",
            "--unchecked",
            "-o",
        ],
        *["--json", "FORGE_KEY", "FORGE_URL", "FORGE_AUDIENCE", "FORGE_SUBJECT", "FORGE_PROOF"],
    ],
    "revoke": ["--key", "--as", "--audience", "--url", "--proof", "--json", "FORGE_KEY", "FORGE_URL", "FORGE_AUDIENCE"],
    "send": ["--url", "--json"],
    "inspect": ["--json"],
    "verify": ["--at", "--leeway", "--audience", "--authority", "--proof", "--plc", "--url", "--offline", "--json"],
    "receipt": ["--url", "--audience", "--json", "-o"],
    "commands": ["--markdown", "--json"],
    "schema": ["--write"],
    "archive": ["--before", "--list", "--store", "--config", "--json", "FORGE_CONFIG", "-90d"],
    "backup": ["--store", "--config", "--json", "FORGE_CONFIG"],
    "export": ["--store", "--config", "--json", "FORGE_CONFIG"],
    "import": ["--store", "--config", "--json", "FORGE_CONFIG"],
    "fsck": ["--store", "--key", "--config", "--json", "FORGE_CONFIG"],
    "config": ["--config", "--json"],
    "demo": ["--keep"],
}


@pytest.mark.parametrize("command", FLAGS)
def test_help_names_the_flags(forge: Forge, command: str) -> None:
    shown = forge(*command.split(), "--help").stdout
    for flag in FLAGS[command]:
        assert flag in shown
    assert "\x1b" not in shown


def test_help_lists_every_command_without_importing_any(forge: Forge) -> None:
    shown = forge("--help").stdout
    assert {name.split()[0] for name in FLAGS} == COMMANDS.keys()
    for name, (_, summary) in COMMANDS.items():
        assert name in shown
        assert summary in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_summaries_are_what_the_commands_say(name: str) -> None:
    module, summary = COMMANDS[name]
    said = get_command(import_module(module).app).help or ""
    words = summary.rstrip(".").split(",")[0].split(":")[0]
    assert said.startswith(words)


def test_version(forge: Forge) -> None:
    assert forge("--version").stdout.startswith("forge 0.")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["kye"], "forge: No such command 'kye'. Did you mean 'key'? See: forge --help\n"),
        (["key", "nwe"], "forge: No such command 'nwe'."),
        (["key", "show"], "forge: Missing argument 'FILE'. See: forge key show --help\n"),
        (["invoke", "/a"], "forge: Missing option '--key' (env var: 'FORGE_KEY'). See: forge invoke --help"),
        (["inspect", "--nope"], "forge: No such option: --nope"),
        (["serve", "--port", "x"], "--port"),
    ],
)
def test_wrong_usage_is_one_line(forge: Forge, args: list[str], said: str) -> None:
    result = forge(*args, status=2)
    assert result.stdout == ""
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_command_there_is_help(forge: Forge) -> None:
    assert "Usage" in forge(status=2).output
    assert "Usage" in forge("key", status=2).output


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 2),
        (errors.DIDError("x"), 2),
        (errors.ConfigurationError("x"), 2),
        (errors.StoreError("x"), 2),
        (errors.ServiceError("x"), 3),
        (errors.MatchError("x"), 1),
        (Unexpected("x"), 1),
        (errors.ForgeError("x"), 1),
    ],
)
def test_what_an_exception_means(error: errors.ForgeError, status: int) -> None:
    assert status_of(error) == status


HEAVY = ("uvicorn", "starlette", "aiohttp", "aiosqlite", "structlog")


@pytest.mark.parametrize("args", [["--help"], ["key", "new"], ["inspect", "--help"], ["delegate", "--help"]])
def test_light_commands_import_nothing_heavy(args: list[str]) -> None:
    program = (
        "import sys\nfrom forge.cli import app\n"
        f"try: app({args!r})\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", [["-m", "forge"], ["-c", "from forge.cli import main; main()"]])
def test_as_a_process(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command, "--version"], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("forge ")
    refused = subprocess.run([sys.executable, *command, "inspect", "82"], check=False, capture_output=True, text=True)
    assert refused.returncode == 2
