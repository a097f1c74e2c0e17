"""Customers, subscriptions, assignments; events; the ledger; revocations, and the feeds of them that are followed.

CIDs are kept in their binary form, DIDs as text, times as whole Unix seconds, maps as JSON.

Law 1 (history is never rewritten) is in the assignments: a row is open or ended, and if ended then by a task; the unique index
keeps one open row for each (provider, consumer).

Rows that many write and few read again (ledger, events, assignments) are appended in the order of their writing, with their key
in an index of its own: a random key then dirties a page of a hundred short entries, not a page of three long rows.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT: Final = sa.Text()
_BYTES: Final = sa.LargeBinary()
# SQLite's INTEGER has 64 bits and is the only name its strict tables take.
_INTEGER: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _customers()
    _events()
    _tasks()
    _revocations()


def _customers() -> None:
    op.create_table(
        "customer",
        sa.Column("did", _TEXT, nullable=False),
        sa.Column("external_account", _TEXT),
        sa.Column("product", _TEXT, nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.Column("inserted_at", _INTEGER, nullable=False),
        sa.Column("updated_at", _INTEGER),
        sa.Column("task", _BYTES, nullable=False),
        sa.PrimaryKeyConstraint("did", name="customer_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "subscription",
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("customer", _TEXT, nullable=False),
        sa.Column("product", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("starts_at", _INTEGER, nullable=False),
        sa.Column("inserted_at", _INTEGER, nullable=False),
        sa.Column("task", _BYTES, nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name="subscription_key"),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="subscription_of_customer"),
        # The domain's words for a kind, each of which gets a table for what it alone has.
        sa.CheckConstraint("kind IN ('open', 'complimentary', 'trial', 'paid')", name="subscription_kind"),
        sqlite_strict=True,
    )
    op.create_index("subscription_by_customer", "subscription", ["customer"])
    op.create_table(
        "assignment",
        sa.Column("seq", _INTEGER, autoincrement=True, nullable=False),
        sa.Column("provider", _TEXT, nullable=False),
        sa.Column("consumer", _TEXT, nullable=False),
        sa.Column("subscription", _TEXT, nullable=False),
        sa.Column("since", _INTEGER, nullable=False),
        sa.Column("task", _BYTES, nullable=False),
        sa.Column("until", _INTEGER),
        sa.Column("ended_by", _BYTES),
        sa.PrimaryKeyConstraint("seq", name="assignment_key"),
        sa.ForeignKeyConstraint(
            ["provider", "subscription"], ["subscription.provider", "subscription.id"], name="assignment_in_subscription"
        ),
        sa.CheckConstraint("(until IS NULL) = (ended_by IS NULL)", name="assignment_ended_by_a_task"),
        sa.CheckConstraint("until >= since", name="assignment_ends_after_it_began"),
        sqlite_strict=True,
    )
    current = sa.text("until IS NULL")
    # The consumer first: one index answers for a consumer at one provider, and with which providers it is.
    _index("assignment_current", "assignment", ["consumer", "provider"], where=current, unique=True)
    _index("assignment_in_use", "assignment", ["provider", "subscription"], where=current)
    _index("assignment_ended", "assignment", ["consumer"], where=sa.text("until IS NOT NULL"))


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("seq", _INTEGER, autoincrement=True, nullable=False),
        sa.Column("at", _INTEGER, nullable=False),
        sa.Column("task", _BYTES, nullable=False),
        sa.Column("command", _TEXT, nullable=False),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("customer", _TEXT),
        sa.Column("subscription", _TEXT),
        sa.Column("consumer", _TEXT),
        sa.Column("data", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="event_key"),
        sqlite_strict=True,
    )


def _tasks() -> None:
    op.create_table(
        "ledger",
        sa.Column("task", _BYTES, nullable=False),
        sa.Column("command", _TEXT, nullable=False),
        sa.Column("issuer", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("invocation", _BYTES, nullable=False),
        sa.Column("proofs", _BYTES, nullable=False),
        sa.Column("receipt", _BYTES, nullable=False),
        sa.Column("at", _INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("task", name="ledger_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "statement",
        sa.Column("seq", _INTEGER, autoincrement=True, nullable=False),
        sa.Column("receipt", _BYTES, nullable=False),
        sa.Column("task", _BYTES, nullable=False),
        sa.Column("executor", _TEXT, nullable=False),
        sa.Column("failed", _INTEGER, nullable=False),
        sa.Column("data", _BYTES, nullable=False),
        sa.Column("cause", _BYTES, nullable=False),
        sa.Column("at", _INTEGER, nullable=False),
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
        sa.Column("recorded_at", _INTEGER, autoincrement=False, nullable=False),
        sa.Column("delegation", _BYTES, nullable=False),
        sa.Column("revoker", _TEXT, nullable=False),
        sa.Column("cause", _BYTES, nullable=False),
        sa.Column("links", _BYTES, nullable=False),
        sa.Column("invocation", _BYTES, nullable=False),
        sa.PrimaryKeyConstraint("recorded_at", name="revocation_key"),
        sa.UniqueConstraint("delegation", "revoker", name="revocation_of_revoker"),
        sqlite_strict=True,
    )
    op.create_index("revocation_last", "revocation", ["delegation", "recorded_at"])
    op.create_index("revocation_by", "revocation", ["cause"])
    # What the links of paths name, each once: many revocations may come by the same delegations.
    op.create_table(
        "delegation",
        sa.Column("cid", _BYTES, nullable=False),
        sa.Column("data", _BYTES, nullable=False),
        sa.PrimaryKeyConstraint("cid", name="delegation_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "followed",
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("instant", _INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("source", name="followed_key"),
        sqlite_strict=True,
    )
    op.create_table(
        "postponed",
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("cause", _BYTES, nullable=False),
        sa.Column("delegation", _BYTES, nullable=False),
        sa.Column("tries", _INTEGER, nullable=False),
        sa.Column("due_at", _INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("source", "cause", name="postponed_key"),
        sqlite_strict=True,
    )
    op.create_index("postponed_due", "postponed", ["source", "due_at"])


def _index(name: str, table: str, columns: list[str], *, where: sa.TextClause, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
