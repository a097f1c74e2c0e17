"""Lists, a page at a time: cursors, and the walk along them."""

from __future__ import annotations

import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right, insort
from collections.abc import Sequence
from contextlib import closing
from typing import Any, ClassVar, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from commands import page
from commands.page import DEFAULT_SIZE, FIRST, MAX_CURSOR, MAX_NUMBER, MAX_SCANNED, MAX_SIZE, ListArguments, Position, scan
from commands.period import Period
from forge import dagcbor
from forge.binding import ANYONE, Command, Effect, Result, to_wire
from forge.dagcbor import Value
from forge.did import DID, MAX_DID_LENGTH
from forge.errors import MalformedArguments

LAW: Final = settings(deadline=None)
FOREIGN: Final = "expected a cursor that this list gave, unchanged: begin again without it"
ANOTHER: Final = "expected a cursor of the same query, this is of another: begin again without it"


class NumberArguments(ListArguments):
    """Ordered by number; with filters."""

    customer: DID | None = None
    period: Period | None = None
    least: int = 0


class NameArguments(ListArguments):
    """Ordered by name and number."""

    KEY: ClassVar = (str, int)

    customer: DID | None = None


class PairArguments(ListArguments):
    """Ordered by two DIDs and an id."""

    KEY: ClassVar = (str, str, str)


class ListResult(Result):
    results: list[int]
    cursor: str | None = None


LIST: Final = Command("/test/list", NumberArguments, ListResult, effect=Effect.READS, subjects=(ANYONE,))
NAMES: Final = Command("/test/names", NameArguments, ListResult, effect=Effect.READS, subjects=(ANYONE,))
ALICE: Final = DID("did:web:alice.example.com")
BOB: Final = DID("did:web:bob.example.com")


def refusal(command: Command[Any, ListResult], arguments: dict[str, Value]) -> str:
    with pytest.raises(MalformedArguments) as caught:
        command.parse(arguments)
    return caught.value.message.removeprefix("malformed arguments: ")


def content(cursor: str) -> list[Any]:
    read = dagcbor.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    assert isinstance(read, list)
    return read


