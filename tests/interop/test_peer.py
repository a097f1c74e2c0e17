"""The program in Go: formatted, vetted, and honest about what it cannot do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.peer import SOURCE, PeerError, go, peer
from tests.interop.stage import staged
from tests.interop.table import Row, lines


def test_it_is_vetted() -> None:
    go("vet", "./...")


def test_it_is_formatted() -> None:
    if shutil.which("gofmt") is None:
        pytest.skip("there is no gofmt")
    done = subprocess.run(["gofmt", "-l", "."], cwd=SOURCE, check=True, capture_output=True, text=True)  # noqa: S607 - wherever it is
    assert done.stdout == ""


def test_what_it_cannot_do_it_says(tmp_path: Path) -> None:
    with peer(tmp_path) as made:
        for order in ({"what": "dance"}, {"what": "who", "by": {}}, {"what": "read", "container": "00", "wrapped": True}):
            with pytest.raises(PeerError):
                made.do(**order)


def test_what_differs_is_marked() -> None:
    same, other = Row("one", "go → forge", "ok", "ok"), Row("another", "forge → go", "ok {}", "InvalidClaim")
    assert (same.holds, other.holds) == (True, False)
    head, *shown = lines([same, other])
    assert head.split() == ["case", "direction", "expected", "seen"]
    assert shown[0].endswith("  ok")
    assert shown[1].endswith("  InvalidClaim  <-- differs")


def test_a_stage_starts_nothing_that_nobody_asks_for(tmp_path: Path) -> None:
    with staged(tmp_path):
        assert list(tmp_path.iterdir()) == []
