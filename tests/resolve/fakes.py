"""What stands in for time and for the network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from forge.did import DID
from forge.document import own_methods
from forge.errors import DIDKeyResolutionError
from forge.keys import Ed25519PrivateKey, Signer
from forge.method import VerificationMethod
from forge.resolve.failure import Fault, Unfetched
from forge.resolve.fetcher import Document
from forge.resolve.slots import Slots
from forge.resolve.source import Lane, Source

Methods = tuple[VerificationMethod, ...]
TTL: Final = 300.0
STALE: Final = 1_000.0
SIGNERS: Final = [Signer(Ed25519PrivateKey(bytes([number]) * 32)) for number in range(8)]


class FakeClock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def did(name: object = "a") -> DID:
    return DID(f"did:fake:{name}")


def methods(one: DID, version: int = 0) -> Methods:
    return own_methods(one, SIGNERS[version].key.public)


class FakeHost:
    """A fetcher: answers with the version it is told, or with a failure, or whenever it is let."""

    def __init__(self) -> None:
        self.version = 0
        self.tag = ""
        self.failure: Exception | None = None
        self.before: Callable[[DID], Awaitable[object]] | None = None
        self.asked: list[tuple[DID, str | None]] = []

    def host(self, did: DID) -> str:
        if did.identifier == "bad":
            raise Unfetched("it names no host")
        return did.identifier.partition(":")[0]

    async def fetch(self, did: DID, etag: str | None) -> Document | None:
        self.asked.append((did, etag))
        if self.before is not None:
            await self.before(did)
        if self.failure is not None:
            raise self.failure
        tag = f'"{self.version}{self.tag}"'
        return None if etag == tag else Document(methods(did, self.version), tag)

    def fails(self, reason: str = "the host is down", fault: Fault = Fault.HOST) -> None:
        self.failure = Unfetched(reason, "10.0.0.1 refused", fault)

    def works(self) -> None:
        self.failure = None


def source(
    host: FakeHost, clock: FakeClock, *, known: FakeHost | None = None, slots: tuple[int, int, int] = (8, 8, 8), **how: Any
) -> Source:
    settings = {"timeout": 30.0, "ttl": TTL, "stale": STALE, "clock": clock, **how}
    return Source(Lane(host, Slots(*slots)), Lane(known or host, Slots(*slots)), **settings)


def reason(found: object) -> str:
    assert isinstance(found, DIDKeyResolutionError), found
    return found.message.partition("not resolvable by any resolver: ")[2]


async def settled() -> None:
    """Let everything happen that waits for nothing but its turn."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true; not for ever, should it not."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what makes it true is elsewhere
            await asyncio.sleep(0.001)
