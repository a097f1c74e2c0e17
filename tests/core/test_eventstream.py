from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.errors import ServiceError
from forge.eventstream import KEEP_ALIVE, MAX_EVENT, Event, Reader

CASES = {
    "as it is written": (Event("a", "b", "c").encode(), [Event("a", "b", "c")]),
    "comments": (b": hello\n:\ndata: x\n\n", [Event("message", "x")]),
    "nothing": (KEEP_ALIVE * 3, []),
    "no data": (b"event: a\nid: b\n\ndata: x\n\n", [Event("message", "x")]),
    "lines": (b"data: x\ndata\ndata:  y\n\n", [Event("message", "x\n\n y")]),
    "no space": (b"event:a\ndata:x\n\n", [Event("a", "x")]),
    "a colon": (b"data: a: b\n\n", [Event("message", "a: b")]),
    "other fields": (b"retry: 10\nwhat: ever\ndata: x\n\n", [Event("message", "x")]),
    "the last counts": (b"event: a\nevent: b\ndata: x\n\n", [Event("b", "x")]),
    "not ended": (b"data: x\n\ndata: y\n", [Event("message", "x")]),
    "a mark at the beginning": (b"\xef\xbb\xbfdata: x\n\n", [Event("message", "x")]),
    "a mark elsewhere": (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", [Event("message", "x")]),
    "not ASCII": ("data: ä€\n\n".encode(), [Event("message", "ä€")]),
}


def read(data: bytes, size: int) -> list[Event]:
    reader = Reader()
    return [event for start in range(0, len(data), size) for event in reader.feed(data[start : start + size])]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(("data", "events"), CASES.values(), ids=CASES)
def test_reading_however_it_is_cut(data: bytes, events: list[Event], end: bytes) -> None:
    # A lone "\r" may be half of "\r\n": what follows tells.
    whole = data.replace(b"\n", end) + b":"
    for size in (1, 2, 3, 5, len(whole)):
        assert read(whole, size) == events


@given(st.lists(st.tuples(st.text(), st.text(), st.text())), st.integers(min_value=1, max_value=50))
def test_what_is_written_is_read(parts: list[tuple[str, str, str]], size: int) -> None:
    clean = ["".join(one.split("\r")).replace("\n", "") for part in parts for one in part]
    events = [Event(f"e{name}", f"d{data}", f"i{id_}") for name, data, id_ in zip(*[iter(clean)] * 3, strict=True)]
    written = b"".join(event.encode() for event in events)
    assert read(written, size) == events


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 1000, b"data: x\n" * 100, b": x\n" * 100, b"event: x\n" * 100])
def test_an_event_ends_somewhere(piece: bytes) -> None:
    reader = Reader()
    left = MAX_EVENT
    while left > len(piece):
        assert reader.feed(piece) == []
        left -= len(piece)
    reader.feed(piece[: left - len(piece)])
    with pytest.raises(ServiceError, match=f"an event has more than {MAX_EVENT} bytes"):
        reader.feed(piece * 300)


def test_a_stream_does_not_end_anywhere() -> None:
    reader = Reader()
    event = Event("a", "x" * 1000)
    for _ in range(2 * MAX_EVENT // 1000):
        assert reader.feed(event.encode()) == [event]


def test_what_is_no_text() -> None:
    with pytest.raises(ServiceError, match="an event stream is text"):
        Reader().feed(b"data: \xff\n")
