"""Where it was measured, and with what."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks import cores
from benchmarks.stores import Stores

LIBRARIES: Final = ("cbor2", "httptools", "pydantic", "pynacl", "starlette", "uvicorn", "uvloop")
_ROOT: Final = Path(__file__).parents[1]


def about(stores: Stores) -> dict[str, Any]:
    """Give versions, the machine, and the commit."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain")),
        "python": platform.python_version(),
        "store": stores.version,
        "system": platform.platform(),
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "used": list(cores.available()[:2]),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _git(*arguments: str) -> str | None:
    """Ask git. None where there is none, or this is no checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    done = subprocess.run([git, *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our words
    return done.stdout.strip() if done.returncode == 0 else None
