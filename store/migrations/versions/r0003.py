"""Which code may work with the schema: the oldest step whose code still can is kept beside the step itself.

So a step that only adds can be taken by the first process of a new version while those of the old one still serve. What the
old ones read and write goes away a release later, by a step that names a later one as the oldest.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.migrations.columns import TEXT

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OLDEST = "0003"
"""Whoever is older than this step does not look at it, and refuses what it does not know."""


def upgrade() -> None:
    """Add the column. Its default is this step's; later steps that old code cannot work with update the row."""
    op.add_column("forge_schema", sa.Column("oldest", TEXT, nullable=False, server_default=OLDEST))
