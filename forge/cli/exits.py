"""Exit statuses, for scripts, and which exception means which.

0   it is done; the receipt holds a result
1   the receipt holds an error: its name and message are on standard error
2   what was asked cannot be done like that; nothing was sent, nothing serves
3   the service was not reached, or it answered something else
"""

from __future__ import annotations

from typing import Final

from forge.errors import ConfigurationError, DecodeError, Failure, ForgeError, ServiceError, StoreError

REFUSED: Final = 1
USAGE: Final = 2
NO_ANSWER: Final = 3


class UsageError(ForgeError):
    """What was asked on the command line cannot be done like that. The message names the option or the file."""


class Unexpected(ForgeError):
    """Something came out otherwise than it had to."""


def status_of(error: ForgeError) -> int:
    """Say which exit status an exception means."""
    for kind, status in _STATUSES.items():
        if isinstance(error, kind):
            return status
    return REFUSED


_STATUSES: Final[dict[type[ForgeError], int]] = {
    UsageError: USAGE,
    DecodeError: USAGE,
    ConfigurationError: USAGE,
    StoreError: USAGE,
    ServiceError: NO_ANSWER,
    Failure: REFUSED,
    Unexpected: REFUSED,
}
