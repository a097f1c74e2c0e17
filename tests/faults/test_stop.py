"""A graceful stop under load: what was taken is finished and answered, nothing else is begun."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.processes import Place
from tests.faults.test_kill import CLIENTS, Load

STOPS = 5


@pytest.mark.parametrize("workers", [1, 2])
async def test_all_that_ran_was_answered(place: Place, workers: int) -> None:
    load = Load(place.service)
    for round_ in range(STOPS):
        with place.server("--workers", str(workers)) as server:
            await server.ready()
            load.enough.clear()
            goal = len(load.held) + 10 + 20 * round_
            clients = [asyncio.create_task(load.run(server.url, goal)) for _ in range(CLIENTS)]
            enough = asyncio.create_task(load.enough.wait())
            await asyncio.wait([enough, *clients], return_when=asyncio.FIRST_COMPLETED)
            assert enough.done(), "a client gave up before the server was stopped"
            assert await asyncio.to_thread(server.stop) == 0, server.log.read_text()
            await asyncio.gather(*clients)
        ran = {task for (task,) in place.query("SELECT task FROM ledger")}
        assert ran == {bytes(one.task) for one in load.held}, "each task that ran was answered, and each answer is kept"
        assert place.halves() == {}
