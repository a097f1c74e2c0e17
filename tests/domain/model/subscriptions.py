"""What the model makes of subscriptions and payments."""

from __future__ import annotations

from typing import Any

from commands.period import Period
from tests.domain.model.book import Ask, Book, Holding, Payment, Plan, Refused, Subscription

Result = dict[str, Any]


def known(book: Book, ask: Ask) -> Subscription:
    sub = book.subscriptions.get(ask.arguments["subscription"])
    if sub is None:
        raise Refused("SubscriptionNotFound")
    return sub


def open_(book: Book, ask: Ask, sub: Subscription, customer: str) -> None:
    sub.holdings.append(Holding(ask.at, customer=customer, order=book.next()))
    book.subscriptions[sub.id] = sub
    book.tell(ask, "subscription-added", customer=customer, subscription=sub.id)


def transfer_to(book: Book, ask: Ask, sub: Subscription, customer: str) -> None:
    giver = sub.customer
    sub.holdings[-1].until = ask.at
    sub.holdings.append(Holding(ask.at, customer=customer, order=book.next()))
    book.tell(ask, "subscription-transferred", customer=customer, giver=giver, subscription=sub.id)


def cancel_now(book: Book, ask: Ask, sub: Subscription) -> None:
    if sub.cancelled_now is None:
        sub.cancelled_now = ask.at
        book.tell(ask, "subscription-cancelled", customer=sub.customer, subscription=sub.id)


def add(book: Book, ask: Ask) -> Result:
    given, by_itself = ask.arguments, ask.subject != book.service
    customer = book.customer(given["customer"])
    if customer is None:
        raise Refused("CustomerNotFound")
    if customer.closed_at is not None or (by_itself and book.blocked(customer.did, ask.at)):
        raise Refused("AccountBlocked")
    if given["provider"] != book.service:
        raise Refused("ProviderNotAllowed")
    terms = _terms(book, ask, customer.product, by_itself=by_itself)
    starts, ends = _times(ask, terms, by_itself=by_itself)
    seats = given.get("seats") or terms.seats
    if by_itself and terms.seats is not None and seats is not None and seats > terms.seats:
        raise Refused("MalformedArguments")
    if terms.exclusive and book.live_to(customer.did, terms.product, ask.at):
        raise Refused("SubscriptionActive")
    if terms.kind == "trial" and _tried(book, customer.did, terms.product):
        raise Refused("SubscriptionActive")
    planned = terms.product in book.plans
    sub = Subscription(ask.task, terms.product, terms, starts, ask.at, ask.task, planned, seats)
    if sub.kind in ("complimentary", "trial"):
        sub.ends.append((ask.at, ends))
    if sub.kind == "complimentary":
        sub.granted_by, sub.reason = ask.issuer, given.get("reason")
    open_(book, ask, sub, customer.did)
    return {"id": sub.id}


def _terms(book: Book, ask: Ask, own: str, *, by_itself: bool) -> Plan:
    """The plan, or what stands in its place for the customer's own product where that is not in the catalogue."""
    product = ask.arguments["product"]
    plan = book.plans.get(product)
    if plan is None and product == own:
        return Plan(product)
    if plan is None or (by_itself and not plan.self_serve):
        raise Refused("PlanNotFound")
    if plan.retired_at is not None:
        raise Refused("PlanRetired")
    return plan


def _tried(book: Book, did: str, product: str) -> bool:
    """Whether a customer, under any of its names, has or had a trial of a product."""
    names = book.names(did)
    trials = [sub for sub in book.subscriptions.values() if sub.kind == "trial" and sub.product == product]
    return any(row.customer in names for sub in trials for row in sub.holdings)


def _times(ask: Ask, terms: Plan, *, by_itself: bool) -> tuple[int, int | None]:
    given = ask.arguments
    starts = ask.at if given.get("startsAt") is None else given["startsAt"]
    ends = given.get("endsAt")
    if by_itself and (given.get("startsAt") is not None or "endsAt" in given):
        raise Refused("MalformedArguments")
    if "endsAt" in given and terms.kind != "complimentary":
        raise Refused("MalformedArguments")
    if ends is not None and ends <= starts:
        raise Refused("MalformedArguments")
    if "endsAt" not in given and terms.kind in ("complimentary", "trial") and terms.period is not None:
        ends = Period(terms.period).after(starts)
    return starts, ends


