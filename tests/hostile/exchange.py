"""HTTP by hand: what is sent is sent byte for byte, and what comes back is read whole."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from forge.container import Container
from forge.receipt import Receipt
from forge.wire import is_container
from tests.hostile.case import OK, Request

_HEADER: Final = "x-ucan-container"
PATIENCE: Final = 120.0
"""Seconds without a byte after which a service is taken for dead."""


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def receipts(self) -> list[Receipt]:
        """The receipts in it, wherever they travel."""
        if _HEADER in self.headers:
            container = Container.decode(self.headers[_HEADER])
        elif is_container(self.headers.get("content-type", "")):
            container = Container.from_cbor(self.body)
        else:
            return []
        return [token for token in container.tokens if isinstance(token, Receipt)]

    @property
    def text(self) -> str:
        """What it says to people."""
        return self.body.decode(errors="replace") if self.headers.get("content-type", "").startswith("text/") else ""


async def exchange(url: str, request: Request) -> Answer:
    """Send a request on a connection of its own; read what comes."""
    # Sockets, on a thread: asyncio's streams lose an answer that came before all of the request was taken.
    return await asyncio.to_thread(_exchange, url, bytes(request))


def _exchange(url: str, data: bytes) -> Answer:
    host, _, port = url.removeprefix("http://").partition(":")
    answer = bytearray()
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection, suppress(ConnectionError):
        # A service that has seen enough answers and closes before all is sent.
        with suppress(ConnectionError):
            connection.sendall(data)
        while part := connection.recv(1 << 16):
            answer += part
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if headers.get("transfer-encoding") != "chunked":
        assert len(body) == int(headers["content-length"])
    return Answer(int(first.split()[1]), headers, body)


def named(receipt: Receipt) -> str:
    """Say what a receipt holds."""
    return receipt.error_name or OK
