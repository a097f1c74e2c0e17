"""Where servers keep their rows while things break: on each engine, on a disk that is waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.faults.processes import Place
from tests.store import postgresql


@cache
def durable() -> postgresql.Server:
    """Give the PostgreSQL server of this process's tests that break something."""
    return postgresql.Server()


def on_postgresql(folder: Path) -> Place:
    postgresql.needed()
    return Place(folder, durable().store())


ENGINES: dict[str, Callable[[Path], Place]] = {"sqlite": Place, "postgresql": on_postgresql}


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder and a store, on each engine in turn."""
    return ENGINES[request.param](tmp_path)
