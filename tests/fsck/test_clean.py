"""Nothing is found where nothing is wrong: after every random sequence of the domain, and where clocks differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from commands.events import Type
from forge.ports import Finding
from store import Transaction
from store.fsck.checking import examine_domain
from store.fsck.findings import Findings
from store.fsck.replay import RULES
from store.fsck.scratch import Scratch
from tests.domain.engine import within
from tests.domain.machine import LAST, Machine, Tally
from tests.store.conftest import ENGINES

SEQUENCES = 5


def found(tx: Transaction) -> list[Finding]:
    """Look at the rows of the domain: these sequences have no tokens."""
    told: list[Finding] = []
    with Scratch() as scratch:
        examine_domain(tx, Findings(told.append), scratch, lambda _: None)
    return told


@pytest.mark.parametrize("engine", ENGINES)
def test_after_every_random_sequence(engine: str, tmp_path: Path) -> None:
    looked: list[int] = []

    def play(tx: Transaction) -> None:
        @seed(20_261_129)
        class OnStore(Machine):
            def finish(self) -> None:
                assert found(self.tx) == []
                looked.append(len(self.events))

        OnStore.tx, OnStore.tally = tx, Tally()
        run_state_machine_as_test(
            OnStore,
            settings=settings(
                max_examples=SEQUENCES * 2,
                stateful_step_count=LAST,
                deadline=None,
                database=None,
                phases=(Phase.generate,),
                suppress_health_check=list(HealthCheck),
            ),
        )

    within(engine, tmp_path, play)
    assert len(looked) >= SEQUENCES
    assert sum(looked) > 20 * SEQUENCES


def test_there_is_a_rule_for_every_event() -> None:
    assert {kind.value for kind in Type} == RULES.keys()
