"""Finding a chain of proofs: from whoever has all authority over a subject to whoever wants to act (protocol §8.2).

A client's convenience. The verifier never searches: it takes the chain that the invocation lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from forge.command import CommandPath
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import MatchError
from forge.verify import MAX_PROOFS


def find_chain(  # noqa: PLR0913 - a task has these parts
    delegations: Iterable[Delegation],
    *,
    issuer: DID,
    subject: DID,
    command: CommandPath,
    at: int | None = None,
    arguments: Mapping[str, Value] | None = None,
) -> tuple[Delegation, ...] | None:
    """Find the shortest chain by which `issuer` may invoke `command` on `subject`, root first.

    Where several would do, one is taken that is in force `at` that time (Unix seconds) and allows `arguments`, as far as those
    are given. Where only others are left, one of those is: what is wrong with it, the service says better. Signatures are not
    looked at.

    Returns:
        The chain; empty where the issuer is the subject; None where there is none.
    """
    if issuer == subject:
        return ()
    useful = [one for one in delegations if one.command.covers(command) and one.subject in (None, subject)]
    fitting = [one for one in useful if _in_force(one, at) and _allows(one, arguments)]
    return _shortest(fitting, issuer, subject) or _shortest(useful, issuer, subject)


def _shortest(delegations: Sequence[Delegation], issuer: DID, subject: DID) -> tuple[Delegation, ...] | None:
    # Backwards from the issuer, breadth first: every holder that is reached is reached by a shortest way.
    by_audience: dict[DID, list[Delegation]] = {}
    for one in delegations:
        by_audience.setdefault(one.audience, []).append(one)
    ways: dict[DID, tuple[Delegation, ...]] = {issuer: ()}
    frontier = [issuer]
    for _ in range(MAX_PROOFS):
        reached: list[DID] = []
        for holder in frontier:
            for one in by_audience.get(holder, ()):
                way = (one, *ways[holder])
                if one.issuer == subject and one.subject is not None:
                    return way
                if one.issuer not in ways:
                    ways[one.issuer] = way
                    reached.append(one.issuer)
        frontier = reached
    return None


def _in_force(one: Delegation, at: int | None) -> bool:
    """Say whether a verifier would find it in force, without leeway: both ends are outside (§8.3)."""
    return at is None or ((one.expiration is None or at < one.expiration) and (not one.not_before or one.not_before < at))


def _allows(one: Delegation, arguments: Mapping[str, Value] | None) -> bool:
    if arguments is None:
        return True
    try:
        one.policy.match(dict(arguments))
    except MatchError:
        return False
    return True
