"""List the table: a line a case."""

from __future__ import annotations

from tests.hostile.table import CASES, counts

for case in CASES:
    print(f"{case.name:<80} {case.expect}")  # noqa: T201 - that is what it is for
print(f"\n{len(CASES)} cases: {', '.join(f'{section} {count}' for section, count in counts().items())}")  # noqa: T201 - the same
