"""How much is measured: a whole run, a quick one, or what a test needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Size:
    """Counts of requests, and of how often each figure is taken."""

    runs: int
    floor: int
    """Signature operations of each kind, before and after each figure that is compared with them."""
    direct: int
    """Invocations of each kind without HTTP."""
    requests: int
    """Requests of each kind over HTTP."""
    containers: int
    """Containers of a hundred over HTTP."""
    bare: int
    """Requests to the bare server, before and after ours."""
    canned: int
    """Requests to what answers with the least effort."""
    warm: int
    """Requests to a server before it is measured."""
    memory: int
    """Invocations over which memory is looked at."""
    rows: tuple[int, ...]
    """Customers in the store, fewest first."""
    scale_runs: int


FULL: Final = Size(
    runs=5,
    floor=1000,
    direct=4000,
    requests=6000,
    containers=60,
    bare=15_000,
    canned=60_000,
    warm=500,
    memory=1_000_000,
    rows=(1_000, 100_000, 1_000_000),
    scale_runs=3,
)
QUICK: Final = Size(
    runs=2,
    floor=200,
    direct=1000,
    requests=1000,
    containers=12,
    bare=4000,
    canned=15_000,
    warm=200,
    memory=10_000,
    rows=(),
    scale_runs=0,
)
