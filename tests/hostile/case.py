"""What a case is: a name, a request or a recipe for one, and what is seen of it from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from forge.verify import LEEWAY
from forge.wire import CONTENT_TYPE

Headers = tuple[tuple[str, bytes], ...]

CONTAINER: Final[Headers] = (("Content-Type", CONTENT_TYPE.encode()),)
OK: Final = "ok"
"""Of a receipt that holds a result."""


@dataclass(frozen=True)
class Request:
    """An HTTP request, byte for byte as it is sent."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/"
    headers: Headers = CONTAINER
    framed: bool = True
    """Whether a length is announced; where it is not, the headers say how the body is cut."""

    def __bytes__(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1".encode(), b"Host: service.example.com", b"Connection: close"]
        lines += [name.encode() + b": " + value for name, value in self.headers]
        if self.framed:
            lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Expect:
    """What is seen: a status with one line of text, or one receipt, or none."""

    status: int = 200
    receipt: str | None = None
    """The name of the error that the one receipt holds, or `ok`; None where there is no receipt."""
    says: str = ""
    """Words of the line of text, or of the error's message: they name the place."""
    aside: str = ""
    """Words of why an entry of the container was left aside. Only the operator sees those."""

    def __str__(self) -> str:
        seen = f"{self.status}" if self.status != 200 else self.receipt or "no receipt"
        words = "; ".join(words for words in (self.says, self.aside and f"left aside: {self.aside}") if words)
        return f"{seen}: {words}" if words else seen


@dataclass(frozen=True)
class Service:
    """How the service is set up that a case meets."""

    leeway: int = LEEWAY
    attesting: bool = True
    """Whether it has been told who attests for did:mailto."""


USUAL: Final = Service()
EXACT: Final = Service(leeway=0)
ALONE: Final = Service(attesting=False)


@dataclass(frozen=True)
class Case:
    """One request, and what comes of it."""

    name: str
    """The section, a slash, and what is wrong."""
    make: Request | Callable[[], Request]
    """The request. A recipe where making it takes a while."""
    expect: Expect
    service: Service = USUAL
    before: tuple[Request, ...] = ()
    """What was accepted before, such as a revocation."""
    library: bool = True
    """Whether the same is seen by whoever has the library and neither a store nor a server."""

    @property
    def section(self) -> str:
        return self.name.partition("/")[0]

    @cached_property
    def request(self) -> Request:
        """The request, made once."""
        return self.make if isinstance(self.make, Request) else self.make()


def accepted() -> Expect:
    """It runs: what the hostile ones beside it differ from by one thing."""
    return Expect(receipt=OK)


def refused(status: int, says: str) -> Expect:
    """There is no container of invocations in this."""
    return Expect(status=status, says=says)


def fails(name: str, says: str, *, aside: str = "") -> Expect:
    """A receipt says why not."""
    return Expect(receipt=name, says=says, aside=aside)


def left_aside(why: str) -> Expect:
    """It is no token, so that there is nothing to answer."""
    return Expect(aside=why)


def unavailable(why: str) -> Expect:
    """A proof is no delegation: it was left aside, and is missed."""
    return fails("UnavailableProof", "proof not found in container", aside=why)


def ignored() -> Expect:
    """Tokens, and none of them asks this service for anything."""
    return Expect()
