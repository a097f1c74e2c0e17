"""The statements, once for every engine: here the core's, in the modules below the domain's.

Values stand at `?`; a driver whose mark is another one puts its own in their place, so no statement holds any other `?`.
What is said here both SQLite (3.35 and later) and PostgreSQL understand.

Each look-up is answered by an index: `tests/store` has the query planner say so for every one of them.
"""

from __future__ import annotations

from functools import cache
from typing import Final

STEP: Final = "0003"
"""The step of `store.migrations` that these statements are written for."""

CURRENT_STEP: Final = """
SELECT version_num, oldest FROM forge_schema
"""

TOUCH: Final = """
UPDATE forge_schema SET version_num = version_num
"""

RECORDED: Final = """
SELECT receipt FROM ledger WHERE task = ?
"""

ENTRY: Final = """
SELECT task, command, issuer, subject, invocation, proofs, receipt, at FROM ledger WHERE task = ?
"""

RECORD: Final = """
INSERT INTO ledger (task, command, issuer, subject, invocation, proofs, receipt, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

# The instant first: whoever reads a feed resumes after the last one it saw, so none may be recorded at an earlier one later on.
# On SQLite there is one writer at a time. Where there are several, the table is to be locked against other writers before the
# last instant is asked for, until the commit.
LAST_REVOCATION: Final = """
SELECT recorded_at FROM revocation WHERE recorded_at >= ? ORDER BY recorded_at DESC LIMIT 1
"""

REVOKE: Final = """
INSERT INTO revocation (recorded_at, delegation, revoker, cause, links, invocation) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (delegation, revoker) DO NOTHING RETURNING recorded_at
"""

REVOCATION: Final = """
SELECT recorded_at, delegation, revoker, cause, invocation, links
FROM revocation WHERE delegation = ? ORDER BY recorded_at DESC LIMIT 1
"""

REVOCATION_BY: Final = """
SELECT recorded_at, delegation, revoker, cause, invocation, links FROM revocation WHERE cause = ? AND delegation = ?
"""

REVOCATION_OF: Final = """
SELECT recorded_at, delegation, revoker, cause, invocation, links FROM revocation WHERE delegation = ? AND revoker = ?
"""

RECORDED_AT: Final = """
SELECT 1 FROM revocation WHERE recorded_at = ?
"""

ANNOUNCEMENTS: Final = """
SELECT recorded_at, delegation, cause, links FROM revocation WHERE recorded_at > ? ORDER BY recorded_at LIMIT ?
"""

FOLLOWED: Final = """
SELECT instant FROM followed WHERE source = ?
"""

# Two processes may follow one feed.
FOLLOW: Final = """
INSERT INTO followed (source, instant) VALUES (?, ?) ON CONFLICT (source)
DO UPDATE SET instant = excluded.instant WHERE followed.instant < excluded.instant
"""

# What is announced once more has still been tried as often as it was.
POSTPONE: Final = """
INSERT INTO postponed (source, cause, delegation, tries, due_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (source, cause) DO UPDATE SET tries = excluded.tries, due_at = excluded.due_at
WHERE postponed.tries < excluded.tries
"""

POSTPONED: Final = """
SELECT delegation, cause, tries FROM postponed WHERE source = ? AND due_at <= ? ORDER BY due_at LIMIT ?
"""

SETTLE: Final = """
DELETE FROM postponed WHERE source = ? AND cause = ?
"""

CURTAIL: Final = """
DELETE FROM postponed WHERE source = ? AND cause IN
(SELECT cause FROM postponed WHERE source = ? ORDER BY due_at LIMIT ? OFFSET ?)
RETURNING cause
"""

# What somebody says stays as it was said first.
KEEP: Final = """
INSERT INTO statement (receipt, task, executor, failed, data, cause, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (receipt) DO NOTHING
"""

# A task's name does not say who invokes it: anybody can have an executor refuse it, in any number. What it did comes first.
STATEMENTS: Final = """
SELECT data FROM statement WHERE task = ? AND executor = ? ORDER BY failed, seq LIMIT ?
"""


TIME: Final = """
SELECT now FROM clock WHERE one = 1
"""

SET_TIME: Final = """
INSERT INTO clock (one, now) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET now = excluded.now
"""


@cache
def revokers(count: int, issuers: int = 0) -> str:
    """Ask who revoked any of `count` delegations; only about so many issuers where not 0. The index has all that is asked."""
    among = f" AND revoker IN ({_marks(issuers)})" if issuers else ""
    return (
        f"SELECT delegation, revoker FROM revocation WHERE delegation IN ({_marks(count)}){among} ORDER BY delegation, revoker"  # noqa: S608 - marks alone
    )


@cache
def causes(count: int) -> str:
    """Ask which of `count` invocations revoked something."""
    return f"SELECT cause FROM revocation WHERE cause IN ({_marks(count)})"  # noqa: S608 - marks alone


@cache
def keep_delegations(count: int) -> str:
    """Keep `count` delegations of paths, those that are not kept yet."""
    values = ", ".join(["(?, ?)"] * count)
    return f"INSERT INTO delegation (cid, data) VALUES {values} ON CONFLICT (cid) DO NOTHING"  # noqa: S608 - marks alone


@cache
def delegations(count: int) -> str:
    """Ask for `count` delegations of paths."""
    return f"SELECT cid, data FROM delegation WHERE cid IN ({_marks(count)})"  # noqa: S608 - marks alone


def _marks(count: int) -> str:
    return ", ".join("?" * count)
