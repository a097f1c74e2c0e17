"""Play all cases and print the table; the status is 1 where something differs, 2 where something is missing."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.interop.stage import staged
from tests.interop.table import MODULES, Row, lines, module

with tempfile.TemporaryDirectory(prefix="forge-interop-") as name, staged(Path(name)) as stage:
    rows: list[Row] = []
    missing: list[str] = []
    for one in MODULES:
        try:
            rows += module(one).rows(stage)
        except pytest.skip.Exception as reason:
            missing.append(f"{one}: {reason.msg}")

print("\n".join(lines(rows)))
differing = sum(not row.holds for row in rows)
print(f"\n{len(rows)} cases, {differing} otherwise than expected")
for what in missing:
    print(f"missing: {what}", file=sys.stderr)
sys.exit(2 if missing else 1 if differing or not rows else 0)
