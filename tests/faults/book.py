"""The client's book: what was sent, and what each answer said. It is what a store is held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from forge.errors import ServiceError
from forge.invocation import Invocation
from forge.receipt import Receipt

KEPT: Final = frozenset((None, "CustomerExists", "ConsumerExists"))
"""What the receipt of a task says that ran: a result, or a failure that its command declares. Any other is no outcome."""


class Told(Enum):
    """What whoever holds no receipt knows."""

    NOTHING = "no answer"
    """Whether it ran is open."""
    BROKEN = "something broke"
    """The same: its transaction may have outlived the deadline."""
    NOT_RUN = "not run"
    """A refusal, or sent away."""


@dataclass
class Book:
    """What one party was told."""

    held: dict[Invocation, bytes] = field(default_factory=dict)
    """Receipts of tasks that ran."""
    open: dict[Invocation, set[Told]] = field(default_factory=dict)
    """Those of which it holds none, with all that it was told of them."""
    contradictions: list[str] = field(default_factory=list)
    """Two receipts of one task."""
    oddities: list[str] = field(default_factory=list)
    """Answers that are neither a container nor a 503: whatever breaks, a failure is a receipt."""
    troubles: int = 0
    """Requests that ended without a receipt, each time."""

    def receive(self, one: Invocation, receipt: Receipt) -> bool:
        """Note an answer. True: it is the receipt of a task that ran."""
        if receipt.error_name not in KEPT:
            self.tell(one, Told.BROKEN if receipt.error_name == "HandlerExecutionError" else Told.NOT_RUN)
            return False
        before = self.held.setdefault(one, bytes(receipt))
        if before != bytes(receipt):
            self.contradictions.append(f"{one.task}: another receipt than the one that is held")
        self.open.pop(one, None)
        return True

    def miss(self, one: Invocation, error: ServiceError) -> None:
        """Note that no answer came, or one that says that it was sent away."""
        away = "answered 503" in str(error)
        if "answered" in str(error) and not away:
            self.oddities.append(f"{one.task}: {error}")
        self.tell(one, Told.NOT_RUN if away else Told.NOTHING)

    def tell(self, one: Invocation, what: Told) -> None:
        """Note something else than a receipt of what ran."""
        self.troubles += 1
        if one not in self.held:
            self.open.setdefault(one, set()).add(what)

    @property
    def not_run(self) -> list[Invocation]:
        """List those of which every answer said that they did not run."""
        return [one for one, told in self.open.items() if told == {Told.NOT_RUN}]
