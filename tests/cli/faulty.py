"""A store that opens when it is looked at, and not when it is needed."""

from __future__ import annotations

from multiprocessing import parent_process
from typing import Any

from forge.errors import StoreError

calls = 0


class Good:
    """Answers, and has nothing."""

    async def ready(self) -> None:
        """Say nothing."""

    async def close(self) -> None:
        """Do nothing."""


async def once(url: str) -> Any:
    """Open once in each process."""
    global calls  # noqa: PLW0603 - it counts
    del url
    calls += 1
    if calls > 1:
        raise RuntimeError("no second time")
    return Good()


async def parent_only(url: str) -> Any:
    """Open in the process that looks, and not in those that serve."""
    del url
    if parent_process() is not None:
        raise RuntimeError("not in a worker")
    return Good()


async def unready(url: str) -> Any:
    """Open something that does not answer."""
    del url

    class Unready(Good):
        async def ready(self) -> None:
            raise StoreError("store: it does not answer")

    return Unready()


nothing = None
