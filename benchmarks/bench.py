"""The run: every figure, as often as asked, each time all of them before any is taken again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import cores, direct, memory, scale, served
from benchmarks.cast import BATCH, Cast
from benchmarks.direct import Kind
from benchmarks.figures import Figures
from benchmarks.load import closed
from benchmarks.processes import running
from benchmarks.served import BATCH_CONNECTIONS, Requests
from benchmarks.setup import Setup
from benchmarks.size import Size
from benchmarks.stores import Stores
from forge.wire import CONTENT_TYPE


@contextmanager
def prepared(folder: Path, stores: Stores, size: Size, say: Callable[[str], None]) -> Iterator[Setup]:
    """Make everybody's keys, and run the servers that ours is compared with, which answer with as many bytes as ours does.

    Args:
        folder: for keys and logs.
        stores: where stores are made.
        size: how much is measured.
        say: is told what happens, for whoever waits.

    Raises:
        MeasurementError: something did not start.
    """
    cast, core, answer = Cast(folder), cores.server_core(), folder / "answer"
    answer.write_bytes(cast.answer())
    with (
        running(["benchmarks.bare", str(answer), CONTENT_TYPE], folder, on=core) as bare,
        running(["benchmarks.canned", str(answer), CONTENT_TYPE], folder, on=core) as canned,
    ):
        yield Setup(cast, stores, size, Figures(), bare, canned, say)


class Bench:
    """All measurements."""

    def __init__(self, setup: Setup) -> None:
        """Sign what is sent."""
        self._setup = setup
        setup.say("requests are signed")
        self._requests = Requests.of(setup.cast, setup.size)
        self._kinds = [
            self._kind("cpu", own=False),
            self._kind("cpu_cold", own=True),
            self._batches("batch100", own=False),
            self._batches("batch100_cold", own=True),
        ]

    def run(self) -> None:
        """Measure everything.

        Raises:
            MeasurementError: something was not answered as it had to be.
        """
        size = self._setup.size
        for number in range(size.runs):
            self.run_once(number)
        self._setup.say(f"memory over {size.memory:,} invocations")
        memory.measure(self._setup)
        scale.measure(self._setup)

    def run_once(self, number: int) -> None:
        """Take each figure once.

        Raises:
            MeasurementError: something was not answered as it had to be.
        """
        setup = self._setup
        of = f"run {number + 1} of {setup.size.runs}"
        setup.say(f"{of}: without HTTP")
        self.measure_direct(setup.stores.fresh(f"direct-{number}"))
        setup.say(f"{of}: one worker on one core")
        served.measure_one(setup, setup.stores.fresh(f"one-{number}"), self._requests)
        setup.say(f"{of}: two workers on two cores")
        served.measure_two(setup, setup.stores.fresh(f"two-{number}"), self._requests)
        self.measure_ceiling()

    def measure_direct(self, url: str) -> None:
        """Measure without HTTP.

        Raises:
            MeasurementError: an invocation failed.
        """
        figures = self._setup.figures
        costs = direct.measure(self._setup.cast, url, self._kinds, operations=self._setup.size.floor)
        for cost in costs:
            figures.add(**{f"{cost.kind}_us": cost.us})
            ratios = {"ratio": cost.us / cost.floor_us}
            if not cost.kind.endswith("_cold"):
                ratios["known_ratio"] = cost.us / cost.floor_known_us
            figures.add(**{f"{cost.kind}_{name}": value for name, value in ratios.items()})
        figures.add(
            floor_us=sum(cost.floor_us for cost in costs) / len(costs),
            floor_known_us=sum(cost.floor_known_us for cost in costs) / len(costs),
        )

    def measure_ceiling(self) -> None:
        """Measure the load itself.

        Raises:
            MeasurementError: something was not answered as it had to be.
        """
        setup = self._setup
        with cores.on(cores.load_core()):
            passed = closed(setup.canned.port, [self._requests.first[0]] * setup.size.canned)
        setup.figures.add(load_ceiling_rps=passed.rate)

    def _kind(self, name: str, *, own: bool) -> Kind:
        size = self._setup.size
        return Kind(name, [self._setup.cast.added(own=own) for _ in range(size.warm + size.direct)], 1, size.warm)

    def _batches(self, name: str, *, own: bool) -> Kind:
        many = 1 + max(self._setup.size.direct // BATCH, 1)
        return Kind(name, [self._setup.cast.batch(own=own) for _ in range(many)], BATCH, 1, BATCH_CONNECTIONS)
