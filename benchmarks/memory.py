"""Memory: what the server holds while a great many invocations pass, which are signed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from benchmarks import cores
from benchmarks.cast import BATCH, Cast
from benchmarks.load import closed, request
from benchmarks.processes import forge
from benchmarks.served import BATCH_CONNECTIONS
from benchmarks.setup import Setup

STEPS: Final = 20
"""Steps in which all pass. After the first one, a twentieth, caches are filled: that is the start."""
SINGLE: Final = 0.1
"""The part that comes alone, every other on a delegation of its own. The rest comes in containers of 100: it is done sooner."""


def measure(setup: Setup) -> None:
    """Look at the memory of one worker at the start, in the middle and at the end.

    Raises:
        MeasurementError: something was not answered as it had to be.
    """
    people = setup.cast
    step = max(setup.size.memory // STEPS, 2)
    single = max(int(step * SINGLE), 1)
    resident = []
    url = setup.stores.fresh("memory")
    with forge(people, url, workers=1, on=cores.server_core()) as server, cores.on(cores.load_core()):
        for _ in range(STEPS):
            closed(server.port, _alone(people, single))
            batches = (request(people.batch()) for _ in range((step - single) // BATCH))
            closed(server.port, batches, connections=BATCH_CONNECTIONS, receipts=BATCH)
            resident.append(server.rss())
    setup.stores.remove(url)
    setup.figures.memory = {"start": resident[0], "middle": resident[STEPS // 2 - 1], "end": resident[-1]}


def _alone(people: Cast, many: int) -> Iterator[bytes]:
    return (request(people.added(own=number % 2 == 0)) for number in range(many))
