"""Execution: from a container of tokens to a container of receipts (protocol §10.2, §11).

    addressed to us? → a handler for exactly this command? → verify → arguments →
    in one transaction: revoked meanwhile? → ran before? → subject → handler → receipt → ledger →
    commit → answer

What changes something runs at most once, ever: the ledger is keyed by task, and looked up and written in the handler's own
transaction. A failure at any step is a receipt. Only what ran leaves a trace in the store; what was refused leaves none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from secrets import token_hex
from typing import Any, Final, Generic, NamedTuple, TypeVar

import structlog

from forge.admission import Admission, MissingEvidenceError, Ready
from forge.binding import Arguments, Effect, Task, to_wire
from forge.catalog import Catalog
from forge.container import Container
from forge.dagcbor import Value
from forge.deadline import Deadlines
from forge.envelope import Envelope
from forge.errors import Failure, HandlerExecutionError, InvalidAudience
from forge.invocation import Invocation
from forge.keys import PublicKey, Signer
from forge.policy import Budget
from forge.ports import Clock, LedgerEntry, Store, Transaction
from forge.receipt import Receipt
from forge.resolve import Resolver
from forge.verify import LEEWAY, Facts, Keys, RequestMemory, SignatureMemory

FAULT_TTL: Final = 30
"""Seconds until which the receipt of an unexpected fault is worth keeping; after that it is worth trying again."""
BREATH: Final = 0.005
"""Seconds for which the invocations of one container are verified before others get their turn."""
LARGE: Final = 64
"""Invocations from which a container is large."""
LARGE_AT_ONCE: Final = 2
"""Large containers that are executed at once: whoever sends one may wait, so that whoever sends one invocation need not."""

Tx = TypeVar("Tx", bound=Transaction)
T = TypeVar("T")

log = structlog.get_logger("forge")


class Outcome(NamedTuple):
    """What came of one invocation, for whoever counts."""

    command: str
    name: str
    """`ok`, or the failure's name."""


