"""A store that is wrong on purpose: it answers before it has committed. The suite has to find that."""

from __future__ import annotations

import time
from typing import Final

from forge.ports import Store
from store import engines
from store.groups import Group
from store.transaction import Transaction

LATE: Final = 0.2
"""Seconds by which a commit comes too late."""


async def connect(url: str) -> Store[Transaction]:
    """Open the store, spoilt."""
    real = Group.commit

    def commit(group: Group) -> None:
        group.units[0].loop.call_soon_threadsafe(group.release)
        time.sleep(LATE)
        real(group)

    Group.commit = commit  # type: ignore[method-assign, assignment]
    return await engines.connect(url)
