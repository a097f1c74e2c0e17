"""The process: `kill -9` under load, at random, and at named points of a commit."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults import points
from tests.faults.scene import Stage, Way

NAME: Final = "process"
AT_RANDOM: Final = 40
AT_A_POINT: Final = 24
FEWEST, MOST = 2, 40
"""Receipts, or commits, until the end comes."""


async def play(stage: Stage) -> None:
    """Kill it at random, then before, in and after a commit."""
    await stage.play(_WAYS, {"kill -9 at random" if stage.engine == "postgresql" else "kill -9 in the commit"})


async def _at_random(stage: Stage, how: str) -> None:
    async with stage.scene(NAME, how) as scene:
        for _ in stage.rounds(AT_RANDOM):
            await scene.serve()
            scene.load.start()
            await scene.load.more(_moment())
            await scene.kill()
            scene.check()


async def _at(point: str, stage: Stage, how: str) -> None:
    where = stage.folder / f"{stage.engine}-{point}.txt"
    async with stage.scene(NAME, how) as scene:
        for _ in stage.rounds(AT_A_POINT):
            await scene.serve(**_doom(point, where))
            scene.load.start()
            await scene.ended()
            scene.check()
        came = Counter(where.read_text().split())
        if point == "in":
            scene.line.notes.append(f"{came['in']} while the commit ran, {came['late']} when it was just over")


def _doom(point: str, where: Path) -> dict[str, str]:
    return {
        "FORGE_CONNECT": "tests.faults.points:connect",
        points.POINT: point,
        points.COMMITS: str(_moment()),
        points.WHERE: str(where),
    }


def _moment() -> int:
    return random.randint(FEWEST, MOST)  # noqa: S311 - not a secret


_WAYS: Final[dict[str, Way]] = {
    "kill -9 at random": _at_random,
    "kill -9 before the commit": partial(_at, "before"),
    "kill -9 in the commit": partial(_at, "in"),
    "kill -9 after the commit, before the answer": partial(_at, "after"),
}
