"""Lists: a page of results at a time, and the cursor that goes on from there (docs/domain.md, Lists and cursors).

A cursor names the place after the last row that was looked at, and the query that it belongs to. It is no secret and no
authority: that is checked at every page, and whoever makes one of their own reads no more than they could without.

    cursor ::= base64url, without padding, of the DAG-CBOR array [query, ...position]
    query  ::= the first 8 bytes of the SHA-256 of the DAG-CBOR array [the arguments' class, filters as they go on the wire]

A place is a key, not a count: rows that are added meanwhile shift nothing.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, ClassVar, Final, Self, TypeAlias, TypeGuard, TypeVar

from pydantic import Field, PrivateAttr, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from forge import dagcbor
from forge.binding import Arguments, Result, to_wire
from forge.dagcbor import Value

MAX_SIZE: Final = 1000
"""How many results one page may have."""
DEFAULT_SIZE: Final = 100

MAX_SCANNED: Final = 5000
"""How many rows are looked at for one page: what is filtered is read all the same, and a reader must not take long."""

MAX_BYTES: Final = 1024 * 1024
"""Characters of JSON after which a page ends: an answer must fit into a container, with room for others."""

MAX_CURSOR: Final = 16_384
"""Characters: room for two of the longest DIDs and a few ids beside them, and soon read whatever it is."""

MAX_NUMBER: Final = (1 << 63) - 1
"""The largest number in a position: the largest that a database has."""

FIRST: Final = 128
"""Rows that are read at first, and twice as many then: a row may have a quarter of a megabyte, and few of such make a page."""

_QUERY_BYTES: Final = 8

Position: TypeAlias = tuple[int | str, ...]
"""A row's place in its list: the key by which the list is ordered."""

Row = TypeVar("Row")
Item = TypeVar("Item")


class ListArguments(Arguments):
    """Which page. Subclasses add the filters, and say in `KEY` by what their list is ordered."""

    KEY: ClassVar[tuple[type[int | str], ...]] = (int,)
    """The types of a position, each `int` or `str`."""

    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] | None = None
    """Where to go on: what the page before gave, with the same filters. The first page has none."""
    size: Annotated[int, Field(ge=1, le=MAX_SIZE)] = DEFAULT_SIZE
    """How many results at most. A page may have fewer, even none, and still a cursor; the last one has no cursor."""

    _position: Position | None = PrivateAttr(default=None)

    @property
    def position(self) -> Position | None:
        """The place after which the page begins; None at the beginning. Of the types in `KEY`."""
        return self._position

    def cursor_at(self, *position: int | str) -> str:
        """Make the cursor that goes on after `position`.

        Raises:
            ValueError: that is no position in this list, or a cursor of it would be too long.
        """
        if not self._is_position(position):
            raise ValueError(f"not a position of {type(self).__name__}: {position!r:.200}")
        cursor = urlsafe_b64encode(dagcbor.encode([self._query(), *position])).decode().rstrip("=")
        if len(cursor) > MAX_CURSOR:
            raise ValueError(f"a cursor has at most {MAX_CURSOR} characters, this has {len(cursor)}")
        return cursor

    @model_validator(mode="after")
    def _read_cursor(self) -> Self:
        # Not in a validator of the field: the query is all the other fields, and those are checked after it.
        if self.cursor is not None:
            try:
                self._position = self._decode(self.cursor)
            except ValueError as error:
                # Of which key it is, and not of the arguments as a whole.
                problem = PydanticCustomError("cursor", "{reason}: begin again without it", {"reason": str(error)})
                details = InitErrorDetails(type=problem, loc=("cursor",), input=self.cursor)
                raise ValidationError.from_exception_data(type(self).__name__, [details]) from None
        return self

    def _decode(self, cursor: str) -> Position:
        """Read a cursor of this query.

        Raises:
            ValueError: it is none.
        """
        foreign = ValueError("expected a cursor that this list gave, unchanged")
        try:
            data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            content = dagcbor.decode(data)
        except ValueError:
            raise foreign from None
        match content:
            case [bytes(query), *position] if len(query) == _QUERY_BYTES:
                if query != self._query():
                    raise ValueError("expected a cursor of the same query, this is of another")
                # base64 has room for characters that it skips and bits that it drops: only what is made here is read here.
                if self._is_position(position) and self.cursor_at(*position) == cursor:
                    return tuple(position)
        raise foreign

    def _is_position(self, items: Sequence[Value]) -> TypeGuard[Sequence[int | str]]:
        return len(items) == len(self.KEY) and all(map(_is_part, self.KEY, items))

    def _query(self) -> bytes:
        # With its module: the arguments of many a command are called the same.
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        filters = {name: value for name, value in to_wire(self).items() if name not in {"cursor", "size"}}
        return sha256(dagcbor.encode([kind, filters])).digest()[:_QUERY_BYTES]


def _is_part(kind: type[int | str], item: Value) -> bool:
    """Say whether `item` may stand in a position; whatever may, every database takes as a parameter."""
    if kind is int:
        return type(item) is int and 0 <= item <= MAX_NUMBER
    return isinstance(item, str) and "\0" not in item


def scan(
    arguments: ListArguments,
    fetch: Callable[[Position | None, int], Sequence[Row]],
    key: Callable[[Row], Position],
    keep: Callable[[Row], Item | None],
) -> tuple[list[Item], str | None]:
    """Read the page that `arguments` ask for; give its results, and the cursor of the next one where there are more rows.

    It ends when it is full (of `size` results, or of `MAX_BYTES`), when the rows end, or when `MAX_SCANNED` were looked at: it
    may then be short, even empty, and the cursor goes on from there.

    Args:
        arguments: which page.
        fetch: gives the rows after a position (None: from the beginning) in the order of their keys, at most so many.
        key: gives a row's position.
        keep: gives what a row is in the results; None where a filter leaves it out.
    """
    results: list[Item] = []
    position = arguments.position or ()
    left, weight = MAX_SCANNED, 0
    batch = min(arguments.size, FIRST)
    while True:
        batch = min(batch, left)
        # One more than is looked at tells whether there are more.
        rows = fetch(position or None, batch + 1)
        for row in rows[:batch]:
            if len(results) == arguments.size or weight > MAX_BYTES:
                return results, arguments.cursor_at(*position)
            position = key(row)
            item = keep(row)
            if item is not None:
                results.append(item)
                weight += len(item.model_dump_json()) if isinstance(item, Result) else 0
        left -= batch
        if len(rows) <= batch:
            return results, None
        if len(results) == arguments.size or left == 0 or weight > MAX_BYTES:
            return results, arguments.cursor_at(*position)
        # Where little passes the filter, few large readings take less than many small ones.
        batch = min(2 * batch, MAX_SIZE)
