"""Random tasks about subscriptions, payments, consumers and what became of them. A method is a command's."""

from __future__ import annotations

from typing import Any, Final

from commands.period import Period
from tests.domain.cast import CONSUMERS, CUSTOMERS, ELSEWHERE, ODD, SERVICE, STRANGER
from tests.domain.choices import Choices, Parts
from tests.domain.model.book import Subscription

_STATES: Final = ("active", "pending", "past_due", "expired", "cancelled", "suspended")
_REFERENCES: Final = ("one", "two", "three", "four", "five", "six")
_DAY: Final = 86_400
_AGO: Final = (-40 * _DAY, -_DAY, 0, 1, _DAY, 20 * _DAY, 31 * _DAY, 90 * _DAY)
"""Seconds from now, for times that are said."""


class PurchaseTasks(Choices):
    """Tasks about what was bought, and who uses it."""

    def _around(self) -> int:
        return self.now + self.dice.pick(_AGO)

    # -- subscriptions

    def subscription_add(self) -> Parts:
        product, customer = self.product(), self.customer()
        tried = [(row.customer, sub.product) for sub in self._all() if sub.kind == "trial" for row in sub.holdings]
        if tried and self.dice.once_in(8):
            # Once more, perhaps as the customer that a guest became.
            customer, product = self.dice.pick(tried)
        plan, known = self.book.plans.get(product), self.book.customer(customer)
        if plan is None and known is not None and not self.dice.once_in(3):
            product = known.product
        by_itself = self.dice.once_in(2 if plan is None or plan.self_serve else 8)
        given: dict[str, Any] = {
            "customer": customer,
            "provider": ELSEWHERE if self.dice.once_in(25) else SERVICE,
            "product": product,
        }
        if self.dice.once_in(4):
            given["seats"] = 1 + self.dice.below(4)
        if self.dice.once_in(12 if by_itself else 5):
            given["startsAt"] = self._around()
        if self.dice.once_in(3 if plan is not None and plan.kind == "complimentary" and not by_itself else 20):
            given["endsAt"] = self.dice.pick((None, self._around()))
        if self.dice.once_in(6):
            given["reason"] = "because"
        return (self.as_named(customer) if by_itself and known is not None else SERVICE), given

    def subscription_get(self) -> Parts:
        id_ = self.subscription()
        return self.holder(id_), {"subscription": id_}

    def subscription_list(self) -> Parts:
        customer = self.maybe(self.customer())
        subject = self.dice.pick((SERVICE, customer or self.customer()))
        state, product = self.maybe(self.dice.pick(_STATES), 3), self.maybe(self.product(), 4)
        return subject, self.page(customer=customer, product=product, state=state)

    def subscription_cancel(self) -> Parts:
        id_ = self.subscription()
        return self.holder(id_), {"subscription": id_, "at": self.dice.pick(("end", "now"))}

    def subscription_extend(self) -> Parts:
        granted = [sub for sub in self._all() if sub.kind in ("complimentary", "trial")]
        kept = [sub for sub in granted if sub.cancelled_now is None and sub.cancelled_at_end is None]
        id_ = self.subscription() if self.dice.once_in(4) else self.found(kept or granted)
        sub = self.book.subscriptions.get(id_)
        same = sub.ends[-1][1] if sub is not None and sub.ends else None
        return SERVICE, {"subscription": id_, "endsAt": same if self.dice.once_in(5) else self.maybe(self._around(), 6)}

    def subscription_transfer(self) -> Parts:
        id_, customer, kind = self.subscription(), self.customer(), self.dice.below(4)
        handed = [sub for sub in self._all() if len(sub.holdings) > 1 and self.book.inside(sub)]
        if handed and self.dice.once_in(2):
            id_ = self.dice.pick(handed).id
        if kind == 1:
            customer = self.dice.pick((STRANGER, *CUSTOMERS))
        if kind >= 2 and (pairs := self._both_exclusive()):
            id_, customer = self.dice.pick(pairs)
        elif kind == 3:
            stopped = [did for did in self.book.customers if self.book.stopped(did, self.now)]
            customer = self.dice.pick(stopped or [customer])
        return self.holder(id_), {"subscription": id_, "customer": customer}

    def _both_exclusive(self) -> list[tuple[str, str]]:
        """Subscriptions to exclusive plans, each with somebody else who holds one too."""
        live = [sub for sub in self._all() if sub.terms.exclusive and not self.book.ended(sub, self.now)]
        return [
            (one.id, other.customer)
            for one in live
            for other in live
            if one.product == other.product and one.customer != other.customer
        ]

    def _all(self) -> list[Subscription]:
        return list(self.book.subscriptions.values())

    def payment_record(self) -> Parts:
        paid = [sub for sub in self._all() if sub.kind == "paid"]
        kept = [sub for sub in paid if sub.kept() and sub.terms.grace is not None]
        id_ = self.found(kept if kept and self.dice.once_in(2) else paid)
        sub = self.book.subscriptions.get(id_)
        given: dict[str, Any] = {
            "subscription": id_,
            "event": self.dice.pick(("paid", "failed", "failed", "refunded") if kept else ("paid", "paid", "paid", "failed")),
            "reference": self.dice.pick(_REFERENCES),
        }
        if sub is not None and sub.payments and self.dice.once_in(6):
            (event, reference), was = self.dice.pick(sorted(sub.payments.items(), key=lambda item: item[0]))
            given |= {"event": event, "reference": reference}
            given |= {key: value for key, value in (("from", was.begins), ("until", was.ends)) if value is not None}
            return SERVICE, given
        begin = self.dice.pick((self.now, self.now, self._around(), (sub and sub.paid_until()) or self.now))
        if given["event"] == "failed" and self.dice.once_in(2):
            return SERVICE, given
        if self.dice.once_in(2):
            given["from"] = begin
        if self.dice.once_in(2) or "from" not in given:
            period = sub.terms.period if sub is not None else None
            given["until"] = Period(period or "P1M").after(begin) if not self.dice.once_in(6) else self._around()
        if self.dice.once_in(25):
            given.pop("until", None)
        return SERVICE, given

    # -- seats

    def subscription_assign(self) -> Parts:
        id_ = self.subscription()
        given = {"subscription": id_, "consumers": self.dice.some(CONSUMERS, 3)}
        inside = [stay.consumer for stay in self.stays() if stay.subscription == id_]
        if inside and self.dice.once_in(4):
            given["instead"] = self.dice.some((*inside, self.consumer()), 2)
        return self.holder(id_), given

    def subscription_unassign(self) -> Parts:
        stays = self.stays()
        if not stays or self.dice.once_in(6):
            return self.subscription_assign()
        stay = self.dice.pick(stays)
        others = [one.consumer for one in stays if one.subscription == stay.subscription]
        consumers = [stay.consumer, *(self.dice.some(others, 2) if self.dice.once_in(2) else ())]
        subject = stay.consumer if self.dice.once_in(3) else self.holder(stay.subscription)
        return subject, {"subscription": stay.subscription, "consumers": consumers}

    def subscription_accept(self) -> Parts:
        stays = self.stays()
        if not stays or self.dice.once_in(8):
            return self.consumer(), {"subscription": self.subscription()}
        stay = self.dice.pick(stays)
        return stay.consumer, {"subscription": stay.subscription}

    subscription_decline = subscription_accept

    # -- providers

    def _provider(self) -> str:
        return ELSEWHERE if self.dice.once_in(20) else SERVICE

    def provider_add(self) -> Parts:
        subject = ODD if self.dice.once_in(20) else self.customer()
        able = [did for did, one in self.book.customers.items() if self.book.live_to(did, one.product, self.now)]
        if able and self.dice.once_in(2):
            subject = self.as_named(self.dice.pick(able))
        return subject, {"provider": self._provider(), "consumer": self.consumer()}

    def provider_remove(self) -> Parts:
        consumer = self._consumer_inside()
        return self._paying(consumer), {"provider": self._provider(), "consumer": consumer}

    def _consumer_inside(self) -> str:
        inside = [stay.consumer for stay in self.stays()]
        return self.dice.pick(inside) if inside and not self.dice.once_in(6) else self.consumer()

    def _paying(self, consumer: str) -> str:
        """The service, or who pays for a consumer."""
        stay = self.book.current(consumer)
        return SERVICE if stay is None else self.holder(stay.subscription)

    def provider_list(self) -> Parts:
        consumer = self.maybe(self.consumer())
        subject = self._paying(consumer) if consumer is not None else self.dice.pick((SERVICE, self.customer()))
        return subject, self.page(consumer=consumer)

    def space_info(self) -> Parts:
        return self.consumer(), {}

    # -- what is told

    def consumer_get(self) -> Parts:
        consumer = self._consumer_inside()
        given: dict[str, Any] = {"consumer": consumer}
        if self.dice.once_in(12):
            given["provider"] = self._provider()
        who = [self._paying(consumer), consumer]
        if self.dice.once_in(2) and (stays := self.book.stays.get(consumer)):
            stay = self.dice.pick(stays)
            sub = self.book.subscriptions[stay.subscription]
            days = [stay.since, stay.until, *(row.since for row in sub.holdings), sub.cancelled_now, self.now]
            given["at"] = self.dice.pick([day for day in days if day is not None]) + self.dice.below(3)
            who += [row.customer for row in sub.holdings]
        return self.dice.pick(who), given

    def consumer_list(self) -> Parts:
        customer = self.maybe(self.customer())
        subject = self.dice.pick((SERVICE, customer or self.customer()))
        filters = {"subscription": self.maybe(self.subscription(), 4), "state": self.maybe(self.dice.pick(_STATES), 4)}
        return subject, self.page(customer=customer, **filters)

    def event_list(self) -> Parts:
        customer = self.maybe(self.customer())
        subject = self.dice.pick((SERVICE, customer or self.dice.pick((*CUSTOMERS, STRANGER))))
        since = self.book.events[self.dice.below(len(self.book.events))].seq if self.book.events else 0
        return subject, self.page(
            since=self.maybe(since),
            customer=customer,
            subscription=self.maybe(self.subscription(), 4),
            consumer=self.maybe(self.consumer(), 4),
            type=self.maybe(self.dice.pick(("consumer-assigned", "customer-added", "none")), 5),
        )
