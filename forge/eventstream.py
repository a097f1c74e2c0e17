r"""Event streams: Server-Sent Events, written and read (protocol §13.2; the `text/event-stream` of HTML).

    stream  ::= BOM? event*
    event   ::= (comment | field)* end
    comment ::= ":" text end
    field   ::= name (":" " "? value)? end
    end     ::= "\r\n" | "\n" | "\r"

Reading is a matter of bytes and nothing else, and is bounded: whoever sends may never end a line, or an event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from forge.errors import ServiceError

CONTENT_TYPE: Final = "text/event-stream"
KEEP_ALIVE: Final = b":\n\n"
"""A comment: whoever reads sees that the connection lives, and nothing else."""
MAX_EVENT: Final = 1024 * 1024
"""Bytes of an event: links for a path through every token that a container may hold, and some."""

_END: Final = re.compile(rb"\r\n|\n|\r(?!\Z)")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    """One event."""

    name: str
    data: str
    id: str | None = None

    def encode(self) -> bytes:
        """Write it. None of its parts may hold an end of line."""
        head = "" if self.id is None else f"id: {self.id}\n"
        return f"{head}event: {self.name}\ndata: {self.data}\n\n".encode()


class Reader:
    """Reads events out of bytes, however these are cut."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._size = 0
        self._begun = False
        self._name = ""
        self._data: list[str] = []
        self._id: str | None = None

    def feed(self, data: bytes) -> list[Event]:
        """Take more bytes; give the events that they complete.

        Raises:
            ServiceError: an event is larger than `MAX_EVENT`, or no text.
        """
        found: list[Event] = []
        for line in self._lines(data):
            text = line if self._begun else line.removeprefix(_BOM)
            self._begun = True
            self._size += len(line) + 1
            self._bound(self._size)
            if text:
                self._field(text)
                continue
            if self._data:
                found.append(Event(self._name or "message", "\n".join(self._data), self._id))
            self._name, self._data, self._id, self._size = "", [], None, 0
        self._bound(self._size + len(self._rest))
        return found

    def _lines(self, data: bytes) -> list[bytes]:
        """Take off the lines that have ended. A carriage return at the end may be half of an end: it waits for what follows."""
        looked = max(0, len(self._rest) - 1)
        self._rest += data
        lines: list[bytes] = []
        begin = 0
        for end in _END.finditer(self._rest, looked):
            lines.append(bytes(self._rest[begin : end.start()]))
            begin = end.end()
        del self._rest[:begin]
        return lines

    def _field(self, line: bytes) -> None:
        try:
            name, _, value = line.decode().partition(":")
        except UnicodeDecodeError as error:
            raise ServiceError(f"an event stream is text, and this is not: {line[:40]!r}") from error
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self._id = value

    @staticmethod
    def _bound(size: int) -> None:
        if size > MAX_EVENT:
            raise ServiceError(f"an event has more than {MAX_EVENT} bytes")
