"""What the core keeps: the ledger, its archives, statements, revocations, feeds of them that are followed, a test's clock.

CIDs are kept in their binary form, DIDs as text, times as whole Unix seconds.

Rows that many write and few read again (the ledger) are appended in the order of their writing, with their key
in an index of its own: a random key then dirties a page of a hundred short entries, not a page of three long rows.

A row of the ledger is whole, or it was moved to an archive and has nothing left but its task: for good, so that no task runs
twice, whatever becomes of the archive. Whole ones have numbers from 1, moved ones the same below zero.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.migrations.columns import BYTES, INTEGER, TEXT

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _tasks()
    _revocations()
    op.create_table(
        "clock",
        # One row at most: the time that a test has set.
        sa.Column("one", INTEGER, autoincrement=False, nullable=False),
        sa.Column("now", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("one", name="clock_key"),
        sa.CheckConstraint("one = 1", name="clock_alone"),
        sqlite_strict=True,
    )


def _tasks() -> None:
    op.create_table(
        "archive",
        sa.Column("number", INTEGER, autoincrement=True, nullable=False),
        sa.Column("id", BYTES, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("entries", INTEGER, nullable=False),
        # Unix seconds of the rows that were moved there.
        sa.Column("oldest", INTEGER),
        sa.Column("youngest", INTEGER),
        sa.PrimaryKeyConstraint("number", name="archive_key"),
        sa.UniqueConstraint("id", name="archive_id"),
        sqlite_strict=True,
    )
    op.create_index("archive_place", "archive", ["place", "number"])
    whole = ("command", "issuer", "subject", "invocation", "proofs", "receipt", "at")
    op.create_table(
        "ledger",
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.Column("command", TEXT),
        sa.Column("issuer", TEXT),
        sa.Column("subject", TEXT),
        sa.Column("invocation", BYTES),
        sa.Column("proofs", BYTES),
        sa.Column("receipt", BYTES),
        sa.Column("at", INTEGER),
        sa.Column("archive", INTEGER),
        sa.PrimaryKeyConstraint("seq", name="ledger_key"),
        sa.UniqueConstraint("task", name="ledger_task"),
        sa.ForeignKeyConstraint(["archive"], ["archive.number"], name="ledger_in_archive"),
        sa.CheckConstraint(
            f"CASE WHEN archive IS NULL THEN seq > 0 AND {' AND '.join(f'{name} IS NOT NULL' for name in whole)}"
            f" ELSE seq < 0 AND {' AND '.join(f'{name} IS NULL' for name in whole)} END",
            name="ledger_whole_or_moved",
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "statement",
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        sa.Column("receipt", BYTES, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.Column("executor", TEXT, nullable=False),
        sa.Column("failed", INTEGER, nullable=False),
        sa.Column("data", BYTES, nullable=False),
        sa.Column("cause", BYTES, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="statement_key"),
        sa.UniqueConstraint("receipt", name="statement_receipt"),
        sqlite_strict=True,
    )
    op.create_index("statement_of_executor", "statement", ["task", "executor", "failed", "seq"])


def _revocations() -> None:
    op.create_table(
        "revocation",
        # The place in the feed is the key, so that what is recorded is appended, and a feed is read off in one piece. What is
        # large stands last: a feed and a look-up of who revoked do not come by it.
        sa.Column("recorded_at", INTEGER, autoincrement=False, nullable=False),
        sa.Column("delegation", BYTES, nullable=False),
        sa.Column("revoker", TEXT, nullable=False),
        sa.Column("cause", BYTES, nullable=False),
        sa.Column("links", BYTES, nullable=False),
        sa.Column("invocation", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("recorded_at", name="revocation_key"),
        sa.UniqueConstraint("delegation", "revoker", name="revocation_of_revoker"),
        sqlite_strict=True,
    )
    op.create_index("revocation_last", "revocation", ["delegation", "recorded_at"])
    op.create_index("revocation_by", "revocation", ["cause"])
    # What the links of paths name, each once: many revocations may come by the same delegations.
    op.create_table(
        "delegation",
        sa.Column("cid", BYTES, nullable=False),
        sa.Column("data", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("cid", name="delegation_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "followed",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("instant", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("source", name="followed_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "postponed",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("cause", BYTES, nullable=False),
        sa.Column("delegation", BYTES, nullable=False),
        sa.Column("tries", INTEGER, nullable=False),
        sa.Column("due_at", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("source", "cause", name="postponed_key"),
        sqlite_strict=True,
    )
    op.create_index("postponed_due", "postponed", ["source", "due_at"])
