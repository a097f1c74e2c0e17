"""The figures: what each is, all values that were measured, and the document that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from benchmarks.failure import MeasurementError

SECONDS_OF_A_YEAR: Final = 365 * 86_400
YEAR_RATE: Final = 100
"""Invocations a second of which a year's disk is told."""


@dataclass(frozen=True)
class Figure:
    """One figure."""

    key: str
    unit: str
    says: str


DIRECT: Final = (
    Figure("floor_us", "µs", "the floor: two verifications and a signature"),
    Figure("floor_known_us", "µs", "the floor where the delegation is known: one of each"),
    Figure("cpu_us", "µs", "CPU of an invocation without HTTP, on a delegation that all share"),
    Figure("cpu_ratio", "x", "the same, by the floor"),
    Figure("cpu_known_ratio", "x", "the same, by the floor of a known delegation"),
    Figure("cpu_cold_us", "µs", "on a delegation of its own, which nobody has seen"),
    Figure("cpu_cold_ratio", "x", "the same, by the floor"),
    Figure("batch100_us", "µs", "in containers of 100, on a delegation that all share"),
    Figure("batch100_ratio", "x", "the same, by the floor"),
    Figure("batch100_known_ratio", "x", "the same, by the floor of a known delegation"),
    Figure("batch100_cold_us", "µs", "in containers of 100, each on a delegation of its own"),
    Figure("batch100_cold_ratio", "x", "the same, by the floor"),
)
ONE: Final = (
    Figure("bare_rps", "/s", "a bare Starlette POST, one core"),
    Figure("http1_rps", "/s", "/customer/add over HTTP, one core, one delegation that all share"),
    Figure("http1_vs_bare", "x", "the same, by the bare one before and after it"),
    Figure("http1_cold_rps", "/s", "each on a delegation of its own"),
    Figure("http100_rps", "/s", "invocations, in containers of 100"),
    Figure("read_rps", "/s", "/customer/get"),
    Figure("read_vs_change", "x", "the same, by http1_rps"),
    Figure("repeat_rps", "/s", "the same requests once more, answered from the ledger"),
    Figure("repeat_vs_first", "x", "the same, by http1_rps"),
    Figure("p50_ms", "ms", "median at half of http1_rps, counted from when each was due"),
    Figure("p99_ms", "ms", "99th percentile, the same"),
    Figure("p50_peak_ms", "ms", "median at the peak, 64 connections"),
    Figure("p99_peak_ms", "ms", "99th percentile, the same"),
    Figure("bytes_per_invocation", "B", "growth of the store on the disk, by /customer/add"),
    Figure("ledger_bytes_per_invocation", "B", "the ledger's part of it"),
    Figure("bytes_per_repeat", "B", "growth by a repeat"),
    Figure("bytes_per_read", "B", "growth by /customer/get"),
)
TWO: Final = (
    Figure("http2_rps", "/s", "two workers on two cores, which the load shares"),
    Figure("http2_vs_http1", "x", "the same, by http1_rps"),
    Figure("http2_load_cores", "cores", "what the load took of the two"),
)
CEILING: Final = (Figure("load_ceiling_rps", "/s", "the load's own ceiling, against canned bytes"),)
FIGURES: Final = (*DIRECT, *ONE, *TWO, *CEILING)
"""Those of which every run takes one value."""


class Figures:
    """Values as they come in, a run after the other."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.memory: dict[str, float] = {}
        """Resident memory of the server: at the start, in the middle, at the end; MiB."""
        self.scale: dict[int, dict[str, list[float]]] = {}
        """Customers in the store → figure → values."""

    def add(self, **values: float) -> None:
        """Take values of a run."""
        for key, value in values.items():
            self.values.setdefault(key, []).append(value)

    def median(self, key: str) -> float:
        """Give the median of a figure."""
        return median(self.values[key])

    def at_scale(self, rows: int, key: str) -> float:
        """Give the median of a figure with so many customers."""
        return median(self.scale[rows][key])

    def scale_change(self, key: str) -> float:
        """Say by which part a figure changes at most, of what it is with the fewest customers."""
        first, *others = sorted(self.scale)
        return max((abs(self.at_scale(rows, key) / self.at_scale(first, key) - 1) for rows in others), default=0.0)

    def document(self) -> dict[str, Any]:
        """Give all of it, for JSON.

        Raises:
            MeasurementError: a figure is missing.
        """
        missing = [figure.key for figure in FIGURES if not self.values.get(figure.key)]
        if missing:
            raise MeasurementError(f"not measured: {', '.join(missing)}")
        document: dict[str, Any] = {}
        for key, values in self.values.items():
            document[key] = median(values)
            document[f"{key}_runs"] = values
        return document | {
            "year_gb_at_100_rps": self.year(),
            "rss_mb": self.memory,
            "scale": {
                str(rows): {key: self.at_scale(rows, key) for key in values} for rows, values in sorted(self.scale.items())
            },
            "scale_runs": {str(rows): values for rows, values in sorted(self.scale.items())},
            "scale_change": {key: self.scale_change(key) for key in SCALE} if self.scale else None,
        }

    def year(self) -> Mapping[str, float]:
        """Say what a year of 100 invocations a second costs on the disk, in GB."""
        year = SECONDS_OF_A_YEAR * YEAR_RATE / 1e9
        return {
            "ledger": self.median("ledger_bytes_per_invocation") * year,
            "everything": self.median("bytes_per_invocation") * year,
        }


SCALE: Final = ("http1_vs_bare", "cpu_ratio", "read_vs_bare")
"""What is compared from few customers to many: each by what was measured beside it, so that the machine's own noise is not."""
