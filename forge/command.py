"""Commands: what is asked for, as a path (protocol §7).

command ::= "/" | ( "/" segment )+
segment ::= one or more characters, none of them "/", equal to their own lower case
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from forge.errors import CommandError

# ucantone's limit, in bytes.
MAX_COMMAND_BYTES: Final = 2048

_CACHE_SIZE: Final = 1024
# Characters up to which a command that was checked is remembered.
_SHORT: Final = 128


class CommandPath(str):
    """A command, checked. It is its own text."""

    __slots__ = ()

    def __new__(cls, text: str) -> CommandPath:  # noqa: PYI034 - there are no subclasses
        """Check `text`.

        Raises:
            CommandError: it is not a command.
        """
        if type(text) is cls:
            return text
        return _checked(text) if len(text) <= _SHORT else _check(text)

    @property
    def segments(self) -> tuple[str, ...]:
        """What stands between the slashes; none for `/`."""
        return tuple(self[1:].split("/")) if self != "/" else ()

    def covers(self, other: str) -> bool:
        """Say whether authority for this command is authority for `other`: the same, or below it.

        `/crypto` covers `/crypto/sign`, and never `/cryptocurrency`.
        """
        return self in ("/", other) or other.startswith(self + "/")

    def __repr__(self) -> str:
        return f"CommandPath({str(self)!r})"


def _check(text: str) -> CommandPath:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_COMMAND_BYTES:
        raise CommandError(f"a command has at most {MAX_COMMAND_BYTES} bytes")
    if not text.startswith("/"):
        raise CommandError(f"a command begins with '/': {text[:80]!r}")
    if text != "/":
        if text.endswith("/"):
            raise CommandError(f"a command does not end with '/': {text[:80]!r}")
        if "//" in text:
            raise CommandError(f"a command has no empty segment: {text[:80]!r}")
    if text != text.lower():
        raise CommandError(f"a command is in lower case: {text[:80]!r}")
    return str.__new__(CommandPath, text)


# The same few come with every token.
_checked: Final = lru_cache(_CACHE_SIZE)(_check)

ROOT: Final = CommandPath("/")
