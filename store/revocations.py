"""Revocations: what was revoked, in the order of a feed, and how far others' feeds were followed.

Rows are inserted and never changed. A delegation is kept once, however many paths lead over it.

`recorded_at` is both the time and the place in the feed: later than every one before it,
whatever the clocks of the processes say, so that whoever resumes after the last one it saw misses none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from forge.cid import CID
from forge.did import DID
from forge.ports import Announcement, Revocation, Wanted
from store import sql
from store.cells import join, split, to_did
from store.statement import Execute

# How many values one list of a statement has. More would be more statements to keep prepared, and no faster.
REVOKERS_BATCH: Final = 32

_SECOND: Final = 1_000_000_000
_ALL: Final = 2**31 - 1  # a limit that is none: an offset is to have one


class Revocations:
    """The part of a transaction that revocations are."""

    __slots__ = ("_execute",)

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def revoke(self, revocation: Revocation, *, at: int) -> bool:
        """Record a revocation, for good. False: its revoker had revoked that delegation; the first of several stays.

        Args:
            revocation: which. Its `recorded_at` is not looked at.
            at: Unix seconds. It is recorded then, or right after the last one.
        """
        instant = at * _SECOND
        last = self._last(instant)
        path = [(bytes(CID.of(one)), one) for one in revocation.path]
        row = self._execute(
            sql.REVOKE,
            (
                instant if last is None else last + 1,
                bytes(revocation.delegation),
                str(revocation.revoker),
                bytes(revocation.cause),
                join(link for link, _ in path),
                revocation.invocation,
            ),
        ).fetchone()
        if row is None:
            return False
        for batch in _batches(dict(path).items()):
            self._execute(sql.keep_delegations(len(batch)), [value for pair in batch for value in pair])
        return True

    def revokers(self, delegations: Iterable[CID], issuers: Collection[DID] | None = None) -> Mapping[CID, Collection[DID]]:
        """Say who has revoked which of `delegations`. Those that nobody revoked are absent.

        With `issuers`, only they are looked for: others may have revoked a delegation in any number, for chains of their own.
        """
        found: dict[CID, set[DID]] = {}
        whose = [[]] if issuers is None else _split([str(one) for one in issuers])
        for batch in _split([bytes(one) for one in delegations]):
            for among in whose:
                rows = self._execute(sql.revokers(len(batch), len(among)), [*batch, *among]).fetchall()
                for delegation, revoker in rows:
                    found.setdefault(CID(delegation), set()).add(to_did(revoker))
        return found

    def revocation(self, delegation: CID, cause: CID | None = None, *, revoker: DID | None = None) -> Revocation | None:
        """Look the revocation of a delegation up: the last that was recorded.

        Or the one by the invocation `cause`, or the one by `revoker`; with both, the one by that invocation of that revoker's.
        """
        if cause is not None:
            row = self._execute(sql.REVOCATION_BY, (bytes(cause), bytes(delegation))).fetchone()
        elif revoker is not None:
            row = self._execute(sql.REVOCATION_OF, (bytes(delegation), str(revoker))).fetchone()
        else:
            row = self._execute(sql.REVOCATION, (bytes(delegation),)).fetchone()
        if row is None:
            return None
        recorded_at, revoked, by, because, invocation, links = row
        if revoker not in (None, by):
            return None
        return Revocation(
            delegation=CID(revoked),
            revoker=to_did(by),
            cause=CID(because),
            invocation=invocation,
            path=self._path(list(split(links))),
            recorded_at=recorded_at,
        )

    def announcements(self, after: int, limit: int) -> Sequence[Announcement]:
        """List the revocations that were recorded after an instant (nanoseconds), in their order, at most `limit` of them."""
        return [
            Announcement(
                delegation=CID(delegation), cause=CID(cause), path=tuple(map(CID, split(links))), recorded_at=recorded_at
            )
            for recorded_at, delegation, cause, links in self._execute(sql.ANNOUNCEMENTS, (after, limit)).fetchall()
        ]

    def last_revocation(self) -> int:
        """Say when the last revocation was recorded, in nanoseconds; 0 where there is none."""
        return self._last(0) or 0

    def recorded_at(self, instant: int) -> bool:
        """Say whether a revocation was recorded at exactly this instant (nanoseconds)."""
        return self._execute(sql.RECORDED_AT, (instant,)).fetchone() is not None

    def causes(self, causes: Iterable[CID]) -> Collection[CID]:
        """Say which of these invocations revoked something."""
        batches = _batches(bytes(cause) for cause in causes)
        return {CID(cause) for batch in batches for (cause,) in self._execute(sql.causes(len(batch)), batch).fetchall()}

    # -- others' feeds -----------------------------------------------------------------------------------------------

    def followed(self, source: str) -> int:
        """Say how far the feed at `source` was followed: the last instant there (nanoseconds); 0 at the beginning."""
        row = self._execute(sql.FOLLOWED, (source,)).fetchone()
        return 0 if row is None else int(row[0])

    def follow(self, source: str, instant: int) -> None:
        """Note how far the feed at `source` was followed. It never goes back."""
        self._execute(sql.FOLLOW, (source, instant))

    def postpone(self, source: str, wanted: Wanted, *, until: int) -> None:
        """Note an announcement of `source` that is to be looked at again, from that Unix time on."""
        values = (source, bytes(wanted.cause), bytes(wanted.delegation), wanted.tries, until)
        self._execute(sql.POSTPONE, values)

    def postponed(self, source: str, limit: int, *, at: int) -> Sequence[Wanted]:
        """List the announcements of `source` that are due `at` that Unix time, at most `limit` of them."""
        rows = self._execute(sql.POSTPONED, (source, at, limit)).fetchall()
        return [Wanted(CID(delegation), CID(cause), tries) for delegation, cause, tries in rows]

    def settle(self, source: str, cause: CID) -> None:
        """Forget that an announcement was postponed."""
        self._execute(sql.SETTLE, (source, bytes(cause)))

    def curtail(self, source: str, most: int) -> int:
        """Forget what was postponed of `source` beyond so many, those that are due last; say how many that were."""
        return len(self._execute(sql.CURTAIL, (source, source, _ALL, most)).fetchall())

    def _path(self, links: Sequence[bytes]) -> tuple[bytes, ...]:
        found: dict[bytes, bytes] = {}
        for batch in _batches(dict.fromkeys(links)):
            found.update(self._execute(sql.delegations(len(batch)), batch).fetchall())
        return tuple(found[link] for link in links)

    def _last(self, since: int) -> int | None:
        row = self._execute(sql.LAST_REVOCATION, (since,)).fetchone()
        return None if row is None else int(row[0])


def _split(values: list[Any]) -> list[list[Any]]:
    """Give what `_batches` gives: of a chain it is one batch, but for the longest."""
    return [values] if 0 < len(values) <= REVOKERS_BATCH else list(_batches(values))


def _batches(values: Iterable[Any]) -> Iterable[list[Any]]:
    left = iter(values)
    while batch := list(islice(left, REVOKERS_BATCH)):
        yield batch
        if len(batch) < REVOKERS_BATCH:
            # That was the last: most are.
            return
