"""The catalogue's commands as verbs of the program: what is signed, what is refused, and what comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge.cid import CID
from forge.cli.child import service
from forge.cli.program import COMMANDS
from forge.cli.times import now
from forge.container import Container
from forge.keys import Signer
from tests.cli.conftest import WIDE, Forge, Party, Service, flat, make_party
from tests.cli.listed import OWN

PRODUCT = "did:web:starter.example.com"
NOWHERE = ["--url", "http://127.0.0.1:9"]
"""Nothing listens there: what was sent would be status 3."""


def fresh() -> str:
    return str(Signer.generate().did)


@pytest.fixture(scope="module")
def paged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of the tests' own catalogue."""
    folder = tmp_path_factory.mktemp("paged")
    party = make_party(folder, "service")
    config = folder / "forge.toml"
    config.write_text(f'catalog = "{OWN["FORGE_CATALOG"]}"\n')
    with service([*party.key, "--store", f"sqlite:///{folder / 'forge.db'}", "--config", str(config)], folder / "log") as url:
        yield Service(url, party)


def said(forge: Forge, file: Path, *args: object, key: Party, **env: str) -> dict[str, Any]:
    """Sign, do not send, and give the arguments."""
    forge(*args, *key.key, "--audience", "did:web:x.example.com", "-o", file, env=OWN | env)
    return Container.decode(file.read_text()).invocations[0].arguments


# -- what is signed


def test_arguments_are_options(forge: Forge, alice: Party, tmp_path: Path) -> None:
    guests, link = [fresh(), fresh()], CID.of(b"x")
    args: list[object] = [
        "--who",
        alice.did,
        "--ends-at",
        "1d",
        "--note",
        "3",
        "--from",
        "2027-01-15T08:00:00Z",
        "--state",
        "on",
    ]
    args += ["--colour", "green", "--exclusive", "--no-consent", "--share", "0.25", "--link", link]
    args += ["--guests", guests[0], "--guest", guests[1], "--details", '{"a":"b"}']
    before = now()
    arguments = said(forge, tmp_path / "i", "kinds", "one", *args, key=alice)
    assert before <= arguments.pop("endsAt") - 86_400 <= now()
    assert arguments == {
        "who": alice.did,
        "note": "3",
        "from": 1_800_000_000,
        "state": "on",
        "colour": "green",
        "exclusive": True,
        "consent": False,
        "share": 0.25,
        "link": link,
        "guests": guests,
        "details": {"a": "b"},
    }


def test_options_pairs_and_the_map_add_up(forge: Forge, alice: Party, tmp_path: Path) -> None:
    one, two = fresh(), fresh()
    args = ["--guest", one, "--note", "n", f"guests={two}", "consent=null", "endsAt=null"]
    arguments = said(
        forge, tmp_path / "i", "kinds", "one", *args, "--args", f'{{"who":"{one}","note":"m","share":1}}', key=alice
    )
    assert arguments == {"guests": [one, two], "note": "n", "consent": None, "endsAt": None, "who": one, "share": 1}


@pytest.mark.parametrize(
    "null", [["--ends-at", "null"], ["--ends-at", "never"], ["endsAt=null"], ["--args", '{"endsAt":null}']]
)
def test_null_is_not_nothing(forge: Forge, alice: Party, tmp_path: Path, null: list[str]) -> None:
    arguments = said(forge, tmp_path / "i", "kinds", "one", "--who", alice.did, "--note", "null", *null, key=alice)
    assert arguments == {"who": alice.did, "note": None, "endsAt": None}


