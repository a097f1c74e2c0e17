"""Which URLs name a store, and what is imported for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import store
from forge.errors import ConfigurationError
from store import connect
from tests.store.samples import ALICE, customer, names


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///one.db", "one.db"),
        ("SQLite:///one.db", "one.db"),
        ("sqlite:////{}/two.db", "two.db"),
        ("three.db", "three.db"),
        ("{}/four.db", "four.db"),
        ("sqlite:///with space%20and#.db", "with space%20and#.db"),
        ("file::memory:", "file::memory:"),
    ],
)
async def test_a_url_names_a_file(url: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opened = await connect(url.format(tmp_path))
    await opened.change(lambda tx: tx.add_customer(customer()))
    await opened.close()
    assert names(tmp_path) == [file]
    again = await connect(str(tmp_path / file))
    assert await again.read(lambda tx: tx.customer(ALICE)) == customer()
    await again.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "names no file"),
        (":memory:", "names no file"),
        ("sqlite://", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite://store.db", "without host"),
        ("sqlite:///store.db?mode=ro", "without host and parameters"),
        ("sqlite:///no/such/store.db", "no directory .*no/such"),
        ("no/such/store.db", "no directory .*no/such"),
        ("mysql://host/store", "no engine serves mysql://. Supported: sqlite:///path, postgresql://"),
        ("postgresql://host/store?prepared=perhaps", "prepared=perhaps: expected yes or no"),
        ("postgresql://host/store?no_such=parameter", "no postgresql:// URL"),
        ("postgresql:///store?host=/no/such/folder", "the database cannot be used: (.|\n)*/no/such/folder"),
    ],
)
async def test_a_url_that_names_no_store_is_refused(
    url: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=message):
        await connect(url)
    assert names(tmp_path) == []


def test_importing_the_store_brings_no_driver() -> None:
    program = (
        "import sys; before = set(sys.modules); import store; "
        "print({'sqlite3', 'aiosqlite', 'alembic', 'sqlalchemy', 'asyncio'} & (set(sys.modules) - before))"
    )
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert child.stdout == "set()\n"


def test_a_program_that_dies_without_closing_its_store_does_die(tmp_path: Path) -> None:
    program = "import asyncio, store, sys; kept = asyncio.run(store.connect(sys.argv[1])); sys.exit('dying')"
    child = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "store.db")], capture_output=True, text=True, check=False, timeout=60
    )
    assert child.returncode == 1
    assert child.stderr.startswith("dying\n")


def test_the_front_door_is_sorted_and_complete() -> None:
    public = {name for name, value in vars(store).items() if not name.startswith("_") and not isinstance(value, ModuleType)}
    assert store.__all__ == sorted(public - {"annotations"})
