"""The table, played: every case is as it must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interop.stage import staged
from tests.interop.table import MODULES, lines, module


@pytest.mark.parametrize("name", MODULES)
def test_every_case_is_as_expected(name: str, tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        rows = list(module(name).rows(stage))
    assert rows
    differing = [row for row in rows if not row.holds]
    assert not differing, "\n".join(lines(differing))
    assert len({(row.case, row.direction) for row in rows}) == len(rows)
