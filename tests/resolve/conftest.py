"""Fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.plc import directory as plc
from tests.resolve.hosts import Host, hosting


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    """Run a web server."""
    async with hosting() as made:
        yield made


@pytest.fixture
def directory() -> Iterator[plc.Directory]:
    """Run a did:plc directory."""
    with plc.directory() as made:
        yield made
