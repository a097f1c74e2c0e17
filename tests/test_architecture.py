"""The structure, held: which way imports point, where third parties live, and that a command's folder is its path."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import commands
from commands import CATALOG
from forge.binding import Route

ROOT = Path(__file__).parents[1]
PACKAGES = ("forge", "store", "commands")

# Packages from the inside out: each may import those before it.
ARROWS = {"forge": {"forge"}, "store": {"forge", "store"}, "commands": {"forge", "store", "commands"}}

# The core from the inside out: a module imports only what stands before it, so there can be no circle.
ORDER = [
    "forge.errors",
    "forge.record",
    "forge.cid",
    "forge.instant",
    "forge.eventstream",
    "forge.did",
    "forge.wording",
    "forge.command",
    "forge.varsig",
    "forge.allowance",
    "forge.swift",
    "forge.dagcbor",
    "forge.dagjson",
    "forge.model",
    "forge.keys",
    "forge.method",
    "forge.material",
    "forge.document",
    "forge.policy",
    "forge.envelope",
    "forge.delegation",
    "forge.invocation",
    "forge.attestation",
    "forge.receipt",
    "forge.container",
    "forge.ports",
    "forge.notice",
    "forge.revocation",
    "forge.signature",
    "forge.verify",
    "forge.chain",
    "forge.verdict",
    "forge.binding",
    "forge.catalog",
    "forge.followable",
    "forge.resolve",
    "forge.wire",
    "forge.following",
    "forge.client",
    "forge.inquiry",
    "forge.follow",
    "forge.admission",
    "forge.deadline",
    "forge.execute",
    "forge.metrics",
    "forge.page",
    "forge.config",
    "forge.server",
    "forge.cli",
    "forge.__main__",
]

# Third parties, and the modules (or packages) that are their home.
HOMES = {
    "aiohttp": {"forge.client", "forge.follow", "forge.following", "forge.inquiry", "forge.resolve"},
    "aiosqlite": {"store.sqlite"},
    "alembic": {"store.migrations"},
    "cbor2": {"forge.dagcbor"},
    "cbrrr": {"forge.swift"},
    "coincurve": {"forge.keys"},
    "cryptography": {"forge.keys"},
    "multiformats": {"forge.cid", "forge.keys", "forge.material"},
    "nacl": {"forge.keys"},
    "propcache": {"forge.cid", "forge.container", "forge.envelope", "forge.invocation", "forge.keys", "forge.receipt"},
    "prometheus_client": {"forge.metrics"},
    "pydantic": {
        "forge.binding",
        "forge.catalog",
        "forge.cid",
        "forge.model",
        "forge.config",
        "forge.did",
        "forge.cli",
        "forge.followable",
        "commands",
    },
    "psycopg": {"store.postgres"},
    "pydantic_core": {"forge.cid", "forge.did", "commands.page", "commands.period", "store.cells"},
    "pydantic_settings": {"forge.config"},
    "rich": {"forge.cli"},
    "sqlalchemy": {"store.migrations"},
    "sqlite3": {
        "store.sqlite",
        "store.session",
        "store.backup",
        "store.checkpoint",
        "store.faults",
        "store.glance",
        "store.archive.file",
        "store.fsck.scratch",
        "store.migrations",
    },
    "starlette": {"forge.server"},
    "structlog": {"forge.execute", "forge.follow", "forge.inquiry", "forge.server", "forge.cli", "store"},
    "typer": {"forge.cli"},
    "uvicorn": {"forge.cli"},
    "yarl": {"forge.resolve"},
}
STANDARD_WITH_A_HOME = {"sqlite3"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else node.module


def within(module: str, homes: set[str]) -> bool:
    return any(module == home or module.startswith(home + ".") for home in homes)


@pytest.mark.parametrize("module", MODULES)
def test_arrows_between_packages(module: str) -> None:
    for name in imports(MODULES[module]):
        package = name.partition(".")[0]
        if package in PACKAGES:
            assert package in ARROWS[module.partition(".")[0]], f"{module} imports {name}"


def place(module: str) -> int:
    found = [index for index, name in enumerate(ORDER) if within(module, {name})]
    assert found, f"{module} has no place in ORDER"
    return found[0]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("forge.")])
def test_arrows_within_forge(module: str) -> None:
    for name in imports(MODULES[module]):
        if name.startswith("forge."):
            assert place(name) <= place(module), f"{module} imports {name}, which stands outside of it"
            if place(name) == place(module):
                assert name.split(".")[:2] == module.split(".")[:2]


@pytest.mark.parametrize("module", MODULES)
def test_third_parties_stay_at_home(module: str) -> None:
    for name in imports(MODULES[module]):
        top = name.partition(".")[0]
        if top in PACKAGES or (top in sys.stdlib_module_names and top not in STANDARD_WITH_A_HOME):
            continue
        assert top in HOMES, f"{module} imports {top}, which has no home"
        assert within(module, HOMES[top]), f"{module} imports {top}, whose home is {sorted(HOMES[top])}"


def test_homes_are_lived_in() -> None:
    used = {name.partition(".")[0] for path in MODULES.values() for name in imports(path)}
    assert HOMES.keys() <= used


def command_files() -> dict[str, Path]:
    folder = Path(commands.__file__).parent
    files = (path for path in folder.rglob("*.py") if path.parent != folder and path.name != "__init__.py")
    return {"/" + "/".join(path.relative_to(folder).with_suffix("").parts): path for path in files}


def test_every_command_module_is_in_the_catalogue_under_its_own_path() -> None:
    assert command_files().keys() == {str(route.command.path) for route in CATALOG}


@pytest.mark.parametrize("route", list(CATALOG), ids=lambda route: route.command.path)
def test_a_command_is_whole(route: object) -> None:
    assert isinstance(route, Route)
    command = route.command
    assert Path(route.handle.__code__.co_filename) == command_files()[command.path]
    assert command.documentation.startswith(f"`{command.path}`: "), "its docstring begins with its path"
    assert command.summary
    assert command.subjects
    for kind in (command.arguments, command.result, *command.failures):
        assert kind.__doc__, kind


def test_commands_import_neither_a_driver_nor_a_server() -> None:

    heavy = ("starlette", "uvicorn", "sqlite3", "aiosqlite", "psycopg", "alembic", "sqlalchemy", "aiohttp", "typer")
    program = f"import sys, commands; print([name for name in {heavy!r} if name in sys.modules])"
    # What measures coverage brings imports of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_one_noun(module: str) -> None:
    assert len(MODULES[module].read_text().splitlines()) <= 400, f"{module} is past 400 lines: split it"
    assert MODULES[module].name not in {"utils.py", "helpers.py", "manager.py", "service.py"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_takes_what_its_reader_has(path: Path) -> None:
    for name in imports(path):
        top = name.partition(".")[0]
        assert top in {"forge", "commands", "stage"} or top in sys.stdlib_module_names, f"{path} imports {name}"
    assert len(path.read_text().splitlines()) <= 200, f"{path} is too long to be read at once"