class Executor(Generic[Tx]):
    """Executes invocations that are addressed to one service."""

    def __init__(  # noqa: PLR0913 - the ports, and three settings
        self,
        signer: Signer,
        catalog: Catalog,
        store: Store[Tx],
        resolver: Resolver,
        clock: Clock,
        *,
        leeway: int = LEEWAY,
        deadline: float,
        observe: Callable[[Outcome], None] = lambda _: None,
        test_clock: bool = False,
        options: Arguments | None = None,
    ) -> None:
        """Put a service together.

        Args:
            signer: the service: its DID is who invocations are addressed to, its key signs receipts.
            catalog: what it serves.
            store: where its rows live.
            resolver: finds out others' keys.
            clock: now.
            leeway: seconds by which clocks may differ, either way.
            deadline: seconds that one invocation may wait for its transaction. It may still commit after that: the repeat
                then finds its receipt.
            observe: told what came of each invocation.
            test_clock: handlers are told the time that a test has set in the store, where it has. What is signed keeps `clock`.
            options: what the operator has set for the commands, as `catalog.configure` gives it.
        """
        self._signer = signer
        self._did = signer.did
        self._catalog = catalog
        self._store = store
        self._resolver = resolver
        self._clock = clock
        self._deadlines = Deadlines(deadline)
        self._observe = observe
        self._admission: Admission[Tx] = Admission(signer.did, catalog, leeway=leeway, test_clock=test_clock, options=options)
        self._memory = SignatureMemory()
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.running = 0
        """Invocations that are being executed now; a large container counts as `LARGE`. Whoever waits for somebody's slow host,
        or for its turn among the large ones, does not count: strangers must not fill this up by waiting."""

    async def execute(self, request: Container) -> Container:
        """Execute those invocations of a container that are addressed to us, in their order; answer with their receipts."""
        ours = [one for one in request.invocations if one.executor == self._did]
        # Before its turn comes: who waits for somebody's slow host holds nobody else up.
        signers = self._admission.signers(ours, request)
        keys = self._resolver.at_once(signers)
        if keys is None:
            keys = await self._resolver.resolve(signers)
        if len(ours) == 1:
            self.running += 1
            try:
                return Container((await self._run_one(ours[0], request, keys),))
            finally:
                self.running -= 1
        async with self._large if len(ours) > LARGE else nullcontext():
            weight = min(len(ours), LARGE)
            self.running += weight
            try:
                return Container(tuple(await self._run(ours, request, keys)))
            finally:
                self.running -= weight

    async def dispatch(self, invocation: Invocation, request: Container) -> Receipt:
        """Execute one invocation, whoever it is addressed to: what is for somebody else is `InvalidAudience`."""
        if invocation.executor != self._did:
            failure = InvalidAudience(f'invalid audience: expected "{self._did}", got "{invocation.executor}"')
            return self._refusal(invocation, failure, self._clock())
        return await self._run_one(invocation, request, await self._keys(invocation, request))

    async def follow(self, invocation: Invocation, request: Container, work: Callable[[Task[Any], Tx], T]) -> T:
        """Do `work` on a snapshot, in the place of a reading command's handler.

        For an invocation that is addressed to us and is followed, so this comes again and again: whether it may be executed
        is looked at every time.

        Raises:
            Failure: a refusal, or one that the command declares; `HandlerExecutionError` where something broke here.
        """
        try:
            keys = await self._keys(invocation, request)
            facts = Facts(now=self._clock(), keys=keys)
            ready = self._admission.prepare(invocation, request, facts, _FollowedMemory(self._memory), Budget())
            return await self._deadlines.bound(
                self._store.begin_read(lambda tx: self._do(self._admission.admit(ready, tx), tx, work))
            )
        except MissingEvidenceError as missing:
            raise missing.failure from None
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 - as in `_finish`
            raise self._broken(invocation, error) from None

    def refuse(self, invocation: Invocation, failure: Failure) -> Receipt:
        """Issue the receipt of a refusal."""
        return self._refusal(invocation, failure, self._clock())

    async def _keys(self, invocation: Invocation, request: Container) -> Keys:
        return await self._resolver.resolve(self._admission.signers([invocation], request))

    async def _run_one(self, invocation: Invocation, request: Container, keys: Keys) -> Receipt:
        now = self._clock()
        try:
            ready = self._admission.prepare(invocation, request, Facts(now, keys), RequestMemory(self._memory), Budget())
        except Failure as failure:
            return self._refusal(invocation, failure, now)
        except MissingEvidenceError as missing:
            return await self._repeat(missing, now)
        return await self._finish(ready)

    async def _run(self, invocations: Sequence[Invocation], request: Container, keys: Keys) -> list[Receipt]:
        now = self._clock()
        facts = Facts(now, keys)
        budget = Budget()
        memory = RequestMemory(self._memory)
        loop = asyncio.get_running_loop()
        breath = loop.time()
        answers: list[Receipt | _Begun[Tx]] = []
        effect = Effect.READS
        together: list[asyncio.Future[Receipt]] = []
        for invocation in invocations:
            if loop.time() - breath > BREATH:
                await asyncio.sleep(0)
                breath = loop.time()
            answer: asyncio.Future[Receipt]
            try:
                ready = self._admission.prepare(invocation, request, facts, memory, budget)
            except Failure as failure:
                answers.append(self._refusal(invocation, failure, now))
                continue
            except MissingEvidenceError as missing:
                answer = asyncio.create_task(self._repeat(missing, now))
                answers.append(_Begun(missing.ready, answer))
                together.append(answer)
                continue
            if ready.route.command.effect is not effect:
                # A reader sees what stands before it in the container, and nothing of what stands behind it.
                await self._settle(together)
                effect = ready.route.command.effect
            if effect is Effect.READS:
                answer = asyncio.create_task(self._finish(ready))
            else:
                # Not a task each: there may be thousands.
                begun = self._store.begin(partial(self._change, ready), brief=ready.route.command.brief)
                answer = self._deadlines.bound(begun)
            answers.append(_Begun(ready, answer))
            together.append(answer)
        await self._settle(together)
        return [one if isinstance(one, Receipt) else self._told(one) for one in answers]

    @staticmethod
    async def _settle(begun: list[asyncio.Future[Receipt]]) -> None:
        """Wait for all that was begun, each until its deadline, and forget it. What came of it is told later."""
        for one in begun:
            if not one.done():
                with suppress(Exception):
                    await one
        begun.clear()

    def _told(self, begun: _Begun[Tx]) -> Receipt:
        """Give the receipt of what was waited for."""
        ready, answer = begun
        if isinstance(answer, asyncio.Task):
            receipt: Receipt = answer.result()
            return receipt
        error = answer.exception()
        if error is not None:
            return self._went_wrong(ready, error)
        return self._went_well(ready, answer.result())

    async def _finish(self, ready: Ready[Tx]) -> Receipt:
        """Do what needs the store, and answer, whatever happens."""
        command = ready.route.command
        try:
            if command.effect is Effect.READS:
                result = await self._deadlines.bound(self._store.begin_read(partial(self._look, ready), brief=True))
                receipt = Receipt.issue(self._signer, ran=ready.task.cid, out=result, issued_at=ready.now)
            else:
                receipt = await self._deadlines.bound(self._store.begin(partial(self._change, ready), brief=command.brief))
        except Exception as error:  # noqa: BLE001 - whatever it is, the invoker gets a receipt and the operator a reference
            return self._went_wrong(ready, error)
        return self._went_well(ready, receipt)

    def _went_well(self, ready: Ready[Tx], receipt: Receipt) -> Receipt:
        self._observe(Outcome(ready.task.command, receipt.error_name or "ok"))
        return receipt

    def _went_wrong(self, ready: Ready[Tx], error: BaseException) -> Receipt:
        if isinstance(error, Failure):
            return self._refusal(ready.task.invocation, error, ready.now)
        if not isinstance(error, Exception):
            raise error
        return self._fault(ready.task.invocation, error, ready.now)

    async def _repeat(self, missing: MissingEvidenceError, now: int) -> Receipt:
        """Answer what came without its evidence: a repeat of what ran needs none."""
        invocation = missing.ready.verified.invocation
        try:
            known = await self._deadlines.bound(self._store.begin_read(lambda tx: tx.recorded(invocation.task), brief=True))
        except Exception as error:  # noqa: BLE001 - as in `_finish`
            return self._fault(invocation, error, now)
        return self._refusal(invocation, missing.failure, now) if known is None else Receipt.decode(known)

    def _look(self, ready: Ready[Tx], tx: Tx) -> Value:
        """Run a reading handler on a snapshot. Nothing of it is kept.

        Raises:
            Failure: a declared failure, or a refusal.
        """
        return self._handle(self._admission.admit(ready, tx), tx)

    def _change(self, ready: Ready[Tx], tx: Tx) -> Receipt:
        """Run a changing handler once: this is the unit of work that commits whole or not at all.

        Raises:
            Failure: a refusal; nothing ran.
        """
        self._admission.unless_revoked(ready, tx)
        # Before the subject's role is looked for: doing a task may take away the role by which it was done.
        known = tx.recorded(ready.task.cid)
        if known is not None:
            return Receipt.decode(known)
        ready = self._admission.see(ready, tx)
        task = ready.task
        out: Value | Failure
        try:
            out = self._handle(ready, tx)
        except Failure as failure:
            # Declared: the task ran, and this is what came of it. Its rows are undone; its receipt is kept.
            tx.undo()
            out = failure
        receipt = Receipt.issue(self._signer, ran=task.cid, out=out, issued_at=ready.now)
        tx.record(
            LedgerEntry(
                task=task.cid,
                command=task.command,
                issuer=task.issuer,
                subject=task.subject,
                invocation=bytes(ready.verified.invocation),
                proofs=ready.verified.invocation.proofs,
                receipt=bytes(receipt),
                at=ready.now,
            )
        )
        return receipt

    def _handle(self, ready: Ready[Tx], tx: Tx) -> Value:
        """Call the handler, as `_do` does."""
        return to_wire(self._do(ready, tx, ready.route.handle))

    @staticmethod
    def _do(ready: Ready[Tx], tx: Tx, work: Callable[[Task[Any], Tx], T]) -> T:
        """Call what does an admitted task.

        Raises:
            Failure: one that the command declares. Any other is a fault, like any other exception.
        """
        try:
            return work(ready.task, tx)
        except ready.route.command.failures:
            raise
        except Failure as failure:
            raise UndeclaredFailureError(ready.route.command.path, failure) from failure

    def _refusal(self, invocation: Invocation, failure: Failure, now: int) -> Receipt:
        self._observe(Outcome(invocation.command if invocation.command in self._catalog else "unknown", failure.name))
        expiration = now + FAULT_TTL if isinstance(failure, HandlerExecutionError) else None
        return Receipt.issue(self._signer, ran=invocation.task, out=failure, issued_at=now, expiration=expiration)

    def _fault(self, invocation: Invocation, error: Exception, now: int) -> Receipt:
        return self._refusal(invocation, self._broken(invocation, error), now)

    @staticmethod
    def _broken(invocation: Invocation, error: Exception) -> HandlerExecutionError:
        """Log what broke; give the failure that refers to it, and says nothing of it."""
        reference = token_hex(8)
        log.error(
            "fault",
            reference=reference,
            command=invocation.command,
            task=str(invocation.task),
            issuer=invocation.issuer,
            exc_info=error,
        )
        return HandlerExecutionError(f'"{invocation.command}" handler execution error: reference {reference}')


class _FollowedMemory(RequestMemory):
    """A memory for one look at an invocation that is followed: it comes again, and is remembered like its proofs."""

    def once(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature."""
        return self.verify(key, token)


class UndeclaredFailureError(Exception):
    """A handler raised a failure that its command does not declare: a fault of the handler."""

    def __init__(self, command: str, failure: Failure) -> None:
        super().__init__(f"{command} raised {failure.name}, which it does not declare: {failure.message}")


class _Begun(NamedTuple, Generic[Tx]):
    """What is waited for: the answer to an invocation."""

    ready: Ready[Tx]
    answer: asyncio.Future[Receipt]
