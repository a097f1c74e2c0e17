"""Requests that are answered with a status and one line of text."""

from __future__ import annotations


class Refused(Exception):
    """A request that is answered with a status and one line of text."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
