"""The cluster itself, without forge: whatever happens to its primary, what was answered is there, once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import unmeasured
from tests.cluster import network
from tests.cluster.layout import missing

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(bool(missing()), reason=f"the cluster needs packages that are not installed: {' '.join(missing())}")
def test_what_was_answered_survives_its_primary() -> None:
    # A machine whose cable is pulled is gone for everybody but itself; without networks of our own, it is killed.
    faults = f"crash,{'cut' if network.possible() else 'kill'}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.cluster", "failovers", "--brisk", "--rounds", "2", "--faults", faults],
        cwd=ROOT,
        env=unmeasured.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 failovers, " in done.stdout
    assert "0 lost, 0 doubled, 0 halves" in done.stdout
