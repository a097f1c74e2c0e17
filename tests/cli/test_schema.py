from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import CATALOG
from forge.catalog import Catalog
from forge.cli.catalogue import table
from forge.cli.schema import files, write_all
from tests.cli.conftest import Forge


def test_one_command(forge: Forge) -> None:
    said = json.loads(forge("schema", "/customer/add").stdout)
    assert said["command"] == "/customer/add"
    assert (said["effect"], said["subjects"]) == ("changes", ["service"])
    assert said["failures"].keys() == {"InvalidCustomerSubject", "CustomerExists", "InvalidExternalAccount"}
    assert said["arguments"]["required"] == ["customer", "product", "details"]
    assert said["arguments"]["additionalProperties"] is False
    assert said["result"]["properties"] == {}
    assert said["description"].startswith("`/customer/add`: ")
    assert '"title": "Customer"' not in json.dumps(said)


def test_all_commands(forge: Forge) -> None:
    said = json.loads(forge("schema").stdout)
    assert [one["command"] for one in said] == [route.command.path for route in CATALOG]


def test_write(forge: Forge, tmp_path: Path) -> None:
    forge("schema", "--write", tmp_path)
    written = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.json")}
    assert written == dict(files(CATALOG))
    assert Path("commands/customer/add.json") in written
    text = written[Path("commands/customer/add.json")]
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_write_removes_what_is_gone_and_nothing_else(tmp_path: Path) -> None:
    write_all(CATALOG, tmp_path)
    others = [tmp_path / "envelope.ipldsch", tmp_path / "commands" / "README.md", tmp_path / "other.json"]
    for other in others:
        other.write_text("mine")
    write_all(Catalog(*(route for route in CATALOG if route.command.path != "/space/info")), tmp_path)
    assert not (tmp_path / "commands" / "space").exists()
    assert all(other.exists() for other in others)
    write_all(Catalog(), tmp_path)
    assert sorted(path.name for path in (tmp_path / "commands").iterdir()) == ["README.md"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["/no/such"], "forge: /no/such is not known here; `forge commands` lists what is\n"),
        (["customer"], "forge: CMD: a command begins with '/'"),
        (["/customer/add", "--write", "x"], "forge: --write: writes all commands; leave CMD out\n"),
        (["--write", "/dev/null"], "forge: --write: "),
    ],
)
def test_what_is_wrong_is_named(forge: Forge, args: list[str], said: str) -> None:
    assert said in forge("schema", *args, status=2).stderr


def test_the_list_of_commands(forge: Forge) -> None:
    shown = [" ".join(line.split()) for line in forge("commands").stdout.splitlines()]
    assert len(shown) == len(CATALOG)
    assert "/customer/add changes registers a customer (service)" in shown


def test_the_list_as_json(forge: Forge) -> None:
    said = {one["command"]: one for one in json.loads(forge("commands", "--json").stdout)}
    assert said["/customer/add"]["takes"] == "customer, externalAccount?, product, details"
    assert said["/space/info"]["takes"] == ""


def test_the_table(forge: Forge) -> None:
    shown = forge("commands", "--markdown").stdout
    assert shown == table(CATALOG) + "\n"
    lines = shown.splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- | --- |"
    assert len(lines) == 2 + len(CATALOG)
    assert "| `/space/info` | tells which providers a space has | reads | consumer |  | `UnknownSpace` |" in lines
