"""Steps 2 and 4b: times, to the second, and every message about one (protocol §8.3)."""

from __future__ import annotations

from typing import Final

import pytest

from forge.errors import Expired, TooEarly
from tests.core.chains import PEOPLE, request
from tests.core.principals import NOW
from tests.core.refusal import fails, failure_of

A, B, C, D, E, F, *_ = PEOPLE
NOW_TEXT: Final = "2026-01-01T00:00:00Z"
LIMIT: Final = (1 << 53) - 1


@pytest.mark.parametrize(
    ("seconds", "leeway", "valid"),
    [(1, 0, True), (0, 0, False), (-1, 0, False), (-59, 60, True), (-60, 60, False), (-61, 60, False), (1, 60, True)],
)
def test_the_boundary_of_exp(seconds: int, leeway: int, valid: bool) -> None:  # noqa: FBT001 - a column of the table
    alone = request([A], exp=NOW + seconds)
    chained = request([A, B, C])
    chained = chained.with_link(1, chained.links[1].but(exp=NOW + seconds))
    if valid:
        alone.verify(leeway=leeway)
        chained.verify(leeway=leeway)
        return
    date = {0: NOW_TEXT, -1: "2025-12-31T23:59:59Z", -60: "2025-12-31T23:59:00Z", -61: "2025-12-31T23:58:59Z"}[seconds]
    for asked, what, place in (
        (alone, f'invocation "{alone.invocation().cid}"', ""),
        (chained, f'proof "{chained.proofs[1].cid}"', " (proof 2 of 2)"),
    ):
        message = f"{what} has expired on {date}{place}; it is {NOW_TEXT} here, and {leeway} s of leeway are allowed"
        fails(asked, Expired, message, leeway=leeway)


@pytest.mark.parametrize(
    ("seconds", "leeway", "valid"),
    [(-1, 0, True), (0, 0, False), (1, 0, False), (59, 60, True), (60, 60, False), (61, 60, False), (-1, 60, True)],
)
def test_the_boundary_of_nbf(seconds: int, leeway: int, valid: bool) -> None:  # noqa: FBT001 - a column of the table
    asked = request([A, B, C])
    asked = asked.with_link(1, asked.links[1].but(nbf=NOW + seconds))
    if valid:
        asked.verify(leeway=leeway)
        return
    message = (
        f'proof "{asked.proofs[1].cid}" is not valid before 2026-01-01T00:{seconds // 60:02}:{seconds % 60:02}Z (proof 2 of 2);'
        f" it is {NOW_TEXT} here, and {leeway} s of leeway are allowed"
    )
    fails(asked, TooEarly, message, leeway=leeway)


@pytest.mark.parametrize("now", [-LIMIT, -1, 0, 1, NOW, LIMIT])
def test_no_bound_is_no_bound(now: int) -> None:
    asked = request([A, B])
    asked.verify(now=now)
    asked.with_link(0, asked.links[0].but(nbf=0)).verify(now=now)
    asked.with_link(0, asked.links[0].but(nbf=None)).verify(now=now)


def test_exp_0_is_a_time_and_not_never() -> None:
    fails_at = request([A], exp=0)
    assert "has expired on 1970-01-01T00:00:00Z;" in failure_of(fails_at).message
    fails_at.verify(now=-1)
    assert isinstance(failure_of(fails_at, now=0), Expired)


def test_a_negative_nbf_is_a_bound() -> None:
    asked = request([A, B])
    asked = asked.with_link(0, asked.links[0].but(nbf=-5))
    asked.verify(now=-4)
    assert isinstance(failure_of(asked, now=-5), TooEarly)


def test_an_invocation_s_iat_binds_nobody() -> None:
    for iat in (0, NOW + 10_000, -LIMIT, LIMIT):
        request([A], iat=iat).verify()


def test_times_beyond_the_calendar() -> None:
    assert f"has expired on {-LIMIT} (Unix seconds);" in failure_of(request([A], exp=-LIMIT)).message
    asked = request([A, B])
    asked = asked.with_link(0, asked.links[0].but(nbf=LIMIT))
    assert f"is not valid before {LIMIT} (Unix seconds) (proof 1 of 1);" in failure_of(asked).message
    assert f"it is {LIMIT} (Unix seconds) here" in failure_of(request([A], exp=0), now=LIMIT).message
