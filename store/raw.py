"""Rows as they lie: the part of a transaction for what writes a store out, reads it in, or looks at all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from store.sql import tables as sql
from store.statement import Execute, Rows
from store.tables import Cell, Row, Table


class Raw:
    """The part of a transaction that knows tables, and nothing of what they mean."""

    __slots__ = ()
    _execute: Execute

    def pages(self, table: Table) -> Iterator[list[Row]]:
        """Read a table, in the order of its keys, a page at a time."""
        after = table.beginning
        while found := self._execute(sql.page(table.name), (*after, table.rows)).fetchall():
            yield found
            after = table.key_of(found[-1])

    def put(self, table: Table, rows: Sequence[Sequence[Cell]]) -> None:
        """Insert rows with the numbers that they have.

        Raises:
            AlreadyExists: a key of theirs is taken.
        """
        if rows:
            self._execute(sql.insert(table.name, len(rows)), [cell for row in rows for cell in row])

    def total(self, table: Table) -> int:
        """Count a table's rows."""
        return int(self._execute(sql.total(table.name)).fetchone()[0])

    def has_any(self, table: Table) -> bool:
        """Say whether a table has any row."""
        return self._execute(sql.anything(table.name)).fetchone() is not None

    def ask(self, statement: str, values: Sequence[Cell] = ()) -> Rows:
        """Execute a statement of `store.sql` that no other part has a word for."""
        return self._execute(statement, values)
