"""docs/hilt.md cannot rot: everything in it that can be run is run, in order, in an empty folder, as the README is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests import unmeasured
from tests.faults.processes import free_port
from tests.generate import ROOT
from tests.test_readme import BLOCK, PRELUDE

PAGE: Final = (ROOT / "docs" / "hilt.md").read_text()
PORT: Final = "8080"
SAID: Final = (
    '"id":"did:web:127.0.0.1%3A',
    "/customer/add",
    "CustomerExists",
    "it is there already",
    "InvalidClaim",
    "upload.proofs is empty, or for another DID",
    "MatchError",
    "upload.product_id",
    "AccountPlanMissing",
    "this tenant is not registered",
    "customer-added",
    "Revoked",
)
"""What comes of it, in this order; what a failure is called stands on standard error, beside what the page says of it."""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run all blocks, on another port than the page's, and give what they said."""
    port = str(free_port())
    served = f"http://127.0.0.1:{port}"
    script = "\n".join([PRELUDE, "exec 2>&1", *(text for _, text in BLOCK.findall(PAGE))])
    script = script.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{port}").replace(f"127.0.0.1%3A{PORT}", f"127.0.0.1%3A{port}")
    environment = {name: value for name, value in unmeasured.environment().items() if not name.startswith(("FORGE_", "HILT_"))}
    environment |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "FORGE_PORT": port, "SERVED": served}
    folder = tmp_path_factory.mktemp("hilt")
    done = subprocess.run(["/bin/bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_command_runs(played: str) -> None:
    at = 0
    for words in SAID:
        found = played.find(words, at)
        assert found >= 0, f"{words!r} was not said, or not in its place:\n{played[at:]}"
        at = found


def test_nothing_else_fails(played: str) -> None:
    assert played.count("Error") == played.count("MatchError"), played
    assert "Traceback" not in played


def test_every_block_is_a_command() -> None:
    assert PAGE.count("```") == 2 * len(BLOCK.findall(PAGE))
    assert len(BLOCK.findall(PAGE)) >= 8
