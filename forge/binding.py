"""Binding a command to its arguments, its result, its failures, and the function that does it.

One value, used by both sides. A client makes invocations and reads receipts with a `Command`; a server serves the `Route`s of a
`Catalog`. The framework checks arguments and subject before the handler sees a task.

    class AddArguments(Arguments): ...
    class AddResult(Result): ...
    add = Command("/customer/add", AddArguments, AddResult, effect=Effect.CHANGES, subjects=(SERVICE,), failures=(...))
    def handle(task: Task[AddArguments], tx: Transaction) -> AddResult: ...
    route = add.route(handle)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from forge import errors
from forge.cid import CID
from forge.command import CommandPath
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import Failure, InvalidSubject, MalformedArguments
from forge.invocation import Invocation
from forge.keys import Signer
from forge.model import MAX_PROBLEM_CHARACTERS, MAX_PROBLEMS, Arguments, Nothing, Result, problems, to_wire
from forge.policy import Policy
from forge.receipt import Receipt
from forge.record import record

__all__ = [
    "ANYONE",
    "ISSUER",
    "SERVICE",
    "Arguments",
    "Command",
    "Effect",
    "Evidence",
    "Nothing",
    "Result",
    "Role",
    "Route",
    "Stream",
    "Task",
    "UndeclaredFailure",
    "failure_named",
    "failure_of",
    "to_wire",
]

A = TypeVar("A", bound=Arguments)
R = TypeVar("R", bound=Result)


class Effect(Enum):
    """Whether a command changes anything."""

    READS = "reads"
    CHANGES = "changes"


@record()
class Task(Generic[A]):
    """What a handler is asked to do: verified, with its arguments checked, about a subject that the command serves."""

    cid: CID
    """The task's name. What it changes is recorded under it."""
    command: CommandPath
    arguments: A
    subject: DID
    issuer: DID
    executor: DID
    """This service."""
    at: int
    """Unix seconds: now, for all of this task. Handlers see no other clock."""
    invocation: Invocation
    """The token itself."""
    evidence: Mapping[CID, Delegation | Receipt] = field(default_factory=dict)
    """What the command's `evidence` names, all of it, each signed by its issuer."""
    options: Arguments | None = None
    """What the operator has set for the commands of the catalogue: see `Catalog`."""
    clock: int | None = None
    """What the clock says, in Unix seconds, where `at` is a test's."""

    @property
    def signed_at(self) -> int:
        """Now, for what others judge by their own clocks, such as a revocation: never a test's time. Unix seconds."""
        return self.at if self.clock is None else self.clock


@dataclass(frozen=True)
class Role:
    """Whom a subject may be, for a command: its name in documents, and who that is for a given task.

    `of(task, tx)` gives None where there is nobody of that role.
    """

    name: str
    of: Callable[[Task[Any], Any], DID | None]


SERVICE: Final = Role("service", lambda task, _: task.executor)
ISSUER: Final = Role("issuer", lambda task, _: task.issuer)
"""Who invokes, about itself: what it asks cannot be delegated."""
ANYONE: Final = Role("anyone", lambda task, _: task.subject)


@dataclass(frozen=True)
class Evidence(Generic[A]):
    """What a handler judges beside the chain that authorizes it: delegations and receipts that come in the same container."""

    named: Callable[[A], Iterable[CID]]
    """Their CIDs, in the arguments."""
    missing: Callable[[CID], Failure]
    """What is answered where one did not come along. It is no outcome of the task: the same task may be sent again with it."""


