"""Where services are."""

from __future__ import annotations

from urllib.parse import urlsplit

from forge.cli.exits import UsageError


def read_url(text: str) -> str:
    """Read a service's address.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(text)
        if parts.scheme in ("http", "https") and parts.hostname:
            return text
    except ValueError:
        pass
    raise UsageError(f"--url: expected http://… or https://…, not {text!r}")
