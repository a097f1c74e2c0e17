"""Verdicts: whether each token of a container would be accepted, step by step, and what to do where it would not.

Tokens and facts in, verdicts out; nothing is fetched here. `forge.verify` decides, and a verdict's error is the one that a
server would answer, name and message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import Failure, TokenError
from forge.policy import Budget
from forge.receipt import Receipt
from forge.verdict.account import Account, tell
from forge.verdict.advice import advise
from forge.verdict.case import Case, ChainCase, Given, InvocationCase, ReceiptCase
from forge.verdict.chains import chains_of, command_of, subject_of
from forge.verify import Facts, Step, issuers

_UNREADABLE: Final = "No service reads it, so nothing comes of it: have it made again, with that put right."


@dataclass(frozen=True)
class Grant:
    """What a chain of delegations allows."""

    audience: DID
    """To whom."""
    subject: DID
    command: CommandPath
    """With all that is below it."""
    not_before: int | None
    """Unix seconds: the latest of the links'; None is always."""
    expiration: int | None
    """Unix seconds: the earliest of the links'; None is never."""
    policy: list[Value]
    """The statements of all links: what the arguments have to satisfy."""


class Refusal(NamedTuple):
    """The error that a receipt would hold."""

    name: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """What is said about one token."""

    kind: str
    """`invocation`, `delegation`, `receipt`, or `unreadable`: what is among them and is no token."""
    token: CID | None
    """Of a chain of delegations, the last; None for what is no token."""
    steps: tuple[Account, ...]
    """Those that were taken; where there is an error, the last one failed."""
    error: Refusal | None = None
    advice: str | None = None
    """One sentence, where there is an error."""
    grant: Grant | None = None
    """Where a chain of delegations is good."""

    @property
    def accepted(self) -> bool:
        """Whether it would be accepted."""
        return self.error is None


def judge(  # noqa: PLR0913 - the facts, and who is meant
    container: Container,
    facts: Facts,
    *,
    proofs: Iterable[Delegation] = (),
    leeway: int = 0,
    audience: DID | None = None,
    authority: DID | None = None,
) -> tuple[Verdict, ...]:
    """Judge every invocation and every receipt of a container; where there is no invocation, every chain of delegations too.
    What is no token is not accepted.

    Args:
        container: what came.
        facts: the time, the keys of all that `signers` names, the revocations.
        proofs: delegations that are sent along besides.
        leeway: seconds by which clocks may differ, either way.
        audience: whose service invocations are for; whoever they are addressed to where None.
        authority: who is trusted to attest signatures. That is for the advice: what counts is how `facts` came about.
    """
    delegations = _at_hand(container, proofs)
    given = Given(facts, leeway, delegations, audience, authority, len(container.undecodable))
    # One for all of them, as a server has it for a request.
    budget = Budget()
    judged = [_judge(kind, token, case, budget) for kind, token, case in _cases(container, given)]
    # Whoever executes passes these over, and whoever sent them waits for an answer.
    unreadable = [
        Verdict("unreadable", None, (), Refusal(TokenError.__name__, one), _UNREADABLE) for one in container.undecodable
    ]
    return (*judged, *unreadable)


def signers(container: Container, proofs: Iterable[Delegation] = ()) -> frozenset[DID]:
    """Say whose keys `judge` will ask for."""
    delegations = _at_hand(container, proofs)
    asked = {token.executor for token in container.tokens if isinstance(token, Receipt)}
    for invocation in container.invocations:
        asked |= issuers(invocation, delegations)
    if not container.invocations:
        asked |= {one.issuer for one in delegations.values()}
    return frozenset(asked)


def named(container: Container, proofs: Iterable[Delegation] = ()) -> frozenset[DID]:
    """Name everybody whose keys could show what is wrong where something is: all who issue, receive, or are spoken about."""
    found: set[DID | None] = set()
    for one in _at_hand(container, proofs).values():
        found |= {one.issuer, one.audience, one.subject}
    for invocation in container.invocations:
        found |= {invocation.issuer, invocation.executor, invocation.subject}
    return frozenset(did for did in found if did is not None) | signers(container, proofs)


def _at_hand(container: Container, proofs: Iterable[Delegation]) -> Mapping[CID, Delegation]:
    return {**container.delegations, **{one.cid: one for one in proofs}}


def _cases(container: Container, given: Given) -> Iterator[tuple[str, CID, Case]]:
    for invocation in container.invocations:
        yield "invocation", invocation.cid, InvocationCase(given, invocation)
    if not container.invocations:
        for chain in chains_of(tuple(container.delegations.values()), tuple(given.delegations.values()), given.facts.now):
            yield "delegation", chain[-1].cid, ChainCase(given, chain, subject_of(chain), command_of(chain))
    for token in container.tokens:
        if isinstance(token, Receipt):
            yield "receipt", token.cid, ReceiptCase(given, token)


def _judge(kind: str, token: CID, case: Case, budget: Budget) -> Verdict:
    begun: list[Step] = []
    try:
        case.run(begun.append, budget)
    except Failure as failure:
        *passed, failed = begun
        steps = [*(tell(case, step, passed=True) for step in passed), tell(case, failed, passed=False)]
        return Verdict(kind, token, tuple(steps), Refusal(failure.name, failure.message), advise(case, failed, failure))
    steps = [tell(case, step, passed=True) for step in begun]
    return Verdict(kind, token, tuple(steps), grant=_grant(case) if isinstance(case, ChainCase) else None)


def _grant(case: ChainCase) -> Grant:
    return Grant(
        audience=case.issuer,
        subject=case.about,
        command=case.command,
        not_before=max((one.not_before for one in case.chain if one.not_before), default=None),
        expiration=min((one.expiration for one in case.chain if one.expiration is not None), default=None),
        policy=[statement for one in case.chain for statement in one.policy.encode()],
    )
