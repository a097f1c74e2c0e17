"""strace, which has a process's own system calls fail or take long, from one moment to another."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

CANNOT = "strace is not here, or may not trace"


@cache
def can_trace() -> bool:
    """Say whether strace is there, and may trace."""
    strace = shutil.which("strace")
    return strace is not None and subprocess.run([strace, "-qq", "true"], check=False, capture_output=True).returncode == 0


@asynccontextmanager
async def injected(pid: int, calls: str, fault: str) -> AsyncIterator[None]:
    """Have calls of a running process end with a fault, such as `error=EROFS`, until the block ends."""
    inject = ("-e", f"trace={calls}", "-e", f"inject={calls}:{fault}", "-e", "signal=none")
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-o", "/dev/null", *inject, "-p", str(pid)), stderr=asyncio.subprocess.PIPE
    )
    assert strace.stderr is not None
    try:
        said = await strace.stderr.readline()
        assert b"attached" in said, said
        # What it says of each thread is not read: it must not wait for that.
        reading = asyncio.create_task(strace.stderr.read())
        yield
    finally:
        if strace.returncode is None:
            strace.send_signal(signal.SIGINT)
            await strace.wait()
    await reading
