"""Without HTTP: CPU from a request's bytes to its answer's, durable, beside the floor (the signatures alone).

In a process of its own, which starts as a worker of `forge serve` does: the same app, the same settings, on a real file.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import uvloop

from benchmarks import cores
from benchmarks.cast import SERVICE, Cast
from benchmarks.failure import MeasurementError
from benchmarks.load import OK
from forge.cli.worker import create_app
from forge.container import Container
from forge.keys import Signer

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from forge.server.host import Host

CALLERS: Final = 64
_ENVIRONMENT: Final = "FORGE_"
_MICROSECONDS: Final = 1e6


@dataclass(frozen=True)
class Kind:
    """Requests of one kind."""

    name: str
    bodies: Sequence[bytes]
    receipts: int
    """In the answer to each."""
    warm: int = 0
    """How many of the bodies come first, and are not measured."""
    callers: int = CALLERS
    """How many are at work at once."""


@dataclass(frozen=True)
class Cost:
    """What one invocation costs, in µs of CPU of all threads."""

    kind: str
    us: float
    floor_us: float
    """Two verifications and a signature, measured before and after."""
    floor_known_us: float
    """One verification and a signature."""


def measure(people: Cast, store: str, kinds: Sequence[Kind], *, operations: int) -> list[Cost]:
    """Measure each kind, one after the other, on one core. `operations` of each kind make a floor.

    Raises:
        MeasurementError: an invocation failed.
    """
    log = people.key.parent / "direct.log"
    with (
        cores.on(cores.server_core()),
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        return pool.submit(_measure, people.key, store, log, kinds, operations).result()


@asynccontextmanager
async def hosted(key: Path, store: str, log: Path) -> AsyncIterator[Host]:
    """Start what a worker of `forge serve` runs, and give what its endpoints share. What it logs goes to a file."""
    for name in [name for name in os.environ if name.startswith(_ENVIRONMENT)]:
        del os.environ[name]
    os.environ.update({"FORGE_KEY": str(key), "FORGE_DID": SERVICE, "FORGE_STORE": store})
    with log.open("a") as file, redirect_stderr(file):
        app = cast("Starlette", create_app())
        async with app.router.lifespan_context(app):
            yield app.state.host


async def answer(host: Host, bodies: Sequence[bytes], *, receipts: int, callers: int = CALLERS) -> None:
    """Answer each, as many at once as there are callers.

    Raises:
        MeasurementError: a receipt is no `ok`.
    """
    waiting = iter(bodies)

    async def call() -> None:
        for body in waiting:
            # As the endpoint has it.
            container = host.read_small(body) or await host.read(body)
            answered = (await host.executor.execute(container)).to_cbor()
            if answered.count(OK) != receipts:
                raise MeasurementError(f"an answer was not what it had to be: {answered[:400]!r}")

    await asyncio.gather(*(call() for _ in range(callers)))


def _measure(key: Path, store: str, log: Path, kinds: Sequence[Kind], operations: int) -> list[Cost]:
    return uvloop.run(_measure_all(key, store, log, kinds, operations))


async def _measure_all(key: Path, store: str, log: Path, kinds: Sequence[Kind], operations: int) -> list[Cost]:
    costs = []
    async with hosted(key, store, log) as host:
        for kind in kinds:
            await answer(host, kind.bodies[: kind.warm], receipts=kind.receipts, callers=kind.callers)
            verify, sign = _floor(kind.bodies[0], operations)
            bodies = kind.bodies[kind.warm :]
            begin = time.process_time()
            await answer(host, bodies, receipts=kind.receipts, callers=kind.callers)
            us = (time.process_time() - begin) / (len(bodies) * kind.receipts) * _MICROSECONDS
            after = _floor(kind.bodies[0], operations)
            verify, sign = (verify + after[0]) / 2, (sign + after[1]) / 2
            costs.append(Cost(kind.name, us, 2 * verify + sign, verify + sign))
    return costs


def _floor(body: bytes, operations: int) -> tuple[float, float]:
    """Measure a verification and a signature, of as many bytes as those of a request have, in µs."""
    (invocation, *_) = Container.from_cbor(body).invocations
    message = bytes(invocation)[67:]
    signer = Signer.generate()
    signature, public = signer.sign(message), signer.key.public
    begin = time.process_time()
    for _ in range(operations):
        public.verify(message, signature)
    between = time.process_time()
    for _ in range(operations):
        signer.sign(message)
    end = time.process_time()
    return (between - begin) / operations * _MICROSECONDS, (end - between) / operations * _MICROSECONDS