def test_a_name_that_is_taken_is_said_by_its_key(forge: Forge, alice: Party, tmp_path: Path) -> None:
    pairs = ["key=k", "subject=s", "json=j", "help=h", "under_score=u", "noExclusive=n"]
    options = ["--all", "a", "--no-exclusive", "--guest", "g", "--guests", "gs"]
    assert said(forge, tmp_path / "i", "kinds", "clash", *pairs, *options, key=alice) == {
        "key": "k",
        "subject": "s",
        "json": "j",
        "help": "h",
        "under_score": "u",
        "noExclusive": "n",
        "all": "a",
        "exclusive": False,
        "guest": "g",
        "guests": ["gs"],
    }
    shown = flat(forge("kinds", "clash", "--help", env=WIDE | OWN).stdout)
    assert "Only like this, not as an option: key=TEXT What opens it. [required]" in shown
    for key in ("subject", "json", "help", "under_score", "noExclusive"):
        assert f"Only like this, not as an option: {key}=TEXT" in shown
    refused = forge("kinds", "clash", *alice.key, "--audience", "did:web:x", *NOWHERE, env=OWN, status=2)
    assert refused.stderr == "forge: missing: key=TEXT. See: forge kinds clash --help\n"


@pytest.mark.parametrize(
    ("verb", "flags", "env", "subject"),
    [
        (["kinds", "deep", "down", "below"], [], {}, "service"),
        (["kinds", "mine"], [], {}, "self"),
        (["kinds", "both"], [], {}, "self"),
        (["ping"], [], {}, "self"),
        (["ping"], [], {"FORGE_SUBJECT": "service"}, "service"),
        (["kinds", "deep", "down", "below"], [], {"FORGE_SUBJECT": "self"}, "self"),
        (["kinds", "deep", "down", "below"], ["--subject", "self"], {"FORGE_SUBJECT": "service"}, "self"),
        (["kinds", "mine"], ["--subject", "did:web:other.example.com"], {}, "did:web:other.example.com"),
    ],
)
def test_whom_it_is_about(  # noqa: PLR0913, PLR0917 - a table and its surroundings
    forge: Forge, alice: Party, tmp_path: Path, verb: list[str], flags: list[str], env: dict[str, str], subject: str
) -> None:
    said(forge, tmp_path / "i", *verb, *flags, "--unchecked", key=alice, **env)
    (invocation,) = Container.decode((tmp_path / "i").read_text()).invocations
    assert invocation.subject == {"self": str(alice.did), "service": "did:web:x.example.com"}.get(subject, subject)
    assert invocation.command.segments == tuple(verb)


# -- what cannot be


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["customer", "add"], "missing: --customer, --product. See: forge customer add --help"),
        (["customer", "add", "--customer", "did:web:x", "details={}"], "missing: --product. See: forge customer add --help"),
        (["customer", "ad"], "No such command 'ad'. Did you mean 'add'? See: forge customer --help"),
        (["custmer", "add"], "No such command 'custmer'. Did you mean 'customer'"),
        (["customer", "add", "--custmer", "x"], "No such option: --custmer"),
        (["customer", "get", "--customer", "did:web:x", "customer=did:web:y"], "customer: given 2 times, and it is not a list"),
        (["customer", "get", "--customer", "x"], "args.customer: not a DID: 'x'\n"),
        (["subscription", "add", "provider=x", "--seats", "two"], "seats: expected a whole number, not 'two'"),
        (["customer", "get", "did:web:x"], "did:web:x: expected key=value"),
        (["customer", "get", "payer=x"], "payer: the command takes no such argument; it takes: customer"),
        (["customer", "add", "--details", "x"], "details: not JSON"),
    ],
)
def test_wrong_usage_is_one_line(forge: Forge, alice: Party, args: list[str], said: str) -> None:
    environment = {"FORGE_KEY": str(alice.file), "FORGE_AUDIENCE": "did:web:x.example.com"}
    result = forge(*args, *NOWHERE, env=environment, status=2)
    assert said in result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1


def test_without_a_verb_there_is_help(forge: Forge) -> None:
    assert "Registers a customer." in forge("customer", status=2).output


