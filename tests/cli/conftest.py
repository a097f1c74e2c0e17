"""What the tests of the command line share: running it in process, and a real service to talk to."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest
import structlog
from typer.testing import CliRunner, Result

from forge.cli import app
from forge.cli.child import service
from forge.did import DID
from forge.keys import Signer

Forge: TypeAlias = Callable[..., Result]
WIDE = {"COLUMNS": "400"}
"""So wide that no text is broken."""


@dataclass(frozen=True)
class Party:
    """Somebody with a key file."""

    signer: Signer
    file: Path

    @property
    def did(self) -> DID:
        return self.signer.did

    @property
    def key(self) -> list[str]:
        return ["--key", str(self.file)]


@dataclass(frozen=True)
class Service:
    """A real service."""

    url: str
    party: Party

    @property
    def at(self) -> list[str]:
        return ["--url", self.url, "--audience", str(self.party.did)]


def flat(shown: str) -> str:
    """Take the boxes away, and put it on one line."""
    return " ".join(shown.replace("│", " ").split())


def make_party(folder: Path, name: str) -> Party:
    signer = Signer.generate()
    file = folder / f"{name}.pem"
    file.write_bytes(signer.key.pem())
    file.chmod(0o600)
    return Party(signer, file)


@pytest.fixture(autouse=True)
def _surroundings() -> Iterator[None]:
    """No FORGE_ variable from outside, and none that stays; logging as it was."""
    before = dict(os.environ)
    root, handlers = logging.getLogger(), list(logging.getLogger().handlers)
    for name in [name for name in os.environ if name.startswith("FORGE_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)
    root.handlers[:] = handlers
    logging.getLogger("uvicorn").handlers.clear()
    structlog.reset_defaults()


@pytest.fixture
def forge() -> Forge:
    def run(
        *args: object,
        status: int = 0,
        env: Mapping[str, str] | None = None,
        input: bytes | None = None,  # noqa: A002 - the runner's
    ) -> Result:
        result = CliRunner().invoke(app, [str(arg) for arg in args], prog_name="forge", env=env, input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert not any(line.startswith("Traceback") for line in result.output.splitlines())
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def alice(tmp_path: Path) -> Party:
    return make_party(tmp_path, "alice")


@pytest.fixture
def bob(tmp_path: Path) -> Party:
    return make_party(tmp_path, "bob")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    party = make_party(folder, "service")
    flags: Sequence[str] = [*party.key, "--store", f"sqlite:///{folder / 'forge.db'}", "--debug"]
    with service(flags, folder / "log") as url:
        yield Service(url, party)
