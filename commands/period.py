"""Periods: how long a plan runs, as ISO 8601 durations, and what the calendar makes of them.

period ::= "P" (weeks | date time? | time)          at least one number that is not zero
weeks  ::= number "W"
date   ::= (number "Y")? (number "M")? (number "D")?           at least one of them
time   ::= "T" (number "H")? (number "M")? (number "S")?       at least one of them
number ::= [0-9]{1,5}

No signs, no fractions, no small letters: a period has no length of its own before it begins on some day, and a half of a month
has none at all.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import MAXYEAR, date
from typing import Any, Final, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from commands.values import MAX_TIME

# As JSON Schema (ECMA-262) reads it too. Its format "duration" is RFC 3339's, which has no P1Y1D.
_NUMBER: Final = "([0-9]{1,5})"
_WEEKS: Final = f"{_NUMBER}W"
_DATE: Final = f"(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
_TIME: Final = f"T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?"
_PATTERN: Final = f"^P(?=.*[1-9])(?:{_WEEKS}|{_DATE}(?:{_TIME})?)$"
_PERIOD: Final = re.compile(_PATTERN)

MAX_PERIOD_LENGTH: Final = len("P12345Y12345M12345DT12345H12345M12345S")
"""Characters, by the grammar."""
_SHOWN: Final = 40

_MONTHS: Final = 12
_WEEK: Final = 7
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_EPOCH: Final = date(1970, 1, 1).toordinal()


class Period(str):
    """How long something runs, checked. It is its own text: `P1Y` and `P12M` are two periods of the same length."""

    __slots__ = ("_days", "_months", "_seconds")

    _months: int
    _days: int
    _seconds: int

    def __new__(cls, text: str) -> Self:
        """Read `text`, a period as the module has it.

        Raises:
            ValueError: it is none.
        """
        if type(text) is cls:
            return text
        found = _PERIOD.fullmatch(text)
        if found is None:
            raise ValueError(
                "expected an ISO 8601 duration above zero such as P1M, P1Y6M, P90D, P2W or PT12H, in whole numbers below 100000"
                f"; not {text[:_SHOWN]!r}"
            )
        weeks, years, months, days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
        period = super().__new__(cls, text)
        period._months = years * _MONTHS + months
        period._days = weeks * _WEEK + days
        period._seconds = hours * _HOUR + minutes * _MINUTE + seconds
        return period

    def after(self, start: int) -> int:
        """Give the end of a period that begins at `start`; both are Unix seconds, and the calendar's days are UTC's.

        Years and months go first and stop at the last day of a shorter month: 31 January and P1M is 28 (29) February. Then
        days, then time. What would end after the year 9999 ends at `MAX_TIME`. The end is later than the start, save there.

        A later start may end earlier, by less than a day: 28 January 23:00 and P1M is 28 February 23:00; 31 January 10:00 and
        P1M is 28 February 10:00. Between starts at the same time of day, and for periods without years and months, it never
        does.

        Raises:
            ValueError: `start` is not between 0 and `MAX_TIME`.
        """
        if not 0 <= start <= MAX_TIME:
            raise ValueError(f"a period starts between 0 and {MAX_TIME}, not at {start}")
        days, time = divmod(start, _DAY)
        begin = date.fromordinal(_EPOCH + days)
        year, month = divmod(begin.year * _MONTHS + begin.month - 1 + self._months, _MONTHS)
        if year > MAXYEAR:
            return MAX_TIME
        day = date(year, month + 1, min(begin.day, monthrange(year, month + 1)[1]))
        return min((day.toordinal() - _EPOCH + self._days) * _DAY + time + self._seconds, MAX_TIME)

    def __repr__(self) -> str:
        return f"Period({str(self)!r})"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's signature
        """Let pydantic check and describe periods."""
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:  # noqa: ANN401 - pydantic's signature
        """Describe periods in JSON Schema."""
        del schema, handler
        return {
            "type": "string",
            "description": "ISO 8601: P1M, P90D, P1Y",
            "pattern": _PATTERN,
            "maxLength": MAX_PERIOD_LENGTH,
            "examples": ["P1M", "P1Y6M", "P90D"],
        }
