"""Finding a chain of proofs: from whoever has all authority over a subject to whoever wants to act (protocol §8.2).

A client's convenience. The verifier never searches: it takes the chain that the invocation lists.
"""

from __future__ import annotations

from collections.abc import Iterable

from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.verify import MAX_PROOFS


def find_chain(
    delegations: Iterable[Delegation],
    *,
    issuer: DID,
    subject: DID,
    command: CommandPath,
) -> tuple[Delegation, ...] | None:
    """Find the shortest chain by which `issuer` may invoke `command` on `subject`, root first.

    Times, signatures and policies are not looked at: what is wrong with those, the service says better.

    Returns:
        The chain; empty where the issuer is the subject; None where there is none.
    """
    if issuer == subject:
        return ()
    useful = [one for one in delegations if one.command.covers(command) and one.subject in (None, subject)]
    # Backwards from the issuer, breadth first: every holder that is reached is reached by a shortest way.
    ways: dict[DID, tuple[Delegation, ...]] = {issuer: ()}
    frontier = [issuer]
    while frontier:
        reached: list[DID] = []
        for holder in frontier:
            for one in useful:
                if one.audience != holder or len(ways[holder]) >= MAX_PROOFS:
                    continue
                way = (one, *ways[holder])
                if one.issuer == subject and one.subject is not None:
                    return way
                if one.issuer not in ways:
                    ways[one.issuer] = way
                    reached.append(one.issuer)
        frontier = reached
    return None
