"""The store on PostgreSQL: one database, shared by the processes of any number of machines."""

from __future__ import annotations

from store.postgres.store import PostgresStore, connect

__all__ = ["PostgresStore", "connect"]
