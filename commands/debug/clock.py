"""`/debug/clock`: sets the service's time, advances it, or tells it, for tests.

For the service, and whomever it delegates it to, where it runs with `--test-clock`. A time that was set is what every task
sees as now, in all processes on the same store, and it stands still until it is set or advanced again. Where none was set,
time is the real one, and an advance begins there. What is signed keeps the real clock: the time bounds of invocations and
delegations, and what receipts say. Setting the time back is allowed, so that a test begins at a date of its choosing; what rows
that were written later than that mean then is at the tester's own risk. It appends no event. A task runs once: the same one,
sent again, advances nothing.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from commands.period import Period
from commands.roles import SERVICE
from commands.values import Time
from forge.binding import Arguments, Command, Effect, Result, Task
from store.transaction import Transaction


class ClockArguments(Arguments):
    """What time it shall be: one of the two, or none of them to be told and change nothing."""

    now: Time | None = None
    """Unix seconds."""
    advance: Period | None = None
    """By how much, from what it is: the calendar's arithmetic, in UTC."""

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.now is not None and self.advance is not None:
            raise ValueError("expected now or advance, not both")
        return self


class ClockResult(Result):
    """What time it is from now on."""

    now: Time
    """Unix seconds."""


clock = Command("/debug/clock", ClockArguments, ClockResult, effect=Effect.CHANGES, subjects=(SERVICE,))


def handle(task: Task[ClockArguments], tx: Transaction) -> ClockResult:
    """Set the time, or only tell it."""
    arguments = task.arguments
    if arguments.now is not None:
        now = arguments.now
    elif arguments.advance is not None:
        now = arguments.advance.after(task.at)
    else:
        return ClockResult(now=task.at)
    tx.set_time(now)
    return ClockResult(now=now)


route = clock.route(handle)
