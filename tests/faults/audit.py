"""The audit: a store, held to what clients were told. From outside, by its rows, and as a client, by asking again.

lost      a receipt that somebody holds is not there, by its bytes
doubled   something ran twice: two receipts of one task, rows or events more than one task makes
halves    rows, events, ledger, receipt and answer do not agree
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple, Self

from forge.client import Client
from forge.container import Container
from forge.errors import DecodeError, Failure, ServiceError
from forge.invocation import Invocation
from forge.method import did_key_methods
from forge.receipt import Receipt
from forge.verify import Facts, verify_receipt
from tests.faults.book import KEPT, Book
from tests.faults.processes import Place
from tests.faults.traces import traces

MADE: Final[Mapping[str, Mapping[str, int]]] = {
    "/customer/add": {"ledger.task": 1, "customer.task": 1, "event.task": 1},
    "/provider/add": {"ledger.task": 1, "subscription.task": 1, "holding.task": 1, "assignment.task": 1, "event.task": 2},
    "/ucan/revoke": {"ledger.task": 1},
}
"""What each command leaves in the store, once, by its task."""
KINDS: Final = ("lost", "doubled", "halves")
TOGETHER: Final = 50
AT_ONCE: Final = 8
_TWICE: Final = {
    "customer": "SELECT did, count(*) FROM customer GROUP BY did HAVING count(*) > 1",
    "consumer": "SELECT consumer, count(*) FROM assignment WHERE until IS NULL GROUP BY provider, consumer HAVING count(*) > 1",
    "revocation": "SELECT cause, count(*) FROM revocation GROUP BY cause HAVING count(*) > 1",
}


@dataclass
class Differences:
    """Where a store and a book differ."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    halves: list[str] = field(default_factory=list)

    def __iadd__(self, other: Differences) -> Self:
        # What is found in one round is found again in the next.
        for kind in KINDS:
            mine = getattr(self, kind)
            mine += [one for one in getattr(other, kind) if one not in mine]
        return self

    @property
    def all(self) -> list[str]:
        """List them in words."""
        return [f"{kind}: {one}" for kind in KINDS for one in getattr(self, kind)]


def look(place: Place, book: Book, *, thoroughly: bool = False) -> Differences:
    """Look at the rows, while nobody is asking. Signatures only where it is thorough: they take most of the time."""
    found = Differences(doubled=list(book.contradictions), halves=list(book.oddities))
    ledger = _ledger(place)
    for one, receipt in book.held.items():
        kept = ledger.get(bytes(one.task))
        if kept is None:
            found.lost.append(f"{one.command} {one.task}")
        elif kept.receipt != receipt:
            found.doubled.append(f"{one.command} {one.task}: another receipt than the one that is held")
    for one in book.not_run:
        if bytes(one.task) in ledger:
            found.halves.append(f"{one.command} {one.task}: its client was told that it did not run")
    _compare_rows(place, ledger, found)
    if thoroughly:
        found.halves += _unsound(place)
    return found


def _compare_rows(place: Place, ledger: Mapping[bytes, _Entry], found: Differences) -> None:
    """Find rows that are too many or too few for the tasks that made them."""
    for task, made in traces(place).items():
        due = ledger[task].due if task in ledger else Counter[str]()
        if task not in ledger:
            found.halves.append(f"{task.hex()}: {dict(made)} without a receipt")
        elif made - due:
            found.doubled.append(f"{task.hex()}: {dict(made - due)} more than it makes")
        if due - made:
            found.halves.append(f"{task.hex()}: {dict(due - made)} is missing")
    for what, statement in _TWICE.items():
        found.doubled += [f"{what} {key!r}: {count} times" for key, count in place.query(statement)]


class _Entry(NamedTuple):
    """A row of the ledger."""

    command: str
    receipt: bytes

    @property
    def due(self) -> Counter[str]:
        """Say what such a task leaves in the store."""
        return Counter(MADE[self.command] if Receipt.decode(self.receipt).error is None else {"ledger.task": 1})


def _ledger(place: Place) -> dict[bytes, _Entry]:
    return {
        task: _Entry(command, receipt) for task, command, receipt in place.query("SELECT task, command, receipt FROM ledger")
    }


def _unsound(place: Place) -> Iterator[str]:
    """Find entries of the ledger whose tokens are not about their task, or not signed."""
    did = place.service.did
    facts = Facts(0, {did: did_key_methods(did)})
    for task, invocation, receipt in place.query("SELECT task, invocation, receipt FROM ledger"):
        try:
            told = Receipt.decode(receipt)
            verify_receipt(told, facts)
            if not bytes(told.ran) == task == bytes(Invocation.decode(invocation).task):
                yield f"{task.hex()}: its invocation or its receipt is another task's"
        except (DecodeError, Failure) as error:
            yield f"{task.hex()}: {error!s}"


async def ask_again(url: str, book: Book, *, most: int | None = None) -> Differences:
    """Send again whatever a receipt is held of, and ask for that receipt: all have the same bytes. Then what is open: it runs.

    Args:
        url: of a server on the store.
        book: what is held, and what is open. Of the latter nothing is left.
        most: no more receipts than so many.
    """
    found = Differences()
    held = list(islice(reversed(book.held.items()), most))
    chunks = [held[begin : begin + TOGETHER] for begin in range(0, len(held), TOGETHER)]
    opened = list(book.open)
    async with Client(url) as client:

        async def work() -> None:
            while chunks:
                await _compare(client, chunks.pop(), found)
            while opened:
                one = opened.pop()
                try:
                    receipt = (await client.send(Container.of(one))).receipts[one.task]
                except ServiceError as error:
                    found.halves.append(f"{one.command} {one.task}: not answered when all is well: {error}")
                    continue
                if not book.receive(one, receipt):
                    found.halves.append(f"{one.command} {one.task}: does not run when all is well: {receipt.error!r}")

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    found.doubled += book.contradictions
    return found


async def _compare(client: Client, chunk: Sequence[tuple[Invocation, bytes]], found: Differences) -> None:
    answer = await client.send(Container.of(*(one for one, _ in chunk)))
    for one, receipt in chunk:
        kept = await client.receipt(one.task)
        for way, given in (("sent again", answer.receipts.get(one.task)), ("asked for", kept)):
            if given is not None and bytes(given) == receipt:
                continue
            kind = found.doubled if given is not None and given.error_name in KEPT else found.lost
            kind.append(f"{one.command} {one.task}: {way}, it is another receipt, or none")
