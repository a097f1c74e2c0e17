"""Measures everything, in one run on one machine: `make bench`, or

    python -m benchmarks [--quick] [--runs N] [--json FILE] [--store URL]

Ends with status 1 when a measurement failed. Whether the targets hold is shown, and changes no status.
"""

from __future__ import annotations

import gc
import json
import signal
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.about import about
from benchmarks.bench import Bench, prepared
from benchmarks.failure import MeasurementError
from benchmarks.size import FULL, QUICK
from benchmarks.stores import stores
from benchmarks.table import show
from benchmarks.targets import targets

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

_WIDTH: Final = 150
_TERMINATED: Final = 128 + signal.SIGTERM


@app.command()
def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="All but the scale, within a minute.")] = False,
    runs: Annotated[int | None, typer.Option(min=1, help="How often each figure is taken; 5 without, quickly 2.")] = None,
    output: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the figures there, too.")] = None,
    store: Annotated[str | None, typer.Option(metavar="URL", help="Where stores are made: a folder; here without.")] = None,
) -> None:
    """Measure how fast the service is."""
    signal.signal(signal.SIGTERM, _end)
    log, out = Console(stderr=True), Console(width=None if sys.stdout.isatty() else _WIDTH)
    size = QUICK if quick else FULL
    size = replace(size, runs=runs or size.runs)
    # Beside what is run, so that it is on a disk: a folder for temporary files may be in memory.
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as folder:
        try:
            made = stores(store, Path(folder))
            with prepared(Path(folder), made, size, log.print) as setup:
                bench = Bench(setup)
                # What was prepared is there to the end: looking through it again would be measured, too.
                gc.freeze()
                bench.run()
            figures = setup.figures
            document = figures.document()
        except MeasurementError as error:
            log.print(f"failed: {error}", markup=False)
            raise typer.Exit(1) from None
        aims = list(targets(figures, size))
        document["targets"] = [asdict(one) | {"holds": one.holds} for one in aims]
        document["about"] = about(made) | {"size": asdict(size)}
    if output is not None:
        output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    show(figures, aims, out)


def _end(number: int, frame: FrameType | None) -> None:
    """End in an orderly way: what was started is ended, and what was made is removed."""
    del number, frame
    sys.exit(_TERMINATED)


if __name__ == "__main__":
    app()
