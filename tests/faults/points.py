"""A store whose process is killed at a named point of a commit: `forge serve` with `FORGE_CONNECT=tests.faults.points:connect`.

The point is in the real commit of the real engine: nothing of it is played.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from forge.ports import Store
from store import engines
from store.transaction import Transaction

POINT: Final = "FAULTS_POINT"
"""`before`, `in`, or `after` the commit."""
COMMITS: Final = "FAULTS_COMMITS"
"""Commits that change something until then."""
WHERE: Final = "FAULTS_WHERE"
"""A file to which it is written, before the end, where that came: the commit may have been faster than the kill."""
_WRITERS: Final = {"sqlite": ("store.session", "is_clean"), "postgresql": ("store.postgres.session", "_clean")}
"""Engine → where its connection that writes is, and what of it says that nothing was changed."""


async def connect(url: str) -> Store[Transaction]:
    """Open the store, and have the end come in one of its commits."""
    module, is_clean = _WRITERS[url.partition(":")[0]]
    doomed = _Doomed(os.environ[POINT], int(os.environ[COMMITS]), Path(os.environ[WHERE]))
    doomed.install(import_module(module).Writer, is_clean)
    return await engines.connect(url)


class _Doomed:
    """Counts commits, and kills the process at one of them."""

    def __init__(self, point: str, commits: int, where: Path) -> None:
        self._point = point
        self._left = commits
        self._where = where
        self._took = 0.0
        self._returned = False

    def install(self, writer: Any, is_clean: str) -> None:
        """Take the place of the engine's commit."""
        real = writer.commit

        def commit(session: Any) -> None:
            if getattr(session, is_clean):
                real(session)
                return
            self._left -= 1
            if self._left > 0:
                begun = time.perf_counter()
                real(session)
                self._took = time.perf_counter() - begun
                return
            if self._point == "before":
                self._die("before")
            if self._point == "in":
                threading.Thread(target=self._die_soon).start()
            real(session)
            self._returned = True
            if self._point == "after":
                self._die("after")
            # Nobody is answered before the end comes.
            threading.Event().wait()

        writer.commit = commit

    def _die_soon(self) -> None:
        time.sleep(random.uniform(0, self._took))  # noqa: S311 - where in the commit
        self._die("late" if self._returned else "in")

    def _die(self, point: str) -> None:
        with self._where.open("a") as file:
            file.write(f"{point}\n")
        os.kill(os.getpid(), signal.SIGKILL)
