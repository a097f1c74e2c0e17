"""The engines that the contract is held against. An engine more is a line more."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from forge.ports import Store
from store import Transaction, connect, sqlite
from tests.store import postgresql

Tx = Store[Transaction]


@cache
def empty() -> bytes:
    """An empty store on SQLite. It is made once: the steps of the schema take longer than most tests."""

    async def make(file: Path) -> None:
        await (await sqlite.connect(str(file))).close()

    with TemporaryDirectory() as folder:
        file = Path(folder) / "store.db"
        asyncio.run(make(file))
        return file.read_bytes()


def on_sqlite(folder: Path) -> str:
    file = folder / "store.db"
    file.write_bytes(empty())
    return f"sqlite:///{file}"


def on_postgresql(folder: Path) -> str:
    del folder
    postgresql.needed()
    return postgresql.server().store()


def give_back(url: str) -> None:
    """Say that a test is done with a place, and will take another one."""
    if url.startswith("postgresql:"):
        postgresql.server().give_back(url)


ENGINES: dict[str, Callable[[Path], str]] = {"sqlite": on_sqlite, "postgresql": on_postgresql}
"""How a place for a store is made in a folder of its own."""


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store, on each engine in turn."""
    return ENGINES[request.param](tmp_path)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Tx]:
    """An empty store."""
    opened = await connect(url)
    yield opened
    await opened.close()


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], sqlite3.Connection]]:
    """The connections that SQLite stores open from here on, each with its pragmas."""
    found: list[tuple[Sequence[str], sqlite3.Connection]] = []
    real = sqlite._open

    def spy(path: Path, pragmas: Sequence[str]) -> Any:
        connection = real(path, pragmas)
        found.append((pragmas, connection))
        return connection

    monkeypatch.setattr(sqlite, "_open", spy)
    return found
