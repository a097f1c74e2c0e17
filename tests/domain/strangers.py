"""Law 4: not yours and not there look the same. Pairs of questions by somebody who is not entitled to know.

One of a pair names what is there, the other what is not. Name, message (but for the name that was sent) and the statements that
were run on the store are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any, Final

from store import Transaction
from tests.domain import desk
from tests.domain.cast import CONSUMERS, CUSTOMERS, ODD, PRODUCTS, SERVICE, STRANGER
from tests.domain.laws import Broken
from tests.domain.model import Ask, Book, may

UNKNOWN: Final = "did:web:unknown.example.com"
"""A DID that nothing is known about."""
NOTHING: Final = desk.name(10**9)
"""An id that no subscription has."""

Pair = tuple[str, str, dict[str, Any], dict[str, Any]]
"""A command, an argument, arguments where that one names what is there, and such where it names what is not."""


class StrangerLearns(Broken):
    """Somebody can tell what is there from what is not."""


class _UndoneError(Exception):
    """Undoes what a question may have changed."""


class Recorder:
    """A transaction that notes which statements are run."""

    def __init__(self, tx: Transaction) -> None:
        self.statements: list[str] = []
        self._real = tx._execute
        self.tx = Transaction(self._execute)

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        self.statements.append(statement)
        return self._real(statement, values)


def check_strangers(tx: Transaction, book: Book, at: int) -> Iterator[str]:
    """Ask each pair; give the commands that could be asked about.

    Raises:
        StrangerLearns: the two answers differ.
    """
    dice = Random(len(book.events) * 64 + at % 64)  # noqa: S311 - not a secret, and the same every time
    for command, argument, there, elsewhere in _pairs(book, dice):
        subjects = [did for did in (STRANGER, ODD, *CONSUMERS, *CUSTOMERS) if did != there[argument]]
        for subject in dice.sample(subjects, 1):
            asks = [Ask(command, subject, given.get("customer", subject), given, at, NOTHING) for given in (there, elsewhere)]
            listed = command.endswith("/list") and "customer" not in there and "payer" not in there
            # A list is for its subject whatever its filters say; all else is for nobody here.
            if any(may(book, ask) and not (listed and ask.subject != SERVICE) for ask in asks):
                continue
            if listed and _concerns(book, subject, there):
                continue
            _compare(tx, argument, asks)
            yield command


def _concerns(book: Book, subject: str, given: dict[str, Any]) -> bool:
    """Whether what a list is filtered by is, or ever was, its subject's own."""
    names = book.names(subject)
    sub, stays = book.subscriptions.get(given.get("subscription", "")), book.stays.get(given.get("consumer", ""), [])
    subs = [sub] if sub is not None else [book.subscriptions[stay.subscription] for stay in stays]
    return any(row.customer in names for one in subs for row in one.holdings)


def _compare(tx: Transaction, argument: str, asks: Sequence[Ask]) -> None:
    told = []
    for ask in asks:
        recorder = Recorder(tx)
        with suppress(_UndoneError), tx.savepoint():
            outcome = desk.hand_in(recorder.tx, ask)
            raise _UndoneError
        told.append((repr(outcome).replace(ask.arguments[argument], "…"), recorder.statements))
    (one, ran), (other, ran_too) = told
    if one != other:
        raise StrangerLearns(f"{asks[0]}\n  there:     {one}\n  not there: {other}")
    if ran != ran_too:
        raise StrangerLearns(f"{asks[0]}\n  there:     {one} {ran}\n  not there: {ran_too}")


def _pairs(book: Book, dice: Random) -> Iterator[Pair]:
    customers, subscriptions = sorted(book.customers), sorted(book.subscriptions)
    inside = sorted(consumer for consumer, stays in book.stays.items() if stays[-1].until is None)
    paying = sorted({row.payer for row in book.payings if row.until is None})
    paid_for = sorted({row.leaf for row in book.payings if row.until is None})
    if customers:
        yield from _about("customer", dice.choice(customers), UNKNOWN, _OF_CUSTOMERS)
        yield from _about("guest", dice.choice(customers), UNKNOWN, {"/customer/link": {"customer": STRANGER}})
        yield from _about("payer", dice.choice(customers), UNKNOWN, _OF_PAYERS)
    if paying:
        yield from _about("payer", dice.choice(paying), UNKNOWN, _OF_PAYERS)
        yield from _about("customer", dice.choice(paid_for), UNKNOWN, _OF_CUSTOMERS)
    if subscriptions:
        yield from _about("subscription", dice.choice(subscriptions), NOTHING, _OF_SUBSCRIPTIONS)
    if inside:
        consumer = dice.choice(inside)
        yield from _about("consumer", consumer, UNKNOWN, _OF_CONSUMERS)
        since = book.stays[consumer][0].since
        yield from _about("consumer", consumer, UNKNOWN, {"/consumer/get": {"at": dice.choice((since, since - 1))}})
    if plans := sorted(book.plans):
        yield from _about("product", dice.choice(plans), UNKNOWN, _OF_PLANS)


def _about(argument: str, there: str, elsewhere: str, commands: dict[str, dict[str, Any]]) -> Iterator[Pair]:
    for command, others in commands.items():
        yield command, argument, {**others, argument: there}, {**others, argument: elsewhere}


_OF_CUSTOMERS: Final[dict[str, dict[str, Any]]] = {
    "/customer/add": {"product": PRODUCTS[0], "details": {}},
    "/customer/get": {},
    "/customer/update": {"product": PRODUCTS[0]},
    "/customer/suspend": {},
    "/customer/resume": {},
    "/customer/close": {},
    "/customer/payer/remove": {},
    "/customer/payer/get": {},
    "/subscription/add": {"provider": SERVICE, "product": PRODUCTS[0]},
    "/subscription/list": {},
    "/consumer/list": {},
    "/event/list": {},
}
_OF_PAYERS: Final[dict[str, dict[str, Any]]] = {
    "/customer/payer/add": {"customer": STRANGER},
    "/customer/payer/list": {},
    "/customer/list": {},
}
_OF_SUBSCRIPTIONS: Final[dict[str, dict[str, Any]]] = {
    "/subscription/get": {},
    "/subscription/assign": {"consumers": [UNKNOWN]},
    "/subscription/unassign": {"consumers": [UNKNOWN]},
    "/subscription/accept": {},
    "/subscription/decline": {},
    "/subscription/transfer": {"customer": STRANGER},
    "/subscription/extend": {"endsAt": None},
    "/subscription/cancel": {"at": "now"},
    "/payment/record": {"event": "failed", "reference": "x"},
    "/consumer/list": {},
    "/event/list": {},
}
_OF_CONSUMERS: Final[dict[str, dict[str, Any]]] = {
    "/consumer/get": {},
    "/provider/remove": {"provider": SERVICE},
    "/provider/list": {},
    "/event/list": {},
}
_OF_PLANS: Final[dict[str, dict[str, Any]]] = {"/plan/retire": {}, "/plan/add": {"name": "x", "kind": "open"}}
ASKED: Final = frozenset(
    {*_OF_CUSTOMERS, *_OF_PAYERS, *_OF_SUBSCRIPTIONS, *_OF_CONSUMERS, *_OF_PLANS, "/customer/link"},
)
"""The commands that a stranger asks."""
EXEMPT: Final = frozenset({"/plan/get", "/plan/list", "/provider/add", "/space/info"})
"""Those that anybody may ask, or that speak of their subject alone; and the one exception of docs/domain.md."""
