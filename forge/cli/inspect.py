"""`forge inspect`: explains a token or a container, in any encoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, TypeAlias

import typer

from forge.cli.explain import explain
from forge.cli.files import STANDARD_INPUT
from forge.cli.options import Json
from forge.cli.reading import read_given
from forge.cli.terminal import emit_json, json_text, show, show_field, show_json
from forge.cli.times import now, show_time

_INDENT: Final = 3

Render: TypeAlias = Callable[[str, Any, Mapping[str, Any], int], None]
"""Prints a field: its label, its value, the whole token, and the time it is."""

app = typer.Typer(add_completion=False)


@app.command()
def inspect(
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, `-` for standard input, or the text itself.")] = (
        STANDARD_INPUT
    ),
    as_json: Json = False,
) -> None:
    """Explain a token or a container, in any encoding: binary, lettered, hexadecimal, or base64.

    Nothing is verified: not a signature, not a time, not a chain.
    """
    explained = explain(read_given("FILE", file))
    if as_json:
        emit_json(explained)
        return
    tokens, undecodable = explained["tokens"], explained["undecodable"]
    counted = f"{len(tokens)} token{'' if len(tokens) == 1 else 's'}"
    show((f"{explained['kind']}", "bold"), f": {explained['encoding']}, {explained['bytes']} bytes, {counted}")
    show(("What follows is what it says. Nothing of it has been verified.", "yellow"))
    at = now()
    for number, token in enumerate(tokens, 1):
        show()
        show(f"{number}. ", (token.pop("type"), "bold"), f" {token.pop('cid')}")
        for field, value in token.items():
            render: Render = _FIELDS.get(field, _plain)
            render(_LABELS.get(field, field), value, token, at)
    for reason in undecodable:
        show()
        show(("not a token", "bold red"), f" {reason}")


def _plain(label: str, value: object, token: Mapping[str, Any], at: int) -> None:
    del token, at
    show_field(label, str(value), indent=_INDENT)


def _subject(label: str, value: str | None, token: Mapping[str, Any], at: int) -> None:
    _plain(label, "null: whatever subject the chain is about (a powerline)" if value is None else value, token, at)


def _command(label: str, value: str, token: Mapping[str, Any], at: int) -> None:
    below = ", and all that is below it" if "policy" in token else ""
    _plain(label, f"{value}{below}", token, at)


def _size(label: str, value: int, token: Mapping[str, Any], at: int) -> None:
    _plain(label, f"{value} bytes", token, at)


def _policy(label: str, value: list[object], token: Mapping[str, Any], at: int) -> None:
    lines = [json_text(statement) for statement in value] or ["none: any arguments will do"]
    for number, line in enumerate(lines):
        _plain(label if number == 0 else "", line, token, at)


def _time(label: str, value: int | None, token: Mapping[str, Any], at: int) -> None:
    text = "never" if value is None else show_time(value, at=at)
    past = label == "expires" and value is not None and value <= at
    show_field(label, f"{text}{', past' if past else ''}", indent=_INDENT, style="red" if past else "")
    del token


def _bytes(label: str, value: bytes, token: Mapping[str, Any], at: int) -> None:
    _plain(label, value.hex() or "empty: the same task each time", token, at)


def _json(label: str, value: object, token: Mapping[str, Any], at: int) -> None:
    del token, at
    show_json(label, value, indent=_INDENT)


def _proofs(label: str, value: list[Mapping[str, Any]], token: Mapping[str, Any], at: int) -> None:
    lines = [f"{one['cid']} ({_presence(one)})" for one in value] or ["none"]
    for number, line in enumerate(lines):
        _plain(label if number == 0 else "", line, token, at)


def _ran(label: str, value: Mapping[str, Any], token: Mapping[str, Any], at: int) -> None:
    _plain(label, f"{value['task']} ({_presence(value)})", token, at)


def _presence(link: Mapping[str, Any]) -> str:
    return "here" if link["present"] else "not here"


_LABELS: Final = {
    "expiration": "expires",
    "notBefore": "not before",
    "issuedAt": "issued",
    "algorithm": "signature",
    "bytes": "size",
}
_FIELDS: Final[dict[str, Render]] = {
    "bytes": _size,
    "subject": _subject,
    "command": _command,
    "policy": _policy,
    "expiration": _time,
    "notBefore": _time,
    "issuedAt": _time,
    "nonce": _bytes,
    "arguments": _json,
    "ok": _json,
    "error": _json,
    "meta": _json,
    "proofs": _proofs,
    "ran": _ran,
}
