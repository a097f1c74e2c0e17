"""The processes that live in a folder: whatever started them, they are found by it, and by nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.cluster.layout import identity

PAUSE: Final = 0.05
STOP_SECONDS: Final = 60.0
"""For PostgreSQL to write its last checkpoint on a slow disk."""
_PROGRAMS: Final = re.compile(r"(etcd|patroni|postgres|pg_\w+|initdb|haproxy|pgbouncer)$")
"""Not a shell that somebody has open there."""


def launch(command: Sequence[str], home: Path, enter: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """Start a server in its folder, as its owner, in a session of its own: Ctrl+C is for us, who end it in its turn.

    `enter` comes before it: what puts it into a network.
    """
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}
    with (home / f"{Path(command[0]).name}.log").open("ab") as log:
        return subprocess.Popen(
            [*enter, *identity(), *command],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def residents(folder: Path) -> list[int]:
    """Find the servers whose working directory is the folder, or below it. Those that are dead are not there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            pid = int(process.name)
            if (process / "cwd").readlink().is_relative_to(folder) and _PROGRAMS.match(_program(pid)):
                found.append(pid)
    return found


def send(folder: Path, number: signal.Signals) -> None:
    """Send a signal to all of them, and to those that they have started meanwhile."""
    reached: set[int] = set()
    while new := set(residents(folder)) - reached:
        for pid in new:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        reached |= new


def end(folder: Path) -> None:
    """End all of them without whoever started them: Patroni ends its PostgreSQL well, as long as there is an etcd."""
    send(folder, signal.SIGCONT)
    for pid in residents(folder):
        if _program(pid) == "patroni":
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(_program(pid) in {"patroni", "postgres"} for pid in residents(folder)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    kill(folder)


def kill(folder: Path) -> None:
    """End all of them at once, as a power cut would, and see that they are gone."""
    while residents(folder):
        send(folder, signal.SIGKILL)
        time.sleep(PAUSE)


def _program(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
