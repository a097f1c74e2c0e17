"""What is aimed at, beside what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import ge, le, lt
from typing import Final

from benchmarks.figures import SCALE, Figures
from benchmarks.size import Size

LONG: Final = 1_000_000
"""Invocations after which memory can be judged."""
FLAT: Final = 1.05
"""By which factor memory may be larger at the end than in the middle, and is called flat."""

_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {"≥": ge, "≤": le, "<": lt}


@dataclass(frozen=True)
class Target:
    """One aim, and how far it is reached."""

    says: str
    key: str
    sign: str
    wanted: float
    stretch: float | None
    measured: float

    @property
    def holds(self) -> bool:
        """Whether it is reached."""
        return _SIGNS[self.sign](self.measured, self.wanted)

    @property
    def stretched(self) -> bool | None:
        """Whether what is hoped for beyond is reached too; None where there is no such thing."""
        return None if self.stretch is None else _SIGNS[self.sign](self.measured, self.stretch)


_SIMPLE: Final = (
    ("/customer/add over HTTP on one core, by a bare POST", "http1_vs_bare", "≥", 0.145, 0.19),
    ("CPU of an invocation without HTTP, by the floor", "cpu_ratio", "≤", 2.0, 1.5),
    ("the same, by the floor of a known delegation", "cpu_known_ratio", "≤", 2.0, 1.5),
    ("the same, on a delegation of its own", "cpu_cold_ratio", "≤", 2.0, 1.5),
    ("in containers of 100, by the floor", "batch100_ratio", "≤", 1.6, 1.3),
    ("the same, by the floor of a known delegation", "batch100_known_ratio", "≤", 1.6, 1.3),
    ("the same, each on a delegation of its own", "batch100_cold_ratio", "≤", 1.6, 1.3),
    ("two workers on two cores, by one on one", "http2_vs_http1", "≥", 1.6, None),
    ("a repeat, by a first run", "repeat_vs_first", "≥", 1.0, None),
    ("reading, by changing", "read_vs_change", "≥", 1.3, None),
)


def targets(figures: Figures, size: Size) -> Iterator[Target]:
    """Look at each aim of which the figures were taken, and at memory where it was looked at for long enough."""
    for says, key, sign, wanted, stretch in _SIMPLE:
        yield Target(says, key, sign, wanted, stretch, figures.median(key))
    tail = figures.median("p99_ms") / figures.median("p50_ms")
    yield Target("99th percentile at half of the peak, by the median", "p99_ms", "<", 10.0, None, tail)
    yield Target("the load's ceiling, by a bare POST", "load_ceiling_rps", "≥", 2.5, None, _ceiling(figures))
    if size.memory >= LONG and figures.memory["middle"]:
        grown = figures.memory["end"] / figures.memory["middle"]
        yield Target("memory at the end, by the middle", "rss_mb", "≤", FLAT, None, grown)
    if len(figures.scale) > 1:
        few, *_, many = sorted(figures.scale)
        for key in SCALE:
            says = f"change from {few:,} to {many:,} customers, {key}"
            yield Target(says, "scale_change", "<", 0.15, None, figures.scale_change(key))


def _ceiling(figures: Figures) -> float:
    return figures.median("load_ceiling_rps") / figures.median("bare_rps")
