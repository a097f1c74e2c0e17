"""Revoking: who may take back which delegation, and the path that shows it (protocol §13.1).

Whoever issued a delegation may revoke it, and so may whoever stands before it in a chain: any issuer on a path from a root to
it. The path is the witness. These are all the rules, and they are pure: signatures are the caller's to verify. Times are not
looked at: revoking what has expired, or is not in force yet, harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from forge.cid import CID
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DecodeError, Failure
from forge.invocation import Invocation
from forge.notice import Record
from forge.ports import Revocation
from forge.wording import show_did

REVOKE: Final = CommandPath("/ucan/revoke")
MAX_PATH: Final = 128
"""Links of a path: the proofs that an invocation may have."""
MAX_RECORD: Final = 64 * 1024
"""Bytes of a revocation and its path together: what is recorded is kept for good, and anyone may revoke what it issued."""


class DelegationNotFound(Failure):
    """A delegation that the arguments name did not come along."""

    def __init__(self, delegation: CID) -> None:
        super().__init__(
            f'delegation "{delegation}" not found in container;'
            " send the delegation args.revoke along with the invocation, and each one of args.path"
        )


class InvalidRevocationPath(Failure):
    """`path` does not lead from a root to the revoked delegation."""


class UnauthorizedRevocation(Failure):
    """The revoker issued neither the revoked delegation nor one on the path to it."""


class RevocationTooLarge(Failure):
    """The revocation and its path are larger than what is recorded."""

    def __init__(self, size: int) -> None:
        super().__init__(f"a revocation and its path have at most {MAX_RECORD} bytes together, these have {size}")


FAILURES: Final = (DelegationNotFound, InvalidRevocationPath, UnauthorizedRevocation, RevocationTooLarge)


@dataclass(frozen=True)
class Claim:
    """A revocation that holds if its tokens are signed by their issuers, which is still to be verified."""

    cause: Invocation
    delegation: CID
    path: tuple[Delegation, ...]
    """Root first; the revoked one alone where the revoker issued it."""

    @property
    def tokens(self) -> tuple[Invocation | Delegation, ...]:
        """What is to be verified, the cause first, each once."""
        return (self.cause, *dict.fromkeys(self.path))

    @property
    def revocation(self) -> Revocation:
        """What is to be recorded once that is done."""
        return Revocation(
            delegation=self.delegation,
            revoker=self.cause.issuer,
            cause=self.cause.cid,
            invocation=bytes(self.cause),
            path=tuple(bytes(one) for one in self.path),
        )


def claim(record: Record) -> Claim:
    """Read the tokens that another service gives for a revocation. Whom it was addressed to does not matter.

    An argument that is not known is passed over: whatever it says, the delegation was revoked.

    Raises:
        DecodeError: they are not the tokens of a revocation.
        Failure: as for `witness`.
    """
    cause = Invocation.decode(record.invocation)
    if cause.command != REVOKE:
        raise DecodeError(f"the cause is {cause.command}, not {REVOKE}")
    revoke, path = cause.arguments.get("revoke"), cause.arguments.get("path", [])
    if not isinstance(revoke, CID) or not isinstance(path, list) or len(path) > MAX_PATH:
        raise DecodeError("args: expected the link revoke, and path, a list of links")
    links = [link for link in path if isinstance(link, CID)]
    if len(links) != len(path):
        raise DecodeError("args.path: expected links")
    found = {one.cid: one for one in map(Delegation.decode, record.path[: MAX_PATH + 1])}
    return Claim(cause, revoke, witness(cause, revoke, links, found))


def witness(cause: Invocation, revoke: CID, path: Sequence[CID], found: Mapping[CID, object]) -> tuple[Delegation, ...]:
    """Check that the issuer of `cause` may revoke a delegation; give the path, root first: that one alone where it issued it.

    Args:
        cause: the invocation that revokes.
        revoke: what it revokes.
        path: how the delegations lead there; empty where the revoker issued it.
        found: the delegations that are there, by their CIDs.

    Raises:
        DelegationNotFound: one is not there.
        InvalidRevocationPath: the path does not lead there.
        UnauthorizedRevocation: the revoker has no say in it.
        RevocationTooLarge: all this is larger than `MAX_RECORD`.
    """
    revoker = cause.issuer
    if cause.subject != revoker or cause.proofs:
        # A record is to stand by itself, for whoever reads it elsewhere: it holds this path, and no chain of proofs.
        raise UnauthorizedRevocation(
            f'"{show_did(revoker)}" revokes on behalf of "{show_did(cause.subject)}", or with proofs: a revocation is about'
            " whoever issues it, and links no proofs"
        )
    revoked = _delegation(revoke, found)
    if not path:
        if revoked.issuer != revoker:
            raise UnauthorizedRevocation(
                f'args.revoke: delegation "{revoke}" is issued by "{show_did(revoked.issuer)}", not by'
                f' "{show_did(revoker)}"; with args.path, the delegations from the root to it, whoever issued one of them'
                " may revoke it"
            )
        return _bounded(cause, (revoked,))
    delegations = tuple(_delegation(link, found) for link in path)
    _check_path(revoke, delegations)
    if not any(one.issuer == revoker for one in delegations):
        raise UnauthorizedRevocation(f'args.path: none of its {len(path)} delegations is issued by "{show_did(revoker)}"')
    return _bounded(cause, delegations)


def find_path(revoked: Delegation, delegations: Iterable[Delegation], revoker: DID) -> tuple[Delegation, ...] | None:
    """Find a short path that shows that `revoker` may revoke a delegation, root first; a client's convenience.

    Signatures and times are not looked at.

    Returns:
        The path; empty where the revoker issued the delegation; None where there is none among the given ones.
    """
    if revoked.issuer == revoker:
        return ()
    given = tuple({one.cid: one for one in (*delegations, revoked)}.values())
    roots = {one.subject: None for one in given if one.subject == one.issuer and one.subject is not None}
    # A powerline stands for any subject, but all of a path for the same one.
    subjects = roots if revoked.subject is None else [revoked.subject]
    paths = [path for subject in subjects if (path := _shortest(revoked, given, subject, revoker)) is not None]
    return min(paths, key=len, default=None)


def _delegation(link: CID, found: Mapping[CID, object]) -> Delegation:
    token = found.get(link)
    if not isinstance(token, Delegation):
        raise DelegationNotFound(link)
    return token


def _check_path(revoke: CID, path: Sequence[Delegation]) -> None:
    last = len(path) - 1
    if path[last].cid != revoke:
        raise InvalidRevocationPath(
            f'args.path[{last}]: expected the revoked delegation "{revoke}", found "{path[last].cid}";'
            " a path goes from the root to the revoked delegation"
        )
    root = path[0]
    if root.subject is None or root.subject != root.issuer:
        raise InvalidRevocationPath(
            f'args.path[0]: delegation "{root.cid}" is issued by "{show_did(root.issuer)}" about'
            f' "{show_did(root.subject)}"; a root is issued by its subject'
        )
    for place, (before, one) in enumerate(pairwise(path), 1):
        if one.issuer != before.audience:
            raise InvalidRevocationPath(
                f'args.path[{place}]: delegation "{one.cid}" is issued by "{show_did(one.issuer)}"; expected'
                f' "{show_did(before.audience)}", the audience of the one before it'
            )
        if one.subject not in (None, root.subject):
            raise InvalidRevocationPath(
                f'args.path[{place}]: delegation "{one.cid}" is about "{show_did(one.subject)}"; expected'
                f' "{show_did(root.subject)}", as the root is, or null'
            )
    _check_simple(path)


def _check_simple(path: Sequence[Delegation]) -> None:
    """A path passes by nobody twice.

    Else the audience of a delegation could put itself before it, by one of its own that leads back to the issuer, and have a
    say in its own loss. Nothing is lost: a path without the circle leads there too, and whoever issued a part of the circle may
    revoke that part. What one issues for oneself leads past nobody, and may be on the way.
    """
    links = {path[0].cid}
    issuers = {path[0].issuer}
    for place, (before, one) in enumerate(pairwise(path), 1):
        if one.cid in links:
            raise InvalidRevocationPath(f'args.path[{place}]: delegation "{one.cid}" is on the path twice')
        if one.issuer != before.issuer and one.issuer in issuers:
            raise InvalidRevocationPath(
                f'args.path[{place}]: delegation "{one.cid}" is issued by "{show_did(one.issuer)}", who stands further up the'
                " path already; a path does not go in a circle: leave out what leads back"
            )
        links.add(one.cid)
        issuers.add(one.issuer)


def _bounded(cause: Invocation, path: tuple[Delegation, ...]) -> tuple[Delegation, ...]:
    size = len(bytes(cause)) + sum(len(bytes(one)) for one in path)
    if size > MAX_RECORD:
        raise RevocationTooLarge(size)
    return path


def _goes_back(one: Delegation, path: Sequence[Delegation]) -> bool:
    """Say whether the path would be in a circle with `one` before it."""
    return one in path or (one.issuer != path[0].issuer and any(later.issuer == one.issuer for later in path))


def _shortest(revoked: Delegation, given: Sequence[Delegation], subject: DID, revoker: DID) -> tuple[Delegation, ...] | None:
    # Backwards from the revoked one, breadth first. Whom one comes by with the revoker on the way, and without, are two places:
    # the ways on are the same, but only from one of them does a root end the path.
    by_audience: dict[DID, list[Delegation]] = {}
    for one in given:
        if one.subject in (None, subject):
            by_audience.setdefault(one.audience, []).append(one)
    seen = {(revoked.issuer, False)}
    frontier: list[tuple[tuple[Delegation, ...], bool]] = [((revoked,), False)]
    for _ in range(MAX_PATH - 1):
        longer: list[tuple[tuple[Delegation, ...], bool]] = []
        for path, passed in frontier:
            for one in by_audience.get(path[0].issuer, ()):
                if _goes_back(one, path):
                    continue
                place = (one.issuer, passed or one.issuer == revoker)
                if place[1] and one.issuer == subject and one.subject is not None:
                    return (one, *path)
                if place not in seen:
                    seen.add(place)
                    longer.append(((one, *path), place[1]))
        frontier = longer
    return None
