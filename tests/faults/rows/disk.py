"""The disk: full, slow, read-only in mid-flight; and a SQLite file that somebody else holds."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final

from tests.faults.scene import Stage, Way
from tests.faults.table import Line
from tests.faults.tracing import CANNOT, can_trace, injected

NAME: Final = "disk"
ROUNDS: Final = 8
SIZE: Final = "16m"
LOCKED: Final = 30.0
"""Seconds; a shorter pick holds it for a little longer than servers wait for it."""
SHORTLY: Final = 6.0
SLOW: Final = "delay_enter=300000"
"""Microseconds that each synchronisation takes longer."""
SYNC: Final = "fsync,fdatasync"
WRITE: Final = "pwrite64,ftruncate,fallocate"
SOME: Final = 10
"""Requests that end in nothing, or receipts, until a round is over."""
_PIECE: Final = 64 * 1024


async def play(stage: Stage) -> None:
    """Fill it, slow it down, write-protect it, hold the file."""
    await stage.play(_WAYS, {"full: a small tmpfs", "read-only: each write is refused", "file held by another"})


async def _full(stage: Stage, how: str) -> None:
    if not can_mount():
        stage.report(Line(NAME, how, missing="mounting a tmpfs is not allowed"))
        return
    folder = stage.folder / "tmpfs"
    with tmpfs(folder, SIZE):
        async with stage.scene(NAME, how, place=stage.place(folder)) as scene:
            await scene.serve()
            scene.load.start()
            for _ in stage.rounds(ROUNDS):
                await scene.load.more(SOME)
                ballast = folder / "ballast"
                await asyncio.to_thread(fill, ballast)
                await scene.load.trouble(SOME)
                ballast.unlink()
                await scene.load.more(SOME)
                scene.line.rounds += 1


async def _traced(calls: str, fault: str, stage: Stage, how: str) -> None:
    if not can_trace():
        stage.report(Line(NAME, how, missing=CANNOT))
        return
    async with stage.scene(NAME, how) as scene:
        await scene.serve()
        scene.load.start()
        for _ in stage.rounds(ROUNDS):
            await scene.load.more(SOME)
            async with injected(scene.process.pid, calls, fault):
                await (scene.load.trouble(SOME) if fault.startswith("error") else scene.load.more(SOME))
            await scene.load.more(SOME)
            scene.line.rounds += 1


async def _killed(stage: Stage, how: str) -> None:
    """Kill it while what was written cannot be synchronised: some of it is in the log, and was reported as failed."""
    if not can_trace():
        stage.report(Line(NAME, how, missing=CANNOT))
        return
    async with stage.scene(NAME, how) as scene:
        for _ in stage.rounds(ROUNDS):
            await scene.serve()
            scene.load.start()
            await scene.load.more(SOME)
            async with injected(scene.process.pid, SYNC, "error=EIO"):
                await scene.load.trouble(SOME)
                await scene.kill()
            scene.check()


async def _locked(stage: Stage, how: str) -> None:
    seconds = LOCKED if stage.whole else SHORTLY
    async with stage.scene(NAME, f"{how} for {seconds:.0f} s") as scene:
        await scene.serve()
        scene.load.start()
        await scene.load.more(SOME)
        with closing(sqlite3.connect(scene.place.database, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 60000")
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
        await scene.load.more(SOME)
        scene.line.rounds += 1


_WAYS: Final[dict[str, Way]] = {
    "full: a small tmpfs": _full,
    "slow: each fsync takes 0.3 s more": partial(_traced, SYNC, SLOW),
    "read-only: each write is refused": partial(_traced, WRITE, "error=EROFS"),
    "broken: each fsync fails": partial(_traced, SYNC, "error=EIO"),
    "broken, and kill -9 before it is mended": _killed,
    "file held by another": _locked,
}


def fill(ballast: Path) -> None:
    """Write until there is no room."""
    with ballast.open("wb", buffering=0) as file:
        for size in (_PIECE, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[None]:
    """Mount a file system in memory, of that size."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder)]
    umount = ["umount", "--lazy", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(umount, check=True)


@cache
def can_mount() -> bool:
    """Say whether a file system may be mounted here: by root, where no container keeps root from it."""
    probe = ["unshare", "--mount", "--", "mount", "-t", "tmpfs", "-o", "size=4k", "faults", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(probe, check=False, capture_output=True).returncode == 0