def test_the_programs_own_commands_come_first(forge: Forge) -> None:
    assert "PKCS #8 PEM" in forge("key", "new", "--help", env=OWN).stdout
    shown = forge("--help", env=OWN | WIDE).stdout
    assert shown.count("│ key ") == 1
    listing = shown.partition("Commands of services")[2]
    assert [line.split()[1] for line in listing.splitlines() if line.startswith("│ ")] == ["item", "kinds", "ping"]


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"FORGE_CATALOG": "no.such:CATALOG"}, "no.such:CATALOG cannot be imported"),
        ({"FORGE_CATALOG": "tests.cli.broken:CATALOG"}, "division by zero"),
        ({"FORGE_PORT": "x"}, "port: "),
    ],
)
def test_a_catalogue_that_cannot_be_loaded_breaks_nothing_else(
    forge: Forge, tmp_path: Path, env: dict[str, str], said: str
) -> None:
    shown = forge("--help", env=env)
    assert all(summary in shown.stdout for _, summary in COMMANDS.values())
    assert "Commands of services" not in shown.stdout
    assert shown.stderr.startswith("forge: the catalogue's commands are missing here: ")
    assert said in shown.stderr
    assert shown.stderr.count("\n") == 1
    made = forge("key", "new", "-o", tmp_path / "key.pem", env=env)
    assert "catalogue" not in made.stderr
    refused = forge("customer", "add", env=env, status=2)
    assert said in refused.stderr
    assert "No such command 'customer'" in refused.stderr


# -- against a service


def test_a_customer_and_its_spaces(forge: Forge, running: Service, alice: Party, tmp_path: Path) -> None:
    at = [*running.at, "--json"]
    ours, own = [*at, *running.party.key], [*at, *alice.key]
    forge("customer", "add", "--customer", alice.did, "--product", PRODUCT, "--external-account", "f1:7", *ours)
    known = json.loads(forge("customer", "get", "--customer", alice.did, *own).stdout)["ok"]
    assert (known["externalAccount"], known["product"]) == ("f1:7", PRODUCT)
    provider = ["--provider", running.party.did]
    args = ["subscription", "add", f"customer={alice.did}", *provider, "--product", PRODUCT, *own, "-o", tmp_path / "i"]
    subscription = json.loads(forge(*args).stdout)["ok"]["id"]
    assert json.loads(forge("send", tmp_path / "i", "--url", running.url, "--json").stdout)["ok"]["id"] == subscription
    spaces = [make_party(tmp_path, name) for name in ("one", "two")]
    flags = [flag for space in spaces for flag in ("--consumer", space.did)]
    assigned = json.loads(forge("subscription", "assign", "--subscription", subscription, *flags, *own).stdout)["ok"]
    assert assigned == {"assigned": [space.did for space in spaces], "moved": []}
    assert json.loads(forge("space", "info", *at, *spaces[0].key).stdout)["ok"] == {"providers": [running.party.did]}
    got = json.loads(forge("consumer", "get", "--consumer", spaces[1].did, *at, *spaces[1].key).stdout)["ok"]
    assert got["subscription"] == subscription


def test_people_see_what_invoke_shows(forge: Forge, running: Service, alice: Party) -> None:
    shown = forge("debug", "echo", "--message", "hello", *running.at, *alice.key)
    lines = [flat(line) for line in shown.stdout.splitlines()]
    assert lines[0] == "ok"
    assert lines[-3:] == ["result {", '"message": "hello"', "}"]


def test_an_error_is_status_1(forge: Forge, running: Service, alice: Party) -> None:
    refused = forge("customer", "get", "--customer", alice.did, *running.at, *alice.key, status=1)
    assert refused.stderr.startswith("forge: CustomerNotFound: ")
    args = ["customer", "add", "--customer", alice.did, *running.at, *alice.key]
    assert "may not invoke /customer/add" in forge(*args, "product=did:web:x", "details={}", status=2).stderr
    assert forge(*args, "--unchecked", status=1).stderr.startswith("forge: InvalidClaim: ")
    assert (
        "was not reached" in forge("debug", "echo", "message=m", *alice.key, "--audience", alice.did, *NOWHERE, status=3).stderr
    )


