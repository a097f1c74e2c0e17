"""Bodies: read however they are cut, and bounded, each and all together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from starlette.requests import ClientDisconnect, Request

from forge.server.refusal import Refused

BODY_DEADLINE: Final = 30.0
"""Seconds in which a request's body must have arrived: who sends a byte a second holds a connection no longer than that."""
MAX_BODIES: Final = 256 * 1024 * 1024
"""Bytes of all bodies that a process holds at once."""


class Bodies:
    """The bytes of all bodies that this process holds: many that arrive slowly must not use the memory up."""

    def __init__(self) -> None:
        self.bytes = 0

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Hold one body until it is answered."""
        held = Held(self)
        try:
            yield held
        finally:
            self.bytes -= held.bytes


class Held:
    """The bytes of one body so far."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.bytes = 0

    def add(self, size: int) -> None:
        """Hold more.

        Raises:
            Refused: together with the others it is too much.
        """
        self.bytes += size
        self._bodies.bytes += size
        if self._bodies.bytes > MAX_BODIES:
            raise Refused(503, "too many bodies at once; try again")


async def read(request: Request, limit: int, held: Held) -> bytes:
    """Read the body, however it is cut, and stop at the limit."""
    too_large = partial(Refused, 413, f"a body has at most {limit} bytes")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            async for part in request.stream():
                body += part
                if len(body) > limit:
                    raise too_large()
                held.add(len(part))
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {BODY_DEADLINE:.0f} s") from None
    except ClientDisconnect:
        raise Refused(400, "the body was cut off") from None
    return bytes(body)
