"""Random sequences of all commands with a moving clock, on every engine, against the model; and the laws, each by its name.

The sequences are played once for all the laws: `FORGE_SEQUENCES` says how many.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from commands import CATALOG
from store import Transaction
from tests.domain import laws, machine, strangers
from tests.domain.engine import within
from tests.domain.machine import LAST, PRELUDE, STEPS, Machine, Tally
from tests.domain.model import COMMANDS
from tests.store.conftest import ENGINES

SEQUENCES: Final = int(os.environ.get("FORGE_SEQUENCES", "150"))
EXPLAINED: Final = 6_000
"""Characters of a broken law's story."""


@dataclass
class Played:
    """What came of all sequences on one engine."""

    tally: Tally = field(default_factory=Tally)
    broken: list[BaseException] = field(default_factory=list)

    def check(self, law: type[laws.Broken]) -> None:
        """See that a law held."""
        for error in self.broken:
            if isinstance(error, law):
                story = "\n".join(getattr(error, "__notes__", ()))
                pytest.fail(f"{error}\n{story}"[:EXPLAINED], pytrace=False)

    def check_faults(self) -> None:
        """See that nothing went wrong otherwise."""
        for error in self.broken:
            if not isinstance(error, laws.Broken):
                raise error


def play(tx: Transaction) -> Played:
    """Play the sequences inside one transaction: what each did is undone when it ends."""
    played = Played()

    @seed(20_260_131)
    class OnStore(Machine):
        pass

    OnStore.tx, OnStore.tally = tx, played.tally
    try:
        run_state_machine_as_test(
            OnStore,
            settings=settings(
                # Some of them are cut short by hypothesis.
                max_examples=SEQUENCES * 5 // 4 + 20,
                stateful_step_count=LAST,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
    except BaseExceptionGroup as group:
        played.broken += group.exceptions
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told by the test of that name
        played.broken.append(error)
    return played


@pytest.fixture(scope="module", params=ENGINES)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The sequences, played on each engine in turn."""
    return within(request.param, tmp_path_factory.mktemp(request.param), play)


def test_the_commands_do_what_the_model_does(played: Played) -> None:
    played.check(machine.Divergence)
    played.check_faults()
    tally = played.tally
    print(  # noqa: T201 - the count is what somebody wants to see
        f"\n{tally.whole} sequences of {STEPS} steps after {len(PRELUDE)}, {tally.commands} commands,"
        f" {tally.days} days looked back at, 0 divergences"
    )
    for (command, name), count in sorted(tally.outcomes.items()):
        print(f"{count:8} {command} {name}")  # noqa: T201 - the same
    assert tally.whole >= SEQUENCES


def test_seats_are_never_exceeded(played: Played) -> None:
    played.check(laws.SeatsExceeded)


def test_one_row_is_current_for_a_provider_and_a_consumer(played: Played) -> None:
    played.check(laws.TwoAreCurrent)


def test_a_consumers_customer_is_always_its_subscriptions(played: Played) -> None:
    played.check(laws.CustomerDiffers)


def test_replaying_the_events_rebuilds_the_current_state_exactly(played: Played) -> None:
    played.check(laws.ReplayDiffers)


def test_history_is_never_rewritten(played: Played) -> None:
    played.check(laws.HistoryRewritten)


def test_who_paid_for_a_consumer_on_some_day_is_who_did(played: Played) -> None:
    played.check(machine.PastDiffers)
    assert played.broken or played.tally.days > 25 * SEQUENCES


def test_a_stranger_cannot_tell_what_is_there_from_what_is_not(played: Played) -> None:
    """The same name, the same message, the same statements."""
    played.check(strangers.StrangerLearns)
    assert played.broken or min(played.tally.strangers[command] for command in strangers.ASKED) > LEAST
    assert set(COMMANDS) == strangers.ASKED | strangers.EXEMPT


def test_every_command_came_to_each_of_its_outcomes(played: Played) -> None:
    """Or the sequences show nothing: this is about them."""
    assert not played.broken
    outcomes = played.tally.outcomes
    wanted = {(command, "ok") for command in COMMANDS} | {
        (route.command.path, failure.__name__)
        for route in CATALOG
        for failure in route.command.failures
        if route.command.path in COMMANDS
    }
    rare = {key: outcomes[key] for key in wanted if outcomes[key] < LEAST}
    assert len(rare) <= MISSED, rare
    assert not [key for key in rare if key[1] == "ok"]
    assert {route.command.path for route in CATALOG} - set(COMMANDS) == ELSEWHERE
    assert not {state: played.tally.states[state] for state in STATES if played.tally.states[state] < LEAST}


LEAST: Final = max(1, SEQUENCES // 125)
MISSED: Final = 0 if SEQUENCES >= 1000 else 3
"""Failures that need not come about: in few sequences there is always one that does not."""
ELSEWHERE: Final = {"/debug/clock", "/debug/echo", "/ucan/conclude", "/ucan/revoke"}
"""Commands that the model has nothing to say about."""
STATES: Final = ("pending", "active", "past_due", "expired", "cancelled", "suspended")
