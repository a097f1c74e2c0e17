"""Times on the command line.

time     ::= RFC 3339 | date | Unix seconds | duration | "never"  a date is its beginning in UTC
duration ::= "-"? digits ( "s" | "m" | "h" | "d" | "w" )          from now, or back from now
date     ::= RFC 3339's full-date
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final

from forge.cli.exits import UsageError
from forge.envelope import MAX_TIMESTAMP

NEVER: Final = "never"
FORMS: Final = (
    "RFC 3339 (2027-01-31T12:00:00Z), a date (2027-01-31: its beginning in UTC), Unix seconds, or a duration from now"
    " (90s, 15m, 12h, 30d, 2w) or back (-30d)"
)
"""What a time is written like."""
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_WORDS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_DURATION: Final = re.compile(r"(-?[0-9]+)([smhdw])", re.ASCII)
_UNIX: Final = re.compile(r"-?[0-9]+", re.ASCII)
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FULL_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MAX_DIGITS: Final = 16  # of ±(2^53-1), which is as far as a token's times go


def now() -> int:
    """Give the time in Unix seconds."""
    return int(time.time())


def read_time(option: str, text: str, *, at: int) -> int:
    """Read a time that an option gives, in Unix seconds. Durations are counted from `at`.

    Raises:
        UsageError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if len(text) > _MAX_DIGITS and (found or _UNIX.fullmatch(text)):
        seconds = MAX_TIMESTAMP + 1
    elif found:
        seconds = at + int(found[1]) * _SECONDS[found[2]]
    elif _UNIX.fullmatch(text):
        seconds = int(text)
    else:
        seconds = _date(option, text)
    if abs(seconds) > MAX_TIMESTAMP:
        raise UsageError(f"{option}: {text!r} is further away than a token can say")
    return seconds


def read_expiration(option: str, text: str, *, at: int) -> int | None:
    """Read a time, or `never`, which is None.

    Raises:
        UsageError: it is neither.
    """
    return None if text == NEVER else read_time(option, text, at=at)


def show_time(seconds: int, *, at: int) -> str:
    """Write a time for people: the date, and how far away it is, in its largest unit."""
    away = abs(seconds - at)
    unit, length = next(((unit, length) for unit, length in _WORDS if away >= length), _WORDS[-1])
    count = round(away / length)
    distance = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{_write(seconds)} ({f'in {distance}' if seconds > at else f'{distance} ago'})"


def date_beside(seconds: int) -> str:
    """Write a time as the number that it is, and the date beside it, as far as calendars go."""
    date = _write(seconds)
    return date if date.startswith(f"{seconds} ") else f"{seconds} ({date})"


def _date(option: str, text: str) -> int:
    try:
        if _FULL_DATE.fullmatch(text):
            return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
        if not _RFC_3339.fullmatch(text):
            raise ValueError(text)
        return int(datetime.fromisoformat(text.upper()).timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option}: {text!r} is not a time: expected {FORMS}") from error


def _write(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        # Beyond the calendar: the number itself is clearer than nothing.
        return f"{seconds} (Unix seconds)"
