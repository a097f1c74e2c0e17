"""docs/domain.md says all that the commands have, and what names it, or it names, is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from commands import CATALOG
from commands.events import Type
from forge.binding import Command
from forge.command import CommandPath
from tests.generate import ROOT

PAGE = "docs/domain.md"
DOMAIN = (ROOT / PAGE).read_text()
COMMANDS = [route.command for route in CATALOG.without(CommandPath("/ucan")).without(CommandPath("/debug"))]
DECLARED = {failure.__name__ for command in COMMANDS for failure in command.failures}

LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SECTION = re.compile(rf"{re.escape(PAGE)}, ([A-Z][a-z]+(?:\s[a-z]+)*)")
DOCUMENTS = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "docs/differences.md", "docs/hilt.md", "docs/operating.md", PAGE)
]
NAMING = [ROOT / "DECISIONS.md"]
NAMING += [path for folder in ("commands", "store", "forge", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]


def sections(document: Path) -> set[str]:
    return {heading.lower().replace(" ", "-") for heading in HEADING.findall(document.read_text())}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.path)
def test_every_command_is_explained(command: Command[Any, Any]) -> None:
    assert f"`{command.path}`" in DOMAIN, f"say in {PAGE} what {command.path} means"


@pytest.mark.parametrize("kind", Type, ids=lambda kind: kind.value)
def test_every_event_has_its_row(kind: Type) -> None:
    rows = [line for line in DOMAIN.splitlines() if line.startswith("|") and f"`{kind.value}`" in line.split("|")[1]]
    assert len(rows) == 1, f"{PAGE}, Events: one row says what `data` holds for {kind.value}"


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_failure_has_its_row(name: str) -> None:
    assert f"\n| `{name}` | " in DOMAIN, f"{PAGE}, Failures: add a row that says what to do on {name}"


def test_nothing_is_explained_that_is_not_there() -> None:
    paths = {str(command.path) for command in COMMANDS} | {"/debug/clock"}
    folders = "|".join(sorted({path.split("/")[1] for path in paths}))
    assert set(re.findall(rf"`(/(?:{folders})/[a-z/]+)`", DOMAIN)) <= paths
    failures = DOMAIN.partition("\n## Failures\n")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", failures, re.MULTILINE)) == DECLARED


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, section in LINK.findall(document.read_text()):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not section or section in sections(target), f"{path}#{section}"


def test_what_names_a_section_names_one_that_is_there() -> None:
    named = [(path, found) for path in NAMING for found in SECTION.findall(path.read_text())]
    assert len(named) > 5
    for path, found in named:
        name = " ".join(found.split())
        assert name in HEADING.findall(DOMAIN), f"{path.relative_to(ROOT)} names the section {name!r} of {PAGE}"
