from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import instant
from forge.errors import DecodeError

SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01t00:00:01.5z", 3 * SECOND // 2),
        ("1970-01-01 00:00:01.25Z", 5 * SECOND // 4),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T22:59:59.75-01:00", -SECOND // 4),
        ("1970-01-01T00:00:00.1234567899999999999Z", 123_456_789),
        ("2026-11-20T12:34:56.789Z", 1_795_178_096_789_000_000),
    ],
)
def test_reading(text: str, value: int) -> None:
    assert instant.read(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "0",
            "now",
            "1970-01-01",
            "1970-01-01T00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.Z",
            "70-01-01T00:00:00Z",
        ),
        *(
            "1970-13-01T00:00:00Z",
            "1970-02-30T00:00:00Z",
            "1970-01-01T24:00:01Z",
            "1970-01-01T00:00:60Z",
            " 1970-01-01T00:00:00Z",
        ),
        *("1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00+25:00", "1970-01-01T00:00:00Z\n", "١٩٧٠-01-01T00:00:00Z"),
        "1970-01-01T00:00:00,5Z",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(DecodeError, match="not an RFC 3339 time"):
        instant.read(text)


def test_writing() -> None:
    assert instant.write(0) == "1970-01-01T00:00:00.000000000Z"
    assert instant.write(-1) == "1969-12-31T23:59:59.999999999Z"
    assert instant.write(instant.read("0987-06-05T04:03:02.1Z")) == "0987-06-05T04:03:02.100000000Z"


@given(st.lists(st.integers(min_value=-(2**62), max_value=2**63 - 1), min_size=2))
def test_it_comes_back_as_it_was_and_in_order(values: list[int]) -> None:
    assert [instant.read(instant.write(value)) for value in values] == values
    assert sorted(values) == [instant.read(text) for text in sorted(map(instant.write, values))]
