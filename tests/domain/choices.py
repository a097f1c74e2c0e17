"""Choices for random tasks: what time it gets, and whom and what they speak of. Mostly that makes sense."""

from __future__ import annotations

from typing import Any, Final

from tests.domain.cast import CONSUMERS, CUSTOMERS, PLANS, PRODUCTS, SERVICE, STRANGER
from tests.domain.dice import Dice
from tests.domain.model import Ask, Book
from tests.domain.model.book import Stay, Subscription

Parts = tuple[str, dict[str, Any]]
"""A subject and arguments."""

_JUMPS: Final = (0, 0, 0, 1, 60, 3_600, 43_000, 86_400, 7 * 86_400, 31 * 86_400)
_DAY: Final = 86_400


class Choices:
    """Looks at the model's book, and throws dice."""

    dice: Dice
    """Thrown anew at each task."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.now = 0
        self.asked: list[Ask] = []

    # -- time

    def start(self) -> int:
        """Begin on the last day of January 2024 or 2025, or just somewhere."""
        self.now = self.dice.pick((1_706_659_200, 1_738_281_600, 1_700_000_000)) + self.dice.below(_DAY)
        return self.now

    def later(self) -> int:
        """Let time pass: mostly none or little, sometimes up to where something ends, or the second around that."""
        if self.dice.once_in(4) and (turns := [turn for turn in self.turns() if turn > self.now + 1]):
            self.now = self.dice.pick(turns[:6]) + self.dice.below(3) - 1
        elif self.dice.once_in(6) and (graces := [turn for turn in self._graces() if turn > self.now]):
            self.now = self.dice.pick(graces)
        elif self.dice.once_in(2):
            self.now += self.dice.pick(_JUMPS)
        return self.now

    def turns(self) -> list[int]:
        """The seconds at which something changes by itself, or did."""
        found: set[int | None] = set()
        for sub in self.book.subscriptions.values():
            found |= {sub.starts_at, sub.end(self.now), sub.paid_until(), sub.lapses()}
            found |= {sub.seat_end(seat) for seat in sub.first_given}
        return sorted(turn for turn in found if turn is not None)

    def _graces(self) -> list[int]:
        """When a grace begins."""
        paid = [sub.paid_until() for sub in self.book.subscriptions.values() if sub.terms.grace is not None]
        return [until for until in paid if until is not None]

    # -- whom and what

    def customer(self) -> str:
        """Mostly somebody registered."""
        known = sorted(self.book.customers)
        return self.dice.pick((*CUSTOMERS, STRANGER)) if not known or self.dice.once_in(9) else self.dice.pick(known)

    def consumer(self) -> str:
        return self.dice.pick(CONSUMERS)

    def product(self) -> str:
        planned = sorted(self.book.plans)
        if planned and not self.dice.once_in(5):
            return self.dice.pick(planned)
        return self.dice.pick((*PRODUCTS, *PLANS))

    def found(self, subs: list[Subscription]) -> str:
        """One of these, or sometimes one that is not there."""
        if not subs:
            subs = list(self.book.subscriptions.values())
        if not subs or self.dice.once_in(25):
            return self.dice.pick(("nothing", "bafynothing"))
        return self.dice.pick(subs).id

    def subscription(self) -> str:
        subs = list(self.book.subscriptions.values())
        live = [sub for sub in subs if not self.book.ended(sub, self.now)]
        late = [sub for sub in live if (sub.paid_until() or self.now) < self.now]
        if late and self.dice.once_in(3):
            return self.dice.pick(late).id
        return self.found(live if not self.dice.once_in(4) else subs)

    def holder(self, id_: str) -> str:
        """The service, or who holds a subscription."""
        sub = self.book.subscriptions.get(id_)
        return SERVICE if sub is None or self.dice.once_in(2) else self.as_named(sub.customer)

    def as_named(self, customer: str) -> str:
        """A customer, under any of its DIDs."""
        return self.dice.pick(self.book.names(customer))

    def stays(self) -> list[Stay]:
        return [stay for stay in self.book.all_stays() if stay.until is None]

    def page(self, **filters: Any) -> dict[str, Any]:
        given = {key: value for key, value in filters.items() if value is not None}
        if self.dice.once_in(3):
            given["size"] = 1 + self.dice.below(3)
        if self.dice.once_in(20):
            given["cursor"] = "AAAA"
        return given

    def maybe(self, value: Any, count: int = 2) -> Any:
        return value if self.dice.once_in(count) else None
