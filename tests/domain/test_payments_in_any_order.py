"""No state depends on the order in which payments arrived, nor on when (docs/domain.md, Payments)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commands.period import Period
from store import Transaction
from tests.domain import desk
from tests.domain.cast import CONSUMERS, CUSTOMERS, PLANS, SERVICE
from tests.domain.engine import within
from tests.domain.model import Ask
from tests.store.conftest import ENGINES

BEGIN: Final = 1_738_281_600  # 31 January 2025
DAY: Final = 86_400
RECORDED: Final = BEGIN + 100 * DAY
"""When all payments have come in."""


class _UndoneError(Exception):
    """Ends what a sequence did."""


@dataclass(frozen=True)
class Payment:
    event: str
    reference: str
    begins: int | None
    ends: int | None

    def arguments(self, subscription: str) -> dict[str, Any]:
        told = {"subscription": subscription, "event": self.event, "reference": self.reference}
        times = {"from": self.begins, "until": self.ends}
        return told | {key: at for key, at in times.items() if at is not None}


def days(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(least, most).map(lambda day: BEGIN + day * DAY)


@st.composite
def payments(draw: st.DrawFn) -> list[Payment]:
    """A set of payments: one for each event and reference."""
    keys = st.tuples(st.sampled_from(("paid", "failed", "refunded")), st.sampled_from("abc"))
    made = []
    for event, reference in draw(st.lists(keys, min_size=1, max_size=7, unique=True)):
        begins = draw(st.none() | days(-40, 80))
        ends = draw(st.none() | days(0, 90).map(lambda day: day + 45 * DAY))
        if begins is not None and ends is not None and ends <= begins:
            begins = None
        if event == "paid" and begins is None and ends is None:
            ends = BEGIN + 60 * DAY
        made.append(Payment(event, reference, begins, ends))
    return made


def looks(tx: Transaction, found: Sequence[Payment], times: Sequence[int], later: Sequence[int], grace: str | None) -> Any:
    """Let a subscription begin, record payments at these times, and look at it later on."""
    number = 0

    def ask(command: str, at: int, /, **arguments: Any) -> Any:
        nonlocal number
        number += 1
        return desk.hand_in(tx, Ask(command, SERVICE, SERVICE, arguments, at, desk.name(number)))["ok"]

    answers: list[Any] = []
    with suppress(_UndoneError), tx.savepoint():
        plan = {"product": PLANS[0], "name": "Plan", "kind": "paid", "period": "P1M"}
        ask("/plan/add", BEGIN, **plan, **({} if grace is None else {"grace": grace}))
        ask("/customer/add", BEGIN, customer=CUSTOMERS[0], product=PLANS[0], details={})
        (id_,) = ask("/subscription/add", BEGIN, customer=CUSTOMERS[0], provider=SERVICE, product=PLANS[0]).values()
        ask("/subscription/assign", BEGIN, subscription=id_, consumers=[CONSUMERS[0]])
        for payment, at in zip(found, times, strict=True):
            ask("/payment/record", at, **payment.arguments(id_))
            # A look in between leaves nothing behind.
            ask("/consumer/get", at, consumer=CONSUMERS[0])
        for at in later:
            stands = ask("/subscription/get", at, subscription=id_)
            # A name says when it came to be.
            answers.append((at, {**stands, "subscription": "", "cause": ""}))
            answers.append((at, {**ask("/consumer/get", at, consumer=CONSUMERS[0]), "subscription": ""}))
            was = ask("/consumer/get", at, consumer=CONSUMERS[0], at=at - DAY)
            answers.append((at, {**was, "subscription": ""}))
        raise _UndoneError
    return answers


@pytest.mark.parametrize("engine", ENGINES)
def test_no_state_depends_on_the_order_in_which_payments_arrived(engine: str, tmp_path: Path) -> None:
    """Any order of the same payments, some of them told twice, at any times, says the same at each later time."""
    states: set[str] = set()

    def check(tx: Transaction) -> None:
        @settings(max_examples=120, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(found=payments(), grace=st.sampled_from((None, "P10D", "P1M")), data=st.data())
        def in_any_order(found: list[Payment], grace: str | None, data: st.DataObject) -> None:
            twice = data.draw(st.lists(st.sampled_from(found), max_size=2))
            orders = [found, data.draw(st.permutations([*found, *twice]))]
            turns = {at for payment in found for at in (payment.begins, payment.ends) if at is not None}
            turns |= {Period(period).after(at) for at in turns for period in ("P1M", grace or "P1M")}
            turns |= {Period(grace).after(at) for at in turns if grace is not None}
            later = sorted(RECORDED + 1 + at for at in (0, DAY)) + sorted(
                turn + more for turn in turns for more in (-1, 0) if turn + more > RECORDED + 1
            )
            answers = []
            for order in orders:
                times = sorted(data.draw(st.lists(st.integers(BEGIN, RECORDED), min_size=len(order), max_size=len(order))))
                answers.append(looks(tx, order, times, later, grace))
            assert answers[0] == answers[1]
            states.update(seen["state"] for _, seen in answers[0])

        in_any_order()

    within(engine, tmp_path, check)
    assert states == {"pending", "active", "past_due", "expired"}
