from __future__ import annotations

import time

import pytest

from forge.cli.exits import UsageError
from forge.cli.times import date_beside, now, read_expiration, read_time, show_time

AT = 1_800_000_000


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", AT + 90),
        ("15m", AT + 900),
        ("12h", AT + 43_200),
        ("30d", AT + 2_592_000),
        ("2w", AT + 1_209_600),
        ("0s", AT),
        ("0", 0),
        ("1800000001", 1_800_000_001),
        ("-5", -5),
        ("9007199254740991", (1 << 53) - 1),
        ("-30d", AT - 2_592_000),
        ("-1s", AT - 1),
        ("2027-01-15", AT - 8 * 3600),
        ("1969-12-31", -86_400),
        ("2027-01-15T08:00:00Z", AT),
        ("2027-01-15t08:00:00z", AT),
        ("2027-01-15T09:00:00+01:00", AT),
        ("2027-01-15 08:00:00.75Z", AT),
    ],
)
def test_times(text: str, seconds: int) -> None:
    assert read_time("--expires", text, at=AT) == seconds
    assert read_expiration("--expires", text, at=AT) == seconds


def test_a_day_begins_in_utc_wherever_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XXX-9")
    time.tzset()
    try:
        assert read_time("--at", "2027-01-15", at=AT) == AT - 8 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


def test_never() -> None:
    assert read_expiration("--expires", "never", at=AT) is None


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "soon",
            "30y",
            "1.5h",
            "--30d",
            "+30d",
            "٣d",
            "never ",
            "2027-02-30",
            "2027-1-15",
            "٢027-01-15",
            "2027-01-15T08:00:00",
            "2027-13-01T00:00:00Z",
        ],
        *[
            "2027-01-15T08:00:00+24:00",
            "9007199254740992",
            "9007199254740991s",
            "9" * 5000,
            "9" * 5000 + "d",
            "-" + "9" * 5000 + "d",
        ],
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--not-before: "):
        read_time("--not-before", text, at=AT)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (AT, "2027-01-15T08:00:00Z (0 seconds ago)"),
        (AT + 1, "2027-01-15T08:00:01Z (in 1 second)"),
        (AT - 120, "2027-01-15T07:58:00Z (2 minutes ago)"),
        (AT + 3 * 86_400 - 1, "2027-01-18T07:59:59Z (in 3 days)"),
        ((1 << 53) - 1, "9007199254740991 (Unix seconds) (in 104249970541 days)"),
    ],
)
def test_times_for_people(seconds: int, shown: str) -> None:
    assert show_time(seconds, at=AT) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1_798_434_520, "1798434520 (2026-12-28T05:08:40Z)"),
        (0, "0 (1970-01-01T00:00:00Z)"),
        ((1 << 53) - 1, "9007199254740991 (Unix seconds)"),
    ],
)
def test_a_number_and_its_date(seconds: int, shown: str) -> None:
    assert date_beside(seconds) == shown


def test_now_is_the_clock() -> None:
    assert int(time.time()) - now() in (0, 1)
