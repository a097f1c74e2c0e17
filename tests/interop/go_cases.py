"""Cases with a peer in Go: a client of our service, a service for our client, and what either writes for the other to read."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interop.answered import answered
from tests.interop.asked import chains, echoes, names, spaces, tasks
from tests.interop.asking import Asking
from tests.interop.hilt import day
from tests.interop.peer import peer
from tests.interop.stage import Stage
from tests.interop.table import Row
from tests.interop.written import written


def rows(stage: Stage) -> Iterator[Row]:
    """Play them."""
    folder = stage.folder / "go"
    folder.mkdir()
    with peer(folder) as go:
        asking = Asking(go, stage.service)
        for play in (echoes, chains, names, spaces, tasks):
            yield from play(asking)
        yield from day(stage, go)
        yield from answered(stage, go)
        yield from written(go)
