"""Clients that ask at the same moment, a connection each, and as many to each worker of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client.multiprocess import MultiProcessCollector

from forge.client import Client
from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from forge.metrics import SHARED_FOLDER
from forge.receipt import Receipt
from tests.faults.processes import Place, Server

CLIENTS: Final = 50
GENEROUS: Final = 60.0
"""Seconds after which a worker that takes no connections has failed: it may still be starting when another one is ready."""


def sign(  # noqa: PLR0913 - an invocation has these parts
    by: Signer,
    service: DID,
    command: str,
    arguments: Mapping[str, Any],
    *,
    subject: DID | None = None,
    proofs: Sequence[Delegation] = (),
) -> Invocation:
    """Sign a task of its own, about the issuer itself where no subject is given."""
    return Invocation.issue(
        by,
        subject=subject or by.did,
        audience=service,
        command=CommandPath(command),
        arguments=arguments,
        expiration=None,
        proofs=[proof.cid for proof in proofs],
    )


@dataclass
class Crowd:
    """Clients of one server; each keeps its connection, and so its worker."""

    place: Place
    server: Server
    workers: int
    clients: list[Client]
    counters: Path

    @property
    def service(self) -> Signer:
        return self.place.service

    async def race(self, entries: Sequence[Container]) -> list[Receipt]:
        """Send one from each client, all at once; give the receipt of each."""
        answers = await asyncio.gather(*(client.send(entry) for client, entry in zip(self.clients, entries, strict=True)))
        return [only(answer) for answer in answers]

    async def do(self, *invocations: Invocation) -> None:
        """Have something done that does not fail, one after the other: a container has no order of its own."""
        for invocation in invocations:
            receipt = only(await self.clients[0].send(Container.of(invocation)))
            assert receipt.error is None, (invocation.command, receipt.error)

    def answered(self) -> dict[str, int]:
        """Count the invocations that each worker has answered, by what it calls its counters."""
        # One that has just started may have made its file, and nothing in it yet.
        return {file.name: _answered(file) for file in self.counters.glob("counter_*.db") if file.stat().st_size}


def only(answer: Container) -> Receipt:
    """Give the one receipt of an answer."""
    (receipt,) = (token for token in answer.tokens if isinstance(token, Receipt))
    return receipt


@asynccontextmanager
async def crowd(place: Place, workers: int) -> AsyncIterator[Crowd]:
    """Start a server, and connect as many clients to each of its workers."""
    counters = place.folder / "counters"
    counters.mkdir()
    # Each worker counts in a file of its own there: that tells whom a connection has reached.
    with place.server("--workers", str(workers), **{SHARED_FOLDER: str(counters)}) as server:
        await server.ready()
        async with AsyncExitStack() as opened:
            made = Crowd(place, server, workers, [], counters)
            made.clients = await _connect(made, opened)
            yield made
        assert await asyncio.to_thread(server.stop) == 0, server.log.read_text()


async def _connect(made: Crowd, opened: AsyncExitStack) -> list[Client]:
    """Open connections one after the other, until each worker has its share; those that are one too many are closed."""
    service = made.service
    question = Container.of(sign(service, service.did, "/plan/list", {}))
    share = CLIENTS // made.workers
    connected: dict[str, list[Client]] = {}
    async with asyncio.timeout(GENEROUS):
        while [len(clients) for clients in connected.values()] != [share] * made.workers:
            async with AsyncExitStack() as own:
                client = await own.enter_async_context(Client(made.server.url))
                before = made.answered()
                only(await client.send(question))
                (worker,) = (name for name, count in made.answered().items() if count > before.get(name, 0))
                of_worker = connected.setdefault(worker, [])
                if len(of_worker) < share:
                    of_worker.append(client)
                    opened.push_async_exit(own.pop_all())
    # In turn, so that neighbours are at different workers.
    return [client for together in zip(*connected.values(), strict=True) for client in together]


def _answered(file: Path) -> int:
    families = MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
    samples = (sample for family in families for sample in family.samples)
    return int(sum(sample.value for sample in samples if sample.name == "forge_invocations_total"))
