"""What came of a fault, as a line of a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.faults.audit import Differences

_LINE: Final = "{:<9} {:<44} {:>6} {:>6} {:>9} {:>7} {:>5} {:>8} {:>7} {:>6}"
HEAD: Final = _LINE.format("broken", "how", "rounds", "kills", "receipts", "cut off", "lost", "doubled", "halves", "s")


@dataclass
class Line:
    """One fault, again and again."""

    row: str
    how: str
    rounds: int = 0
    kills: int = 0
    receipts: int = 0
    cut_off: int = 0
    """Requests that ended without the receipt of what ran, each time."""
    differences: Differences = field(default_factory=Differences)
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    missing: str = ""
    """Why it was not played here."""

    def __str__(self) -> str:
        if self.missing:
            return f"{self.row:<9} {self.how:<44} not here: {self.missing}"
        found = self.differences
        counts = (len(found.lost), len(found.doubled), len(found.halves))
        told = (self.rounds, self.kills or "", self.receipts, self.cut_off, *counts, f"{self.seconds:.0f}")
        return "\n".join((_LINE.format(self.row, self.how, *told), *(f"{'':<12}{note}" for note in self.notes)))


def total(lines: Iterable[Line]) -> Line:
    """Add them up."""
    added = Line("all", "")
    for line in lines:
        added.rounds += line.rounds
        added.kills += line.kills
        added.receipts += line.receipts
        added.cut_off += line.cut_off
        added.seconds += line.seconds
        added.differences += line.differences
    return added
