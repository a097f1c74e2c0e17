"""What every measurement works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.cast import Cast
from benchmarks.figures import Figures
from benchmarks.processes import Running
from benchmarks.size import Size
from benchmarks.stores import Stores


@dataclass(frozen=True)
class Setup:
    """Who takes part, where, how much, and where the figures go."""

    cast: Cast
    stores: Stores
    size: Size
    figures: Figures
    bare: Running
    """The server that ours is compared with: on the same core, where it waits while ours is measured."""
    canned: Running
    """The one that the load is compared with."""
    say: Callable[[str], None]
    """Is told what happens, for whoever waits."""
