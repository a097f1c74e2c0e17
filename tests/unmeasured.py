"""What runs without coverage being measured, which takes half of the time: what it reaches, others have reached before.

That is work which does the same again and again (`@pytest.mark.no_cover` says it of a test), processes that are killed before
they could say what they have reached, and processes of which others of the same kind are measured.
"""

from __future__ import annotations

import os
from typing import Final

MEASURING: Final = "COVERAGE_"
"""How the variables begin that have a process measure itself."""


def environment() -> dict[str, str]:
    """Give the variables of this process, for one that is not measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(MEASURING)}
