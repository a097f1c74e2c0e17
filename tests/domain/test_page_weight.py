"""Pages of large results: an answer must fit into a container."""

from __future__ import annotations

from commands.page import MAX_BYTES, ListArguments, Position, scan
from forge.binding import Result, to_wire
from forge.container import MAX_BYTES as MAX_ANSWER

ROWS = range(1, 40)


class Large(Result):
    """Something that takes room."""

    number: int
    text: str


def read(arguments: ListArguments, size: int) -> tuple[list[Large], str | None]:
    def fetch(position: Position | None, limit: int) -> list[int]:
        after = 0 if position is None else int(position[0])
        return [row for row in ROWS if row > after][:limit]

    return scan(arguments, fetch, lambda row: (row,), lambda row: Large(number=row, text="x" * size))


def walk(size: int) -> list[list[Large]]:
    pages = []
    cursor = None
    while True:
        results, cursor = read(ListArguments(cursor=cursor, size=1000), size)
        pages.append(results)
        if cursor is None:
            return pages


def test_a_page_ends_when_it_is_large_and_nothing_is_left_out() -> None:
    pages = walk(300_000)
    assert [item.number for page in pages for item in page] == list(ROWS)
    assert all(len(str(list(map(to_wire, page)))) < MAX_ANSWER / 2 for page in pages)
    assert len(pages) > 1


def test_one_that_is_larger_than_a_page_is_a_page() -> None:
    pages = walk(MAX_BYTES + 1)
    assert [[item.number for item in page] for page in pages] == [[number] for number in ROWS]


def test_what_is_small_comes_together() -> None:
    assert len(walk(10)) == 1
