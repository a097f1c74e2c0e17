"""`kill -9` while rows are moved: every receipt is answered, no task runs again, and the same again finishes it."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forge.ports import LedgerEntry
from store import connect
from tests.store.archived import answered, filled, ledger, moved, whole
from tests.store.archiver import POINTS
from tests.store.conftest import empty
from tests.store.samples import names

ROOT = Path(__file__).parents[2]
COUNT = 90
KILLS = 8


def run(folder: Path, point: str) -> subprocess.CompletedProcess[str]:
    """Move rows in a process of its own."""
    place = [f"sqlite:///{folder / 'store.db'}", str(folder / "archive.db")]
    return subprocess.run(
        [sys.executable, "-m", "tests.store.archiver", *place, point], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def entries(tmp_path: Path) -> list[LedgerEntry]:
    """What is in the store that lies there."""
    (tmp_path / "store.db").write_bytes(empty())

    async def fill() -> list[LedgerEntry]:
        store = await connect(str(tmp_path / "store.db"))
        entries = await filled(store, COUNT)
        await store.close()
        return entries

    return asyncio.run(fill())


async def finished(folder: Path, entries: list[LedgerEntry]) -> None:
    """See that nothing is lost, finish it, and see that everything was moved."""
    assert ledger(folder / "store.db").keys() == {bytes(one.task) for one in entries}
    store = await connect(str(folder / "store.db"))
    await answered(store, entries)
    await moved(store, folder / "archive.db")
    await answered(store, entries)
    (listed,) = await store.archives()
    assert (listed.rows, listed.oldest, listed.youngest, listed.fault) == (COUNT - 1, 1, COUNT - 1, None)
    await store.close()
    assert whole(folder / "store.db") == {COUNT}
    assert [name for name in names(folder) if not name.startswith(".")] == ["archive.db", "store.db"]


@pytest.mark.parametrize("point", POINTS)
async def test_killed_where(tmp_path: Path, entries: list[LedgerEntry], point: str) -> None:
    killed = run(tmp_path, point)
    assert killed.returncode == -9, killed.stderr
    await finished(tmp_path, entries)


async def test_killed_again_and_again_wherever_it_is(tmp_path: Path, entries: list[LedgerEntry]) -> None:
    shutil.copytree(tmp_path, tmp_path / "whole")
    done = run(tmp_path / "whole", "0")
    assert done.returncode == 0, done.stderr
    source = random.Random(5)  # noqa: S311 - points, repeatable
    for _ in range(KILLS):
        # Each goes on where the one before it ended; on the average they come to the end together.
        killed = run(tmp_path, str(source.randrange(1, int(done.stdout) * 2 // KILLS)))
        assert killed.returncode == -9 or killed.stdout, killed.stderr
        store = await connect(str(tmp_path / "store.db"))
        await answered(store, entries)
        await store.close()
    shutil.rmtree(tmp_path / "whole")
    await finished(tmp_path, entries)
