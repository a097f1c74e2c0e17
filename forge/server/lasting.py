"""Answers that go on: each holds a seat until it ends, however it ends, and a server that stops ends it at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

ON_STOP: Final = "forge.on_stop"
"""In a request's state: what a server that stops is to call, instead of waiting for an answer that would never end."""
RETRY_AFTER: Final = 5
"""Seconds after which whoever found no seat may ask again."""


def on_stop(request: Request, stop: Callable[[], None]) -> None:
    """Have a server that stops call `stop`, from now on until the request is answered."""
    request.scope.setdefault("state", {})[ON_STOP] = stop


class Lasting(StreamingResponse):
    """An answer that goes on, on a seat."""

    def __init__(self, parts: AsyncIterator[bytes], leave: Callable[[], None], headers: Mapping[str, str]) -> None:
        """Begin; `leave` gives the seat back."""
        super().__init__(parts, headers=headers)
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()
