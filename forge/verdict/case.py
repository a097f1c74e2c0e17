"""Cases: what is judged, held so that it can be tried again with one thing different.

`forge.verify` alone says whether something is accepted. A case asks it: as things are, at another time, with other proofs,
about another subject. To change a decoded token leaves its signature as it was, so a trial shows what all the rest would say.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import Failure, InvalidAudience
from forge.invocation import Invocation
from forge.policy import Budget
from forge.receipt import Receipt
from forge.verify import Facts, RequestMemory, SignatureMemory, Step, Watch, verify, verify_chain, verify_receipt


@dataclass(frozen=True)
class Given:
    """What is the same for all that is judged together."""

    facts: Facts
    leeway: int = 0
    """Seconds by which clocks may differ, either way."""
    delegations: Mapping[CID, Delegation] = field(default_factory=dict, repr=False)
    """Every one that is there, linked or not."""
    audience: DID | None = None
    """Who is to execute invocations, where whoever asks knows that."""
    authority: DID | None = None
    """Who is trusted to attest the signatures of DIDs that have no key."""
    undecodable: int = 0
    """What came along and is no token."""
    memory: SignatureMemory = field(default_factory=lambda: RequestMemory(SignatureMemory()), repr=False)


@dataclass(frozen=True)
class Case(ABC):
    """Something that is accepted or not."""

    given: Given

    @abstractmethod
    def run(self, watch: Watch | None = None, budget: Budget | None = None) -> None:
        """Verify it.

        Raises:
            Failure: it is not accepted; this is why.
        """

    @property
    @abstractmethod
    def issuer(self) -> DID:
        """Who has to have the authority."""

    @property
    @abstractmethod
    def about(self) -> DID:
        """The subject."""

    @property
    @abstractmethod
    def command(self) -> CommandPath:
        """What is to be done."""

    @property
    @abstractmethod
    def chain(self) -> tuple[Delegation, ...]:
        """The proofs that are there, root first."""

    @property
    def linked(self) -> tuple[CID, ...]:
        """The proofs that it links, whether they are there or not."""
        return tuple(proof.cid for proof in self.chain)

    @property
    def executor(self) -> DID:
        """Who it says is to execute it."""
        return self.about

    @property
    def arguments(self) -> dict[str, Value] | None:
        """With what it is to be done; None where that is open."""
        return None

    @property
    def tokens(self) -> tuple[Invocation | Delegation, ...]:
        """What it consists of, and what has times."""
        return self.chain

    def at(self, now: int) -> Self:
        """Give the same at another time."""
        return replace(self, given=replace(self.given, facts=replace(self.given.facts, now=now)))

    def allowing(self, leeway: int) -> Self:
        """Give the same with another leeway."""
        return replace(self, given=replace(self.given, leeway=leeway))

    def attempt(self) -> Failure | None:
        """Say why it is not accepted; None where it is."""
        try:
            self.run()
        except Failure as failure:
            return failure
        return None


@dataclass(frozen=True)
class InvocationCase(Case):
    """An invocation, and what came with it."""

    invocation: Invocation

    def run(self, watch: Watch | None = None, budget: Budget | None = None) -> None:
        """Verify it, as an executor does.

        Raises:
            Failure: it is not accepted; this is why.
        """
        if self.given.audience is not None:
            if watch:
                watch(Step("0", self.invocation))
            if self.invocation.executor != self.given.audience:
                raise InvalidAudience(f'invalid audience: expected "{self.given.audience}", got "{self.invocation.executor}"')
        verify(
            self.invocation,
            self.given.delegations,
            self.given.facts,
            leeway=self.given.leeway,
            memory=self.given.memory,
            budget=budget,
            watch=watch,
        )

    @property
    def issuer(self) -> DID:
        """Who asks."""
        return self.invocation.issuer

    @property
    def about(self) -> DID:
        """Its subject."""
        return self.invocation.subject

    @property
    def command(self) -> CommandPath:
        """Its command."""
        return self.invocation.command

    @property
    def chain(self) -> tuple[Delegation, ...]:
        """The proofs that it links and that are there."""
        return tuple(self.given.delegations[cid] for cid in self.invocation.proofs if cid in self.given.delegations)

    @property
    def linked(self) -> tuple[CID, ...]:
        """The proofs that it links."""
        return self.invocation.proofs

    @property
    def executor(self) -> DID:
        """Who it is addressed to."""
        return self.invocation.executor

    @property
    def arguments(self) -> dict[str, Value] | None:
        """Its arguments."""
        return self.invocation.arguments

    @property
    def tokens(self) -> tuple[Invocation | Delegation, ...]:
        """Itself and its proofs."""
        return (self.invocation, *self.chain)

    def for_anybody(self) -> Self:
        """Give the same, whoever is to execute it."""
        return replace(self, given=replace(self.given, audience=None))

    def linking(self, chain: Sequence[Delegation]) -> Self:
        """Give the same with other proofs."""
        delegations = {**self.given.delegations, **{proof.cid: proof for proof in chain}}
        invocation = replace(self.invocation, proofs=tuple(proof.cid for proof in chain))
        return replace(self, invocation=invocation, given=replace(self.given, delegations=delegations))

    def concerning(self, subject: DID) -> Self:
        """Give the same about another subject, whoever is to execute that."""
        return replace(self.for_anybody(), invocation=replace(self.invocation, subject=subject))


@dataclass(frozen=True)
class ChainCase(Case):
    """A chain of delegations, without an invocation: would it authorise its last audience?"""

    links: tuple[Delegation, ...]
    subject: DID
    path: CommandPath

    def run(self, watch: Watch | None = None, budget: Budget | None = None) -> None:
        """Verify the chain: there is no invocation yet, so steps 4a to 4g are all that there is.

        Raises:
            Failure: it is not accepted; this is why.
        """
        del budget  # No arguments, no policies.
        verify_chain(
            self.links,
            self.subject,
            self.path,
            self.given.facts,
            leeway=self.given.leeway,
            memory=self.given.memory,
            watch=watch,
        )

    @property
    def issuer(self) -> DID:
        """The last audience: who would invoke."""
        return self.links[-1].audience

    @property
    def about(self) -> DID:
        """The chain's subject."""
        return self.subject

    @property
    def command(self) -> CommandPath:
        """The narrowest command of the chain."""
        return self.path

    @property
    def chain(self) -> tuple[Delegation, ...]:
        """The chain."""
        return self.links


@dataclass(frozen=True)
class ReceiptCase(Case):
    """A receipt: its executor's word about itself."""

    receipt: Receipt

    def run(self, watch: Watch | None = None, budget: Budget | None = None) -> None:
        """Verify it.

        Raises:
            Failure: it is not accepted; this is why.
        """
        del budget
        verify_receipt(self.receipt, self.given.facts, memory=self.given.memory, watch=watch)

    @property
    def issuer(self) -> DID:
        """The executor."""
        return self.receipt.executor

    @property
    def about(self) -> DID:
        """Whom it says that it is about: the executor, if it is good."""
        return self.receipt.assertion.subject

    @property
    def command(self) -> CommandPath:
        """What every receipt is on the wire."""
        return self.receipt.assertion.command

    @property
    def chain(self) -> tuple[Delegation, ...]:
        """None: receipts are not issued on somebody else's behalf."""
        return ()