class UndeclaredFailure(Failure):
    """A failure that a receipt names and that nothing here knows."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self._name = name

    @property
    def name(self) -> str:
        """The name on the wire."""
        return self._name


class Command(Generic[A, R]):
    """A command's definition, the same value for those who invoke it and for those who serve it."""

    def __init__(  # noqa: PLR0913 - a command has these parts
        self,
        path: str,
        arguments: type[A],
        result: type[R],
        *,
        effect: Effect,
        subjects: Sequence[Role],
        failures: Sequence[type[Failure]] = (),
        refusal: Callable[[Task[A]], Failure] | None = None,
        evidence: Evidence[A] | None = None,
        judge: Callable[[Task[A]], object] | None = None,
        brief: bool = False,
    ) -> None:
        """Define a command.

        Args:
            path: such as `/customer/add`.
            arguments: what it takes.
            result: what it gives.
            effect: whether it changes anything. What changes something runs once and is kept in the ledger.
            subjects: whom its subject may be.
            failures: what it declares; a handler that raises anything else has a fault.
            refusal: what is answered for a subject that it does not serve. Where a stranger must not learn what is there,
                this is what "there is none" looks like, word for word. `InvalidSubject` where None.
            evidence: what must come along; its signatures are verified before the handler sees it.
            judge: looks at a task by itself, before the store is touched: a failure that it raises is a refusal and leaves no
                trace, where a handler's is an outcome and is kept. For commands that anybody may invoke.
            brief: of one that changes: its handler touches a few rows by their keys, whatever its arguments say and however
                much is stored. It runs on the event loop, where all wait for it. For one that reads that is tried.
        """
        self.path = CommandPath(path)
        self.arguments = arguments
        self.result = result
        self.effect = effect
        self.subjects = tuple(subjects)
        self.failures = tuple(failures)
        self.evidence = evidence
        self.judge = judge
        self.brief = brief
        self._refusal = refusal
        # What `model_validate` calls.
        self._validate: Callable[..., A] = arguments.__pydantic_validator__.validate_python
        self._keys = frozenset(field.alias or name for name, field in arguments.model_fields.items())

    def __repr__(self) -> str:
        return f"Command({str(self.path)!r})"

    @property
    def summary(self) -> str:
        """The first line of the defining module's docstring, without the path and the full stop."""
        line = self.documentation.partition("\n")[0].rstrip(".")
        return line.removeprefix(f"`{self.path}`:").strip()

    @property
    def documentation(self) -> str:
        """The defining module's docstring."""
        return (sys.modules[self.arguments.__module__].__doc__ or "").strip()

    # -- for those who invoke

    def invoke(  # noqa: PLR0913 - an invocation has these parts
        self,
        issuer: Signer,
        arguments: A,
        *,
        subject: DID,
        expiration: int | None,
        audience: DID | None = None,
        proofs: Sequence[Delegation] = (),
        nonce: bytes | None = None,
    ) -> Invocation:
        """Sign an invocation of this command. See `Invocation.issue`; `proofs` is the chain, root first."""
        return Invocation.issue(
            issuer,
            subject=subject,
            command=self.path,
            arguments=to_wire(arguments),
            expiration=expiration,
            audience=audience,
            proofs=[proof.cid for proof in proofs],
            nonce=nonce,
        )

    def delegate(  # noqa: PLR0913 - a delegation has these parts
        self,
        issuer: Signer,
        *,
        audience: DID,
        subject: DID | None,
        expiration: int | None,
        policy: Policy = Policy.ANY,
        not_before: int | None = None,
        nonce: bytes | None = None,
    ) -> Delegation:
        """Sign a delegation of this command. See `Delegation.issue`."""
        return Delegation.issue(
            issuer,
            audience=audience,
            subject=subject,
            command=self.path,
            expiration=expiration,
            policy=policy,
            not_before=not_before,
            nonce=nonce,
        )

    def unpack(self, receipt: Receipt) -> R:
        """Give a receipt's result, or raise its failure.

        Raises:
            Failure: the receipt's error, as the declared class where there is one.
            TokenError: the result is not of this command's shape.
        """
        if receipt.error is not None:
            raise failure_of(receipt, self.failures)
        try:
            return self.result.model_validate(receipt.ok, by_alias=True, by_name=False)
        except ValidationError as error:
            raise errors.TokenError(f"the result is not one of {self.path}: {problems(error, 'ok')}") from error

    # -- for those who serve it

    def route(self, handle: Callable[[Task[A], Any], R], stream: Stream[A] | None = None) -> Route[A, R]:
        """Bind the function that does it, and the stream by which the same can be followed.

        Raises:
            ValueError: a stream of a command that changes something, which would do so at every look.
        """
        if stream is not None and self.effect is not Effect.READS:
            raise ValueError(f"{self.path} changes something: it has no stream")
        return Route(self, handle, stream)

    def parse(self, arguments: Mapping[str, Value]) -> A:
        """Check arguments as they came.

        Raises:
            MalformedArguments: they are not of this command's shape. The message names each key and what was expected.
        """
        if len(arguments) > len(self._keys) and len(unknown := arguments.keys() - self._keys) > MAX_PROBLEMS:
            # Before a model looks at them: it would describe each of half a million.
            some = "; ".join(f"args.{key[:MAX_PROBLEM_CHARACTERS]}: unknown key" for key in islice(unknown, MAX_PROBLEMS))
            raise MalformedArguments(f"malformed arguments: {some}; and {len(unknown) - MAX_PROBLEMS} more")
        try:
            return self._validate(arguments, by_alias=True, by_name=False)
        except ValidationError as error:
            raise MalformedArguments(f"malformed arguments: {problems(error, 'args')}") from None

    def refuse(self, task: Task[A]) -> Failure:
        """Say no to a subject that this command does not serve."""
        if self._refusal is not None:
            return self._refusal(task)
        expected = " or ".join(role.name for role in self.subjects)
        return InvalidSubject(f'"{self.path}" does not serve the subject "{task.subject}": expected the {expected}')


