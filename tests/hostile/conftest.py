"""The services that the cases meet."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from hashlib import sha256

import pytest
import pytest_asyncio

from forge.cid import CID
from forge.config import write_private
from tests.hostile.case import Service
from tests.hostile.parties import AUTHORITY, NOW, SERVER
from tests.hostile.table import CASES
from tests.service.world import World, running


@dataclass
class Target:
    """A running service, and a look at its rows from outside."""

    world: World
    connection: sqlite3.Connection

    def rows(self) -> bytes:
        """Digest what all tables hold."""
        tables = self.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        held = [(name, self.connection.execute(f'SELECT * FROM "{name}"').fetchall()) for (name,) in tables]  # noqa: S608 - their own names
        assert {"ledger", "event", "revocation"} <= {name for name, _ in held}
        return sha256(repr(held).encode()).digest()

    def recorded(self, task: CID) -> bytes | None:
        """Look the receipt of a task up in the ledger."""
        row = self.connection.execute("SELECT receipt FROM ledger WHERE task = ?", (bytes(task),)).fetchone()
        return None if row is None else bytes(row[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def targets(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[Service, Target]]:
    """Run the services that the cases ask for, all at the same fixed time."""
    async with AsyncExitStack() as stack:
        found: dict[Service, Target] = {}
        for service in {case.service for case in CASES}:
            folder = tmp_path_factory.mktemp("service")
            write_private(folder / "service.pem", SERVER.key.pem())
            authority = AUTHORITY.did if service.attesting else None
            world = await stack.enter_async_context(
                running(folder, catalog="tests.hostile.catalog:CATALOG", leeway=service.leeway, authority=authority),
            )
            # A bound that is met exactly needs a clock that stands.
            world.app.state.host.executor._clock = lambda: NOW
            connection = sqlite3.connect(f"file:{folder / 'forge.db'}?mode=ro", uri=True)
            found[service] = Target(world, stack.enter_context(closing(connection)))
        yield found
