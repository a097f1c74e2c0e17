"""The machine: one random sequence of tasks, done by the commands on a store and by the model, and compared at every step.

A sequence is a savepoint: when it is over, the store is empty again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from hypothesis.strategies import SearchStrategy

from store import Transaction
from store.records import Event
from tests.domain import desk, laws, rows
from tests.domain.cast import SERVICE
from tests.domain.dice import Dice
from tests.domain.model import CHANGING, Ask, Book, Refused, apply
from tests.domain.rows import Tables
from tests.domain.sequences import Author
from tests.domain.strangers import check_strangers

PRELUDE: Final = (
    *("/customer/add",) * 3,
    *("/customer/payer/add",) * 2,
    *("/plan/add",) * 4,
    *("/subscription/add",) * 3,
    *("/payment/record",) * 3,
    *("/subscription/assign",) * 2,
)
"""What comes before the steps: with nobody there, there is little to do."""
STEPS: Final = 50
"""Then."""
LAST: Final = len(PRELUDE) + STEPS
IDLE: Final = 8
"""Steps after which a sequence in which nothing was drawn is given up."""


Draw = Callable[[SearchStrategy[Any]], Any]


class Divergence(laws.Broken):
    """The commands do something other than docs/domain.md says."""


class PastDiffers(laws.Broken):
    """Who paid for a consumer on some day is not who did."""


@dataclass
class Tally:
    """What was done, counted."""

    sequences: int = 0
    commands: int = 0
    broken: bool = False
    whole: int = 0
    """Sequences that had all their steps."""
    days: int = 0
    """How often it was asked what was on some day."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By command and `ok` or the failure's name."""
    strangers: Counter[str] = field(default_factory=Counter)
    """What strangers asked, by command."""
    states: Counter[str] = field(default_factory=Counter)
    """How the subscriptions that were looked at stood."""

    def count(self, command: str, name: str, value: dict[str, Any]) -> None:
        self.commands += 1
        self.outcomes[command, name] += 1
        if command.startswith(("/subscription/", "/consumer/", "/payment/")):
            self.states.update(one["state"] for one in value.get("results", [value]) if "state" in one)


class _UndoneError(Exception):
    """Ends a sequence's savepoint."""


@st.composite
def tasks(draw: Draw) -> Ask:
    """The next task of the machine that asks."""
    machine: Machine = draw(st.runner())
    dice = Dice.drawn(draw)
    ask = machine.make_up(dice)
    # hypothesis likes to go on with zeros, and then to vary that: much of the same. It shrinks to the same, and may.
    machine.idle = 0 if dice.moved else machine.idle + 1
    if machine.idle > IDLE and not machine.tally.broken:
        reject()
    return ask


