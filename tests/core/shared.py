"""The shared test vectors, where they are: beside the checkout, read-only, and not part of a clone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

VECTORS: Final = Path(__file__).parents[2].parent / "shared" / "vectors"


def require_vectors() -> None:
    """Skip the calling module where the vectors are absent; tests/vectors has the project's own."""
    if not VECTORS.is_dir():
        pytest.skip(f"the shared vectors are not at {VECTORS}", allow_module_level=True)


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_bytes())
