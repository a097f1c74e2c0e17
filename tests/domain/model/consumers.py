"""What the model makes of consumers, their seats, and of providers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from forge import dagcbor
from forge.cid import CID
from tests.domain.model.book import Ask, Book, Plan, Refused, Stay, Subscription
from tests.domain.model.subscriptions import cancel_now, known, open_, whose

Result = dict[str, Any]


class Seats:
    """The seats of a subscription while a task gives them out: nothing of it counts before the whole task does."""

    def __init__(self, book: Book, sub: Subscription, at: int, leaving: Collection[str] = ()) -> None:
        self._sub, self._at = sub, at
        self._given = dict(sub.first_given)
        self._taken = {stay.seat for stay in book.inside(sub) if stay.consumer not in leaving}

    def take(self) -> int | None:
        sub = self._sub
        if not sub.counted:
            return None
        vacant = [seat for seat in self._given if seat not in self._taken]
        if vacant:
            seat, term = max(vacant), None
            if seat in sub.first_given:
                term = sub.seat_end(seat)
            if term is None or self._at < term:
                self._taken.add(seat)
                return seat
        seat = len(self._given) + 1
        if sub.seats is not None and seat > sub.seats:
            raise Refused("SeatsExhausted")
        lapses = sub.lapses()
        if lapses is not None and lapses <= self._at:
            raise Refused("SeatLapsed")
        self._given[seat] = self._at
        self._taken.add(seat)
        return seat


def seat(book: Book, ask: Ask, consumer: str, sub: Subscription, number: int | None) -> bool:
    """Put a consumer in. True: it moved there from another subscription of the same customer."""
    was = book.current(consumer)
    moved = was is not None and book.subscriptions[was.subscription].customer == sub.customer
    if was is not None:
        was.until = ask.at
    if number is not None:
        sub.first_given.setdefault(number, ask.at)
    stay = Stay(ask.at, None, consumer, sub.id, number, None, ask.task, book.next())
    book.stays.setdefault(consumer, []).append(stay)
    type_ = "consumer-moved" if moved else "consumer-assigned"
    book.tell(ask, type_, customer=sub.customer, subscription=sub.id, consumer=consumer)
    return moved


def release(book: Book, ask: Ask, stay: Stay, type_: str = "consumer-released") -> None:
    stay.until = ask.at
    sub = book.subscriptions[stay.subscription]
    book.tell(ask, type_, customer=sub.customer, subscription=sub.id, consumer=stay.consumer)


def assign(book: Book, ask: Ask) -> Result:
    sub = known(book, ask)
    if book.ended(sub, ask.at):
        raise Refused("SubscriptionEnded")
    leaving = _leaving(book, sub, ask.arguments.get("instead") or [])
    seats, coming = Seats(book, sub, ask.at, [stay.consumer for stay in leaving]), []
    for consumer in dict.fromkeys(ask.arguments["consumers"]):
        stay = book.current(consumer)
        if stay is not None and stay.subscription == sub.id and stay not in leaving:
            continue
        other = book.provisioned(consumer, ask.at)
        if other is not None and other.customer != sub.customer:
            raise Refused("ConsumerExists")
        coming.append((consumer, seats.take()))
    for stay in leaving:
        release(book, ask, stay)
    result: dict[str, list[str]] = {"assigned": [], "moved": []}
    for consumer, number in coming:
        result["moved" if seat(book, ask, consumer, sub, number) else "assigned"].append(consumer)
    return result


def _leaving(book: Book, sub: Subscription, consumers: list[str]) -> list[Stay]:
    stays = [book.current(consumer) for consumer in dict.fromkeys(consumers)]
    leaving = [stay for stay in stays if stay is not None and stay.subscription == sub.id]
    if len(leaving) < len(stays):
        raise Refused("ConsumerNotFound")
    return leaving


def unassign(book: Book, ask: Ask) -> Result:
    sub = known(book, ask)
    for stay in _leaving(book, sub, ask.arguments["consumers"]):
        release(book, ask, stay)
    return {}


def accept(book: Book, ask: Ask) -> Result:
    stay = book.current(ask.subject)
    assert stay is not None
    if stay.accepted_at is None:
        stay.accepted_at = ask.at
        sub = book.subscriptions[stay.subscription]
        book.tell(ask, "consumer-accepted", customer=sub.customer, subscription=sub.id, consumer=ask.subject)
    return {}


def decline(book: Book, ask: Ask) -> Result:
    stay = book.current(ask.subject)
    assert stay is not None
    release(book, ask, stay, "consumer-declined")
    return {}


# -- providers


def own_id(consumer: str) -> str:
    return str(CID.of(dagcbor.encode({"consumer": consumer})))


def provider_add(book: Book, ask: Ask) -> Result:
    given, customer = ask.arguments, book.customers[book.meant(ask.subject)]
    if given["provider"] != book.service:
        raise Refused("ProviderNotAllowed")
    if book.blocked(customer.did, ask.at):
        raise Refused("AccountBlocked")
    consumer, product = given["consumer"], customer.product
    if book.provisioned(consumer, ask.at) is not None:
        raise Refused("ConsumerExists")
    if product not in book.plans:
        id_ = own_id(consumer)
        if id_ in book.subscriptions:
            id_ = ask.task
        sub = Subscription(id_, product, Plan(product), starts_at=ask.at, inserted_at=ask.at, task=ask.task)
        open_(book, ask, sub, customer.did)
        seat(book, ask, consumer, sub, None)
        return {"id": id_}
    held = [sub for sub in book.held(customer.did) if sub.planned and sub.product == product and book.in_force(sub, ask.at)]
    if not held:
        raise Refused("AccountPlanMissing")
    for sub in sorted(held, key=lambda sub: sub.starts_at):
        try:
            number = Seats(book, sub, ask.at).take()
        except Refused:
            continue
        seat(book, ask, consumer, sub, number)
        return {"id": sub.id}
    raise Refused("SeatsExhausted")


def provider_remove(book: Book, ask: Ask) -> Result:
    stay = book.current(ask.arguments["consumer"])
    if stay is None or ask.arguments["provider"] != book.service:
        raise Refused("ConsumerNotFound")
    sub = book.subscriptions[stay.subscription]
    own = sub.kind == "open" and not sub.planned and (sub.id == own_id(stay.consumer) or sub.task == stay.task)
    release(book, ask, stay)
    if own and not book.inside(sub):
        cancel_now(book, ask, sub)
    return {}


def providers(book: Book, consumer: str, at: int) -> list[str]:
    return [] if book.provisioned(consumer, at) is None else [book.service]


def provider_list(book: Book, ask: Ask) -> Result:
    consumer = ask.arguments.get("consumer")
    if consumer is None:
        return {"results": [{"provider": book.service}]}
    sub = book.provisioned(consumer, ask.at)
    if sub is None or (ask.subject != book.service and sub.customer != book.meant(ask.subject)):
        return {"results": []}
    return {"results": [{"provider": book.service}]}


def space_info(book: Book, ask: Ask) -> Result:
    if not ask.subject.startswith("did:key:"):
        raise Refused("UnknownSpace")
    return {"providers": providers(book, ask.subject, ask.at)}


# -- what is told about a consumer


def view(book: Book, stay: Stay, at: int, *, payers: bool) -> Result:
    sub = book.subscriptions[stay.subscription]
    customer = book.holder(sub, at)
    row = book.paying(customer, at) if payers else None
    told = {
        "consumer": stay.consumer,
        "provider": book.service,
        "subscription": sub.id,
        "customer": customer,
        "payer": None if row is None else row.payer,
        "state": book.state(sub, at),
        "entitled": book.entitled(stay, at),
        "endsAt": book.stay_end(stay, at),
        "since": stay.since,
        "acceptedAt": stay.accepted_at if stay.accepted_at is not None and stay.accepted_at <= at else None,
        "seat": stay.seat,
    }
    return {key: value for key, value in told.items() if value is not None}


def get(book: Book, ask: Ask) -> Result:
    given = ask.arguments
    at = given.get("at")
    stay = book.current(given["consumer"]) if at is None else book.stay_at(given["consumer"], at)
    if stay is None or given.get("provider") not in (None, book.service):
        raise Refused("ConsumerNotFound")
    at = ask.at if at is None else at
    customer = book.holder(book.subscriptions[stay.subscription], at)
    # Who pays for its customer is not the consumer's to know, unless it is that customer.
    payers = ask.subject != given["consumer"] or book.meant(ask.subject) == book.meant(customer)
    told = view(book, stay, at, payers=payers)
    sub = book.subscriptions[stay.subscription]
    if ask.subject not in (book.service, given["consumer"]) and book.meant(ask.subject) != sub.customer:
        # Who held it then learns nothing of how it goes on under the next one.
        told.pop("endsAt", None)
    return told


def list_(book: Book, ask: Ask) -> Result:
    customer, state = whose(book, ask), ask.arguments.get("state")
    results = []
    places = {sub.id: sub.holdings[-1].order for sub in book.subscriptions.values()}
    stays = [stay for stay in book.all_stays() if stay.until is None]
    for stay in sorted(stays, key=lambda stay: (places[stay.subscription], stay.order)):
        told = view(book, stay, ask.at, payers=True)
        if (
            customer in (None, told["customer"])
            and ask.arguments.get("subscription") in (None, stay.subscription)
            and state in (None, told["state"])
        ):
            results.append(told)
    return {"results": results}


def event_list(book: Book, ask: Ask) -> Result:
    given, customer = ask.arguments, whose(book, ask)
    names = None if customer is None else book.names(customer)
    results = []
    for event in book.events:
        if (
            event.seq > (given.get("since") or 0)
            and (names is None or event.customer in names or event.giver in names)
            and given.get("subscription") in (None, event.subscription)
            and given.get("consumer") in (None, event.consumer)
            and given.get("type") in (None, event.type)
        ):
            told = {
                "seq": event.seq,
                "at": event.ask.at,
                "task": event.ask.task,
                "command": event.ask.command,
                "issuer": event.ask.issuer,
                "subject": event.ask.subject,
                "type": event.type,
                "customer": event.customer,
                "subscription": event.subscription,
                "consumer": event.consumer,
            }
            results.append({key: value for key, value in told.items() if value is not None})
    return {"results": results}
