"""Periods: what is one, and the calendar's arithmetic."""

from __future__ import annotations

import copy
import pickle
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from commands.period import MAX_PERIOD_LENGTH, Period
from commands.values import MAX_TIME, Time
from forge import dagcbor
from forge.binding import ANYONE, Arguments, Command, Effect, Nothing, to_wire
from forge.dagcbor import Value
from forge.errors import MalformedArguments
from forge.model import MAX_PROBLEM_CHARACTERS

LAW: Final = settings(deadline=None)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = 86_400
EXPECTED: Final = (
    "expected an ISO 8601 duration above zero such as P1M, P1Y6M, P90D, P2W or PT12H, in whole numbers below 100000"
)
LONGEST: Final = "P99999Y99999M99999DT99999H99999M99999S"

STARTS: Final = st.integers(0, MAX_TIME)
# Where the calendar is uneven: the last days of months, and the days before and after.
UNEVEN: Final = st.builds(
    lambda year, month, back, time: unix(f"{year}-{month:02}-01") + back * DAY + time,
    st.integers(1971, 9998),
    st.integers(1, 12),
    st.integers(-4, 1),
    st.integers(0, DAY - 1),
)


def number(unit: str, most: int) -> st.SearchStrategy[str]:
    return st.just("") | st.integers(0, most).map(lambda n: f"{n}{unit}") | st.integers(0, 99).map(lambda n: f"{n:05}{unit}")


def texts(most: int) -> st.SearchStrategy[str]:
    date = st.tuples(number("Y", most), number("M", most), number("D", most)).map("".join)
    time = st.tuples(number("H", most), number("M", most), number("S", most)).map("".join)
    both = st.builds(lambda date, time: f"P{date}T{time}" if time else f"P{date}", date, time)
    return (both | number("W", most).map("P{}".format)).filter(is_period)


def is_period(text: str) -> bool:
    """Say what the grammar says, without a pattern."""
    letter, date, time = text[:1], text[1:].partition("T")[0], text[1:].partition("T")[1:]
    found = numbers(date, "W") if "W" in date else numbers(date, "YMD")
    if letter != "P" or found is None or (time[0] and "W" in date):
        return False
    if time[0]:
        more = numbers(time[1], "HMS")
        if not more:
            return False
        found += more
    return any(found)


def numbers(text: str, units: str) -> list[int] | None:
    found = []
    for unit in units:
        head, there, rest = text.partition(unit)
        if there:
            if not (head.isascii() and head.isdigit() and len(head) <= 5):
                return None
            found.append(int(head))
            text = rest
    return None if text else found


