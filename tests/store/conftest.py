"""The engines that the contract is held against. An engine more is a line more."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from forge.ports import Store
from store import Transaction, connect, sqlite

Tx = Store[Transaction]

ENGINES: dict[str, Callable[[Path], str]] = {
    "sqlite": lambda folder: f"sqlite:///{folder / 'store.db'}",
}


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
