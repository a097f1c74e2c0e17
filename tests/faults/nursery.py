"""Processes that start at once: forked from one that has imported everything. From there on each is `forge`, and nothing else.

Importing takes a second of CPU: a hundred kills would be minutes of that, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Final

from forge.cli import main
from tests import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkServerProcess

_PRELOADED: Final = [
    "tests.faults.nursery",
    "tests.faults.points",
    "forge.cli.serve",
    "forge.cli.worker",
    "forge.cli.fsck",
    "commands",
    "uvloop",
]
_CONTEXT: Final = multiprocessing.get_context("forkserver")


class Born:
    """A `forge` that was forked: what `subprocess.Popen` is for one that was started."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
        _CONTEXT.set_forkserver_preload(_PRELOADED)
        with _unmeasured():
            forkserver.ensure_running()
        self._process: ForkServerProcess = _CONTEXT.Process(target=_live, args=(list(arguments), dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        """Give its process id."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Give its status if it has ended."""
        return self._process.exitcode

    def wait(self) -> int:
        """Wait for its end."""
        self._process.join()
        status = self._process.exitcode
        assert status is not None
        return status

    def kill(self) -> None:
        """Send SIGKILL."""
        self._process.kill()

    def send_signal(self, sig: int, /) -> None:
        """Send any signal."""
        if self.poll() is None:
            os.kill(self.pid, sig)


def _live(arguments: list[str], environment: dict[str, str], log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["forge", *arguments]
    main()


@contextmanager
def _unmeasured() -> Iterator[None]:
    """Have what starts now not measured: it is killed before it could say what it has reached."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(unmeasured.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
