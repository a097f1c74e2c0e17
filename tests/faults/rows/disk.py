"""The disk: full, slow, read-only in mid-flight; and a SQLite file that somebody else holds."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from tests.faults.scene import Stage
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
    await _full(stage)
    await _traced(stage, f"slow: 0.3 s more for each {SYNC}", SYNC, SLOW)
    await _traced(stage, "read-only: each write is refused (EROFS)", WRITE, "error=EROFS")
    await _traced(stage, f"broken: each {SYNC} fails (EIO)", SYNC, "error=EIO")
    await _locked(stage)


async def _full(stage: Stage) -> None:
    how = f"full: a tmpfs of {SIZE}"
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


async def _traced(stage: Stage, how: str, calls: str, fault: str) -> None:
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


async def _locked(stage: Stage) -> None:
    seconds = LOCKED if stage.scale >= 1 else SHORTLY
    async with stage.scene(NAME, f"the SQLite file held by another for {seconds:.0f} s") as scene:
        await scene.serve()
        scene.load.start()
        await scene.load.more(SOME)
        with closing(sqlite3.connect(scene.place.database, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 60000")
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
        await scene.load.more(SOME)
        scene.line.rounds += 1


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
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@cache
def can_mount() -> bool:
    """Say whether a file system may be mounted here: by root, where no container keeps root from it."""
    probe = ["unshare", "--mount", "--", "mount", "-t", "tmpfs", "-o", "size=4k", "faults", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(probe, check=False, capture_output=True).returncode == 0
