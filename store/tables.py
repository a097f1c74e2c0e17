"""Tables: all that a store keeps, as rows lie in it, whichever engine it is.

They stand in the order in which they can be filled: what a row refers to comes before it. A test holds them against the schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Cell: TypeAlias = str | bytes | int | None
Row: TypeAlias = tuple[Cell, ...]

ROWS: Final = 32
"""Rows of a page: little to hold, and enough that asking for it costs little beside them."""
LARGE_ROWS: Final = 8
"""The same where a row may have megabytes."""

_LOWEST: Final = -(2**63)
_DATED: Final = ("since", "task", "until", "ended_by")
_BYTES: Final = frozenset(("cid", "cause"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns, and by which of them its rows are in order, each in a place of its own."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ("seq",)
    causes: tuple[str, ...] = ()
    """Columns that name tasks of the ledger: what made the row, what ended it."""
    identity: tuple[str, ...] = ()
    """Columns by which a row's counterpart is looked for where the events of the domain tell of it; empty: they do not."""
    rows: int = ROWS

    @property
    def is_numbered(self) -> bool:
        """Whether the store numbers its rows."""
        return self.key in (("seq",), ("number",))

    @property
    def beginning(self) -> Row:
        """A key that comes before all others."""
        return tuple(_lowest(column) for column in self.key)

    def key_of(self, row: Row) -> Row:
        """Give the key of a row."""
        return tuple(row[self.columns.index(column)] for column in self.key)

    def cells(self, row: Row, columns: tuple[str, ...]) -> Row:
        """Give some of a row's cells."""
        return tuple(row[self.columns.index(column)] for column in columns)


def _lowest(column: str) -> Cell:
    if column in ("seq", "number", "one", "recorded_at"):
        return _LOWEST
    return b"" if column in _BYTES else ""


def _dated(name: str, *columns: str, identity: tuple[str, ...], causes: tuple[str, ...] = ()) -> Table:
    return Table(name, ("seq", *columns, *_DATED), causes=("task", "ended_by", *causes), identity=identity)


_OF: Final = ("provider", "subscription")
_MADE: Final = ("task",)

TABLES: Final = (
    Table("clock", ("one", "now"), ("one",)),
    Table("archive", ("number", "id", "place", "entries", "oldest", "youngest"), ("number",)),
    Table(
        "ledger",
        ("seq", "task", "command", "issuer", "subject", "invocation", "proofs", "receipt", "at", "archive"),
        rows=LARGE_ROWS,
    ),
    Table(
        "statement", ("seq", "receipt", "task", "executor", "failed", "data", "cause", "at"), causes=("cause",), rows=LARGE_ROWS
    ),
    Table("delegation", ("cid", "data"), ("cid",), rows=LARGE_ROWS),
    Table(
        "revocation",
        ("recorded_at", "delegation", "revoker", "cause", "links", "invocation"),
        ("recorded_at",),
        rows=LARGE_ROWS,
    ),
    Table("followed", ("source", "instant"), ("source",)),
    Table("postponed", ("source", "cause", "delegation", "tries", "due_at"), ("source", "cause")),
    Table(
        "customer",
        ("seq", "did", "external_account", "product", "details", "inserted_at", "updated_at", "task"),
        causes=_MADE,
        identity=("did",),
    ),
    _dated("profile", "customer", "external_account", "product", "details", identity=("customer",)),
    _dated("suspension", "customer", "reason", identity=("customer",)),
    Table("closure", ("customer", "at", "task"), ("customer",), _MADE, ("customer",)),
    Table("link", ("guest", "customer", "at", "task"), ("guest",), _MADE, ("guest",)),
    _dated("payer", "customer", "payer", identity=("customer",)),
    Table(
        "plan",
        (
            *("product", "name", "kind", "period", "seats", "exclusive", "clock", "assign_within", "grace", "consent"),
            *("self_serve", "inserted_at", "task"),
        ),
        ("product",),
        _MADE,
        ("product",),
    ),
    Table("retirement", ("product", "at", "task"), ("product",), _MADE, ("product",)),
    Table(
        "subscription",
        ("provider", "id", "product", "plan", "kind", "seats", "starts_at", "inserted_at", "task"),
        ("provider", "id"),
        _MADE,
        ("provider", "id"),
    ),
    _dated("holding", *_OF, "customer", "plan", "starts_at", identity=_OF),
    Table("complimentary", (*_OF, "granted_by", "reason"), _OF, identity=_OF),
    Table("trial", (*_OF, "customer", "product"), _OF, identity=_OF),
    Table("term", ("seq", *_OF, "ends_at", "at", "task"), causes=_MADE, identity=_OF),
    Table(
        "payment",
        ("seq", *_OF, "event", "reference", "begins_at", "ends_at", "at", "task"),
        causes=_MADE,
        identity=_OF,
    ),
    Table("cancellation", (*_OF, "effect", "at", "task"), (*_OF, "effect"), _MADE, _OF),
    _dated(
        "assignment",
        *("provider", "consumer", "subscription", "seat", "accepted_at", "accepted_by", "succeeded_by"),
        identity=("consumer", "provider"),
        causes=("accepted_by", "succeeded_by"),
    ),
    Table(
        "event",
        (
            *("seq", "at", "task", "command", "issuer", "subject", "type", "customer", "giver", "subscription", "consumer"),
            *("data", "customer_seq", "giver_seq"),
        ),
        causes=_MADE,
    ),
)
BY_NAME: Final = {table.name: table for table in TABLES}
