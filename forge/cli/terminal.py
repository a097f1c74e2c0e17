"""What a person or a script sees: texts from strangers made harmless, JSON, and lines with a little colour.

What others signed may hold any text. A terminal obeys escape sequences, so none of them reaches it: whatever is not printable
is written as an escape, in what is for people and in JSON alike. Results go to standard output, all else to standard error.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from rich.console import Console
from rich.text import Text

from forge.cid import CID

_STEP: Final = 12  # characters of a label, and of what is indented below one


def printable(text: str) -> str:
    r"""Write what is not printable (control characters, direction marks, surrogates) as escapes such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def one_line(text: str) -> str:
    """Put a message that may come from anywhere on one printable line."""
    return printable(" ".join(text.split()))


def json_text(value: object, *, indent: int | None = None) -> str:
    """Write a value as DAG-JSON that is safe to print.

    Unlike `dagjson.encode` it writes whatever a token can hold: also a map with the key "/", which DAG-JSON keeps for itself,
    and what is nested as deep as a token may be, inside of what is told about it.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(_jsonable(value), ensure_ascii=False, indent=indent, separators=separators)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else _json_escape(one) for one in text)


def complain(text: str) -> None:
    """Say on standard error what went wrong."""
    say(f"forge: {text}")


def say(text: str) -> None:
    """Print a line on standard error."""
    print(one_line(text), file=sys.stderr)  # noqa: T201 - this is the one place


def emit(text: str) -> None:
    """Print a line on standard output, as it is."""
    print(text)  # noqa: T201 - this is the one place


def emit_json(value: object) -> None:
    """Print a value as one line of DAG-JSON on standard output."""
    emit(json_text(value))


def show(*parts: str | tuple[str, str], indent: int = 0) -> None:
    """Print one line for people on standard output. A part with a style is coloured where there is a terminal to see it."""
    line = Text(" " * indent)
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        line.append(printable(text), style)
    Console(highlight=False).print(line, soft_wrap=True)


def show_field(label: str, text: str, *, indent: int = 0, style: str = "") -> None:
    """Print a label and what it says."""
    show((label.ljust(_STEP), "dim"), (text, style), indent=indent)


def show_json(label: str, value: object, *, indent: int = 0) -> None:
    """Print a label and a value as indented DAG-JSON."""
    first, *rest = json_text(value, indent=2).split("\n")
    show_field(label, first, indent=indent)
    for line in rest:
        show(line, indent=indent + _STEP)


def _jsonable(value: object) -> object:
    if isinstance(value, CID):
        return {"/": str(value)}
    if isinstance(value, bytes):
        return {"/": {"bytes": b64encode(value).decode().rstrip("=")}}
    if isinstance(value, Mapping):
        return {key: _jsonable(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_jsonable(one) for one in value]
    return value


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