def parts(text: str) -> dict[str, int]:
    """Give the numbers of a period by their units; minutes are `min`."""
    date, _, time = text[1:].partition("T")
    found = {unit: int(digits) for digits, unit in re.findall(r"(\d+)(\D)", date)}
    return found | {{"M": "min"}.get(unit, unit): int(digits) for digits, unit in re.findall(r"(\d+)(\D)", time)}


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def stepped(text: str, start: int) -> int:
    """Give the end as somebody with a calendar on the wall finds it: month by month, then a stretch of time."""
    of = parts(text)
    begin = EPOCH + timedelta(seconds=start)
    year, month = begin.year, begin.month
    for _ in range(of.get("Y", 0) * 12 + of.get("M", 0)):
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    last = [31, 29 if leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    try:
        end = begin.replace(year=year, month=month, day=min(begin.day, last)) + timedelta(
            weeks=of.get("W", 0), days=of.get("D", 0), hours=of.get("H", 0), minutes=of.get("min", 0), seconds=of.get("S", 0)
        )
    except (ValueError, OverflowError):
        return MAX_TIME
    return (end - EPOCH) // timedelta(seconds=1)


def unix(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)


# -- what is one

PERIODS: Final = ("P1M", "P1Y", "P90D", "P1Y6M", "P2W", "PT12H", "P1DT12H", "P1Y1D", "P01M", "P0Y1M", "PT1H1S", LONGEST)
NONE: Final = (
    *("", "P", "PT", "1M", "P1", "PM", "p1M", "P1m", "P1MT", "P1M ", " P1M", "P1M\n", "\nP1M", "P1M\0", "P 1M"),
    *("-P1M", "+P1M", "P-1M", "P+1M", "P1.5M", "P1,5M", "P.5D", "P1e3D", "P1_0D", "P100000D", "P000001D"),
    *("P1YM", "PY1M", "PD1", "PT1HM", "PTH1M", "P1DTM", "PWT1H"),
    *("P1M1Y", "P1D1M", "P1M1M", "PT1S1M", "P1H", "PT1D", "PT1W", "P1W1D", "P1M1W", "P1WT1H", "P1Y1W", "P1MT1HT1M", "PP1M"),
    *("P0D", "P0M", "P0W", "PT0S", "P00000Y", "P0Y0M0DT0H0M0S"),
    *(
        "P\u0661M",
        "P\uff11M",
        "P1Y\u0661M",
        "P1Y\u00b2M",
        "P\u00b2M",
        "P\U0001d7cfM",
        "P1\u041c",
        "\ud800",
        "P1M\u2028",
        "P2027-01-01",
        "P0001-01-01T00:00:00",
    ),
    LONGEST + "S",
    "P" + "9" * 100_000,
    "P" + "1Y" * 50_000,
    "P1M" + "\n" * 50_000,
)


@pytest.mark.parametrize("text", PERIODS)
def test_what_is_a_period(text: str) -> None:
    period = Period(text)
    assert period == text
    assert str(period) == text
    assert repr(period) == f"Period({text!r})"
    assert Period(period) is period
    assert is_period(text)
    # Its own text, and what was read from it, go together wherever it is taken.
    for other in (copy.copy(period), copy.deepcopy(period), pickle.loads(pickle.dumps(period))):  # noqa: S301 - its own
        assert type(other) is Period
        assert other == text
        assert other.after(0) == period.after(0) > 0


@pytest.mark.parametrize("text", NONE, ids=lambda text: ascii(text[:40]))
def test_what_is_no_period(text: str) -> None:
    assert not is_period(text)
    with pytest.raises(ValueError, match=f"^{EXPECTED}; not ") as caught:
        Period(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < MAX_PROBLEM_CHARACTERS


NEAR: Final = st.text("PTYMWDHS0123456789+-., \n", max_size=MAX_PERIOD_LENGTH + 2)


@LAW
@given(st.text() | NEAR | NEAR.map("P{}".format) | texts(99_999))
@example(LONGEST)
def test_text_is_a_period_exactly_when_the_grammar_says_so(text: str) -> None:
    try:
        period = Period(text)
    except ValueError:
        assert not is_period(text)
    else:
        assert is_period(text)
        assert len(period) <= MAX_PERIOD_LENGTH
        assert 0 < period.after(0) <= period.after(MAX_TIME) == MAX_TIME


# -- on the wire


class PlanArguments(Arguments):
    period: Period
    grace: Period | None = None
    starts_at: Time = 0


PLAN: Final = Command("/test/plan", PlanArguments, Nothing, effect=Effect.READS, subjects=(ANYONE,))


@pytest.mark.parametrize("text", PERIODS)
def test_a_period_goes_over_the_wire_as_it_was_sent(text: str) -> None:
    sent: dict[str, Value] = {"period": text, "startsAt": 5}
    arguments = PLAN.parse(sent)
    assert type(arguments.period) is Period
    assert to_wire(arguments) == sent
    assert type(to_wire(arguments)["period"]) is str
    assert dagcbor.decode(dagcbor.encode(to_wire(arguments))) == sent
    # Built by a client, and written as JSON.
    assert PlanArguments(period=arguments.period, starts_at=5) == arguments
    assert PlanArguments.model_validate_json(arguments.model_dump_json(), by_alias=True, by_name=False) == arguments


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "Input should be a valid string, found an integer"),
        (b"P1M", "Input should be a valid string, found bytes"),
        (None, "Input should be a valid string, found null"),
        (timedelta(days=1), "Input should be a valid string, found timedelta"),
        ("P1.5M", f"{EXPECTED}; not 'P1.5M'"),
    ],
    ids=repr,
)
def test_what_is_refused_names_its_place_and_what_was_expected(value: Any, expected: str) -> None:
    with pytest.raises(MalformedArguments) as caught:
        PLAN.parse({"period": value})
    assert caught.value.message == f"malformed arguments: args.period: {expected}"


