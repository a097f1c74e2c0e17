"""A service in a process of its own, as `forge serve` starts it: to play against, and to test against."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from forge.cli.exits import Unexpected
from forge.cli.terminal import say

START_TIMEOUT: Final = 30.0
"""Seconds in which the service must say that it has started."""
STOP_TIMEOUT: Final = 40.0
"""Seconds in which it must have ended after SIGTERM: more than it takes for what it took."""
_PAUSE: Final = 0.02
_SHOWN: Final = 20  # lines of its log
_ENVIRONMENT: Final = "FORGE_"


@contextmanager
def service(flags: Sequence[str], log: Path) -> Iterator[str]:
    """Start `forge serve` on a free port of the loopback interface, give its URL, and end it by its process id.

    Nothing of this process's own FORGE_ variables reaches it.

    Args:
        flags: of `forge serve`.
        log: the file that its standard error goes to.

    Raises:
        Unexpected: it did not start in time, or did not end well; what it wrote is on standard error.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_ENVIRONMENT)}
    command = [sys.executable, "-m", "forge", "serve", "--host", "127.0.0.1", "--port", "0", *flags]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment)  # noqa: S603 - ourselves
    try:
        yield _wait_for_start(process, log)
    finally:
        status = _end(process)
    if status:
        raise _failed(f"the service ended with status {status}", log)


def _wait_for_start(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        events = {event.get("event"): event for event in _events(log)}
        if "started" in events and "serving" in events:
            return str(events["serving"]["url"])
        if process.poll() is not None:
            raise _failed(f"the service did not start, and ended with status {process.returncode}", log)
        time.sleep(_PAUSE)
    raise _failed(f"the service did not start within {START_TIMEOUT:.0f} s", log)


def _end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        return process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _failed(message: str, log: Path) -> Unexpected:
    for line in log.read_text(errors="replace").splitlines()[-_SHOWN:]:
        say(line)
    return Unexpected(f"{message}; what it wrote stands above")


def _events(log: Path) -> Iterator[dict[str, object]]:
    for line in log.read_text(errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
