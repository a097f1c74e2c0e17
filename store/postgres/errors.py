"""What PostgreSQL says went wrong, and what that means to whoever runs units.

    StoreError
    ├── AgainError      nothing was kept; the same again may be luckier
    │   ├── QuarrelError    it fell out with another transaction
    │   └── LostError       the connection is gone
    └── UnknownError    whether it was kept cannot be known

What a unit itself did wrong (a constraint of the schema, a value that cannot be) comes out as psycopg's own exception.
"""

from __future__ import annotations

from typing import Final

import psycopg

from forge.errors import StoreError
from store.records import AlreadyExists

# serialization_failure, deadlock_detected.
_QUARRELS: Final = frozenset(("40001", "40P01"))
_TAKEN: Final = "23505"
# Connection exceptions, shutdowns (57P0x), what ends a transaction that idles, a primary that is one no more.
_GONE: Final = ("08", "57P", "25P03", "25006")
# Out of something, given up, system and internal errors: the engine's, whatever the unit did.
_ENGINE: Final = ("53", "54", "55", "57", "58", "F0", "XX")


class AgainError(StoreError):
    """Nothing was kept; the same again may be luckier."""


class QuarrelError(AgainError):
    """It fell out with another transaction: a serialization failure, or a deadlock."""


class LostError(AgainError):
    """The connection is gone, and with it what was not committed."""


class UnknownError(StoreError):
    """The connection was lost while it was committed, and nothing that would tell was to be recorded."""


def meaning(error: psycopg.Error) -> Exception:
    """Say what an error of the server's means."""
    state = error.sqlstate
    if state == _TAKEN:
        return AlreadyExists(str(error))
    if state in _QUARRELS:
        return QuarrelError(f"store: {error}")
    if state is None or state.startswith(_GONE):
        return LostError(f"store: {error}")
    if state.startswith(_ENGINE):
        return StoreError(f"store: {error}")
    return error
