"""What was acknowledged is there after the process was killed, and no unit is there in part."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from forge.cid import CID
from store import connect
from store.transaction import Transaction
from tests import unmeasured
from tests.store import samples
from tests.store.conftest import Tx

# Acknowledgements after which the process is killed, in the middle of whatever it is doing then.
KILLS = (1, 40, 333, 700, 5, 1500, 90)


def killed(url: str, first: int, after: int) -> list[int]:
    """Start a process that writes, kill it, and return what it said was kept."""
    folder = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.child", url, str(first)],
        cwd=folder,
        env=unmeasured.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        said = list(itertools.islice(child.stdout, after))
        child.kill()
        said += child.stdout.readlines()
    assert child.returncode == -9
    return [int(line) for line in said if line.endswith("\n")]


async def kept(store: Tx) -> tuple[set[int], set[int], set[int]]:
    """The numbers of the units of which there is a customer, an event, a ledger entry."""

    def work(tx: Transaction) -> tuple[set[int], set[int], set[int]]:
        def numbers(statement: str) -> set[int]:
            return {number for (number,) in tx._execute(statement).fetchall()}

        return (
            numbers("SELECT inserted_at FROM customer"),
            numbers("SELECT at FROM event WHERE customer IS NOT NULL"),
            numbers("SELECT at FROM ledger"),
        )

    return await store.read(work)


@pytest.mark.parametrize("processes", [1, 2])
async def test_nothing_acknowledged_is_lost_and_nothing_is_halved(url: str, processes: int) -> None:
    """With one process that writes; and with this one at work on the same place."""
    acknowledged: set[int] = set()
    beside = await connect(url) if processes > 1 else None
    for round_, after in enumerate(KILLS, 1):
        killing = asyncio.create_task(asyncio.to_thread(killed, url, round_ * 10**9, after))
        while beside is not None and not killing.done():
            await beside.change(lambda tx: tx.append(samples.event()))
        said = await killing
        assert len(said) >= after
        acknowledged |= set(said)
        store = beside or await connect(url)
        customers, events, entries = await kept(store)
        assert acknowledged <= customers
        assert customers == events == entries
        last = max(said)
        assert await store.receipt(CID.of(b"%d" % last)) == b"%d" % last
        if store is not beside:
            await store.close()
    if beside is not None:
        await beside.close()
