"""Instants: nanoseconds since 1970, as RFC 3339 text (protocol §13.2).

instant ::= date ("T" | "t" | " ") time ("." digits)? ("Z" | "z" | ("+" | "-") hours ":" minutes)

Python's own times end at microseconds; peers that resume where they stopped send back what they were given, to the nanosecond.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from forge.errors import DecodeError

SECOND: Final = 1_000_000_000
"""Nanoseconds."""
_DIGITS: Final = 9
_INSTANT: Final = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<zone>[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read(text: str) -> int:
    """Read an instant. What is finer than a nanosecond is cut off.

    Raises:
        DecodeError: `text` is none.
    """
    found = _INSTANT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        since = datetime.fromisoformat(f"{found['date']}T{found['time']}{found['zone'].upper()}") - _EPOCH
    except (ValueError, OverflowError) as error:
        raise DecodeError(f"not an RFC 3339 time, such as 2027-01-31T12:00:00.5Z: {text[:80]!r}") from error
    return since // timedelta(seconds=1) * SECOND + int((found["fraction"] or "")[:_DIGITS].ljust(_DIGITS, "0"))


def write(instant: int) -> str:
    """Write an instant in UTC, always to the nanosecond: the order of such texts is that of their times.

    Raises:
        OverflowError: it lies outside of the years 1 to 9999.
    """
    seconds, fraction = divmod(instant, SECOND)
    return f"{(_EPOCH + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S').zfill(19)}.{fraction:0{_DIGITS}}Z"
