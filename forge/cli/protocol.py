"""uvicorn's HTTP protocol with bounds on what comes before a request is whole: uvicorn itself has none.

A connection that sends its head slowly, or too much of it, or no body, or requests without reading the answers, is closed; it
holds neither memory nor a file descriptor for longer than the deadlines here.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from forge.server.lasting import ON_STOP

MAX_HEAD: Final = 64 * 1024
"""Bytes of a request line and its headers, by more than one read; containers in headers have 8 KiB at most."""
MAX_MESSAGE: Final = 64 * 1024 * 1024
"""Bytes of a whole request as it is cut into chunks: a body of 4 MiB, a byte a chunk, has less than half of it."""
MAX_PIPELINED: Final = 16
"""Requests that may wait on one connection for the answers before them."""
HEAD_DEADLINE: Final = 10.0
"""Seconds in which a head must have arrived, from the connection or its own first byte on."""
BODY_DEADLINE: Final = 60.0
"""Seconds in which the rest of a request must have arrived, where its head came alone: longer than the app waits for a body of
which it has a part, and answers."""
WRITE_DEADLINE: Final = 30.0
"""Seconds for which a client may leave an answer unread."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head = 0
        self._message = 0
        self._in_body = False
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._await(HEAD_DEADLINE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_timer()
        self._stop_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and count those that complete nothing."""
        in_head = self._in_head
        self._message += len(data)
        super().data_received(data)
        # Most requests come in one piece: only what is left over is waited for.
        if self._in_head:
            if in_head:
                self._head += len(data)
            if self._timer is None:
                self._await(HEAD_DEADLINE)
        elif self._in_body and self._timer is None:
            self._await(BODY_DEADLINE)
        if self._head > MAX_HEAD or self._message > MAX_MESSAGE or len(self.pipeline) > MAX_PIPELINED:
            self._refuse()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = True
        self._head = self._message = 0

    def on_headers_complete(self) -> None:
        """Have a head."""
        self._in_head = False
        self._in_body = True
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Have a whole request."""
        self._in_body = False
        self._stop_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(WRITE_DEADLINE, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on."""
        self._stop_write_timer()
        super().resume_writing()

    def shutdown(self) -> None:
        """Finish the answer, as the server stops; but one that would never end by itself ends now."""
        super().shutdown()
        # There is no cycle before the first request.
        stop = getattr(self.cycle, "scope", {}).get("state", {}).get(ON_STOP)
        if stop is not None:
            stop()
            if self.flow.write_paused:
                # Whoever does not read does not read the end of it either.
                self.transport.abort()

    def _await(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.send_400_response("The request is too large.")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