@pytest.mark.parametrize("value", [b"P1M", bytearray(b"P1M"), timedelta(days=1), 1], ids=repr)
def test_a_period_is_text_wherever_it_is_checked(value: Any) -> None:
    # Also where a model is not strict.
    with pytest.raises(ValidationError, match="Input should be a valid string"):
        TypeAdapter(Period).validate_python(value)


@pytest.mark.parametrize("text", ["\U0010ffff" * 40, "\ud800" * 40])
def test_what_was_expected_is_said_whatever_came(text: str) -> None:
    with pytest.raises(MalformedArguments) as caught:
        PLAN.parse({"period": text})
    assert "below 100000; not '\\" in caught.value.message
    assert len(caught.value.message) < MAX_PROBLEM_CHARACTERS + 60


def test_a_periods_schema_says_what_is_one() -> None:
    schema = TypeAdapter(Period).json_schema()
    assert schema["type"] == "string"
    assert all(is_period(text) for text in schema["examples"])
    for text in (*PERIODS, *NONE):
        fits = len(text) <= schema["maxLength"] and re.search(schema["pattern"].replace("$", r"\Z"), text) is not None
        assert fits == is_period(text), text


@pytest.mark.parametrize("value", [0, 1, MAX_TIME])
def test_what_is_a_time(value: int) -> None:
    assert TypeAdapter(Time).validate_python(value) == value
    assert PLAN.parse({"period": "P1M", "startsAt": value}).starts_at == value


@pytest.mark.parametrize("value", [-1, MAX_TIME + 1, 1 << 70, True, False, 1.0, "1", b"1", None, EPOCH], ids=repr)
def test_what_is_no_time(value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Time).validate_python(value)
    with pytest.raises(MalformedArguments, match=r"^malformed arguments: args\.startsAt: "):
        PLAN.parse({"period": "P1M", "startsAt": value})


# -- the calendar


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        ("2027-01-31", "P1M", "2027-02-28"),
        ("2028-01-31", "P1M", "2028-02-29"),
        ("2028-01-30T23:59:59", "P1M", "2028-02-29T23:59:59"),
        ("2100-01-31", "P1M", "2100-02-28"),
        ("2000-01-31", "P1M", "2000-02-29"),
        ("2027-01-31", "P2M", "2027-03-31"),
        ("2027-01-31", "P3M", "2027-04-30"),
        ("2027-08-31", "P1M", "2027-09-30"),
        ("2027-12-31", "P1M", "2028-01-31"),
        ("2027-12-31", "P2M", "2028-02-29"),
        ("2027-11-30", "P1M", "2027-12-30"),
        ("2027-11-01", "P1M", "2027-12-01"),
        ("2027-02-28", "P1M", "2027-03-28"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2028-02-29", "P4Y", "2032-02-29"),
        ("2028-02-29", "P12M", "2029-02-28"),
        ("2027-01-31", "P1Y1M", "2028-02-29"),
        # Months before days: otherwise it were 1 March and a month.
        ("2027-01-31", "P1M1D", "2027-03-01"),
        ("2027-01-30", "P1M1D", "2027-03-01"),
        ("2027-01-31", "P1MT24H", "2027-03-01"),
        ("2027-01-31T23:00:00", "P1MT2H", "2027-03-01T01:00:00"),
        ("2027-01-15", "P90D", "2027-04-15"),
        ("2028-01-15", "P90D", "2028-04-14"),
        ("2027-01-15", "P2W", "2027-01-29"),
        ("2027-01-15T18:00:00", "PT12H", "2027-01-16T06:00:00"),
        ("2027-01-15T18:00:00", "P1DT12H", "2027-01-17T06:00:00"),
        ("2027-01-15", "PT1M1S", "2027-01-15T00:01:01"),
        # Where others move their clocks, days are as long as ever.
        ("2027-03-27T12:00:00", "P1D", "2027-03-28T12:00:00"),
        ("1970-01-01", "P99M", "1978-04-01"),
        ("9998-12-31T23:59:59", "P1Y", "9999-12-31T23:59:59"),
        ("9998-06-15", "P1Y", "9999-06-15"),
        ("9999-12-31T23:59:58", "PT1S", "9999-12-31T23:59:59"),
        # What would be later than all times is the last.
        ("9999-12-31T23:59:59", "PT1S", "9999-12-31T23:59:59"),
        ("9999-12-31", "P1D", "9999-12-31T23:59:59"),
        ("9999-12-01", "P1M", "9999-12-31T23:59:59"),
        ("9999-01-01", "P1Y", "9999-12-31T23:59:59"),
        ("1970-01-01", LONGEST, "9999-12-31T23:59:59"),
        ("1970-01-01", "P99999M", "9999-12-31T23:59:59"),
    ],
)
def test_the_end_is_the_calendars(start: str, text: str, end: str) -> None:
    assert Period(text).after(unix(start)) == unix(end)


