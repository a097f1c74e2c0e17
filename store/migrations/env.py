"""What Alembic runs to migrate: the steps, on the connection that `store.migrations.migrate` made and holds the lock on."""

from __future__ import annotations

from alembic import context

from store.migrations import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
