from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from forge.cli.config import without_password
from tests.cli.conftest import Forge


def test_defaults(forge: Forge) -> None:
    shown = forge("config").stdout
    assert "# key is not set\n" in shown
    assert tomllib.loads(shown)["port"] == 8080


def test_file_and_environment(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "forge.toml"
    file.write_text('port = 1\nhost = "::1"\nstore = "postgresql://u:secret@h/db"\n')
    for args, environment in ((["--config", file], {}), ([], {"FORGE_CONFIG": str(file)})):
        result = forge("config", *args, "--json", env={"FORGE_PORT": "2", "FORGE_KEY": "k.pem", **environment})
        said = json.loads(result.stdout)
        assert (said["port"], said["host"], said["key"], said["store"]) == (2, "::1", "k.pem", "postgresql://u:***@h/db")
        assert "secret" not in result.output


def test_what_is_wrong_is_named(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "forge.toml"
    assert forge("config", env={"FORGE_PORT": "x"}, status=2).stderr.startswith("forge: port: ")
    assert forge("config", "--config", file, status=2).stderr == f"forge: config: there is no file {file}\n"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////a.db", "sqlite:////a.db"),
        ("postgresql://u@h/db", "postgresql://u@h/db"),
        ("postgresql://u:p@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:a:b@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:p@[h/db", "(not an address)"),
    ],
)
def test_passwords_are_hidden(url: str, shown: str) -> None:
    assert without_password(url) == shown