def view(book: Book, sub: Subscription, at: int) -> Result:
    seats = {"used": len(book.inside(sub))} | ({} if sub.seats is None else {"total": sub.seats})
    told = {
        "subscription": sub.id,
        "provider": book.service,
        "customer": sub.customer,
        "product": sub.product,
        "kind": sub.kind,
        "state": book.state(sub, at),
        "seats": seats,
        "startsAt": sub.starts_at,
        "endsAt": sub.end(at),
        "insertedAt": sub.inserted_at,
        "cause": sub.task,
        "grantedBy": sub.granted_by,
        "reason": sub.reason,
    }
    return {key: value for key, value in told.items() if value is not None}


def get(book: Book, ask: Ask) -> Result:
    return view(book, known(book, ask), ask.at)


def whose(book: Book, ask: Ask) -> str | None:
    """Whose things a list is of; None: everybody's."""
    if ask.subject != book.service:
        return book.meant(ask.subject)
    named = ask.arguments.get("customer")
    return None if named is None else book.meant(named)


def list_(book: Book, ask: Ask) -> Result:
    customer, product, state = whose(book, ask), ask.arguments.get("product"), ask.arguments.get("state")
    subs = sorted(book.subscriptions.values(), key=lambda sub: sub.holdings[-1].order)
    views = [view(book, sub, ask.at) for sub in subs if customer in (None, sub.customer)]
    return {"results": [one for one in views if product in (None, one["product"]) and state in (None, one["state"])]}


def check_name(book: Book, ask: Ask) -> None:
    """Who receives does so by the name that it has now, unless the service acts."""
    if ask.subject != book.service and ask.arguments["customer"] in book.links:
        raise Refused("ReceiverDidNotSign")


def transfer(book: Book, ask: Ask) -> Result:
    sub = known(book, ask)
    by_itself = ask.subject != book.service
    receiver = book.customer(ask.arguments["customer"])
    if receiver is None:
        raise Refused("CustomerNotFound")
    check_name(book, ask)
    if receiver.did == sub.customer:
        return {}
    if book.ended(sub, ask.at):
        raise Refused("SubscriptionEnded")
    if receiver.closed_at is not None:
        raise Refused("AccountBlocked")
    if by_itself and any(book.blocked(did, ask.at) for did in (sub.customer, receiver.did)):
        raise Refused("AccountBlocked")
    if sub.terms.exclusive and book.live_to(receiver.did, sub.product, ask.at):
        raise Refused("SubscriptionActive")
    if sub.kind == "trial" and _tried(book, receiver.did, sub.product):
        raise Refused("SubscriptionActive")
    transfer_to(book, ask, sub, receiver.did)
    return {}


def extend(book: Book, ask: Ask) -> Result:
    sub, ends = known(book, ask), ask.arguments["endsAt"]
    if sub.kind in ("open", "paid") or sub.cancelled_now is not None or sub.cancelled_at_end is not None:
        raise Refused("NotExtendable")
    if ends == sub.ends[-1][1]:
        return {}
    if ends is not None and (ends <= ask.at or ends <= sub.starts_at):
        raise Refused("MalformedArguments")
    if sub.terms.exclusive and book.ended(sub, ask.at) and book.live_to(sub.customer, sub.product, ask.at, but=sub.id):
        raise Refused("NotExtendable")
    sub.ends.append((ask.at, ends))
    book.tell(ask, "subscription-extended", customer=sub.customer, subscription=sub.id)
    return {}


def cancel(book: Book, ask: Ask) -> Result:
    sub = known(book, ask)
    end = sub.end(ask.at)
    if ask.arguments["at"] == "now" or sub.earned(ask.at, grace=False) is None:
        cancel_now(book, ask, sub)
    elif sub.cancelled_now is None and sub.cancelled_at_end is None and (end is None or ask.at < end):
        sub.cancelled_at_end = ask.at
        book.tell(ask, "subscription-cancelled", customer=sub.customer, subscription=sub.id)
    return {"endsAt": sub.end(ask.at)}


def pay(book: Book, ask: Ask) -> Result:
    sub, given = known(book, ask), ask.arguments
    if sub.kind != "paid":
        raise Refused("PaymentConflict")
    begins, ends = given.get("from"), given.get("until")
    if begins is not None and ends is None:
        assert sub.terms.period is not None
        ends = Period(sub.terms.period).after(begins)
    payment = Payment(begins, ends)
    key = (given["event"], given["reference"])
    if sub.payments.setdefault(key, payment) != payment:
        raise Refused("PaymentConflict")
    if sub.payments[key] is payment:
        book.tell(ask, "payment-recorded", customer=sub.customer, subscription=sub.id)
    told = {"state": book.state(sub, ask.at), "endsAt": sub.end(ask.at)}
    return {key: value for key, value in told.items() if value is not None}
