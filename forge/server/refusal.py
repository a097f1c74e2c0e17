"""Requests that are answered with a status and one line of text."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """A request that is answered with a status and one line of text."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = dict(headers or {})
