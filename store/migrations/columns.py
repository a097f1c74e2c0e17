"""What steps of the schema are written with. The steps stand as they were written: what is here is added to, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

# Compared byte by byte, as SQLite does, whatever the database's language is.
TEXT: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
BYTES: Final = sa.LargeBinary()
# SQLite's INTEGER has 64 bits and is the only name its strict tables take.
INTEGER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

CURRENT: Final = sa.text("until IS NULL")
ENDED: Final = sa.text("until IS NOT NULL")


def dated(name: str, *parts: sa.schema.SchemaItem, key: Sequence[str] = ()) -> None:
    """Make a table of rows that begin and end, each by a task; one is current for each `key`."""
    op.create_table(
        name,
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        *parts,
        sa.Column("since", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.Column("until", INTEGER),
        sa.Column("ended_by", BYTES),
        sa.PrimaryKeyConstraint("seq", name=f"{name}_key"),
        sa.CheckConstraint("(until IS NULL) = (ended_by IS NULL)", name=f"{name}_ended_by_a_task"),
        sa.CheckConstraint("until >= since", name=f"{name}_ends_after_it_began"),
        sqlite_strict=True,
    )
    if key:
        index(f"{name}_current", name, list(key), where=CURRENT, unique=True)
        # By when they began: of those that had begun by a time, the last one is the one that counted.
        index(f"{name}_ended", name, [*key, "since", "seq"], where=ENDED)


def index(name: str, table: str, columns: list[str], *, where: sa.TextClause, unique: bool = False) -> None:
    """Make an index of some of a table's rows."""
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
