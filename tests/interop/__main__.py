"""Play all cases and print the table; the status is 1 where something differs or breaks, 2 where something is missing."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

import pytest

from tests.interop.stage import staged
from tests.interop.table import MODULES, Row, lines, module

rows: list[Row] = []
missing: list[str] = []
broken = 0
with tempfile.TemporaryDirectory(prefix="forge-interop-") as name, staged(Path(name)) as stage:
    for one in MODULES:
        try:
            rows += module(one).rows(stage)
        except pytest.skip.Exception as reason:
            missing.append(f"{one}: {reason.msg}")
        except Exception:  # noqa: BLE001 - the others are played all the same
            broken += 1
            traceback.print_exc()

print("\n".join(lines(rows)))
differing = sum(not row.holds for row in rows)
print(f"\n{len(rows)} cases, {differing} otherwise than expected" + (f"; {broken} modules broke off" if broken else ""))
for what in missing:
    print(f"missing: {what}", file=sys.stderr)
sys.exit(2 if missing else 1 if differing or broken or not rows else 0)