def forged(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


# -- arguments


def test_arguments_of_the_first_page() -> None:
    arguments = LIST.parse({})
    assert (arguments.cursor, arguments.size, arguments.position) == (None, DEFAULT_SIZE, None)
    assert LIST.parse({"cursor": None}) == arguments
    assert (DEFAULT_SIZE, MAX_SIZE) == (100, 1000)
    assert [LIST.parse({"size": size}).size for size in (1, MAX_SIZE)] == [1, MAX_SIZE]


@pytest.mark.parametrize("size", [0, -1, MAX_SIZE + 1, 1 << 70, True, 1.0, "1", None], ids=repr)
def test_what_is_no_size(size: Value) -> None:
    assert refusal(LIST, {"size": size}).startswith("args.size: Input should be ")


@pytest.mark.parametrize("cursor", [1, b"", True, [], {}], ids=repr)
def test_a_cursor_is_text(cursor: Value) -> None:
    assert refusal(LIST, {"cursor": cursor}).startswith("args.cursor: Input should be a valid string, found ")


def test_a_result_without_a_cursor_has_no_such_key() -> None:
    assert to_wire(ListResult(results=[1])) == {"results": [1]}
    assert to_wire(ListResult(results=[], cursor="x")) == {"results": [], "cursor": "x"}


# -- cursors


@LAW
@given(st.integers(0, MAX_NUMBER))
def test_a_cursor_comes_back_as_its_position(number: int) -> None:
    filters: dict[str, Value] = {"customer": str(ALICE), "period": "P1M", "least": 3}
    cursor = LIST.parse(filters).cursor_at(number)
    again = LIST.parse(filters | {"cursor": cursor})
    assert again.position == (number,)
    # From one page to the next, also with another size.
    assert again.cursor_at(number) == cursor
    assert LIST.parse(filters | {"cursor": cursor, "size": 7}).position == (number,)
    # Nothing in it needs escaping in a URL or a shell.
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


NAMED: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


@LAW
@given(NAMED, st.integers(0, MAX_NUMBER))
def test_positions_may_have_several_parts(name: str, number: int) -> None:
    cursor = NameArguments().cursor_at(name, number)
    position = NameArguments(cursor=cursor).position
    assert position is not None
    assert position == (name, number)
    assert [type(part) for part in position] == [str, int]


def test_there_is_room_for_the_longest_keys() -> None:
    longest = DID("did:web:" + "a" * (MAX_DID_LENGTH - 8))
    position = (longest, longest, "\U0001f600" * 512)
    assert PairArguments(cursor=PairArguments().cursor_at(*position)).position == position
    with pytest.raises(ValueError, match=f"^a cursor has at most {MAX_CURSOR} characters, this has "):
        PairArguments().cursor_at("a" * MAX_CURSOR, "", "")
    assert refusal(LIST, {"cursor": "a" * (MAX_CURSOR + 1)}).startswith(
        f"args.cursor: String should have at most {MAX_CURSOR} "
    )


@pytest.mark.parametrize("position", [(), (1, 2), ("1",), (True,), (-1,), (MAX_NUMBER + 1,), (1.0,), (None,)], ids=repr)
def test_a_cursor_is_made_of_a_position_alone(position: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a position of NumberArguments: \("):
        NumberArguments().cursor_at(*position)


@pytest.mark.parametrize("position", [(), ("a",), (1, "a"), ("a", "b"), ("\0", 1), ("a", 1, 1), (b"a", 1)], ids=repr)
def test_a_cursor_is_made_of_a_position_of_its_key(position: Any) -> None:
    with pytest.raises(ValueError, match=r"^not a position of NameArguments: \("):
        NameArguments().cursor_at(*position)


FILTERS: Final[list[dict[str, Value]]] = [
    {},
    {"customer": str(ALICE)},
    {"customer": str(BOB)},
    {"period": "P1Y"},
    {"period": "P12M"},
    {"least": 1},
    {"customer": str(ALICE), "least": 1},
]


@pytest.mark.parametrize("ours", FILTERS, ids=str)
def test_a_cursor_is_of_its_filters_alone(ours: dict[str, Value]) -> None:
    cursor = LIST.parse(ours).cursor_at(5)
    for theirs in FILTERS:
        if theirs == ours:
            assert LIST.parse(theirs | {"cursor": cursor}).position == (5,)
        else:
            assert refusal(LIST, theirs | {"cursor": cursor}) == f"args.cursor: {ANOTHER}"


def test_a_filter_that_is_sent_as_what_it_is_anyway_is_the_same_query() -> None:
    cursor = LIST.parse({}).cursor_at(5)
    assert LIST.parse({"least": 0, "customer": None, "cursor": cursor}).position == (5,)
    assert NumberArguments(cursor=cursor).position == (5,)


def test_a_cursor_is_of_its_list_alone() -> None:
    # The same fields, the same key; the same name in another module, and another name in this one.
    elsewhere: type[ListArguments] = type("NumberArguments", (NumberArguments,), {"__module__": "tests.domain.elsewhere"})
    named: type[ListArguments] = type("OtherArguments", (NumberArguments,), {"__module__": NumberArguments.__module__})
    cursor = NumberArguments().cursor_at(5)
    for other in (elsewhere, named, NameArguments):
        with pytest.raises(ValidationError, match="this is of another") as caught:
            other(cursor=cursor)
        assert [error["loc"] for error in caught.value.errors()] == [("cursor",)]


QUERY: Final[bytes] = content(NumberArguments().cursor_at(1))[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        *map(
            dagcbor.encode,
            (
                *(None, 1, QUERY, {}, {"": QUERY}, [], [QUERY], [QUERY, QUERY], [QUERY, 1, 2], [QUERY, [1]], [[QUERY, 1]]),
                *([QUERY, "1"], [QUERY, True], [QUERY, None], [QUERY, 1.0], [QUERY, {}], [QUERY, -1], [QUERY, -(1 << 64)]),
                *([QUERY, MAX_NUMBER + 1], [QUERY, 1 << 64], [QUERY, 1 << 2000]),
                *([QUERY[:7], 1], [QUERY + b"\0", 1], [b"", 1], [QUERY.hex(), 1], [1, QUERY]),
            ),
        ),
        dagcbor.encode([QUERY, 1]) + b"\0",
        dagcbor.encode([QUERY, 1])[:-1],
        # The same items in longer heads.
        b"\x82\x48" + QUERY + b"\x18\x01",
        b"\x98\x02\x48" + QUERY + b"\x01",
        b"\x9f\x48" + QUERY + b"\x01\xff",
        # Deep, and more than there is.
        b"\x81" * 5000,
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9a\x00\x00\x20\x00" + b"\x01" * 0x2000,
        b"\x82\x48" + QUERY + b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x82\x48" + QUERY + b"\xd8\x2a\x41\x00",
    ],
    ids=lambda data: data[:24].hex(),
)
def test_a_forged_cursor_is_refused(data: bytes) -> None:
    assert refusal(LIST, {"cursor": forged(data)}) == f"args.cursor: {FOREIGN}"


@pytest.mark.parametrize("position", [["a"], [1, "a"], ["a", "1"], ["a", -1], ["a\0", 1], [b"a", 1], ["a", 1, 1]], ids=repr)
def test_a_forged_position_is_refused(position: list[Value]) -> None:
    query = content(NameArguments().cursor_at("a", 1))[0]
    assert NAMES.parse({"cursor": forged(dagcbor.encode([query, "a", 1]))}).position == ("a", 1)
    assert refusal(NAMES, {"cursor": forged(dagcbor.encode([query, *position]))}) == f"args.cursor: {FOREIGN}"


def test_a_cursor_is_taken_to_the_letter() -> None:
    # 13 bytes: the last of its 18 characters has four bits to spare.
    cursor = NumberArguments().cursor_at(0x1000)
    spare = cursor[:-1] + chr(ord(cursor[-1]) + 1)
    assert content(spare) == content(cursor)
    for other in (spare, cursor + "=", cursor + "==", cursor + "\n", " " + cursor, cursor[:5] + "!" + cursor[5:], cursor + "é"):
        assert refusal(LIST, {"cursor": other}) == f"args.cursor: {FOREIGN}"


CHARACTERS: Final = st.characters() | st.sampled_from("ABCDabcd0189-_=+/ \n\0")


@LAW
@given(st.data(), st.integers(0, MAX_NUMBER), NAMED)
def test_a_changed_cursor_is_refused_or_a_position_of_this_query(data: st.DataObject, number: int, name: str) -> None:
    arguments: ListArguments = data.draw(st.sampled_from((NumberArguments(customer=ALICE), NameArguments(customer=ALICE))))
    cursor = arguments.cursor_at(*((number,) if isinstance(arguments, NumberArguments) else (name, number)))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(cursor)))
        cursor = cursor[:at] + data.draw(st.text(CHARACTERS, max_size=2)) + cursor[at + data.draw(st.integers(0, 2)) :]
    try:
        read = type(arguments).model_validate(to_wire(arguments) | {"cursor": cursor})
    except ValidationError as error:
        assert [one["loc"] for one in error.errors()] == [("cursor",)]  # noqa: PT017 - where there is one
    else:
        position = read.position
        assert position is not None
        assert arguments.cursor_at(*position) == cursor
        assert taken(position) == position