@dataclass(frozen=True)
class Stream(Generic[A]):
    """What a reading command's answer grows by, to be followed at `GET {path}/{since}` by whoever may ask for the answer."""

    path: str
    """Such as `/events`."""
    name: str
    """What one item is, such as `event`: the name that goes on the wire with each."""
    read: Callable[[Task[A], Any, int, int], Sequence[tuple[int, Result | Mapping[str, Value] | None]]]
    """`read(task, tx, after, limit)` gives what follows a number: the first `limit` at most, each with its own number.

    Numbers are positive and grow in the order in which what they name became visible: none comes up behind one that was given.
    None is for what the arguments, or the subject, leave out: it is passed over. Only where nothing follows is nothing given.
    """
    last: Callable[[Any], int]
    """`last(tx)` says the number of the last of all, quickly: it is asked for all the time that somebody follows."""


@dataclass(frozen=True)
class Route(Generic[A, R]):
    """A command and the function that does it.

    A handler is a plain function: same rows, same task, same answer. It sees no clock, no randomness, no network; it may be run
    again from the start, and only what its last run did is kept.
    """

    command: Command[A, R]
    handle: Callable[[Task[A], Any], R]
    stream: Stream[A] | None = None

    def check_subject(self, task: Task[A], tx: object) -> None:
        """Check that the command serves the task's subject.

        Raises:
            Failure: it does not; which one, the command says.
        """
        for role in self.command.subjects:
            if role.of(task, tx) == task.subject:
                return
        raise self.command.refuse(task)


def failure_of(receipt: Receipt, declared: Sequence[type[Failure]] = ()) -> Failure:
    """Make the failure that a receipt's error names: a declared one, one of the protocol's, or an undeclared one."""
    return failure_named(receipt.error_name or "", receipt.error_message or "", declared)


def failure_named(name: str, message: str, declared: Sequence[type[Failure]] = ()) -> Failure:
    """Make the failure of a name, as `failure_of` does."""
    for kind in (*declared, *_PROTOCOL_FAILURES):
        if kind.__name__ == name:
            # A declared failure's own constructor makes the message from its parts; here the message is what there is.
            failure = kind.__new__(kind)
            Failure.__init__(failure, message)
            return failure
    return UndeclaredFailure(name, message)


_PROTOCOL_FAILURES: Final = tuple(kind for kind in Failure.__subclasses__() if kind.__module__ == errors.__name__)
