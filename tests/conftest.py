"""What holds for all tests: how they share the processors, and what is said when they are done."""

from __future__ import annotations

import os
from typing import Final

import pytest

LONG: Final = (
    "tests/domain/test_sequences.py",
    "tests/test_readme.py",
    "tests/interop/test_interop.py",
    "tests/cluster/",
    "tests/faults/",
)
"""What takes longest begins first: else one process would be at it when the others have nothing left to do."""
HOSTILE: Final = "tests/hostile/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each process of pytest-xdist measure itself, once: the variable would have it done twice."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many hostile cases there are, and where."""
    if not any(report.nodeid.startswith(HOSTILE) for report in terminalreporter.getreports("passed")):
        return
    # They take a moment to make.
    from tests.hostile.table import CASES, counts  # noqa: PLC0415

    sections = ", ".join(f"{section} {count}" for section, count in counts().items())
    terminalreporter.write_line(f"hostile cases: {len(CASES)} ({sections})")
