"""The domain: customers, plans, subscriptions, consumers, and the events of what became of them.

CIDs are kept in their binary form, DIDs as text, times as whole Unix seconds, periods as ISO 8601 text, maps as JSON.

Law 1 (history is never rewritten) is in the dated tables: a row is current, or it has ended, and if so then by a task; a unique
index keeps one current row for each key. Everything else is a row that is never changed. A customer alone is written over, and
what it was is a row of `profile` then.

Law 2 (time is computed) is in what is not here: no column says whether something is active, only when what was decided.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from store.migrations.columns import BYTES, CURRENT, ENDED, INTEGER, TEXT, dated, index

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KINDS: Final = "kind IN ('open', 'complimentary', 'trial', 'paid')"


def upgrade() -> None:
    """Make the tables."""
    _customers()
    _plans()
    _subscriptions()
    _consumers()
    _events()


def _customers() -> None:
    op.create_table(
        "customer",
        # Given in order, so that what is found by it lies together for those who came together, as a DID's never does.
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        sa.Column("did", TEXT, nullable=False),
        sa.Column("external_account", TEXT),
        sa.Column("product", TEXT, nullable=False),
        sa.Column("details", TEXT, nullable=False),
        sa.Column("inserted_at", INTEGER, nullable=False),
        sa.Column("updated_at", INTEGER),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="customer_key"),
        sa.UniqueConstraint("did", name="customer_did"),
        sqlite_strict=True,
    )
    account = sa.text("external_account IS NOT NULL")
    index("customer_by_account", "customer", ["external_account", "did"], where=account)
    # What a customer was before it was changed.
    dated(
        "profile",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("external_account", TEXT),
        sa.Column("product", TEXT, nullable=False),
        sa.Column("details", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="profile_of_customer"),
        sa.CheckConstraint("until IS NOT NULL", name="profile_is_past"),
    )
    op.create_index("profile_by_customer", "profile", ["customer", "seq"])
    dated(
        "suspension",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("reason", TEXT),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="suspension_of_customer"),
        key=["customer"],
    )
    op.create_table(
        "closure",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("customer", name="closure_key"),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="closure_of_customer"),
        sqlite_strict=True,
    )
    op.create_table(
        "link",
        sa.Column("guest", TEXT, nullable=False),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("guest", name="link_key"),
        sa.ForeignKeyConstraint(["guest"], ["customer.did"], name="link_of_guest"),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="link_to_customer"),
        sa.CheckConstraint("guest <> customer", name="link_to_another"),
        sqlite_strict=True,
    )
    op.create_index("link_by_customer", "link", ["customer", "guest"])
    dated(
        "payer",
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("payer", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="payer_of_customer"),
        sa.ForeignKeyConstraint(["payer"], ["customer.did"], name="payer_is_customer"),
        sa.CheckConstraint("payer <> customer", name="payer_is_another"),
        key=["customer"],
    )
    index("payer_leaves", "payer", ["payer", "seq"], where=CURRENT)
    index("payer_leaves_by_did", "payer", ["payer", "customer"], where=CURRENT)


def _plans() -> None:
    op.create_table(
        "plan",
        sa.Column("product", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("period", TEXT),
        sa.Column("seats", INTEGER),
        sa.Column("exclusive", INTEGER, nullable=False),
        sa.Column("clock", TEXT, nullable=False),
        sa.Column("assign_within", TEXT),
        sa.Column("grace", TEXT),
        sa.Column("consent", INTEGER, nullable=False),
        sa.Column("self_serve", INTEGER, nullable=False),
        sa.Column("inserted_at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("product", name="plan_key"),
        sa.CheckConstraint(_KINDS, name="plan_kind"),
        sa.CheckConstraint("clock IN ('purchase', 'assignment')", name="plan_clock"),
        sa.CheckConstraint("exclusive IN (0, 1) AND consent IN (0, 1) AND self_serve IN (0, 1)", name="plan_says_yes_or_no"),
        sa.CheckConstraint("seats > 0", name="plan_seats"),
        sqlite_strict=True,
    )
    op.create_table(
        "retirement",
        sa.Column("product", TEXT, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("product", name="retirement_key"),
        sa.ForeignKeyConstraint(["product"], ["plan.product"], name="retirement_of_plan"),
        sqlite_strict=True,
    )


def _subscriptions() -> None:
    op.create_table(
        "subscription",
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("product", TEXT, nullable=False),
        # The product again, where it was in the catalogue: what is added to that later changes no older subscription.
        sa.Column("plan", TEXT),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("seats", INTEGER),
        sa.Column("starts_at", INTEGER, nullable=False),
        sa.Column("inserted_at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("provider", "id", name="subscription_key"),
        sa.ForeignKeyConstraint(["plan"], ["plan.product"], name="subscription_to_plan"),
        sa.CheckConstraint("plan = product", name="subscription_plan"),
        # What only one kind has lives in tables of its own: complimentary, trial, term, payment.
        sa.CheckConstraint(_KINDS, name="subscription_kind"),
        sa.CheckConstraint("seats > 0", name="subscription_seats"),
        sqlite_strict=True,
    )
    dated(
        "holding",
        *_of(),
        sa.Column("customer", TEXT, nullable=False),
        # What the subscription has for good, again, where it is to a plan: by these a customer's are looked for.
        sa.Column("plan", TEXT),
        sa.Column("starts_at", INTEGER),
        _of_subscription("holding"),
        sa.CheckConstraint("(plan IS NULL) = (starts_at IS NULL)", name="holding_to_plan"),
        sa.ForeignKeyConstraint(["customer"], ["customer.did"], name="holding_of_customer"),
        key=["provider", "subscription"],
    )
    index("holding_by_customer", "holding", ["customer", "seq"], where=CURRENT)
    planned = sa.text("until IS NULL AND plan IS NOT NULL")
    index("holding_by_plan", "holding", ["customer", "provider", "plan", "starts_at", "seq"], where=planned)
    index("holding_was", "holding", ["customer"], where=ENDED)
    op.create_table(
        "complimentary",
        *_of(),
        sa.Column("granted_by", TEXT, nullable=False),
        sa.Column("reason", TEXT),
        sa.PrimaryKeyConstraint("provider", "subscription", name="complimentary_key"),
        _of_subscription("complimentary"),
        sqlite_strict=True,
    )
    op.create_table(
        "trial",
        *_of(),
        sa.Column("customer", TEXT, nullable=False),
        sa.Column("product", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("provider", "subscription", name="trial_key"),
        _of_subscription("trial"),
        # One for each customer and product, ever.
        sa.UniqueConstraint("provider", "customer", "product", name="trial_once"),
        sqlite_strict=True,
    )
    # When a complimentary subscription or a trial ends: the last one counts.
    op.create_table(
        "term",
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        *_of(),
        sa.Column("ends_at", INTEGER),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="term_key"),
        _of_subscription("term"),
        sqlite_strict=True,
    )
    op.create_index("term_of_subscription", "term", ["provider", "subscription", "seq"])
    op.create_table(
        "payment",
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        *_of(),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("reference", TEXT, nullable=False),
        sa.Column("begins_at", INTEGER),
        sa.Column("ends_at", INTEGER),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="payment_key"),
        sa.UniqueConstraint("provider", "subscription", "event", "reference", name="payment_reference"),
        _of_subscription("payment"),
        sa.CheckConstraint("event IN ('paid', 'failed', 'refunded')", name="payment_event"),
        sa.CheckConstraint("event <> 'paid' OR ends_at IS NOT NULL", name="payment_of_a_period"),
        sqlite_strict=True,
    )
    op.create_table(
        "cancellation",
        *_of(),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("provider", "subscription", "effect", name="cancellation_key"),
        _of_subscription("cancellation"),
        sa.CheckConstraint("effect IN ('now', 'end')", name="cancellation_effect"),
        sqlite_strict=True,
    )


def _consumers() -> None:
    dated(
        "assignment",
        sa.Column("provider", TEXT, nullable=False),
        sa.Column("consumer", TEXT, nullable=False),
        sa.Column("subscription", TEXT, nullable=False),
        # Where seats are counted, or have terms of their own.
        sa.Column("seat", INTEGER),
        sa.Column("accepted_at", INTEGER),
        sa.Column("accepted_by", BYTES),
        # The task that gave the same seat to the next one.
        sa.Column("succeeded_by", BYTES),
        _of_subscription("assignment"),
        sa.CheckConstraint("seat > 0", name="assignment_seat_has_a_number"),
        sa.CheckConstraint("(accepted_at IS NULL) = (accepted_by IS NULL)", name="assignment_accepted_by_a_task"),
        sa.CheckConstraint("succeeded_by IS NULL OR until IS NOT NULL", name="assignment_succeeded_when_ended"),
    )
    # The consumer first: one index answers for a consumer at one provider, and with which providers it is.
    index("assignment_current", "assignment", ["consumer", "provider"], where=CURRENT, unique=True)
    index("assignment_in_use", "assignment", ["provider", "subscription", "seq"], where=CURRENT)
    index("assignment_ended", "assignment", ["consumer", "provider", "since", "seq"], where=ENDED)
    seat = ["provider", "subscription", "seat"]
    index("assignment_seat", "assignment", [*seat, "since"], where=sa.text("seat IS NOT NULL"))
    index("assignment_seated", "assignment", seat, where=sa.text("until IS NULL AND seat IS NOT NULL"), unique=True)
    vacant = sa.text("until IS NOT NULL AND seat IS NOT NULL AND succeeded_by IS NULL")
    index("assignment_vacant", "assignment", seat, where=vacant, unique=True)


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("seq", INTEGER, autoincrement=True, nullable=False),
        sa.Column("at", INTEGER, nullable=False),
        sa.Column("task", BYTES, nullable=False),
        sa.Column("command", TEXT, nullable=False),
        sa.Column("issuer", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("customer", TEXT),
        # The customer from whom something went to that one: it is told too.
        sa.Column("giver", TEXT),
        sa.Column("subscription", TEXT),
        sa.Column("consumer", TEXT),
        sa.Column("data", TEXT, nullable=False),
        # Theirs, by which their events are found: a new customer's dirties no page of its own then.
        sa.Column("customer_seq", INTEGER),
        sa.Column("giver_seq", INTEGER),
        sa.PrimaryKeyConstraint("seq", name="event_key"),
        sqlite_strict=True,
    )
    for whose, key in (
        ("customer", "customer_seq"),
        ("giver", "giver_seq"),
        ("subscription", "subscription"),
        ("consumer", "consumer"),
    ):
        index(f"event_by_{whose}", "event", [key, "seq"], where=sa.text(f"{key} IS NOT NULL"))


def _of() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return sa.Column("provider", TEXT, nullable=False), sa.Column("subscription", TEXT, nullable=False)


def _of_subscription(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["provider", "subscription"], ["subscription.provider", "subscription.id"], name=f"{table}_of_subscription"
    )
