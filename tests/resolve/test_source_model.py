"""A source, held against the law it follows, over any course of events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from forge.errors import DIDKeyResolutionError
from forge.method import VerificationMethod
from forge.resolve.failure import Fault
from forge.resolve.source import RETRY
from tests.resolve.fakes import FakeClock, FakeHost, did, methods, settled, source

A: Final = did("a")
TTL: Final = 60.0
STALE: Final = 200.0

# What happens to the host (it goes down, comes up, says that the DID is gone, has a new key), the seconds that pass, and then
# somebody asks.
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["down", "up", "gone", "rotate", "nothing"]),
        st.sampled_from([0.0, RETRY / 2, RETRY, TTL / 2, TTL - 1, TTL, STALE, TTL + STALE]),
    ),
    max_size=12,
)


@settings(max_examples=500)
@given(EVENTS)
def test_what_is_answered_is_true_or_excused(events: list[tuple[str, float]]) -> None:
    asyncio.run(_hold(events))


async def _hold(events: list[tuple[str, float]]) -> None:
    course = Course()
    await course.ask()
    for event, seconds in events:
        course.happens(event)
        course.clock.now += seconds
        await course.ask()
    await course.source.close()


class Course:
    """A host, a source that asks it, and what is true."""

    def __init__(self) -> None:
        self.clock, self.host = FakeClock(), FakeHost()
        self.source = source(self.host, self.clock, ttl=TTL, stale=STALE)
        self.exists = True
        self.since = self.clock.now
        """When that, or the key, last changed."""
        self.failed_at = self.answered_at = float("-inf")
        """When the host last gave no answer, and when it last gave one."""

    def happens(self, event: str) -> None:
        before = self.exists, self.host.version
        if event == "rotate":
            self.host.version = (self.host.version + 1) % 8
        elif event == "up":
            self.host.works()
            self.exists = True
        elif event == "gone":
            self.host.fails("gone", Fault.GONE)
            self.exists = False
        elif event == "down" and self.exists:
            self.host.fails()
        if (self.exists, self.host.version) != before:
            self.since = self.clock.now

    @property
    def down(self) -> bool:
        return self.exists and self.host.failure is not None

    async def ask(self) -> None:
        questions = len(self.host.asked)
        found = await self.source.find(A)
        await settled()
        now = self.clock.now
        if len(self.host.asked) > questions and self.down:
            self.failed_at = now
        elif len(self.host.asked) > questions:
            self.answered_at = now
        _check(
            found,
            self.host.version if self.exists else None,
            truth=now - self.since,
            down=self.down,
            excused=now - self.failed_at < RETRY,
            told=now - self.answered_at,
        )


def _check(  # noqa: PLR0913 - what the law is about
    found: Sequence[VerificationMethod] | DIDKeyResolutionError,
    current: int | None,
    *,
    truth: float,
    down: bool,
    excused: bool,
    told: float,
) -> None:
    """Hold one answer against the law.

    Args:
        found: the answer.
        current: what would be true.
        truth: seconds for which it has been.
        down: the host does not answer.
        excused: it failed to, less than a pause ago.
        told: seconds since it answered.
    """
    if current is not None and found == methods(A, current):
        # Even the truth is not told for ever while nobody vouches for it.
        assert told < TTL + STALE or not down
    elif isinstance(found, DIDKeyResolutionError):
        # That nothing is known may be: of who is gone, of whose host is down or was moments ago, or said so moments ago.
        assert current is None or down or excused or truth < RETRY or told < RETRY
    else:
        # What was true before may be told for its time, or while the host does not answer.
        assert truth < TTL or down or excused
        assert told < TTL + STALE
