"""Every command of the catalogue is a verb of the program, and its help says what there is to know."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from commands import CATALOG
from forge.binding import SERVICE, Command
from forge.cli.parameter import parameters
from forge.cli.program import COMMANDS
from tests.cli.conftest import WIDE, Forge, flat
from tests.cli.listed import OWN

TIMES = {"at", "from", "now", "since", "until"}


def words(command: Command[Any, Any]) -> tuple[str, ...]:
    return command.path.segments


@pytest.mark.parametrize("route", list(CATALOG), ids=lambda route: route.command.path)
def test_help_of_every_command(forge: Forge, route: Any) -> None:
    command = route.command
    shown = forge(*words(command), "--help", env=WIDE).stdout
    assert f"Usage: forge {' '.join(words(command))} " in shown
    rows = {line.split()[1].partition(",")[0]: flat(line) for line in shown.splitlines() if line.startswith("│ ")}
    for key, one in parameters(command.arguments).items():
        name = "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key)
        assert name in rows, f"{key} has no option"
        assert one.is_flag or one.metavar in rows[name]
        assert one.description in rows[name]
        assert ("[required]" in rows[name]) == one.required
    for failure in command.failures:
        assert f"Fails with {failure.__name__}: {flat(failure.__doc__ or '')}" in flat(shown)
    for paragraph in command.documentation.split("\n\n")[1:]:
        assert flat(paragraph) in flat(shown)
    subjects = ", ".join(dict.fromkeys(role.name for role in command.subjects))
    assert f"{command.path}, subject: {subjects}. " in flat(shown)
    default = "service" if set(command.subjects) == {SERVICE} else "(whom the proofs lead from, if that is one; or else self)"
    assert f"[default: {default}]" in rows["--subject"]
    for flag in (
        "--key",
        "--audience",
        "--url",
        "--args",
        "--as",
        "--proof",
        "--expires",
        "--nonce",
        "--unchecked",
        "--output",
    ):
        assert flag in shown
    assert ("--all" in rows) == ("cursor" in parameters(command.result))


@pytest.mark.parametrize("route", list(CATALOG), ids=lambda route: route.command.path)
def test_every_command_is_listed_where_it_is(forge: Forge, route: Any) -> None:
    *groups, name = words(route.command)
    rows = [flat(line) for line in forge(*groups, "--help", env=WIDE).stdout.splitlines()]
    assert f"{name} {route.command.summary[0].upper()}{route.command.summary[1:]}." in rows
    top = forge("--help", env=WIDE).stdout.partition("Commands of services")[2]
    (row,) = [flat(line) for line in top.splitlines() if line.startswith(f"│ {groups[0]} ")]
    assert " ".join(words(route.command)[1:]) in row.removeprefix(f"{groups[0]} ").split(", ")


def test_no_group_has_a_name_of_the_programs_own() -> None:
    assert COMMANDS.keys().isdisjoint(words(route.command)[0] for route in CATALOG)


def test_a_group_lists_its_verbs_without_importing_what_runs_them() -> None:
    program = (
        "import sys\nfrom forge.cli import app\ntry: app(['customer', '--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('aiohttp', 'starlette', 'aiosqlite') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "Registers a customer." in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_says_what_the_model_says(forge: Forge) -> None:
    shown = forge("kinds", "one", "--help", env=WIDE | OWN).stdout
    rows = {line.split()[1]: flat(line) for line in shown.splitlines() if line.startswith("│ ")}
    assert rows["--who"] == "--who DID [required]"
    assert rows["--ends-at"] == "--ends-at TIME|null When it ends; null for never. [required]"
    assert rows["--note"] == "--note TEXT Markup such as [bold] or [/] is only text."
    assert rows["--state"] == "--state on|off"
    assert rows["--colour"] == "--colour red|green [default: red]"
    assert rows["--exclusive"] == "--exclusive --no-exclusive <bool>"
    assert rows["--share"] == "--share NUMBER [default: 0.5]"
    assert rows["--guests,--guest"] == "--guests,--guest DID [may be repeated]"
    assert rows["--details"] == "--details JSON"
    assert "A TIME is RFC 3339" in shown
    assert "A TIME is RFC 3339" not in forge("kinds", "mine", "--help", env=WIDE | OWN).stdout


def test_help_says_how_what_is_no_plain_text_is_written(forge: Forge) -> None:
    shown = flat(forge("plan", "add", "--help", env=WIDE).stdout)
    assert "A PERIOD is ISO 8601: P1M, P90D, P1Y." in shown
    assert shown.count("A PERIOD is") == 1
    assert "A DID may be an e-mail address (its did:mailto), `self` for whoever signs, or `service`" in shown
    assert "A DID may be" not in forge("item", "list", "--help", env=WIDE | OWN).stdout
    shown = flat(forge("kinds", "one", "--help", env=WIDE | OWN).stdout)
    assert "a date (2027-01-31: its beginning in UTC), Unix seconds, or a duration from now" in shown
    assert "or back (-30d)" in shown
    assert "this machine's clock" in shown


def test_many_words_to_choose_from_are_listed_beside_the_option(forge: Forge) -> None:
    shown = flat(forge("event", "list", "--help", env=WIDE).stdout)
    assert "--type WORD" in shown
    assert "[one of: customer-added, " in shown


def test_what_is_implied_is_not_required(forge: Forge) -> None:
    shown = forge("customer", "add", "--help", env=WIDE).stdout
    (row,) = [flat(line) for line in shown.splitlines() if line.startswith("│ ") and "--details" in line]
    assert row == "--details JSON [default: {}]"


@pytest.mark.parametrize("route", list(CATALOG), ids=lambda route: route.command.path)
def test_what_is_a_time_says_so_in_arguments_and_results(route: Any) -> None:
    for model in (route.command.arguments, route.command.result):
        schema = model.model_json_schema()
        for place in (schema, *schema.get("$defs", {}).values()):
            for key, one in place.get("properties", {}).items():
                if key in TIMES or key.endswith("At"):
                    text = json.dumps(one)
                    assert "Unix seconds" in text or "enum" in text or "Those that follow this number" in text, key


def test_times_are_written_as_times_wherever_there_are_some() -> None:
    found = {
        f"{route.command.path} {key}": one for route in CATALOG for key, one in parameters(route.command.arguments).items()
    }
    times = {name for name in found if name.endswith(("At", " from", " until", " now"))}
    assert {"/debug/clock now", "/subscription/extend endsAt", "/payment/record until"} <= times
    assert {name: found[name].metavar for name in times if "TIME" not in found[name].metavar} == {}
