"""The directory as a process: installed once, started on loopback, ended by its process id."""

from __future__ import annotations

import fcntl
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.plc.operations import Identity

HERE: Final = Path(__file__).parent
INSTALLED: Final = HERE / "node_modules" / ".package-lock.json"
"""What npm writes when it has installed everything."""
LOCK: Final = HERE / "package-lock.json"
INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


@dataclass
class Directory:
    """A running directory."""

    url: str
    process: subprocess.Popen[str]

    def create(self) -> Identity:
        """Make a did:plc with a fresh secp256k1 key."""
        return Identity.create(self.url)

    def freeze(self) -> None:
        """Let it take questions and answer none."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it; what it knew is gone."""
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(30)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def install() -> None:
    """Install what package-lock.json says, unless it is there. Where that cannot be done the test is skipped and says why."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"the did:plc directory needs {program}, which is not installed")
    # Two test runs in one folder must not install over each other.
    with LOCK.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
            return
        done = subprocess.run(INSTALL, cwd=HERE, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"the did:plc directory could not be installed: {done.stderr.strip()[-500:]}")


@contextmanager
def directory() -> Iterator[Directory]:
    """Run a directory of its own, empty."""
    install()
    process = subprocess.Popen(
        ["node", "directory.mjs"],  # noqa: S607 - wherever it is installed
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    running = Directory("", process)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        assert port.isdecimal(), f"the directory did not start: {port!r}"
        running.url = f"http://127.0.0.1:{port}"
        yield running
    finally:
        running.stop()
