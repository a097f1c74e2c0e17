"""The primary: killed, hung, cut off and handed over, in a cluster of three, under the load of a service on it."""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from tests.cluster import network
from tests.cluster.cluster import BRISK, Cluster
from tests.cluster.faults import FAULTS
from tests.cluster.layout import missing
from tests.faults.load import Load
from tests.faults.processes import Place
from tests.faults.scene import Stage
from tests.faults.table import Line

NAME: Final = "failover"
ROUNDS: Final = 20
HOW: Final = "the primary of three is lost"
SOME: Final = 10


async def play(stage: Stage) -> None:
    """Lose the primary, in one way after the other."""
    if lacking := missing():
        stage.report(Line(NAME, HOW, missing=f"apt-get install {' '.join(lacking)}"))
        return
    private = network.is_private()
    folder = _folder()
    cluster = Cluster(folder / "cluster", private=private, dcs=BRISK)
    try:
        await asyncio.to_thread(cluster.start)
        (stage.folder / NAME).mkdir()
        async with stage.scene(NAME, HOW, place=Place(stage.folder / NAME, cluster.url())) as scene:
            await scene.serve()
            scene.load.start()
            ways = itertools.cycle(fault for name, fault in FAULTS.items() if private or name != "cut")
            for _, fault in zip(stage.rounds(ROUNDS), ways, strict=False):
                await scene.load.more(SOME)
                await asyncio.to_thread(fault.befall, cluster, _serves(scene.load))
                scene.line.rounds += 1
            scene.line.notes.append(f"longest time without service: {scene.load.longest:.1f} s")
    finally:
        await asyncio.to_thread(cluster.stop)
    shutil.rmtree(folder)


def _folder() -> Path:
    """Make a folder where others may look: the machines are not run by whoever runs this."""
    folder = Path(mkdtemp(prefix="forge-cluster-"))
    folder.chmod(0o755)
    return folder


def _serves(load: Load) -> Callable[[], None]:
    """Wait, on another thread, until somebody got a receipt."""
    loop = asyncio.get_running_loop()
    return lambda: asyncio.run_coroutine_threadsafe(load.more(SOME), loop).result()
