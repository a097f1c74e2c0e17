"""The machine: one random sequence of tasks, done by the commands on a store and by the model, and compared at every step.

A sequence is a savepoint: when it is over, the store is empty again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from hypothesis.strategies import SearchStrategy

from store import Transaction
from tests.domain import desk
from tests.domain.cast import SERVICE
from tests.domain.dice import Dice
from tests.domain.model import Ask, Book, Refused, apply
from tests.domain.sequences import Sequence

PRELUDE: Final = ("/customer/add",) * 3 + ("/plan/add",) * 4 + ("/subscription/add",) * 3
"""What comes before the steps: with nobody there, there is little to do."""
STEPS: Final = 50
"""Then."""


Draw = Callable[[SearchStrategy[Any]], Any]


class Divergence(AssertionError):
    """The commands do something other than domain.md says."""


@dataclass
class Tally:
    """What was done, counted."""

    sequences: int = 0
    commands: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By command and `ok` or the failure's name."""
    whole: int = 0
    """Sequences that had all their steps."""


class _UndoneError(Exception):
    """Ends a sequence's savepoint."""


@st.composite
def tasks(draw: Draw) -> Ask:
    """The next task of the machine that asks."""
    machine: Machine = draw(st.runner())
    return machine.make_up(draw)


class Machine(RuleBasedStateMachine):
    """A sequence. Subclasses say on which transaction."""

    tx: ClassVar[Transaction]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self._block: AbstractContextManager[None] = self.tx.savepoint()
        self._block.__enter__()
        self.book = Book(SERVICE)
        self.author = Sequence(self.book)
        self.steps = 0
        self.last = 0
        self.number = 0

    @rule(ask=tasks())
    def step(self, ask: Ask) -> None:
        """Do the next task."""
        self.steps += 1
        self.do(ask)

    def make_up(self, draw: Draw) -> Ask:
        """Make up the next task."""
        self.author.dice = Dice(draw)
        if self.steps == 0:
            self.author.start()
        if self.steps < len(PRELUDE):
            return self.author.ask(PRELUDE[self.steps], self.author.now, self.name())
        return self.author.next(self.name())

    def name(self) -> str:
        """Name the next task."""
        self.number += 1
        return desk.name(self.number)

    def do(self, ask: Ask) -> None:
        """Do a task twice: by the commands, and by the model."""
        found = self.by_commands(ask)
        kind, value = next(iter(found.items()))
        name = "ok" if kind == "ok" else value["name"]
        self.tally.commands += 1
        self.tally.outcomes[ask.command, name] += 1
        told = len(self.book.events)
        try:
            expected = {"ok": apply(self.book, ask)}
        except Refused as refused:
            expected = {"error": refused.name}
        if found != expected and (name == "ok" or expected != {"error": name}):
            raise Divergence(f"{ask}\n  commands: {found}\n  model:    {expected}")
        self._compare_events(told, ask)

    def by_commands(self, ask: Ask) -> desk.Outcome:
        """Have a task done by the commands; of a list all pages."""
        found = desk.hand_in(self.tx, ask, SERVICE)
        page = found.get("ok", {})
        if "results" not in page:
            return found
        results = page["results"]
        while cursor := page.get("cursor"):
            page = desk.hand_in(self.tx, Ask(**{**vars(ask), "arguments": {**ask.arguments, "cursor": cursor}}), SERVICE)["ok"]
            results += page["results"]
        if ask.command == "/event/list":
            # Their data is the replay's to judge.
            results = [{key: value for key, value in event.items() if key != "data"} for event in results]
        return {"ok": {"results": results}}

    def _compare_events(self, told: int, ask: Ask) -> None:
        found = self.tx.events(since=self.last)
        expected = self.book.events[told:]
        for event, model in zip(found, expected, strict=False):
            model.seq = event.seq or 0
            self.last = model.seq
        got = [(one.type, one.customer, one.giver, one.subscription, one.consumer) for one in found]
        want = [(one.type, one.customer, one.giver, one.subscription, one.consumer) for one in expected]
        if got != want:
            raise Divergence(f"{ask}\n  events: {got}\n  model:  {want}")

    def teardown(self) -> None:
        self.tally.sequences += 1
        self.tally.whole += self.steps == len(PRELUDE) + STEPS
        self._block.__exit__(_UndoneError, _UndoneError(), None)
