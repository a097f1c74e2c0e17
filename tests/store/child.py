"""A process that writes units without end, sixteen at a time, and says the number of each once it was told that it is kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from functools import partial

from forge.cid import CID
from forge.did import DID
from forge.ports import LedgerEntry
from store import Customer, Event, Transaction, connect

SERVICE = DID("did:web:service.example.com")
CALLERS = 16


def unit(transaction: Transaction, number: int) -> None:
    """Rows, event and ledger entry of one task, which all bear its number."""
    task, did = CID.of(b"%d" % number), DID(f"did:web:n{number}.example.com")
    transaction.add_customer(Customer(did=did, product=SERVICE, task=task, inserted_at=number))
    transaction.append(Event(at=number, task=task, command="/c", issuer=SERVICE, subject=SERVICE, type="added", customer=did))
    transaction.record(LedgerEntry(task, "/c", SERVICE, SERVICE, b"i" * 500, (task,), b"%d" % number, number))


async def main(url: str, first: int) -> None:
    store = await connect(url)
    numbers = iter(range(first, first + 10**9))

    async def caller(mine: Iterator[int]) -> None:
        for number in mine:
            await store.change(partial(unit, number=number))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()

    await asyncio.gather(*(caller(numbers) for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