def test_the_last_time_is_the_last_second_of_the_year_9999() -> None:
    assert unix("9999-12-31T23:59:59") == MAX_TIME


@pytest.mark.parametrize("start", [-1, MAX_TIME + 1, 1 << 70])
def test_a_start_is_a_time(start: int) -> None:
    with pytest.raises(ValueError, match=f"^a period starts between 0 and {MAX_TIME}, not at {start}$"):
        Period("P1M").after(start)


@LAW
@given(texts(60) | texts(2000), STARTS | UNEVEN)
@example("P1M", unix("2027-01-31"))
def test_the_end_is_what_one_finds_month_by_month(text: str, start: int) -> None:
    assert Period(text).after(start) == stepped(text, start)


@LAW
@given(texts(99_999), STARTS | UNEVEN)
@example(LONGEST, MAX_TIME)
@example("PT1S", MAX_TIME)
def test_the_end_is_later_than_the_start_or_the_last_time(text: str, start: int) -> None:
    assert start < Period(text).after(start) <= MAX_TIME or Period(text).after(start) == MAX_TIME


@LAW
@given(texts(2000), STARTS | UNEVEN, st.integers(0, 40))
@example("P1M", unix("2027-01-28T23:00"), 3)
def test_days_later_at_the_same_time_of_day_ends_no_earlier(text: str, start: int, days: int) -> None:
    later = min(start + days * DAY, MAX_TIME - (MAX_TIME - start) % DAY)
    assert Period(text).after(start) <= Period(text).after(later)


@LAW
@given(texts(2000), STARTS | UNEVEN, st.integers(0, 5 * DAY))
@example("P1M", unix("2027-01-28T23:00"), 2 * DAY + 11 * 3600)
def test_later_ends_no_more_than_a_day_earlier(text: str, start: int, by: int) -> None:
    later = min(start + by, MAX_TIME)
    assert Period(text).after(start) < Period(text).after(later) + DAY


def test_later_may_end_earlier_where_a_month_is_shorter() -> None:
    month = Period("P1M")
    assert month.after(unix("2027-01-28T23:00")) == unix("2027-02-28T23:00")
    assert month.after(unix("2027-01-31T10:00")) == unix("2027-02-28T10:00")


@LAW
@given(texts(2000).filter(lambda text: not {"Y", "M"} & parts(text).keys()), STARTS, st.integers(0, 5 * DAY))
def test_without_years_and_months_a_period_is_so_many_seconds(text: str, start: int, by: int) -> None:
    later = min(start + by, MAX_TIME)
    assert Period(text).after(later) == min(Period(text).after(start) + later - start, MAX_TIME)


@LAW
@given(st.integers(1, 8000), STARTS | UNEVEN)
def test_a_year_is_twelve_months_a_week_seven_days_and_a_day_24_hours(count: int, start: int) -> None:
    for one, other in (
        (f"P{count}Y", f"P{12 * count}M"),
        (f"P{count}W", f"P{7 * count}D"),
        (f"P{count % 4000 + 1}D", f"PT{24 * (count % 4000 + 1)}H"),
        (f"PT{count % 1600 + 1}H", f"PT{60 * (count % 1600 + 1)}M"),
        (f"PT{count % 1600 + 1}M", f"PT{60 * (count % 1600 + 1)}S"),
    ):
        assert Period(one).after(start) == Period(other).after(start)
