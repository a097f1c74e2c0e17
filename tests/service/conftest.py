"""Fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.service.scene import START, Scene, staged
from tests.service.world import World, running


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Run a service with the misbehaving commands."""
    async with running(tmp_path) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Run one service for all the tests of a module, which mark themselves as one loop's."""
    async with staged(tmp_path_factory.mktemp("stage")) as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="module")
async def scene(stage: Scene) -> Scene:
    """Begin at a time that every test begins at; the people of other tests are about."""
    await stage.set_time(START)
    return stage
