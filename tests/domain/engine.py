"""An empty store on an engine, and one transaction in it for all that a test does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from store import Transaction, connect
from tests.store.conftest import ENGINES

T = TypeVar("T")


def within(engine: str, folder: Path, work: Callable[[Transaction], T]) -> T:
    """Do `work` in a transaction, in a store of its own."""
    # Before there is a loop: an engine may need one to make a place.
    url = ENGINES[engine](folder)

    async def run() -> T:
        store = await connect(url)
        try:
            return await store.change(work)
        finally:
            await store.close()

    return asyncio.run(run())
