"""Bodies: read however they are cut, and bounded, each and all together."""

from __future__ import annotations

import asyncio
from typing import Final, Self

from starlette.types import Receive

from forge.server.refusal import Refused

BODY_DEADLINE: Final = 30.0
"""Seconds in which a request's body must have arrived: who sends a byte a second holds a connection no longer than that."""
MAX_BODIES: Final = 256 * 1024 * 1024
"""Bytes of all bodies that a process holds at once."""


class Bodies:
    """The bytes of all bodies that this process holds: many that arrive slowly must not use the memory up."""

    def __init__(self) -> None:
        self.bytes = 0

    def hold(self) -> Held:
        """Hold one body until the `with` block ends."""
        return Held(self)


class Held:
    """The bytes of one body so far."""

    __slots__ = ("_bodies", "bytes")

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self.bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._bodies.bytes -= self.bytes

    def add(self, size: int) -> None:
        """Hold more.

        Raises:
            Refused: together with the others it is too much.
        """
        self.bytes += size
        self._bodies.bytes += size
        if self._bodies.bytes > MAX_BODIES:
            raise Refused(503, "too many bodies at once; try again", {"Connection": "close", "Retry-After": "1"})


async def read(receive: Receive, announced: bytes, limit: int, held: Held) -> bytes:
    """Read the body, however it is cut, and stop at the limit.

    Almost every body comes in one part. That part is waited for by whoever runs the app (`forge.cli.protocol`).

    Args:
        receive: what gives the parts.
        announced: the header `Content-Length`.
        limit: bytes of it.
        held: counts them.
    """
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    part, more = await _part(receive)
    if not more:
        held.add(len(part))
        if len(part) > limit:
            raise _too_large(limit)
        return part
    body = bytearray(part)
    held.add(len(part))
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            while more:
                if len(body) > limit:
                    raise _too_large(limit)
                part, more = await _part(receive)
                body += part
                held.add(len(part))
    except TimeoutError:
        raise Refused(408, f"the body did not arrive within {BODY_DEADLINE:.0f} s") from None
    if len(body) > limit:
        raise _too_large(limit)
    return bytes(body)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Refused(400, "the body was cut off")
    return message.get("body", b""), message.get("more_body", False)


def _too_large(limit: int) -> Refused:
    return Refused(413, f"a body has at most {limit} bytes")
