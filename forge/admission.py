"""Admission: what an invocation must pass before anything is done for it (protocol §11), in two parts.

    prepared, without the store    a handler for exactly this command? → verify → arguments → evidence → the command's judgement
    admitted, in the transaction   revoked meanwhile? → (what ran before is answered) → subject

Whatever is done for it, once or again and again, is done in the transaction that admitted it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Generic, TypeVar

from forge.binding import Arguments, Route, Task
from forge.catalog import Catalog
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import Failure, HandlerNotFound
from forge.invocation import Invocation
from forge.policy import Budget
from forge.ports import Transaction
from forge.receipt import Receipt
from forge.record import record
from forge.verify import (
    MAX_PROOFS,
    Facts,
    SignatureMemory,
    Verified,
    issuers,
    verify,
    verify_delegation,
    verify_receipt,
)

Tx = TypeVar("Tx", bound=Transaction)


@record()
class Ready(Generic[Tx]):
    """An invocation that is verified, with arguments that fit: all that is left needs the store."""

    route: Route[Any, Any]
    task: Task[Any]
    verified: Verified
    now: int
    """Unix seconds: what the receipt says. The task's own time may be a test's."""


class MissingEvidenceError(Exception):
    """What a command asks for did not come along."""

    def __init__(self, ready: Ready[Any], failure: Failure) -> None:
        super().__init__(failure.message)
        self.ready = ready
        self.failure = failure


class Admission(Generic[Tx]):
    """Admits to what one service serves."""

    def __init__(
        self, service: DID, catalog: Catalog, *, leeway: int, test_clock: bool, options: Arguments | None = None
    ) -> None:
        """Know the service.

        Args:
            service: its DID.
            catalog: what it serves.
            leeway: seconds by which clocks may differ, either way.
            test_clock: handlers are told the time that a test has set in the store, where it has.
            options: what the operator has set for the commands.
        """
        self._service = service
        self._catalog = catalog
        self._leeway = leeway
        self._test_clock = test_clock
        self._options = options

    def signers(self, invocations: Sequence[Invocation], request: Container) -> Collection[DID]:
        """Say whose keys will be asked for: all at once, so that what a request may have resolved is bounded in one place."""
        asked: set[DID] = set()
        evidence = False
        for one in invocations:
            asked.update(issuers(one, request.delegations))
            route = self._catalog.get(one.command)
            evidence = evidence or (route is not None and route.command.evidence is not None)
        if evidence:
            # What its arguments name is not known before they are read; what came along is a little more than that.
            asked.update(token.issuer for token in request.tokens if isinstance(token, Delegation))
            asked.update(token.executor for token in request.tokens if isinstance(token, Receipt))
        return asked

    def prepare(
        self, invocation: Invocation, request: Container, facts: Facts, memory: SignatureMemory, budget: Budget
    ) -> Ready[Tx]:
        """Do all that needs no store.

        Raises:
            MissingEvidenceError: something that the command asks for did not come along.
            Failure: a refusal, by verification or by the command itself.
        """
        route = self._catalog.get(invocation.command)
        if route is None:
            raise HandlerNotFound(f'handler not found: "{invocation.command}"')
        verified = verify(
            invocation,
            request.delegations,
            facts,
            leeway=self._leeway,
            memory=memory,
            budget=budget,
        )
        task = Task(
            cid=invocation.task,
            command=invocation.command,
            arguments=route.command.parse(invocation.arguments),
            subject=invocation.subject,
            issuer=invocation.issuer,
            executor=self._service,
            at=facts.now,
            invocation=invocation,
            options=self._options,
        )
        return self._weigh(Ready(route, task, verified, facts.now), request, facts, memory)

    def admit(self, ready: Ready[Tx], tx: Tx) -> Ready[Tx]:
        """Look at all that only the transaction knows.

        Raises:
            Failure: a refusal.
        """
        self.unless_revoked(ready, tx)
        return self.see(ready, tx)

    def unless_revoked(self, ready: Ready[Tx], tx: Tx) -> None:
        """Look at revocations: here, not before, so none can come between the look and the effect.

        Raises:
            Failure: something of the chain is revoked.
        """
        chain = ready.verified.chain
        if chain:
            revoked = tx.revokers({proof.cid for proof in chain}, {proof.issuer for proof in chain})
            if revoked:
                ready.verified.unless_revoked(revoked)

    def see(self, ready: Ready[Tx], tx: Tx) -> Ready[Tx]:
        """Look at a test's time, and at who the subject is.

        Raises:
            Failure: the command does not serve the subject.
        """
        if self._test_clock and (at := tx.time()) is not None:
            ready = replace(ready, task=replace(ready.task, at=at, clock=ready.now))
        ready.route.check_subject(ready.task, tx)
        return ready

    @staticmethod
    def _weigh(ready: Ready[Tx], request: Container, facts: Facts, memory: SignatureMemory) -> Ready[Tx]:
        """Add the evidence that the command asks for, once its signatures are verified, and let the command judge the task.

        Raises:
            MissingEvidenceError: something did not come along.
            Failure: something is not signed by its issuer; or the command's own refusal.
        """
        command, task = ready.route.command, ready.task
        if command.evidence is not None:
            tokens: list[Delegation | Receipt] = []
            for cid in islice(command.evidence.named(task.arguments), MAX_PROOFS):
                token = request.by_cid.get(cid)
                if not isinstance(token, Delegation | Receipt):
                    raise MissingEvidenceError(ready, command.evidence.missing(cid))
                tokens.append(token)
            for token in tokens:
                if isinstance(token, Delegation):
                    verify_delegation(token, facts, memory=memory)
                else:
                    verify_receipt(token, facts, memory=memory)
            task = replace(task, evidence={token.cid: token for token in tokens})
            ready = replace(ready, task=task)
        if command.judge is not None:
            command.judge(task)
        return ready
