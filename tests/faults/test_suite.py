"""A pick of the fault suite (`make faults`), and that it finds what is wrong."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tests import unmeasured
from tests.faults.processes import ROOT
from tests.faults.scene import Stage
from tests.store import postgresql

PICK = 0.01
"""Of its rounds: two of each."""
ROWS = [(row, "sqlite") for row in ("process", "disk", "peers", "load")]


@pytest.mark.parametrize(("row", "engine"), [*ROWS, ("process", "postgresql"), ("database", "postgresql")])
async def test_nothing_is_lost_doubled_or_half_there(tmp_path: Path, row: str, engine: str) -> None:
    if engine == "postgresql":
        postgresql.needed()
    stage = Stage(tmp_path, PICK, engine)
    await import_module(f"tests.faults.rows.{row}").play(stage)
    assert [one for line in stage.lines for one in line.differences.all] == []
    lacking = {line.missing for line in stage.lines if line.missing}
    if lacking:
        pytest.skip(", ".join(lacking))
    assert all(line.rounds and line.receipts for line in stage.lines)
    # What was to break did break; but a database that comes back soon is waited for.
    assert row == "database" or any(line.cut_off for line in stage.lines)


def test_the_table_of_a_row() -> None:
    """As `make faults` prints it."""
    command = [sys.executable, "-m", "tests.faults", "clock", "--scale", str(PICK)]
    done = subprocess.run(command, cwd=ROOT, env=unmeasured.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    head, line, everything = done.stdout.splitlines()
    assert head.split()[-4:-1] == ["lost", "doubled", "halves"]
    if "not here" in line:
        pytest.skip(line)
    assert line.startswith("clock     steps: + 1 h, and back")
    assert line.split()[-4:-1] == everything.split()[-4:-1] == ["0", "0", "0"]
    assert int(line.split()[-6]) > 0


async def test_a_server_that_answers_before_it_commits_is_found(tmp_path: Path) -> None:
    stage = Stage(tmp_path, PICK)
    async with stage.scene("process", "kill -9") as scene:
        await scene.serve(FORGE_CONNECT="tests.faults.hasty:connect")
        scene.load.start()
        await scene.load.more(5)
        await scene.kill()
        scene.check()
    assert scene.line.differences.lost != []