def test_a_page_for_people(forge: Forge, paged: Service, alice: Party) -> None:
    shown = forge("item", "list", *paged.at, *alice.key, env=OWN).stdout
    page = shown[shown.index("results") :].splitlines()
    assert page == [
        "results     2",
        "",
        "  name    the 0th",
        '  inner   {"n":0}',
        "  number  0",
        "",
        "  name    the 1th",
        '  inner   {"n":1}',
        "  number  1",
        "",
        "cursor      2 (there is more: go on with it)",
    ]
    last = forge("item", "list", "--cursor", "4", *paged.at, *alice.key, env=OWN).stdout
    assert "number  4" in last
    assert "there is more" not in last


def test_all_pages(forge: Forge, paged: Service, alice: Party) -> None:
    flags = ["--all", *paged.at, *alice.key]
    pages = [json.loads(line) for line in forge("item", "list", *flags, "--json", env=OWN).stdout.splitlines()]
    assert [[one["number"] for one in page["ok"]["results"]] for page in pages] == [[0, 1], [2, 3], [4]]
    assert len({page["task"] for page in pages}) == 3
    later = forge("item", "list", "--size", "1", "cursor=2", *flags, env=OWN).stdout
    assert [line for line in later.splitlines() if "number" in line] == [f"  number  {number}" for number in (2, 3, 4)]


def test_all_pages_until_one_fails(forge: Forge, paged: Service, alice: Party) -> None:
    result = forge("item", "list", "--all", "--fails-at", "2", *paged.at, *alice.key, "--json", env=OWN, status=1)
    first, failed = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(first["ok"]["results"]) == 2
    assert failed["error"]["name"] == "TooFar"
    assert result.stderr == "forge: TooFar: nothing from 2 on\n"


def test_pages_without_an_end(forge: Forge, paged: Service, alice: Party) -> None:
    result = forge("item", "list", "--all", "--circular", *paged.at, *alice.key, env=OWN, status=3)
    assert result.stderr == f"forge: {paged.url} gave the same cursor twice: its pages have no end\n"


def test_all_pages_need_a_service_and_no_file(forge: Forge, alice: Party, tmp_path: Path) -> None:
    args = ["item", "list", "--all", *alice.key, "--audience", alice.did]
    assert forge(*args, env=OWN, status=2).stderr.startswith("forge: --url: where is the service?")
    assert forge(*args, "-o", tmp_path / "i", env=OWN, status=2).stderr.startswith("forge: --all: every page is an invocation")
    assert not (tmp_path / "i").exists()
    assert forge("ping", "--all", *alice.key, "--audience", alice.did, env=OWN, status=2).stderr.startswith(
        "forge: No such option"
    )


# -- in the shell


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["cust"], {"customer"}),
        (["customer", "a"], {"add"}),
        (["customer", "add", "--ext"], {"--external-account"}),
        (["customer", "add", "--pro"], {"--product", "--proof"}),
        (["key", "n"], {"new"}),
    ],
)
def test_the_shell_completes(typed: list[str], offered: set[str]) -> None:
    assert completions(typed) == offered


def test_the_shell_completes_what_an_argument_may_be() -> None:
    assert completions(["kinds", "one", "--colour", "g"], **OWN) == {"green"}
    assert completions(["kinds", "one", "--state", ""], **OWN) == {"on", "off"}
    assert completions(["kinds", "deep", "d"], **OWN) == {"down"}


def completions(typed: list[str], **env: str) -> set[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FORGE_")} | env
    environment |= {
        "_FORGE_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["forge", *typed]),
        "COMP_CWORD": str(len(typed)),
    }
    command = [sys.executable, "-c", "from forge.cli import main; main()"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return set(done.stdout.split())
