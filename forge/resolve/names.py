"""Names: looking the addresses of hosts up, on threads of its own.

The event loop has few threads for look-ups, and one cannot be ended: names whose servers do not answer would hold those of
everybody else up, the directory's among them.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

from forge.resolve.failure import TOO_BUSY, Fault, Unfetched

MAX_LOOK_UPS: Final = 64
"""Names that are looked up at once."""

AddressInfo: TypeAlias = "tuple[int, int, int, str, tuple[Any, ...]]"
LookUp: TypeAlias = Callable[..., list[Any]]
"""`socket.getaddrinfo`, or what stands in for it."""


class Names(AbstractResolver):
    """Looks names up, each once at a time, at most so many at once. Nothing is kept: what was found is for one connection."""

    def __init__(self, look_up: LookUp = socket.getaddrinfo, at_once: int = MAX_LOOK_UPS) -> None:
        self._look_up = look_up
        self._at_once = at_once
        self._under_way: dict[str, asyncio.Future[list[AddressInfo]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Find the addresses of a host.

        Raises:
            OSError: there are none.
            Unfetched: it was not looked up, because of others.
        """
        del family
        looking = self._under_way.get(host) or self._begin(host)
        # Whoever stops waiting does not end it for others.
        infos = await asyncio.shield(looking)
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in infos
        ]

    async def close(self) -> None:
        """Let go. Threads that still wait for an answer end with the process."""

    def _begin(self, host: str) -> asyncio.Future[list[AddressInfo]]:
        if len(self._under_way) >= self._at_once:
            # No OSError, which would pass for the host's own failure: others keep us from asking, and it may be well.
            raise Unfetched(TOO_BUSY, f"{self._at_once} names are being looked up already", Fault.BUSY)
        loop = asyncio.get_running_loop()
        looking: asyncio.Future[list[AddressInfo]] = loop.create_future()
        self._under_way[host] = looking

        def end(found: list[AddressInfo] | Exception) -> None:
            del self._under_way[host]
            if isinstance(found, Exception):
                looking.set_exception(found)
                looking.exception()  # Seen, though everybody may have stopped waiting.
            else:
                looking.set_result(found)

        def run() -> None:
            found: list[AddressInfo] | Exception
            try:
                found = self._look_up(host, None, type=socket.SOCK_STREAM)
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits for it
                found = error
            # The loop may have come to its end before the answer.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end, found)

        # A daemon: the process ends without waiting for a name server.
        thread = threading.Thread(target=run, name=f"look up {host[:40]}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The system has none to give. The next who asks for this name must not wait for one that never began.
            del self._under_way[host]
            raise Unfetched(TOO_BUSY, f"no look-up: {error}", Fault.BUSY) from error
        return looking
