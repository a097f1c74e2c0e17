"""Advice where a time is the matter: to the second, which way, by how much, and whether that is all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.chains import PEOPLE, STRANGER, request
from tests.core.judged import advice_of, judged, link
from tests.core.principals import NOW

A, B, C, D, *_ = PEOPLE
LIMIT = (1 << 53) - 1


@pytest.mark.parametrize("leeway", [0, 60])
def test_at_the_bound_exactly(leeway: int) -> None:
    """`exp` is the first second that is too late, `nbf` the last that is too early; leeway moves both."""
    late = request([A], exp=NOW - leeway)
    assert judged(late, now=NOW - 1, leeway=leeway).accepted
    assert "1 s too late" in advice_of(late, now=NOW - leeway, leeway=0)
    assert not judged(late, leeway=leeway).accepted
    early = link(request([A, B]), 0, nbf=NOW + leeway)
    assert judged(early, now=NOW + 1, leeway=leeway).accepted
    assert not judged(early, leeway=leeway).accepted


def test_an_invocation_one_second_late() -> None:
    asked = request([A], exp=NOW - 60)
    assert advice_of(asked, leeway=60) == (
        "Only the clock is off: it would be accepted until 2025-12-31T23:58:59Z, leeway aside, and it is 2026-01-01T00:00:00Z"
        " here, 61 s too late; set the clock that is wrong (--leeway 61 would do here), or sign the invocation again."
    )
    assert judged(asked, leeway=61).accepted


def test_a_proof_one_second_early() -> None:
    asked = link(link(request([A, B, C]), 1, nbf=NOW + 60), 0, exp=NOW + 3600)
    assert advice_of(asked, leeway=60) == (
        "Only the clock is off: it would be accepted from 2026-01-01T00:01:01Z until 2026-01-01T00:59:59Z, leeway"
        " aside, and it is 2026-01-01T00:00:00Z here, 61 s too early; wait, or set the clock that is wrong"
        f" (--leeway 61 would do here), or ask {B.did} for a new delegation in place of proof 2."
    )
    assert judged(asked, leeway=61).accepted
    assert judged(asked, now=NOW + 61).accepted


def test_what_begins_and_never_ends() -> None:
    asked = link(request([A, B]), 0, nbf=NOW)
    advice = advice_of(asked)
    assert "accepted from 2026-01-01T00:00:01Z on, leeway aside, and it is 2026-01-01T00:00:00Z here, 1 s too early" in advice


@pytest.mark.parametrize(("off", "clock"), [(3600, True), (3601, False)])
def test_what_no_clock_is_wrong_by(off: int, clock: bool) -> None:  # noqa: FBT001 - a column of the table
    late = advice_of(request([A], exp=NOW + 1 - off))
    assert f"{off} s too late" in late
    assert ("set the clock" in late) is clock
    assert late.endswith("sign the invocation again.")
    early = advice_of(link(request([A, B]), 0, nbf=NOW - 1 + off))
    assert f"{off} s too early" in early
    assert ("set the clock" in early) is clock
    assert ("wait, or ask" in early) is not clock
    assert late.startswith("Only the clock is off: " if clock else "Its time is over: ")
    assert early.startswith("Only the clock is off: " if clock else "Its time has not come: ")


def test_what_is_over_for_long() -> None:
    assert "7 days too late" in advice_of(request([A], exp=NOW + 1 - 7 * 86_400 - 100))
    assert "5 hours too late" in advice_of(request([A], exp=NOW + 1 - 5 * 3600 - 100))


def test_the_narrowest_of_all_bounds() -> None:
    asked = request([A, B, C], exp=NOW + 50)
    asked = link(asked, 0, nbf=NOW - 9, exp=NOW + 40)
    asked = link(asked, 1, nbf=NOW - 5, exp=NOW + 45)
    advice = advice_of(asked, now=NOW + 60)
    assert "accepted from 2025-12-31T23:59:56Z until 2026-01-01T00:00:39Z, leeway aside, and it is" in advice
    assert "2026-01-01T00:01:00Z here, 21 s" in advice
    assert judged(asked, now=NOW + 39).accepted
    assert judged(asked, now=NOW - 4).accepted
    assert not judged(asked, now=NOW + 40).accepted
    assert not judged(asked, now=NOW - 5).accepted


def test_when_the_clock_is_not_all() -> None:
    asked = replace(request([A, B, C], exp=NOW), invoker=D)
    assert advice_of(asked) == (
        "It was in force until 2025-12-31T23:59:59Z, and it is 2026-01-01T00:00:00Z here, 1 s too late, but even then it would"
        " be refused (InvalidAudience): sign the invocation again, and see to that too."
    )
    asked = link(request([A, B, C], exp=NOW), 0, pol=[["==", ".n", 1]])
    assert "(MatchError)" in advice_of(asked)


def test_bounds_that_exclude_each_other() -> None:
    asked = link(request([A, B], exp=NOW), 0, nbf=NOW + 10)
    assert advice_of(asked) == (
        "It is never in force: one of its tokens is not valid before 2026-01-01T00:00:11Z, and one only until"
        " 2025-12-31T23:59:59Z, so sign the invocation again with other times."
    )
    # A second that is within both is enough.
    asked = link(request([A, B], exp=NOW + 1), 0, nbf=NOW - 1)
    assert judged(asked).accepted
    advice = advice_of(asked, now=NOW + 9)
    assert "accepted from 2026-01-01T00:00:00Z until 2026-01-01T00:00:00Z, leeway aside, and it is" in advice


def test_times_beyond_the_calendar() -> None:
    assert f"{-LIMIT - 1} (Unix seconds)" in advice_of(request([A], exp=-LIMIT))
    assert f"{LIMIT + 1} (Unix seconds)" in advice_of(link(request([A, B]), 0, nbf=LIMIT))


def test_a_late_proof_signed_by_a_stranger_is_not_a_matter_of_the_clock() -> None:
    asked = link(request([A, B]), 0, exp=NOW)
    asked = asked.with_link(0, replace(asked.links[0], signer=STRANGER))
    assert "clock" not in advice_of(asked)


def test_the_account_has_both_times() -> None:
    asked = link(request([A, B]), 0, nbf=NOW - 100, exp=NOW)
    account = judged(asked, leeway=0).steps[-1]
    assert account.what == (
        f"proof 1 of 1 {asked.proofs[0].cid} is not valid before 2025-12-31T23:58:20Z and expires 2026-01-01T00:00:00Z;"
        " it is 2026-01-01T00:00:00Z, give or take 0 s"
    )
    assert dict(account.details) == {
        "proof": 1,
        "notBefore": "2025-12-31T23:58:20Z",
        "expiration": "2026-01-01T00:00:00Z",
        "now": "2026-01-01T00:00:00Z",
        "leeway": 0,
    }
