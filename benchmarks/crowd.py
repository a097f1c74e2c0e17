"""Many customers: one does everything, by real tasks, and its rows are written again and again under other names.

So the rows have the shape that the service gives them, whatever that is.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
from base64 import b32encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from benchmarks.cast import PRODUCT, SERVICE, Cast, fresh_did
from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container
from forge.invocation import Invocation

CONSUMERS: Final = 1
KNOWN: Final = 1000
"""Customers whose names are kept, to be asked about."""

_SEED: Final = 5
NUMBER: Final = "_seq"
_DIGEST_BYTES: Final = 32
# Everything in memory, nothing synchronised: what breaks off is thrown away.
_IN_BULK: Final = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA foreign_keys = OFF",
    "PRAGMA ignore_check_constraints = ON",
    "PRAGMA secure_delete = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -2000000",
)
_OURS: Final = """
SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'forge_schema' ORDER BY name
"""

Names: TypeAlias = Sequence[str]
"""Of one customer, its consumers, its subscription and its tasks: DIDs, the text of a CID, and digests, a character a byte."""


@dataclass
class Crowd:
    """The customer that is there, and those that are like it."""

    names: Names
    bodies: tuple[bytes, ...]
    """What it did: containers, to be executed one after the other."""
    known: list[bytes] = field(default_factory=list)
    """DIDs of others, once they are there."""

    @classmethod
    def of(cls, cast: Cast) -> Crowd:
        """Sign what one customer does: it is registered, it subscribes, and it has its consumers assigned."""
        customer, *consumers = (fresh_did() for _ in range(1 + CONSUMERS))
        added = cast.added(customer)
        (registered,) = Container.from_cbor(added).invocations
        subscribed = _ask(cast, "/subscription/add", {"customer": customer.decode(), "provider": SERVICE, "product": PRODUCT})
        subscription = str(subscribed.task)
        assigned = _ask(
            cast, "/subscription/assign", {"subscription": subscription, "consumers": [one.decode() for one in consumers]}
        )
        digests = [plain(_digest(one.task)) for one in (registered, subscribed, assigned)]
        return cls(
            [*(did.decode() for did in (customer, *consumers)), subscription, *digests],
            (added, *(Container.of(one).to_cbor() for one in (subscribed, assigned))),
        )


def multiply(connection: sqlite3.Connection, crowd: Crowd, many: int) -> None:
    """Insert the rows of `many` customers, by keys that come in no order, a row of the one customer after the other."""
    for pragma in _IN_BULK:
        connection.execute(pragma).fetchall()
    columns = [f"n{number}" for number in range(len(crowd.names))]
    marks = ", ".join("?" * len(columns))
    connection.execute(f"CREATE TEMP TABLE other ({', '.join(columns)})")
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO other VALUES ({marks})", others(crowd, many))  # noqa: S608 - marks alone
    connection.execute("COMMIT")
    for (table,) in connection.execute(_OURS).fetchall():
        for mould in _moulds(connection, table, crowd.names):
            connection.execute(mould.statement, mould.values)


@dataclass(frozen=True)
class _Mould:
    """A row of the one customer: a statement that writes the same of each other, and the values that stay."""

    statement: str
    values: Sequence[Any]


def _moulds(connection: sqlite3.Connection, table: str, names: Names) -> Iterator[_Mould]:
    described = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
    keys = [column for column in described if column[5]]
    # The one integer that is a key is the row's number: the engine gives it.
    numbers = {keys[0][1]} if len(keys) == 1 and keys[0][2] == "INTEGER" else set()
    columns = [column[1] for column in described if column[1] not in numbers]
    listed = ", ".join(f'"{column}"' for column in columns)
    pattern = re.compile("|".join(f"({re.escape(name)})" for name in names))
    for row in connection.execute(f'SELECT {listed} FROM "{table}"').fetchall():  # noqa: S608 - names of our own tables
        expressions: list[str] = []
        values: list[Any] = []
        for column, cell in zip(columns, row, strict=True):
            whose = columns.index(column.removesuffix(NUMBER)) if column.endswith(NUMBER) else None
            if whose is not None and isinstance(row[whose], str) and row[whose] in names:
                # The number of a customer, beside its name.
                expressions.append(f"(SELECT seq FROM customer WHERE did = n{names.index(row[whose])})")  # noqa: S608 - ours
                continue
            parts = list(pieces(plain(cell), pattern)) if isinstance(cell, str | bytes) else []
            if len(parts) > 1:
                joined = " || ".join("?" if isinstance(piece, str) else f"n{piece}" for piece in parts)
                expressions.append(f"CAST({joined} AS BLOB)" if isinstance(cell, bytes) else joined)
                values += [
                    piece.encode("latin-1") if isinstance(cell, bytes) else piece for piece in parts if isinstance(piece, str)
                ]
            else:
                expressions.append("?")
                values.append(cell)
        # What names nothing of the customer's is everybody's.
        if any(expression != "?" for expression in expressions):
            chosen = ", ".join(expressions)
            yield _Mould(f'INSERT INTO "{table}" ({listed}) SELECT {chosen} FROM temp.other', values)  # noqa: S608 - the same


def pieces(text: str, pattern: re.Pattern[str]) -> Iterator[str | int]:
    """Cut a text where it has names: what stands between, and which name."""
    end = 0
    for found in pattern.finditer(text):
        yield text[end : found.start()]
        assert found.lastindex is not None  # noqa: S101 - for the type checker
        yield found.lastindex - 1
        end = found.end()
    yield text[end:]


def others(crowd: Crowd, many: int) -> Iterator[list[str | bytes]]:
    """Make names of the same kinds, and keep some of the customers'."""
    dice = random.Random(_SEED)  # noqa: S311 - not a secret
    every = max(many // KNOWN, 1)
    for number in range(many):
        names = [_other(name, dice) for name in crowd.names]
        if number % every == 0 and len(crowd.known) < KNOWN:
            crowd.known.append(str(names[0]).encode())
        yield names


def is_digest(name: str) -> bool:
    """Say whether a name is a task's digest."""
    return len(name) == _DIGEST_BYTES and not name.startswith("did:")


def _other(name: str, dice: random.Random) -> str | bytes:
    if name.startswith("did:"):
        return fresh_did().decode()
    if is_digest(name):
        return dice.randbytes(_DIGEST_BYTES)
    return name[:8] + b32encode(os.urandom(len(name))).decode().lower()[: len(name) - 8]


def _ask(cast: Cast, command: str, arguments: dict[str, object]) -> Invocation:
    return Invocation.issue(cast.service, subject=SERVICE, command=CommandPath(command), arguments=arguments, expiration=None)


def _digest(cid: CID) -> bytes:
    return bytes(cid)[-_DIGEST_BYTES:]


def plain(cell: str | bytes) -> str:
    """Give bytes a character each, so that all are looked at in the same way."""
    return cell if isinstance(cell, str) else cell.decode("latin-1")
