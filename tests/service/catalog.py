"""The service's commands, and some that misbehave on purpose."""

from __future__ import annotations

import os
import signal
from typing import Any, cast

from commands import CATALOG as SERVED
from forge.binding import ANYONE, SERVICE, Arguments, Command, Effect, Nothing, Result, Task
from forge.catalog import Catalog
from forge.did import DID
from forge.errors import Failure
from store.records import Customer, Event
from store.transaction import Transaction


class NoArguments(Arguments):
    """None."""


class TextArguments(Arguments):
    """One text."""

    text: str = ""


class TextResult(Result):
    """One text."""

    text: str


class Declared(Failure):
    """A failure that its command declares."""


class NotDeclared(Failure):
    """A failure that no command declares."""


def _event(task: Task[Any], tx: Transaction, kind: str) -> None:
    tx.append(
        Event(at=task.at, task=task.cid, command=task.command, issuer=task.issuer, subject=task.subject, type=kind, data={})
    )


def _customer(task: Task[Any], tx: Transaction) -> None:
    tx.add_customer(Customer(did=task.issuer, product=DID("did:web:x.example.com"), task=task.cid, inserted_at=task.at))


def change(path: str, arguments: type[Arguments] = NoArguments, result: type[Result] = Nothing) -> Command[Any, Any]:
    return Command(path, arguments, result, effect=Effect.CHANGES, subjects=(ANYONE,), failures=(Declared,))


note = change("/test/note", TextArguments, TextResult)
boom = change("/test/boom")
declared = change("/test/declared")
undeclared = change("/test/undeclared")
nothing = change("/test/nothing")
unsayable = change("/test/unsayable", result=TextResult)
die = change("/test/die")
count = Command("/test/count", NoArguments, TextResult, effect=Effect.READS, subjects=(ANYONE,))
only_service = Command("/test/only-service", NoArguments, Nothing, effect=Effect.CHANGES, subjects=(SERVICE,))
SECRET = "a-secret-that-must-not-leave"


def on_note(task: Task[TextArguments], tx: Transaction) -> TextResult:
    _event(task, tx, "noted")
    return TextResult(text=task.arguments.text)


def on_boom(task: Task[Any], tx: Transaction) -> Nothing:
    _customer(task, tx)
    raise RuntimeError(SECRET)


def on_declared(task: Task[Any], tx: Transaction) -> Nothing:
    _customer(task, tx)
    raise Declared("declared")


def on_undeclared(task: Task[Any], tx: Transaction) -> Nothing:
    _customer(task, tx)
    raise NotDeclared(SECRET)


def on_nothing(task: Task[Any], tx: Transaction) -> Nothing:
    _customer(task, tx)
    return cast("Nothing", None)


def on_unsayable(task: Task[Any], tx: Transaction) -> TextResult:
    _customer(task, tx)
    return TextResult.model_construct(text=object())  # type: ignore[arg-type]


def on_die(task: Task[Any], tx: Transaction) -> Nothing:
    """Pull the plug between two statements."""
    _customer(task, tx)
    os.kill(os.getpid(), signal.SIGKILL)
    _event(task, tx, "never")
    return Nothing()


def on_count(task: Task[Any], tx: Transaction) -> TextResult:
    return TextResult(text=str(sum(event.subject == task.subject for event in tx.events())))


CATALOG = Catalog(
    *SERVED,
    note.route(on_note),
    boom.route(on_boom),
    declared.route(on_declared),
    undeclared.route(on_undeclared),
    nothing.route(on_nothing),
    unsayable.route(on_unsayable),
    die.route(on_die),
    count.route(on_count),
    only_service.route(lambda task, tx: Nothing()),  # noqa: ARG005 - a handler's signature
)
