"""A scene: a store, a server on it, clients that keep at it, and in the end the audit. What breaks is a row's to say."""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

from tests import unmeasured
from tests.faults import audit
from tests.faults.conftest import durable
from tests.faults.load import Load, Story, customers
from tests.faults.nursery import Born
from tests.faults.processes import ROOT, Place, Process, Server, free_port
from tests.faults.table import Line

LEAST: Final = 2
"""Rounds, however short the time is."""
GENEROUS: Final = 300.0
"""Seconds after which a scene has failed. Nothing takes that long."""


@dataclass
class Stage:
    """Where the rows are played, on which engine, and for how long."""

    folder: Path
    scale: float = 1.0
    """Of the rounds of the whole suite."""
    engine: str = "sqlite"
    until: float = math.inf
    """When this row's time is over, by `time.monotonic`."""
    tell: Callable[[Line], object] = print
    lines: list[Line] = field(default_factory=list)

    def rounds(self, whole: int) -> Iterator[int]:
        """Count the rounds to play, where the whole suite plays so many: fewer where the time is over, but some."""
        for number in range(max(LEAST, round(whole * self.scale))):
            if number >= LEAST and time.monotonic() > self.until:
                break
            yield number

    @property
    def whole(self) -> bool:
        """Whether all is played, or a pick."""
        return self.scale >= 1

    async def play(self, ways: Mapping[str, Way], pick: Collection[str]) -> None:
        """Play all ways in which something breaks, or a pick of them."""
        for how, way in ways.items():
            if self.whole or how in pick:
                await way(self, how)

    def place(self, folder: Path) -> Place:
        """Make a store."""
        folder.mkdir(exist_ok=True)
        return Place(folder) if self.engine == "sqlite" else Place(folder, durable().url(durable().database()))

    def report(self, line: Line) -> None:
        """Have a line."""
        self.lines.append(line)
        self.tell(line)

    @asynccontextmanager
    async def scene(  # noqa: PLR0913 - what a scene may have of its own
        self,
        row: str,
        how: str,
        *,
        place: Place | None = None,
        story: Story = customers,
        most: int | None = None,
        environment: dict[str, str] | None = None,
    ) -> AsyncIterator[Scene]:
        """Play a scene, audit it, and report.

        Args:
            row: what breaks.
            how: in which way.
            place: where the store is; a new one where None.
            story: what clients ask.
            most: receipts that are asked for again; all where None.
            environment: of the servers.
        """
        place = place or self.place(self.folder / f"{self.engine}-{row}-{len(self.lines)}")
        scene = Scene(place, Line(row, how), story, environment or {})
        began = time.monotonic()
        async with asyncio.timeout(GENEROUS):
            try:
                yield scene
                await scene.audit(most)
            finally:
                await scene.end()
        scene.line.seconds = time.monotonic() - began
        self.report(scene.line)


def _begin(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Popen[bytes]:
    command = [sys.executable, "-m", "forge", *arguments]
    with log.open("ab") as file:
        return Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)


Way = Callable[[Stage, str], Awaitable[None]]
"""Plays one way in which something breaks, by its name."""


class Scene:
    """A store, a server, clients."""

    def __init__(self, place: Place, line: Line, story: Story, environment: dict[str, str]) -> None:
        self.place = place
        self.line = line
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment
        self.load = Load(self.url, place.service, story)
        self.server: Server | None = None

    @property
    def process(self) -> Process:
        """Give the server's process."""
        assert self.server is not None
        return self.server.process

    async def serve(self, **environment: str) -> None:
        """Start the server, and wait until it is ready."""
        log = self.place.folder / "log.txt"
        variables = {**unmeasured.environment(), **self.environment, **environment}
        arguments = ["serve", *self.place.flags(self.port)]
        process: Process
        if "LD_PRELOAD" in variables:
            # Only a program that begins is loaded with it.
            process = await asyncio.to_thread(_begin, arguments, variables, log)
        else:
            process = await asyncio.to_thread(Born, arguments, variables, str(log))
        self.server = Server(process, self.url, log)
        await self.server.ready()

    async def kill(self) -> None:
        """End the server as a loss of power does, and wait until every client knows."""
        self.process.kill()
        await self.ended()

    async def ended(self) -> None:
        """Wait for the server to be dead, and until every client knows."""
        await asyncio.to_thread(self.process.wait)
        self.server = None
        self.line.kills += 1
        await self.load.rest()

    def check(self) -> None:
        """Look into the store, while nobody asks."""
        self.line.rounds += 1
        self.line.differences += audit.look(self.place, self.load.book)

    async def audit(self, most: int | None) -> None:
        """Hold the store to the book: from outside, as a client, and once more when nothing is open."""
        line, book = self.line, self.load.book
        await self.load.rest()
        if self.server is None:
            await self.serve()
        line.differences += audit.look(self.place, book)
        line.cut_off += book.troubles
        line.differences += await audit.ask_again(self.url, book, most=most)
        assert self.server is not None
        if await asyncio.to_thread(self.server.stop) != 0:
            line.differences.halves.append(f"the server did not end well: {self.server.log}")
        line.differences += audit.look(self.place, book, thoroughly=True)
        line.receipts += len(book.held)
        line.differences.halves += await self._fsck()

    async def _fsck(self) -> list[str]:
        said = self.place.folder / "fsck.txt"
        arguments = ["fsck", "--store", self.place.store, "--key", str(self.place.key)]
        process = await asyncio.to_thread(Born, arguments, unmeasured.environment(), str(said))
        status = await asyncio.to_thread(process.wait)
        return [] if status == 0 else [f"fsck: {said.read_text()}"]

    async def end(self) -> None:
        """Leave nothing behind that runs."""
        await self.load.stop()
        if self.server is not None and self.process.poll() is None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
