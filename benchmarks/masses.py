"""Many customers on PostgreSQL: what `benchmarks.crowd.multiply` does on SQLite, in PostgreSQL's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import psycopg

from benchmarks.crowd import NUMBER, Crowd, Names, is_digest, others, pieces, plain
from store.tables import TABLES, Table

_RENUMBER: Final = "SELECT setval(pg_get_serial_sequence('{0}', '{1}'), (SELECT max({1}) FROM {0}))"


def multiply(connection: psycopg.Connection[Any], crowd: Crowd, many: int) -> None:
    """Insert the rows of `many` customers, by keys that come in no order, a row of the one customer after the other."""
    kinds = ["bytea" if is_digest(name) else "text" for name in crowd.names]
    columns = ", ".join(f"n{number} {kind}" for number, kind in enumerate(kinds))
    _do(connection, f"CREATE TEMP TABLE other (place bigint GENERATED ALWAYS AS IDENTITY, {columns})")
    names = ", ".join(f"n{number}" for number in range(len(kinds)))
    with connection.cursor() as cursor, cursor.copy(f"COPY other ({names}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
        copy.set_types(kinds)
        for row in others(crowd, many):
            copy.write_row(row)
    for table in TABLES:
        found = connection.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}".encode()).fetchall()  # noqa: S608 - ours
        for row in found:
            _insert(connection, table, row, crowd.names)
        if found and table.is_numbered:
            _do(connection, _RENUMBER.format(table.name, table.key[0]))


def _insert(connection: psycopg.Connection[Any], table: Table, row: Sequence[Any], names: Names) -> None:
    """Write the same row of each other, if it names anything of the one customer's; what does not is everybody's."""
    pattern = re.compile("|".join(f"({re.escape(name)})" for name in names))
    expressions: list[str] = []
    values: list[Any] = []
    theirs = False
    for column, cell in zip(table.columns, row, strict=True):
        whose = table.columns.index(column.removesuffix(NUMBER)) if column.endswith(NUMBER) else None
        if table.is_numbered and column == table.key[0]:
            expressions.append(f"place + (SELECT max({column}) FROM {table.name})")  # noqa: S608 - ours
        elif whose is not None and isinstance(row[whose], str) and row[whose] in names:
            expressions.append(f"(SELECT seq FROM customer WHERE did = n{names.index(row[whose])})")  # noqa: S608 - ours
        else:
            parts = list(pieces(plain(cell), pattern)) if isinstance(cell, str | bytes) else [cell]
            theirs = theirs or len(parts) > 1
            expressions.append(" || ".join(_part(one, cell, names) for one in parts))
            values += [
                one.encode("latin-1") if isinstance(cell, bytes) and isinstance(one, str) else one
                for one in parts
                if len(parts) == 1 or isinstance(one, str)
            ]
    if theirs:
        listed, chosen = ", ".join(table.columns), ", ".join(expressions)
        _do(connection, f"INSERT INTO {table.name} ({listed}) SELECT {chosen} FROM other", values)  # noqa: S608 - ours


def _part(part: Any, cell: Any, names: Names) -> str:  # noqa: ANN401 - a cell
    """Write a part of a cell: what stays, or a name."""
    if isinstance(cell, int) or cell is None:
        return "%s::bigint" if isinstance(cell, int) else "%s"
    if isinstance(part, str):
        return "%s::bytea" if isinstance(cell, bytes) else "%s::text"
    return f"convert_to(n{part}, 'UTF8')" if isinstance(cell, bytes) and not is_digest(names[part]) else f"n{part}"


def _do(connection: psycopg.Connection[Any], statement: str, values: Sequence[Any] = ()) -> None:
    connection.execute(statement.encode(), values or None)
