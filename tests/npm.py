"""What npm installs for tests: once a folder, exactly what its package-lock.json says."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

INSTALL: Final = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def install(folder: Path, what: str) -> None:
    """Install it, unless it is there. Where that cannot be done, tests that need `what` are skipped and say why."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{what} needs {program}, which is not installed")
    # npm writes its own lock file when it has installed everything.
    locked, installed = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    # Two test runs in one folder must not install over each other.
    with locked.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed.exists() and installed.stat().st_mtime >= locked.stat().st_mtime:
            return
        done = subprocess.run(INSTALL, cwd=folder, check=False, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"{what} could not be installed: {done.stderr.strip()[-500:]}")