@LAW
@given(
    st.text() | st.binary(max_size=40).map(forged) | st.binary(max_size=20).map(lambda tail: forged(b"\x82\x48" + QUERY + tail))
)
def test_whatever_comes_is_refused_or_a_position_of_this_query(cursor: str) -> None:
    try:
        position = NumberArguments(cursor=cursor).position
    except ValidationError as error:
        assert [one["loc"] for one in error.errors()] == [("cursor",)]  # noqa: PT017 - where there is one
    else:
        assert position is not None
        assert NumberArguments().cursor_at(*position) == cursor
        assert taken(position) == position


def taken(position: Position) -> Position:
    """Give what a database makes of a position."""
    with closing(sqlite3.connect(":memory:")) as database:
        row: Position = database.execute("SELECT " + ", ".join("?" * len(position)), position).fetchone()
        return row


# -- the walk


class Rows:
    """A table of numbers in order, that counts what is read of it."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = sorted(numbers)
        self.readings: list[int] = []
        self.scanned: list[int] = []

    def fetch(self, after: Position | None, limit: int) -> list[int]:
        start = 0 if after is None else bisect_right(self.numbers, int(after[0]))
        found = self.numbers[start : start + limit]
        self.readings.append(len(found))
        return found

    def page(self, arguments: ListArguments, residue: int = 0) -> tuple[list[int], str | None]:
        """Give a page of the rows; those that are divisible by `residue` alone, where there is one."""
        self.scanned.clear()
        self.readings.clear()

        def keep(row: int) -> int | None:
            self.scanned.append(row)
            return row if residue == 0 or row % residue == 0 else None

        return scan(arguments, self.fetch, lambda row: (row,), keep)


@LAW
@given(
    st.sets(st.integers(0, 300), max_size=120),
    st.lists(st.integers(1, 20), min_size=1),
    st.lists(st.integers(0, 400), max_size=60),
    st.sampled_from([0, 1, 2, 7, 50, 1000]),
    st.integers(1, 40),
)
def test_a_walk_meets_every_row_once_and_in_order(
    numbers: set[int], sizes: list[int], added: list[int], residue: int, most: int
) -> None:
    rows = Rows(list(numbers))
    expected = list(rows.numbers)
    met: list[int] = []
    cursor = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "MAX_SCANNED", most)
        for step in range(1000):
            arguments = NumberArguments(cursor=cursor, size=sizes[step % len(sizes)], least=residue)
            results, cursor = rows.page(arguments, residue)
            assert len(results) <= arguments.size
            assert len(rows.scanned) <= most
            # Short only where something ended it.
            assert cursor is None or len(results) == arguments.size or len(rows.scanned) == most
            met += results
            if cursor is None:
                break
            # Others add rows meanwhile. Those behind the reader are not its business, those ahead are.
            place = NumberArguments(cursor=cursor, least=residue).position
            assert place == (rows.scanned[-1],)
            for number in added[step * 3 : step * 3 + 3]:
                if number not in rows.numbers:
                    insort(rows.numbers, number)
                    if (number,) > place:
                        expected.append(number)
    assert cursor is None
    assert met == sorted(number for number in expected if residue == 0 or number % residue == 0)


@pytest.mark.parametrize("size", [1, 2, 50, DEFAULT_SIZE, MAX_SIZE])
@pytest.mark.parametrize("pages", [0, 1, 3])
def test_the_last_page_knows_that_it_is_the_last(size: int, pages: int) -> None:
    rows = Rows(range(size * pages))
    cursor = None
    for number in range(pages):
        results, cursor = rows.page(NumberArguments(size=size, cursor=cursor))
        assert results == list(range(size * number, size * (number + 1)))
        assert (cursor is None) == (number == pages - 1)
        # Where nothing is filtered, a small page is read at once, and one row more; of a large one the first few come first.
        assert rows.readings[0] == min(size, FIRST) + (cursor is not None or size > FIRST)
        assert len(rows.readings) == (1 if size <= FIRST else 4)
    if pages == 0:
        assert rows.page(NumberArguments(size=size)) == ([], None)


@pytest.mark.parametrize("size", [1, 10, DEFAULT_SIZE, MAX_SIZE])
def test_a_page_on_which_little_is_found_ends_all_the_same(size: int) -> None:
    rows = Rows(range(1, 2 * MAX_SCANNED + 1))
    results, cursor = rows.page(NumberArguments(size=size), 2 * MAX_SCANNED)
    assert (results, len(rows.scanned)) == ([], MAX_SCANNED)
    assert cursor is not None
    assert NumberArguments(cursor=cursor).position == (MAX_SCANNED,)
    # In a few readings, none of them large.
    assert len(rows.readings) <= 15
    assert max(rows.readings) <= MAX_SIZE + 1
    # As many rows as are looked at are left.
    assert rows.page(NumberArguments(size=size, cursor=cursor), 2 * MAX_SCANNED) == ([2 * MAX_SCANNED], None)


def test_a_full_page_looks_no_further() -> None:
    rows = Rows(range(1000))
    results, cursor = rows.page(NumberArguments(size=2), 5)
    assert results == [0, 5]
    assert rows.scanned == [0, 1, 2, 3, 4, 5]
    assert NumberArguments(cursor=cursor).position == (5,)


def test_what_is_kept_may_be_empty_or_zero() -> None:
    kept: tuple[list[Any], str | None] = scan(NumberArguments(), Rows([0, 1, 2]).fetch, lambda row: (row,), lambda _: "")
    assert kept == (["", "", ""], None)
