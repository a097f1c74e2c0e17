"""The directory as a process: installed once, started on loopback, ended by its process id."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.npm import install
from tests.plc.operations import Identity

HERE: Final = Path(__file__).parent


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


@contextmanager
def directory() -> Iterator[Directory]:
    """Run a directory of its own, empty."""
    install(HERE, "the did:plc directory")
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
