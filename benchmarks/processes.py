"""Processes that are measured: on the loopback interface, on cores of their own, and ended by their ids, come what may."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks import cores
from benchmarks.cast import SERVICE, Cast
from benchmarks.failure import MeasurementError

START_TIMEOUT: Final = 60.0
STOP_TIMEOUT: Final = 40.0
_PAUSE: Final = 0.01
_SHOWN: Final = 20  # lines of a log
_MIB: Final = 1024 * 1024
_PORT: Final = re.compile(rb"http://127\.0\.0\.1:(\d+)")
_STARTED: Final = re.compile(rb"\bstarted\b")
_ENVIRONMENT: Final = "FORGE_"
_numbers = count(1)


@dataclass(frozen=True)
class Running:
    """A process that answers."""

    port: int
    pid: int

    def rss(self) -> float:
        """Measure the resident memory of the process and its children, in MiB. 0 where the system does not tell."""
        return sum(map(_resident, _family(self.pid))) / _MIB


@contextmanager
def forge(cast: Cast, store: str, *, workers: int, on: frozenset[int]) -> Iterator[Running]:
    """Run `forge serve`.

    Raises:
        MeasurementError: it did not start; the message holds the end of its log.
    """
    flags = ["--key", str(cast.key), "--did", SERVICE, "--store", store, "--workers", str(workers)]
    # One worker says that it has started; of several, each does.
    with running(
        ["forge", "serve", "--host", "127.0.0.1", "--port", "0", *flags], cast.key.parent, on=on, starts=workers
    ) as it:
        yield it


@contextmanager
def running(module: Sequence[str], folder: Path, *, on: frozenset[int], starts: int = 1) -> Iterator[Running]:
    """Run `python -m` with these arguments on these cores, until it has said where it listens and, `starts` times, `started`.

    Its log is in `folder`. Nothing of this process's own FORGE_ variables reaches it.

    Raises:
        MeasurementError: it did not start; the message holds the end of its log.
    """
    log = folder / f"{module[0]}-{next(_numbers)}.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_ENVIRONMENT)}
    with log.open("wb") as file, cores.on(on):
        process = subprocess.Popen(  # noqa: S603 - ourselves
            [sys.executable, "-m", *module],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            # A group of its own: what interrupts this process does not reach it, and its workers end with it.
            start_new_session=True,
        )
    try:
        yield Running(_wait_for_start(process, log, starts), process.pid)
    finally:
        _end(process)


def _wait_for_start(process: subprocess.Popen[bytes], log: Path, starts: int) -> int:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        text = log.read_bytes()
        port = _PORT.search(text)
        if port is not None and len(_STARTED.findall(text)) >= starts:
            return int(port[1])
        time.sleep(_PAUSE)
    end = "\n".join(log.read_text(errors="replace").splitlines()[-_SHOWN:])
    raise MeasurementError(f"{log.stem} did not start:\n{end}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        # The group that it leads, which is its workers.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in file.read_text().split():
                yield from _family(int(child))


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