class Machine(RuleBasedStateMachine):
    """A sequence. Subclasses say on which transaction."""

    tx: ClassVar[Transaction]
    tally: ClassVar[Tally]

    def __init__(self) -> None:
        super().__init__()
        self._block: AbstractContextManager[None] = self.tx.savepoint()
        self._block.__enter__()
        self.book = Book(SERVICE)
        self.author = Author(self.book)
        self.steps = 0
        self.last = 0
        self.events: list[Event] = []
        self.before: Tables = {table: [] for table in rows.COLUMNS}
        self.number = 0
        self.idle = 0
        """Steps since the dice gave something other than the first of everything."""

    @rule(ask=tasks())
    def step(self, ask: Ask) -> None:
        """Do the next task."""
        self.steps += 1
        try:
            self.do(ask)
        except BaseException:
            self.tally.broken = True
            raise

    def make_up(self, dice: Dice) -> Ask:
        """Make up the next task."""
        self.author.dice = dice
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
        """Do a task twice: by the commands, and by the model. Look at the laws before what the two say."""
        found = self.by_commands(ask)
        kind, value = next(iter(found.items()))
        name = "ok" if kind == "ok" else value["name"]
        self.tally.count(ask.command, name, value)
        told = len(self.book.events)
        expected = self.by_model(ask)
        events = self.tx.events(since=self.last)
        if events or ask.command in CHANGING:
            self.events += events
            self._look()
        if self.steps == LAST:
            self.finish()
        if found != expected and (name == "ok" or expected != {"error": name}):
            raise Divergence(f"{ask}\n  commands: {found}\n  model:    {expected}")
        if desk.is_kept(self.tx, ask.task) != (ask.task in self.book.answers):
            raise Divergence(f"{ask} is kept where it was refused, or it ran and is not")
        self._compare_events(ask, events, told)

    def _look(self) -> None:
        """Look at the rows."""
        now = rows.read(self.tx, (*rows.DATED, "subscription"))
        laws.check_seats(now)
        laws.check_current(now)
        laws.check_history(self.before, now)
        self.before = now

    def finish(self) -> None:
        """Look at what takes longer."""
        laws.check_customers(self.before, self.read)
        laws.check_replay(self.tx, self.events)
        for command in ("/customer/list", "/subscription/list", "/consumer/list"):
            if (found := self.read(command, {})) != apply(self.book, self.reading(command, {})):
                raise Divergence(f"{command} at {self.author.now}: {found}")
        self.tally.strangers.update(check_strangers(self.tx, self.book, self.author.now))
        self._compare_past()

    def read(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Read something for the service."""
        result: dict[str, Any] = self.by_commands(self.reading(command, arguments))["ok"]
        return result

    def reading(self, command: str, arguments: dict[str, Any]) -> Ask:
        """Ask for the service. What reads has a name all the same, and leaves no trace of it."""
        return Ask(command, SERVICE, SERVICE, arguments, self.author.now, desk.name(0))

    def _compare_past(self) -> None:
        """Ask where each consumer was, and who paid, at every turn of its life and the second before."""
        for consumer, stays in self.book.stays.items():
            days = {self.author.now}
            for stay in stays:
                sub = self.book.subscriptions[stay.subscription]
                days |= {stay.since, stay.until or 0, sub.cancelled_now or 0, sub.cancelled_at_end or 0}
                days |= {sub.paid_until() or 0, sub.end(self.author.now) or 0}
                days |= {row.since for row in sub.holdings} | {at for at, _ in sub.ends}
            if self.tally.sequences % 8 == 0:
                # Every second at which anything happened or ended by itself.
                days |= {event.at for event in self.events} | set(self.author.turns())
            for at in sorted({max(0, day - less) for day in days for less in (0, 1)}):
                ask = self.reading("/consumer/get", {"consumer": consumer, "at": at})
                found, expected = self.by_commands(ask), self.by_model(ask)
                self.tally.days += 1
                self.tally.states.update([found["ok"]["state"]] if "ok" in found else ())
                if found != expected and ("ok" in found or found["error"]["name"] != expected.get("error")):
                    raise PastDiffers(f"{ask}\n  commands: {found}\n  model:    {expected}")

    def by_model(self, ask: Ask) -> dict[str, Any]:
        """Have a task done by the model: its result, or its failure's name."""
        try:
            return {"ok": apply(self.book, ask)}
        except Refused as refused:
            return {"error": refused.name}

    def by_commands(self, ask: Ask) -> desk.Outcome:
        """Have a task done by the commands; of a list all pages."""
        found = desk.hand_in(self.tx, ask)
        page = found.get("ok", {})
        if "results" not in page:
            return found
        results = page["results"]
        while cursor := page.get("cursor"):
            page = desk.hand_in(self.tx, Ask(**{**vars(ask), "arguments": {**ask.arguments, "cursor": cursor}}))["ok"]
            results += page["results"]
        if ask.command == "/event/list":
            # Their data is the replay's to judge.
            results = [{key: value for key, value in event.items() if key != "data"} for event in results]
        return {"ok": {"results": results}}

    def _compare_events(self, ask: Ask, found: Sequence[Event], told: int) -> None:
        expected = self.book.events[told:]
        for event, model in zip(found, expected, strict=False):
            model.seq = self.last = event.seq or 0
        got = [(one.type, one.customer, one.giver, one.subscription, one.consumer) for one in found]
        want = [(one.type, one.customer, one.giver, one.subscription, one.consumer) for one in expected]
        if got != want:
            raise Divergence(f"{ask}\n  events: {got}\n  model:  {want}")

    def teardown(self) -> None:
        self.tally.sequences += 1
        self.tally.whole += self.steps == LAST
        self._block.__exit__(_UndoneError, _UndoneError(), None)
