"""The least that answers HTTP: a protocol that answers whatever arrives with bytes that it was given.

    python -m benchmarks.canned FILE MEDIA-TYPE

Against this the load's own ceiling is found.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import cast

import uvloop


class Canned(asyncio.Protocol):
    """One connection. Requests are smaller than what is read at once, and nobody sends a second one before the answer."""

    _transport: asyncio.WriteTransport

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        # uvloop's are not derived from it.
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer."""
        del data
        self._transport.write(self._answer)


async def serve(body: bytes, media_type: str) -> None:
    """Serve on a free port until SIGTERM."""
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\ncontent-type: {media_type}\r\n\r\n"
    answer = head.encode() + body
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Canned(answer), "127.0.0.1", 0)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]} started\n")
    sys.stdout.flush()
    await stopped.wait()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
