"""The chains of delegations that came without an invocation: whom would each authorise, and for what?

A container keeps no order, and nobody signs one: the chain that ends with a delegation is searched for, as a client does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from forge.chain import find_chain
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.verify import MAX_PROOFS


def chains_of(delegations: Sequence[Delegation], at_hand: Sequence[Delegation], at: int) -> Iterator[tuple[Delegation, ...]]:
    """Give a chain, root first, for each delegation that no other passes on; for the last one where all are passed on.

    Args:
        delegations: where a chain may end.
        at_hand: those, and what else a chain may consist of.
        at: Unix seconds: of several chains, one that is in force then.
    """
    issued: dict[DID, list[Delegation]] = {}
    for one in delegations:
        issued.setdefault(one.issuer, []).append(one)
    ends = [one for one in delegations if not any(_passes_on(other, one) for other in issued.get(one.audience, ()))]
    for end in ends or delegations[-1:]:
        yield _chain_to(end, at_hand, at)


def subject_of(chain: Sequence[Delegation]) -> DID:
    """Say whom a chain is about: whoever its root names, or else its issuer, as far as that goes."""
    return next((one.subject for one in reversed(chain) if one.subject is not None), chain[0].issuer)


def command_of(chain: Sequence[Delegation]) -> CommandPath:
    """Say what a chain allows: the narrowest of its commands, since every link has to cover what is invoked."""
    return max(reversed(chain), key=lambda one: len(one.command.segments)).command


def _passes_on(other: Delegation, one: Delegation) -> bool:
    return (
        other.issuer == one.audience
        and other.cid != one.cid
        and (other.subject is None or one.subject is None or other.subject == one.subject)
        and (one.command.covers(other.command) or other.command.covers(one.command))
    )


def _chain_to(end: Delegation, delegations: Sequence[Delegation], at: int) -> tuple[Delegation, ...]:
    before = [one for one in delegations if one.cid != end.cid]
    subjects = dict.fromkeys([end.subject] if end.subject is not None else (one.subject for one in before))
    commands = dict.fromkeys([end.command, *(one.command for one in before if end.command.covers(one.command))])
    for subject in subjects:
        for command in commands:
            found = subject and find_chain(before, issuer=end.issuer, subject=subject, command=command, at=at)
            if found or (found == () and end.subject is not None):
                return (*found, end)
    return _as_far_as_it_goes(end, before)


def _as_far_as_it_goes(end: Delegation, before: Sequence[Delegation]) -> tuple[Delegation, ...]:
    """Walk back from the end while there is somebody who delegated: where that stops, verification says what is missing."""
    chain: tuple[Delegation, ...] = (end,)
    while len(chain) < MAX_PROOFS:
        previous = next((one for one in before if one not in chain and _passes_on(chain[0], one)), None)
        if previous is None:
            break
        chain = (previous, *chain)
        if previous.issuer == previous.subject:
            break
    return chain
