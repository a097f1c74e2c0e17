"""The load: for minutes, twice what the server can do. It sheds before it slows everybody, and recovers at once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp

from benchmarks.cast import fresh_did
from commands.customer import add as customer_add
from forge.did import DID
from forge.invocation import Invocation
from tests.faults.book import Told
from tests.faults.flood import Flood
from tests.faults.load import PRODUCT
from tests.faults.scene import Scene, Stage

NAME: Final = "load"
TIMES: Final = 2
SECONDS: Final = 120.0
LEAST: Final = 4.0
CONNECTIONS: Final = 1200
"""More than may be at work at once, so that there is something to shed."""
USUAL: Final = 64
PROBE: Final = 3000
"""Requests by which it is found out what the server can do; a tenth of them in a pick."""
LOOK: Final = 0.5
"""Seconds between two looks at whether it is ready."""


async def play(stage: Stage) -> None:
    """Measure, flood, and look how it is afterwards."""
    async with stage.scene(NAME, f"{TIMES} times what it can do") as scene:
        await scene.serve()
        probe = PROBE if stage.whole else PROBE // 10
        before = await _flood(scene, "before", probe, USUAL)
        rate = TIMES * probe / before.seconds
        seconds = max(LEAST, SECONDS * stage.scale)
        async with _watched(scene):
            flood = await _flood(scene, f"{TIMES} times as much", int(rate * seconds), CONNECTIONS, rate=rate)
        assert flood.away, "nothing was too much: what broke?"
        after = await _flood(scene, "right after", probe, USUAL)
        if after.away:
            scene.line.differences.halves.append(f"{after.away} were sent away when there was nothing to shed any more")
        scene.line.rounds = 1


async def _flood(scene: Scene, when: str, count: int, connections: int, *, rate: float | None = None) -> Flood:
    """Send requests, note what was told, and compare it with the store: all of it, by digests."""
    service = scene.place.service

    def make() -> Invocation:
        arguments = customer_add.AddArguments(customer=DID(fresh_did().decode()), product=PRODUCT, details={})
        return customer_add.add.invoke(service, arguments, subject=service.did, expiration=None)

    flood = Flood(make, rate=rate)
    known = {task for (task,) in scene.place.query("SELECT task FROM ledger")}
    await flood.run(scene.port, count, connections)
    line, book = scene.line, scene.load.book
    line.notes.append(
        f"{when}: {flood.seconds:.0f} s, {count / flood.seconds:.0f}/s asked, {len(flood.receipts) / flood.seconds:.0f}/s done"
        f" in {flood.percentile(0.5):.0f} ms (99 %: {flood.percentile(0.99):.0f} ms), {flood.away} sent away"
    )
    ledger = {task: receipt for task, receipt in scene.place.query("SELECT task, receipt FROM ledger") if task not in known}
    for task, digest in flood.receipts.items():
        if task not in ledger:
            line.differences.lost.append(task.hex())
        elif hashlib.sha256(ledger[task]).digest() != digest:
            line.differences.doubled.append(f"{task.hex()}: another receipt than the one that was given")
    line.differences.halves += [f"{task.hex()}: it ran, and nobody was told" for task in ledger.keys() - flood.receipts.keys()]
    line.differences.halves += flood.odd
    # These are sent again in the end.
    book.held.update(flood.done)
    for one in flood.sent_away:
        book.tell(one, Told.NOT_RUN)
    line.receipts += len(flood.receipts) - len(flood.done)
    line.cut_off += flood.away - len(flood.sent_away)
    return flood


@asynccontextmanager
async def _watched(scene: Scene) -> AsyncIterator[None]:
    """See that it says meanwhile that it is ready: whoever balances the load must not take it away."""
    answers: list[int] = []

    async def watch() -> None:
        async with aiohttp.ClientSession() as http:
            while True:
                async with http.get(scene.url + "/health/ready") as response:
                    answers.append(response.status)
                await asyncio.sleep(LOOK)

    watching = asyncio.create_task(watch())
    yield
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    scene.line.notes.append(f"ready meanwhile: {answers.count(200)} of {len(answers)} times")
    if set(answers) != {200}:
        scene.line.differences.halves.append(f"it was not ready: {answers}")
