"""Where the time of one invocation goes, by stage, without HTTP: `make profile`, or

    python -m benchmarks.profile [--requests N] [--functions]

In CPU, of all threads. `--functions` adds what the event loop's thread does, function by function, as cProfile counts it.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import cores
from benchmarks.cast import BATCH, Cast
from benchmarks.direct import Kind, answer, hosted
from benchmarks.failure import MeasurementError
from benchmarks.served import BATCH_CONNECTIONS
from benchmarks.stages import REST, STAGES
from benchmarks.stopwatch import Stopwatch, watching
from benchmarks.stores import stores
from forge.server.host import Host

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

WARM: Final = 0.2
"""The part of the requests that comes first, and is not counted."""
SHOWN: Final = 40
"""Functions that are listed."""
_WIDTH: Final = 130


@dataclass(frozen=True)
class Profile:
    """Where the time of requests of one kind goes: µs an invocation, by stage."""

    kind: str
    stages: Mapping[str, float]

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.stages.values())


@app.command()
def main(
    *,
    requests: Annotated[int, typer.Option(min=100, help="Invocations of each kind.")] = 4000,
    functions: Annotated[bool, typer.Option("--functions", help="List the functions of the event loop's thread, too.")] = False,
) -> None:
    """Show where the time of one invocation goes."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder, cores.on(cores.server_core()):
        try:
            profiles = uvloop.run(profile(Path(folder), requests, functions=functions))
        except MeasurementError as error:
            sys.stderr.write(f"failed: {error}\n")
            raise typer.Exit(1) from None
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(_table(profiles))


async def profile(folder: Path, requests: int, *, functions: bool = False) -> list[Profile]:
    """Profile each kind of request, a new store in `folder` for all of them.

    Raises:
        MeasurementError: an invocation failed, or a stage is not where it was.
    """
    people = Cast(folder)
    watch = Stopwatch()
    profiles = []
    async with hosted(people.key, stores(None, folder).fresh("profile"), folder / "service.log") as host:
        for kind in _kinds(people, requests):
            await answer(host, kind.bodies[: kind.warm], receipts=kind.receipts, callers=kind.callers)
            with watching(watch, STAGES):
                profiles.append(await _profile(host, kind, watch))
        if functions:
            await _list_functions(host, [people.added() for _ in range(requests)])
    return profiles


def _kinds(people: Cast, requests: int) -> list[Kind]:
    warm, many = int(requests * WARM), requests + int(requests * WARM)
    return [
        Kind("delegation of its own", [people.added(own=True) for _ in range(many)], 1, warm),
        Kind("delegation that all share", [people.added() for _ in range(many)], 1, warm),
        Kind(
            "container of 100, all share", [people.batch() for _ in range(1 + requests // BATCH)], BATCH, 1, BATCH_CONNECTIONS
        ),
    ]


async def _profile(host: Host, kind: Kind, watch: Stopwatch) -> Profile:
    bodies = kind.bodies[kind.warm :]
    watch.reset()
    begin = time.process_time_ns()
    await answer(host, bodies, receipts=kind.receipts, callers=kind.callers)
    whole = time.process_time_ns() - begin - watch.cost
    invocations = len(bodies) * kind.receipts
    spent = watch.read()
    stages = {label: spent.get(label, 0.0) for label, _ in STAGES}
    stages[REST] = max(whole - sum(stages.values()), 0.0)
    return Profile(kind.name, {label: value / invocations / 1000 for label, value in stages.items()})


async def _list_functions(host: Host, bodies: list[bytes]) -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    await asyncio.create_task(answer(host, bodies, receipts=1))
    profiler.disable()
    pstats.Stats(profiler, stream=sys.stdout).sort_stats("tottime").print_stats(SHOWN)


def _table(profiles: list[Profile]) -> Table:
    table = Table(title="One invocation, µs of CPU")
    table.add_column("stage", no_wrap=True)
    for one in profiles:
        table.add_column(one.kind, justify="right")
        table.add_column("%", justify="right")
    for label in profiles[0].stages:
        table.add_row(label, *(cell for one in profiles for cell in _cells(one.stages[label], one.total)))
    table.add_section()
    table.add_row("all", *(cell for one in profiles for cell in _cells(one.total, one.total)))
    return table


def _cells(us: float, total: float) -> tuple[str, str]:
    return f"{us:.1f}", f"{us / total:.1%}"


if __name__ == "__main__":
    app()
