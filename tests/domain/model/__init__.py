"""A model of the domain in plain Python: what each command answers, by docs/domain.md alone. No SQL, no rows, nothing stored.

`apply` is all: it takes a task and gives its result, or raises the failure's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.domain.model import consumers, customers, plans, subscriptions
from tests.domain.model.book import Ask, Book, Refused
from tests.domain.model.shapes import is_malformed

__all__ = ["CHANGING", "COMMANDS", "Ask", "Book", "Refused", "apply", "may"]

Handler = Callable[[Book, Ask], dict[str, Any]]

_READING: Final[dict[str, Handler]] = {
    "/consumer/get": consumers.get,
    "/consumer/list": consumers.list_,
    "/customer/get": customers.get,
    "/customer/list": customers.list_,
    "/customer/payer/get": customers.payer_get,
    "/customer/payer/list": customers.payer_list,
    "/event/list": consumers.event_list,
    "/plan/get": plans.get,
    "/plan/list": plans.list_,
    "/provider/list": consumers.provider_list,
    "/space/info": consumers.space_info,
    "/subscription/get": subscriptions.get,
    "/subscription/list": subscriptions.list_,
}
CHANGING: Final[dict[str, Handler]] = {
    "/customer/add": customers.add,
    "/customer/close": customers.close,
    "/customer/link": customers.link,
    "/customer/payer/add": customers.payer_add,
    "/customer/payer/remove": customers.payer_remove,
    "/customer/resume": customers.resume,
    "/customer/suspend": customers.suspend,
    "/customer/update": customers.update,
    "/payment/record": subscriptions.pay,
    "/plan/add": plans.add,
    "/plan/retire": plans.retire,
    "/provider/add": consumers.provider_add,
    "/provider/remove": consumers.provider_remove,
    "/subscription/accept": consumers.accept,
    "/subscription/add": subscriptions.add,
    "/subscription/assign": consumers.assign,
    "/subscription/cancel": subscriptions.cancel,
    "/subscription/decline": consumers.decline,
    "/subscription/extend": subscriptions.extend,
    "/subscription/transfer": subscriptions.transfer,
    "/subscription/unassign": consumers.unassign,
}
COMMANDS: Final = {**_READING, **CHANGING}


# -- who may (docs/domain.md, Who may invoke); the service always may, but for what only the one concerned may

Role = Callable[[Book, Ask], bool]


def _is(book: Book, ask: Ask, did: str | None) -> bool:
    """Whether the subject is this customer."""
    return did is not None and book.customer(ask.subject) is not None and book.meant(ask.subject) == book.meant(did)


def _service(book: Book, ask: Ask) -> bool:
    return ask.subject == book.service


def _customer(book: Book, ask: Ask) -> bool:
    return _is(book, ask, ask.subject)


def _named(book: Book, ask: Ask) -> bool:
    return _is(book, ask, ask.arguments["customer"])


def _listing(book: Book, ask: Ask) -> bool:
    return _is(book, ask, ask.arguments.get("customer") or ask.subject)


def _guest(book: Book, ask: Ask) -> bool:
    return book.customer(ask.subject) is not None and ask.subject == ask.arguments["guest"]


def _payer(book: Book, ask: Ask) -> bool:
    return _is(book, ask, ask.arguments["payer"])


def _payer_of(book: Book, ask: Ask) -> bool:
    row = book.paying(book.meant(ask.arguments["customer"]))
    return row is not None and _is(book, ask, row.payer)


def _holder(book: Book, ask: Ask) -> bool:
    sub = book.subscriptions.get(ask.arguments["subscription"])
    return sub is not None and _is(book, ask, sub.customer)


def _pays(book: Book, ask: Ask) -> bool:
    given = ask.arguments
    at = given.get("at")
    if given.get("provider") not in (None, book.service):
        return False
    stay = book.current(given["consumer"]) if at is None else book.stay_at(given["consumer"], at)
    if stay is None:
        return False
    sub = book.subscriptions[stay.subscription]
    return _is(book, ask, sub.customer if at is None else book.holder(sub, at))


def _consumer(book: Book, ask: Ask) -> bool:
    del book
    return bool(ask.subject == ask.arguments["consumer"])


def _inside(book: Book, ask: Ask) -> bool:
    stay = book.current(ask.subject)
    return stay is not None and stay.subscription == ask.arguments["subscription"]


def _leaving(book: Book, ask: Ask) -> bool:
    return _inside(book, ask) and set(ask.arguments["consumers"]) == {ask.subject}


def _anyone(book: Book, ask: Ask) -> bool:
    del book, ask
    return True


_WHO: Final[dict[str, tuple[tuple[Role, ...], str]]] = {
    "/consumer/get": ((_service, _consumer, _pays), "ConsumerNotFound"),
    "/consumer/list": ((_service, _listing), "InvalidSubject"),
    "/customer/add": ((_service,), "InvalidCustomerSubject"),
    "/customer/close": ((_service, _named), "CustomerNotFound"),
    "/customer/get": ((_service, _named), "CustomerNotFound"),
    "/customer/link": ((_service, _guest), "CustomerNotFound"),
    "/customer/list": ((_service,), "InvalidSubject"),
    "/customer/payer/add": ((_service, _payer), "CustomerNotFound"),
    "/customer/payer/get": ((_service, _named), "PayerNotFound"),
    "/customer/payer/list": ((_service, _payer), "InvalidSubject"),
    "/customer/payer/remove": ((_service, _payer_of, _named), "PayerNotFound"),
    "/customer/resume": ((_service,), "CustomerNotFound"),
    "/customer/suspend": ((_service,), "CustomerNotFound"),
    "/customer/update": ((_service,), "CustomerNotFound"),
    "/event/list": ((_service, _listing), "InvalidSubject"),
    "/payment/record": ((_service,), "SubscriptionNotFound"),
    "/plan/add": ((_service,), "InvalidSubject"),
    "/plan/get": ((_anyone,), ""),
    "/plan/list": ((_anyone,), ""),
    "/plan/retire": ((_service,), "InvalidSubject"),
    "/provider/add": ((_customer,), "AccountPlanMissing"),
    "/provider/list": ((_service, _customer), "InvalidSubject"),
    "/provider/remove": ((_service, _pays), "ConsumerNotFound"),
    "/space/info": ((_anyone,), ""),
    "/subscription/accept": ((_inside,), "SubscriptionNotFound"),
    "/subscription/add": ((_service, _named), "CustomerNotFound"),
    "/subscription/assign": ((_service, _holder), "SubscriptionNotFound"),
    "/subscription/cancel": ((_service, _holder), "SubscriptionNotFound"),
    "/subscription/decline": ((_inside,), "SubscriptionNotFound"),
    "/subscription/extend": ((_service,), "SubscriptionNotFound"),
    "/subscription/get": ((_service, _holder), "SubscriptionNotFound"),
    "/subscription/list": ((_service, _listing), "InvalidSubject"),
    "/subscription/transfer": ((_service, _holder), "SubscriptionNotFound"),
    "/subscription/unassign": ((_service, _holder, _leaving), "SubscriptionNotFound"),
}


_TWO_WILLS: Final = ("/customer/link", "/customer/payer/add", "/subscription/transfer")
"""Whoever gives is the subject, and whoever receives signs (law 3)."""


def may(book: Book, ask: Ask) -> bool:
    """Whether the subject is one that the command serves."""
    return any(role(book, ask) for role in _WHO[ask.command][0])


def apply(book: Book, ask: Ask) -> dict[str, Any]:
    """Do a task: give its result.

    Raises:
        Refused: it fails, and nothing has changed.
    """
    if is_malformed(ask.command, ask.arguments):
        raise Refused("MalformedArguments")
    if ask.command in _TWO_WILLS and ask.subject != book.service and ask.issuer != ask.arguments["customer"]:
        raise Refused("ReceiverDidNotSign")
    # The same task again has the same answer, and changes nothing, whatever became of its subject.
    known = book.answers.get(ask.task)
    if isinstance(known, Refused):
        raise known
    if known is not None:
        return known
    if not may(book, ask):
        if ask.command == "/provider/add" and ask.subject.split(":")[1] not in ("key", "mailto", "plc", "web"):
            raise Refused("InvalidAccount")
        raise Refused(_WHO[ask.command][1])
    if ask.command not in CHANGING:
        return COMMANDS[ask.command](book, ask)
    try:
        result = CHANGING[ask.command](book, ask)
    except Refused as refused:
        book.answers[ask.task] = refused
        raise
    book.answers[ask.task] = result
    return result
