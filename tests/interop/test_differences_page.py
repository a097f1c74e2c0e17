"""docs/differences.md names cases, and each is in a table: there it is played, and must come out as it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.generate import ROOT
from tests.hostile.table import CASES
from tests.interop.js_chains import CHAINS
from tests.interop.js_policies import POLICIES

PAGE: Final = (ROOT / "docs" / "differences.md").read_text()
ROWS: Final = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| here")]
NAMED: Final = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row.split(" | ")[-1])]
HOSTILE: Final = {case.name for case in CASES}
PLAYED: Final = {chain.case for chain in (*CHAINS, *POLICIES)}


def sources() -> str:
    """Give the modules of cases: what is not a row of data stands in them as text."""
    return "\n".join(path.read_text() for path in sorted(Path(__file__).parent.glob("*_*.py")) if path != Path(__file__))


@pytest.mark.parametrize("name", sorted(set(NAMED)))
def test_every_case_is_there(name: str) -> None:
    if "/" in name and not name.startswith("/") and name.partition("/")[0] in {case.partition("/")[0] for case in HOSTILE}:
        assert name in HOSTILE
    else:
        assert name in PLAYED or stands(name)


def stands(name: str) -> bool:
    """Say whether a case is written in a module, where a name may be filled in."""
    pieces = [re.escape(piece) for piece in name.split()]
    exact = r"\s".join(pieces)
    filled = r"\s".join(rf"(?:{piece}|\{{\w+\}}\S?)" for piece in pieces)
    text = sources()
    return re.search(rf'f?"{exact}"', text) is not None or re.search(rf'f"{filled}"', text) is not None


def test_there_are_cases() -> None:
    assert len(NAMED) > 50
    assert not stands("no such case")
    assert not stands("a tenant")
