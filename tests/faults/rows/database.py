"""The database: PostgreSQL that is stopped, that crashes, and whose connections end one by one, under load."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from tests.faults.conftest import durable
from tests.faults.scene import Scene, Stage, Way
from tests.store.postgresql import Server

NAME: Final = "database"
ROUNDS: Final = 6
SOME: Final = 15
AWAY: Final = 10
"""Requests that end in nothing while there is no database."""
ENDED: Final = 20
"""Connections, one by one."""
_VICTIM: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname IS NOT NULL AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1"
)


async def play(stage: Stage) -> None:
    """Stop it, crash it, cut its connections."""
    ways: dict[str, Way] = {how: partial(_break, break_it) for how, break_it in _WAYS.items()}
    await stage.play(ways, {"PostgreSQL restarted", "connections ended, one by one"})


async def _break(break_it: Callable[[Server, Scene], Awaitable[None]], stage: Stage, how: str) -> None:
    async with stage.scene(NAME, how) as scene:
        await scene.serve()
        scene.load.start()
        for _ in stage.rounds(ROUNDS):
            await scene.load.more(SOME)
            await break_it(durable(), scene)
            await scene.load.more(SOME)
            scene.line.rounds += 1


async def _stop(server: Server, scene: Scene) -> None:
    await asyncio.to_thread(server.stop)
    await scene.load.trouble(AWAY)
    await asyncio.to_thread(server.start)


async def _crash(server: Server, scene: Scene) -> None:
    await asyncio.to_thread(server.stop, "immediate")
    await scene.load.trouble(AWAY)
    await asyncio.to_thread(server.start)


async def _restart(server: Server, scene: Scene) -> None:
    del scene
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def _end_connections(server: Server, scene: Scene) -> None:
    for _ in range(ENDED):
        await asyncio.to_thread(server.do, _VICTIM)
        await scene.load.more(1)


_WAYS: Final[dict[str, Callable[[Server, Scene], Awaitable[None]]]] = {
    "PostgreSQL stopped, and started later": _stop,
    "PostgreSQL crashes (immediate)": _crash,
    "PostgreSQL restarted": _restart,
    "connections ended, one by one": _end_connections,
}
