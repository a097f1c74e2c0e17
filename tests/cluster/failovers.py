"""Failovers of the primary under load, one after the other, and what clients saw of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tests.cluster.cluster import Cluster
from tests.cluster.faults import FAULTS
from tests.cluster.load import Load

_ROW: Final = "{:>3}  {:<11} {:<11} {:>10} {:>9}  {}"


def play(cluster: Cluster, names: Sequence[str], *, bouncer: bool) -> bool:
    """Break the primary in these ways; print what came of each, and tell whether all that was answered is there, once."""
    started = time.monotonic()
    with cluster:
        print(f"whole after {time.monotonic() - started:.1f} s")
        print(_ROW.format("", "fault", "primary", "outage/s", "commits", "what clients got meanwhile"), flush=True)
        outages: list[float] = []
        with Load(cluster, cluster.url(bouncer=bouncer)) as load:
            try:
                for index, name in enumerate(names, 1):
                    outages.append(_round(cluster, load, index, name))
            except AssertionError as stuck:
                print(f"stuck: {stuck}", flush=True)
        differences = load.differences()
        print(f"{len(outages)} failovers, {len(load.told)} answered commits: ", end="")
        print(", ".join(f"{count} {what}" for what, count in differences.items()))
        print(f"longest time without service: {max(outages, default=0):.1f} s", flush=True)
    return len(outages) == len(names) and not any(differences.values())


def _round(cluster: Cluster, load: Load, index: int, name: str) -> float:
    begun, told = time.monotonic(), len(load.told)
    load.failures.clear()
    before, after = FAULTS[name].befall(cluster, load.wait_for_more)
    outage = load.outage(begun)
    got = ", ".join(f"{kind} {count}" for kind, count in sorted(load.failures.items()))
    print(_ROW.format(index, name, f"{before} > {after}", f"{outage:.1f}", len(load.told) - told, got), flush=True)
    return outage
