"""Scale: the first figures again, with many customers in the store."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

from benchmarks import cores, direct
from benchmarks.crowd import Crowd
from benchmarks.direct import Kind
from benchmarks.load import closed, request
from benchmarks.processes import forge
from benchmarks.served import beside
from benchmarks.setup import Setup

COPIED: Final = 100_000
"""Customers up to which a copy of the store is measured: those that are added meanwhile would count."""


def measure(setup: Setup) -> None:
    """Fill a store for each number of customers; then measure each in turn, as often as asked.

    Raises:
        MeasurementError: something was not answered as it had to be.
    """
    filled: list[tuple[int, str, Sequence[bytes]]] = []
    for rows in setup.size.rows:
        setup.say(f"{rows:,} customers are put into a store")
        url = setup.stores.fresh(f"scale-{rows}")
        filled.append((rows, url, _fill(setup, url, rows)))
    for number in range(setup.size.scale_runs):
        for rows, url, known in filled:
            setup.say(f"with {rows:,} customers, {number + 1} of {setup.size.scale_runs}")
            if rows > COPIED:
                _measure_one(setup, url, rows, known)
                continue
            copied = setup.stores.copy(url, f"scale-{rows}-{number}")
            _measure_one(setup, copied, rows, known)
            setup.stores.remove(copied)


def _fill(setup: Setup, url: str, rows: int) -> Sequence[bytes]:
    """Let one customer do everything, and put the others beside it; give some that can be asked about."""
    crowd = Crowd.of(setup.cast)
    with forge(setup.cast, url, workers=1, on=cores.both()) as server:
        for body in crowd.bodies:
            closed(server.port, [request(body)], connections=1)
    setup.stores.multiply(url, crowd, rows - 1)
    return crowd.known


def _measure_one(setup: Setup, url: str, rows: int, known: Sequence[bytes]) -> None:
    people, size = setup.cast, setup.size
    added = [people.added() for _ in range(size.warm + size.direct)]
    (cost,) = direct.measure(people, url, [Kind("cpu", added, 1, size.warm)], operations=size.floor)
    warm, first = ([request(people.added()) for _ in range(count)] for count in (size.warm, size.requests))
    reads = [request(people.got(customer)) for customer in islice(cycle(known), size.requests)]
    with forge(people, url, workers=1, on=cores.server_core()) as server, cores.on(cores.load_core()):
        closed(server.port, warm)
        passed, bare_rps = beside(setup, first, server)
        read, bare_then = beside(setup, reads, server)
    taken = {
        "http1_vs_bare": passed.rate / bare_rps,
        "cpu_us": cost.us,
        "read_rps": read.rate,
        "cpu_ratio": cost.us / cost.floor_us,
        "read_vs_bare": read.rate / bare_then,
    }
    values = setup.figures.scale.setdefault(rows, {})
    for key, value in taken.items():
        values.setdefault(key, []).append(value)
