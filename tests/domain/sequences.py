"""Random sequences: which task comes next, given what is there. Mostly it makes sense, and sometimes it does not."""

from __future__ import annotations

from typing import Any, Final

from tests.domain.cast import CONSUMERS, CUSTOMERS, ODD, SERVICE, STRANGER
from tests.domain.customer_tasks import CustomerTasks
from tests.domain.model import Ask
from tests.domain.purchase_tasks import PurchaseTasks

_BENDS: Final[tuple[Any, ...]] = (None, 7, "", "did:example", [], {"a": 1}, -1, True)

WEIGHTS: Final = {
    "/subscription/assign": 14,
    "/consumer/get": 5,
    "/consumer/list": 2,
    "/customer/add": 3,
    "/customer/close": 2,
    "/customer/get": 2,
    "/customer/link": 4,
    "/customer/list": 2,
    "/customer/payer/add": 4,
    "/customer/payer/get": 1,
    "/customer/payer/list": 1,
    "/customer/payer/remove": 3,
    "/customer/resume": 3,
    "/customer/suspend": 3,
    "/customer/update": 3,
    "/event/list": 2,
    "/payment/record": 8,
    "/plan/add": 2,
    "/plan/get": 3,
    "/plan/list": 1,
    "/plan/retire": 2,
    "/provider/add": 8,
    "/provider/list": 2,
    "/provider/remove": 3,
    "/space/info": 1,
    "/subscription/accept": 3,
    "/subscription/add": 9,
    "/subscription/cancel": 3,
    "/subscription/decline": 2,
    "/subscription/extend": 4,
    "/subscription/get": 3,
    "/subscription/list": 2,
    "/subscription/transfer": 4,
    "/subscription/unassign": 4,
}
_LOTS: Final = [command for command, weight in WEIGHTS.items() for _ in range(weight)]


class Author(CustomerTasks, PurchaseTasks):
    """Makes up one task after the other."""

    def next(self, task: str) -> Ask:
        """Make up a task. Now and then it is one that was there before, and now and then it is bent."""
        at = self.later()
        if self.asked and self.dice.once_in(25):
            before = self.dice.pick(self.asked[-12:])
            return Ask(before.command, before.subject, before.issuer, before.arguments, at, before.task)
        command = self.command()
        ask = self.ask(command, at, task)
        self.asked.append(ask)
        return ask

    def command(self) -> str:
        return self.dice.pick(_LOTS)

    def ask(self, command: str, at: int, task: str) -> Ask:
        subject, arguments = getattr(self, command[1:].replace("/", "_"))()
        if self.dice.once_in(16):
            subject = self.dice.pick((STRANGER, ODD, SERVICE, *CUSTOMERS, *CONSUMERS))
        if arguments and self.dice.once_in(40):
            arguments = self._bend(arguments)
        issuer = self.dice.pick((subject, subject, SERVICE, STRANGER))
        if "customer" in arguments and isinstance(arguments["customer"], str) and not self.dice.once_in(4):
            # Where two wills are needed, the receiver signs.
            issuer = arguments["customer"]
        return Ask(command, subject, issuer, arguments, at, task)

    def _bend(self, arguments: dict[str, Any]) -> dict[str, Any]:
        bent, key = dict(arguments), self.dice.pick(sorted(arguments))
        kind = self.dice.below(3)
        if kind == 0:
            bent[key] = self.dice.pick(_BENDS)
        elif kind == 1:
            del bent[key]
        else:
            bent["surplus"] = 1
        return bent
