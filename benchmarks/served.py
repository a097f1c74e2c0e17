"""Over HTTP: what one worker does on one core, and two on two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks import cores
from benchmarks.cast import BATCH, Cast, fresh_did
from benchmarks.load import CONNECTIONS, Passed, closed, open_loop, request
from benchmarks.processes import Running, forge
from benchmarks.setup import Setup
from benchmarks.size import Size

BATCH_CONNECTIONS: Final = 8
TWICE: Final = 2 * CONNECTIONS
"""Connections to two workers: as many for each as one has."""
"""Connections over which large containers come."""


@dataclass(frozen=True)
class Requests:
    """All that one run sends; made once, for each run begins with an empty store."""

    warm: Sequence[bytes]
    first: Sequence[bytes]
    own: Sequence[bytes]
    """Each with a delegation of its own."""
    reads: Sequence[bytes]
    """About the customers of `first`."""
    scheduled: Sequence[bytes]
    batches: Sequence[bytes]

    @classmethod
    def of(cls, cast: Cast, size: Size) -> Requests:
        """Sign them."""
        customers = [fresh_did() for _ in range(size.requests)]
        return cls(
            [request(cast.added()) for _ in range(size.warm)],
            [request(cast.added(customer)) for customer in customers],
            [request(cast.added(own=True)) for _ in range(size.requests)],
            [request(cast.got(customer)) for customer in customers],
            [request(cast.added()) for _ in range(size.requests)],
            [request(cast.batch()) for _ in range(size.containers)],
        )


def measure_one(setup: Setup, url: str, requests: Requests) -> None:
    """Measure one worker on one core.

    Raises:
        MeasurementError: something was not answered as it had to be.
    """
    stores = setup.stores
    with forge(setup.cast, url, workers=1, on=cores.server_core()) as server, cores.on(cores.load_core()):
        closed(server.port, requests.warm)
        before = stores.volume(url)
        first, bare_rps = beside(setup, requests.first, server)
        after = stores.volume(url)
        repeat = closed(server.port, requests.first)
        repeated = stores.volume(url)
        read = closed(server.port, requests.reads)
        red = stores.volume(url)
        own = closed(server.port, requests.own)
        batch = closed(server.port, requests.batches, connections=BATCH_CONNECTIONS, receipts=BATCH)
        half = open_loop(server.port, requests.scheduled, rate=first.rate / 2)
    setup.figures.add(
        bare_rps=bare_rps,
        http1_rps=first.rate,
        http1_vs_bare=first.rate / bare_rps,
        http1_cold_rps=own.rate,
        http100_rps=batch.rate * BATCH,
        read_rps=read.rate,
        read_vs_change=read.rate / first.rate,
        repeat_rps=repeat.rate,
        repeat_vs_first=repeat.rate / first.rate,
        p50_ms=half.percentile(0.5),
        p99_ms=half.percentile(0.99),
        p50_peak_ms=first.percentile(0.5),
        p99_peak_ms=first.percentile(0.99),
        bytes_per_invocation=(after.everything - before.everything) / first.requests,
        ledger_bytes_per_invocation=(after.ledger - before.ledger) / first.requests,
        bytes_per_repeat=(repeated.everything - after.everything) / repeat.requests,
        bytes_per_read=(red.everything - repeated.everything) / read.requests,
    )


def beside(setup: Setup, requests: Sequence[bytes], server: Running) -> tuple[Passed, float]:
    """Send `requests` to a server, and others to the bare one before and after; give what came of them, and the bare rate.

    Raises:
        MeasurementError: something was not answered as it had to be.
    """
    plain = [requests[0]] * setup.size.bare
    before = closed(setup.bare.port, plain)
    passed = closed(server.port, requests)
    after = closed(setup.bare.port, plain)
    return passed, (before.requests + after.requests) / (before.seconds + after.seconds)


def measure_two(setup: Setup, url: str, requests: Requests) -> None:
    """Measure two workers on two cores.

    Raises:
        MeasurementError: something was not answered as it had to be.
    """
    with forge(setup.cast, url, workers=2, on=cores.both()) as server, cores.on(cores.both()):
        closed(server.port, requests.warm, connections=TWICE)
        passed = closed(server.port, requests.first, connections=TWICE)
    setup.figures.add(
        http2_rps=passed.rate,
        http2_vs_http1=passed.rate / setup.figures.values["http1_rps"][-1],
        http2_load_cores=passed.cpu / passed.seconds,
    )
