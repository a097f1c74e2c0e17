"""Random tasks about customers, payers, guests and plans. A method is a command's."""

from __future__ import annotations

from typing import Any, Final

from tests.domain.cast import CUSTOMERS, PLANS, PRODUCTS, SERVICE, STRANGER
from tests.domain.choices import Choices, Parts

_PERIODS: Final = ("P1M", "P7D", "P1Y", "P1M15D", "PT36H", "P3M")
_ACCOUNTS: Final = ("stripe:cus_1", "f1:7f3c", "stripe:a/b:c")


class CustomerTasks(Choices):
    """Tasks about who pays, and about what can be bought."""

    # -- customers

    def customer_add(self) -> Parts:
        new = [did for did in CUSTOMERS if did not in self.book.customers]
        given = {
            "customer": self.dice.pick(new) if new and not self.dice.once_in(6) else self.customer(),
            "product": self.product(),
            "details": self.dice.pick(({}, {"name": "Ä"})),
        }
        account = self._account()
        return SERVICE, given if account is None else {**given, "externalAccount": account}

    def _account(self) -> str | None:
        if self.dice.once_in(8):
            return self.dice.pick(("nothing", "Big:x", "a:", "a:b c", ":x"))
        return self.dice.pick((None, *_ACCOUNTS))

    def _about_customer(self) -> Parts:
        named = self.customer()
        return (self.as_named(named) if self.dice.once_in(3) else SERVICE), {"customer": named}

    customer_get = customer_close = _about_customer

    def _stopping(self) -> Parts:
        paying = [row.payer for row in self.book.payings if row.until is None]
        customer = self.dice.pick(paying) if paying and self.dice.once_in(3) else self.customer()
        return SERVICE, {"customer": customer, **({"reason": "x"} if self.dice.once_in(3) else {})}

    customer_suspend = _stopping

    def customer_resume(self) -> Parts:
        stopped = [did for did, one in self.book.customers.items() if one.suspensions and one.suspensions[-1].until is None]
        if stopped and not self.dice.once_in(5):
            return SERVICE, {"customer": self.dice.pick(stopped)}
        return self._stopping()

    def customer_list(self) -> Parts:
        return SERVICE, self.page(
            externalAccount=self.maybe(self.dice.pick(_ACCOUNTS), 4),
            product=self.maybe(self.product(), 4),
            payer=self.maybe(self.customer(), 4),
            state=self.maybe(self.dice.pick(("active", "suspended", "closed")), 4),
        )

    def customer_update(self) -> Parts:
        given: dict[str, Any] = {"customer": self.customer()}
        if self.dice.once_in(2):
            given["externalAccount"] = self._account()
        if self.dice.once_in(2):
            given["product"] = self.product()
        if self.dice.once_in(3):
            given["details"] = self.dice.pick(({}, {"name": "B"}))
        return SERVICE, given

    def customer_link(self) -> Parts:
        linked = set(self.book.links) | set(self.book.links.values())
        free = [did for did in sorted(self.book.customers) if did not in linked]
        guest = self.dice.pick(free) if free and not self.dice.once_in(4) else self.dice.pick((*CUSTOMERS, STRANGER))
        customer = self.dice.pick(CUSTOMERS)
        rows = [row for row in self.book.payings if row.until is None]
        if rows and self.dice.once_in(3):
            # Who pays for whom goes over, or cannot.
            one, other = self.dice.pick(rows), self.dice.pick(rows)
            guest, customer = self.dice.pick(((one.leaf, other.payer), (one.payer, other.leaf)))
        crossed = [(one.payer, other.leaf) for one in rows for other in rows if one.payer != other.payer]
        if crossed and not self.dice.once_in(3):
            guest, customer = self.dice.pick(crossed)
        if self.dice.once_in(10):
            return SERVICE, {"guest": STRANGER, "customer": customer}
        return self.dice.pick((SERVICE, guest)), {"guest": guest, "customer": customer}

    def customer_payer_add(self) -> Parts:
        paying = [row.payer for row in self.book.payings if row.until is None]
        payer = self.dice.pick(paying) if paying and self.dice.once_in(4) else self.customer()
        new = [did for did in (*CUSTOMERS, STRANGER) if did not in self.book.customers]
        customer = self.dice.pick(new) if new and self.dice.once_in(2) else self.dice.pick(CUSTOMERS)
        return self.dice.pick((SERVICE, payer)), {"payer": payer, "customer": customer}

    def customer_payer_remove(self) -> Parts:
        rows = [row for row in self.book.payings if row.until is None]
        if not rows or self.dice.once_in(4):
            return self._about_customer()
        stopped = [row for row in rows if self.book.stopped(row.payer, self.now)]
        row = self.dice.pick(stopped if stopped and self.dice.once_in(2) else rows)
        return self.dice.pick((SERVICE, row.payer, row.leaf)), {"customer": self.as_named(row.leaf)}

    customer_payer_get = customer_payer_remove

    def customer_payer_list(self) -> Parts:
        payer = self.dice.pick([row.payer for row in self.book.payings] or [self.customer()])
        return self.dice.pick((SERVICE, self.as_named(payer))), {"payer": payer, **self.page()}

    # -- plans

    def plan_add(self) -> Parts:
        new = [product for product in PLANS if product not in self.book.plans]
        kind = self.dice.pick(("paid", "complimentary", "trial", "paid", "open"))
        clock = self.dice.pick(("purchase", "assignment"))
        timed = kind in ("paid", "trial") or clock == "assignment" or (kind == "complimentary" and self.dice.once_in(2))
        given = {
            "product": self.dice.pick(new) if new and not self.dice.once_in(6) else self.product(),
            "name": "Plan",
            "kind": kind,
            "clock": clock,
            "period": self.dice.pick(_PERIODS) if timed != self.dice.once_in(20) else None,
            "seats": self.dice.pick((None, 1, 2, 3)),
            "exclusive": self.dice.once_in(2),
            "assignWithin": self.maybe(self.dice.pick(_PERIODS)) if clock == "assignment" else None,
            "grace": self.dice.pick((*_PERIODS, None)) if kind == "paid" else None,
            "consent": self.dice.once_in(3),
            "selfServe": self.dice.once_in(2),
        }
        return SERVICE, {key: value for key, value in given.items() if value is not None}

    def _plan(self) -> str:
        return self.dice.pick(PRODUCTS) if self.dice.once_in(2) else self.product()

    def plan_get(self) -> Parts:
        return self.dice.pick((SERVICE, STRANGER)), {"product": self._plan()}

    def plan_retire(self) -> Parts:
        return SERVICE, {"product": self._plan()}

    def plan_list(self) -> Parts:
        return self.dice.pick((SERVICE, STRANGER)), self.page()
