"""Commands: what is asked for, as a path (protocol §7).

command ::= "/" | ( "/" segment )+
segment ::= one or more characters, none of them "/", equal to their own lower case
"""

from __future__ import annotations

from typing import Final, Self

from forge.errors import CommandError

# ucantone's limit, in bytes.
MAX_COMMAND_BYTES: Final = 2048


class CommandPath(str):
    """A command, checked. It is its own text."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check `text`.

        Raises:
            CommandError: it is not a command.
        """
        if type(text) is cls:
            return text
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
        return super().__new__(cls, text)

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


ROOT: Final = CommandPath("/")
