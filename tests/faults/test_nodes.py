"""Several nodes on one PostgreSQL: each task runs once, whichever of them it is sent to, and all answers are the same bytes.

`python -m tests.faults.test_nodes` plays it in full, and prints what came of it: `make nodes`.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from commands.customer import add as customer_add
from forge.client import Client
from forge.container import Container
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import Signer
from tests.faults.conftest import durable, on_postgresql
from tests.faults.processes import Place

PRODUCT = DID("did:web:starter.example.com")
TWICE = 2


@dataclass(frozen=True)
class Size:
    """How much is played."""

    processes: int
    clients: int
    invocations: int


FULL = Size(processes=4, clients=64, invocations=20_000)
PICK = Size(processes=4, clients=16, invocations=600)


async def play(place: Place, size: Size) -> float:
    """Send each invocation twice, at about the same time, through different processes; give how long that took, in seconds."""
    service = place.service
    invocations = [registration(service) for _ in range(size.invocations)]
    dice = random.Random(11)  # noqa: S311 - an order, repeatable
    sent: list[tuple[Invocation, int]] = []
    for one in invocations:
        sent += [(one, node) for node in dice.sample(range(size.processes), TWICE)]
    # Not far from each other, so that some are at work at the same time, and some find what the other has left.
    sent = [pair for _, pair in sorted(enumerate(sent), key=lambda pair: pair[0] + dice.randrange(4 * size.clients))]
    answers: dict[bytes, list[bytes]] = {bytes(one.task): [] for one in invocations}
    with ExitStack() as running:
        servers = [running.enter_context(place.server()) for _ in range(size.processes)]
        for server in servers:
            await server.ready()
        queues: list[list[Invocation]] = [[] for _ in servers]
        for one, node in reversed(sent):
            queues[node].append(one)

        async def client(number: int) -> None:
            node = number % size.processes
            async with Client(servers[node].url) as connected:
                while queues[node]:
                    one = queues[node].pop()
                    answer = await connected.send(Container.of(one))
                    answers[bytes(one.task)].append(bytes(answer.receipts[one.task]))

        begin = time.perf_counter()
        await asyncio.gather(*(client(number) for number in range(size.clients)))
        seconds = time.perf_counter() - begin
        assert [server.stop() for server in servers] == [0] * size.processes
    check(place, answers)
    return seconds


def check(place: Place, answers: dict[bytes, list[bytes]]) -> None:
    """Each ran once, and whoever asked was told the same; what was told is what is kept."""
    count = len(answers)
    assert {len(given) for given in answers.values()} == {TWICE}
    assert {len(set(given)) for given in answers.values()} == {1}, "all answers of one task are the same bytes"
    assert dict(place.query("SELECT task, receipt FROM ledger")) == {task: given[0] for task, given in answers.items()}
    assert place.query("SELECT count(*), count(DISTINCT task) FROM customer") == [(count, count)]
    assert place.query("SELECT count(*), count(DISTINCT task), min(seq), max(seq) FROM event") == [(count, count, 1, count)]
    assert place.halves() == {}


def registration(service: Signer) -> Invocation:
    arguments = customer_add.AddArguments(customer=Signer.generate().did, product=PRODUCT, details={})
    return customer_add.add.invoke(service, arguments, subject=service.did, expiration=None)


async def test_each_ran_once_and_all_answers_are_the_same(tmp_path: Path) -> None:
    await play(await asyncio.to_thread(on_postgresql, tmp_path), PICK)


def main() -> None:
    """Play it in full."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            seconds = asyncio.run(play(on_postgresql(Path(folder)), FULL))
        finally:
            durable().remove()
    sys.stdout.write(
        f"{FULL.invocations} invocations, each sent twice to different ones of {FULL.processes} processes by {FULL.clients}"
        f" clients: each ran once, all answers of one task are the same bytes ({seconds:.0f} s)\n"
    )


if __name__ == "__main__":
    main()
