"""How much memory something takes: by counting what is allocated, not by looking at a clock."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress


def peak_of(work: Callable[[], object], error: type[Exception]) -> int:
    """Give the bytes that `work` held at its peak, beyond what was there before."""
    tracemalloc.start()
    try:
        with suppress(error):
            work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
