"""`python -m tests.faults`: breaks everything, again and again, and prints what came of it as a table."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

from tests.cluster import network
from tests.faults.scene import Stage
from tests.faults.table import HEAD, total
from tests.store import postgresql

SECONDS: Final = 600.0


class Planned(NamedTuple):
    """A row, the engine that it is played on, and its share of the time, by those of the others."""

    row: str
    engine: str
    share: float


PLAN: Final = (
    Planned("process", "sqlite", 0.15),
    Planned("process", "postgresql", 0.08),
    Planned("disk", "sqlite", 0.12),
    Planned("database", "postgresql", 0.07),
    Planned("clock", "sqlite", 0.04),
    Planned("peers", "sqlite", 0.08),
    # For two minutes, and what is before and after.
    Planned("load", "sqlite", 0.25),
    Planned("failover", "postgresql", 0.21),
)


def play(rows: list[str], seconds: float, scale: float) -> bool:
    """Play these rows; tell whether nothing was found."""
    print(HEAD, flush=True)
    lines = []
    with tempfile.TemporaryDirectory(prefix="forge-faults-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL is somebody else.
        Path(folder).chmod(0o755)
        chosen = [planned for planned in PLAN if planned.row in rows]
        for planned in chosen:
            until = time.monotonic() + seconds * planned.share / sum(one.share for one in chosen)
            stage = Stage(Path(folder), scale, planned.engine, until, tell=lambda line: print(line, flush=True))
            if planned.engine == "postgresql" and postgresql.programs() is None:
                print(f"{planned.row:<9} on PostgreSQL: not here: apt-get install postgresql")
                continue
            asyncio.run(import_module(f"tests.faults.rows.{planned.row}").play(stage))
            lines += stage.lines
    everything = total(lines)
    print(everything)
    for one in everything.differences.all:
        print(one)
    return not everything.differences.all


def main() -> None:
    """Read the arguments, and find a network of our own where one may be had: its cables can be pulled."""
    every = list(dict.fromkeys(planned.row for planned in PLAN))
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(every)}; all without", default=every)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="in all, about; 600 without")
    parser.add_argument("--scale", type=float, default=1.0, help="how many rounds, 1 being all of them")
    given = parser.parse_args()
    if unknown := set(given.rows) - set(every):
        parser.error(f"there is no {', '.join(unknown)}")
    if network.possible() and not network.is_private():
        again = [sys.executable, "-m", "tests.faults", *sys.argv[1:]]
        os.execvp("unshare", ["unshare", "--net", "--", *again])  # noqa: S606, S607 - ourselves; util-linux
    if network.is_private():
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)  # noqa: S607 - iproute2
    sys.exit(not play(given.rows, given.seconds, given.scale))


if __name__ == "__main__":
    main()
