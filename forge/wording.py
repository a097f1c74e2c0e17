"""How messages write DIDs of any length, times beyond any calendar, and a proof's place in its chain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, TypeAlias

Place: TypeAlias = tuple[int, int]
"""Of a proof: its position in the chain, from 0, and how many there are."""

MAX_SHOWN: Final = 160
"""Characters of a DID in a message: any that is in use, whole."""


def show_did(did: str | None) -> str:
    """Write a DID, or the id of one of its methods; a long one by its ends, since one answer may hold thousands of messages."""
    text = str(did)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]}…{text[-MAX_SHOWN // 4 :]}"


def show_date(seconds: int) -> str:
    """Write Unix seconds as RFC 3339, in UTC."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        # A time beyond the calendar: the number itself is clearer than nothing.
        return f"{seconds} (Unix seconds)"


def show_place(place: Place | None) -> str:
    """Write where in a chain a proof stands; nothing for what is no proof."""
    return "" if place is None else f" (proof {place[0] + 1} of {place[1]})"
