"""The process: `kill -9` under load, at random, and at named points of a commit."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Final

from tests.faults import points
from tests.faults.scene import Stage

NAME: Final = "process"
AT_RANDOM: Final = 40
AT_A_POINT: Final = {"before": 20, "in": 30, "after": 20}
FEWEST, MOST = 2, 40
"""Receipts, or commits, until the end comes."""


async def play(stage: Stage) -> None:
    """Kill it at random, then before, in and after a commit."""
    async with stage.scene(NAME, "kill -9 at random") as scene:
        for _ in stage.rounds(AT_RANDOM):
            await scene.serve()
            scene.load.start()
            await scene.load.more(random.randint(FEWEST, MOST))  # noqa: S311 - a moment
            await scene.kill()
            scene.check()
    for point, rounds in AT_A_POINT.items():
        where = stage.folder / f"{point}.txt"
        async with stage.scene(NAME, f"kill -9 {point} the commit") as scene:
            for _ in stage.rounds(rounds):
                await scene.serve(**_doom(point, where))
                scene.load.start()
                await scene.ended()
                scene.check()
            came = Counter(where.read_text().split())
            if point == "in":
                scene.line.notes.append(f"{came['in']} while the commit ran, {came['late']} when it was just over")


def _doom(point: str, where: Path) -> dict[str, str]:
    commits = random.randint(FEWEST, MOST)  # noqa: S311 - a moment
    return {
        "FORGE_CONNECT": "tests.faults.points:connect",
        points.POINT: point,
        points.COMMITS: str(commits),
        points.WHERE: str(where),
    }
