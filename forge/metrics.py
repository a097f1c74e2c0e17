"""Counters in Prometheus' format. With several workers they add up over all of them."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from time import perf_counter
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from forge.execute import Outcome

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where worker processes keep their counters for each other; `forge serve --workers` sets it."""

_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """What a service counts. Labels come from the catalogue and from our own names, never from what strangers send."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._outcomes = Counter(
            "forge_invocations",
            "Invocations answered, by command and outcome.",
            ["command", "outcome"],
            registry=self._registry,
        )
        # Finding one by its labels takes longer than counting. There are as many as the catalogue has failures.
        self._counters: dict[Outcome, Counter] = {}
        self._undecodable = Counter(
            "forge_undecodable_tokens", "Entries of containers that are no token.", registry=self._registry
        )
        self._refused = Counter(
            "forge_refused_requests", "Requests answered with a status alone.", ["status"], registry=self._registry
        )
        self._shed = Counter(
            "forge_shed_requests",
            "Requests sent away with 503 because as many as may be were at work.",
            registry=self._registry,
        )
        self._seconds = Histogram(
            "forge_request_seconds", "From a read container to its receipts.", buckets=_BUCKETS, registry=self._registry
        )

    def outcome(self, outcome: Outcome) -> None:
        """Count what came of an invocation."""
        counter = self._counters.get(outcome)
        if counter is None:
            counter = self._counters[outcome] = self._outcomes.labels(outcome.command, outcome.name)
        counter.inc()

    def undecodable(self, count: int) -> None:
        """Count entries that were left aside."""
        self._undecodable.inc(count)

    def refused(self, status: int) -> None:
        """Count a request that got a status alone."""
        self._refused.labels(str(status)).inc()

    def shed(self) -> None:
        """Count a request that was sent away because of the load."""
        self._shed.inc()

    def request(self) -> AbstractContextManager[object]:
        """Time a request: what the `with` block takes."""
        return _Timed(self._seconds)

    def render(self) -> tuple[bytes, str]:
        """Give the text and its content type."""
        registry = self._registry
        if os.environ.get(SHARED_FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


class _Timed:
    """A `with` block that is timed."""

    __slots__ = ("_began", "_seconds")

    def __init__(self, seconds: Histogram) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._seconds.observe(perf_counter() - self._began)
