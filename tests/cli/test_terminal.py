from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import dagjson
from forge.cid import CID
from forge.cli import terminal

HOSTILE = "\x1b]0;owned\x07 \x9b31m \u202e \u2028 \x7f \x00 é 漢 😀 \U000e0041"


def test_what_is_not_printable_is_escaped() -> None:
    shown = terminal.printable(HOSTILE)
    assert shown.isprintable()
    assert shown.startswith("\\x1b]0;owned\\x07 \\x9b31m \\u202e")
    assert "é 漢 😀" in shown


def test_messages_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.complain(f"first\r\nsecond\x1b[2J {HOSTILE}")
    said = capsys.readouterr().err
    assert said.startswith("forge: first second\\x1b[2J")
    assert said.endswith("\n")
    assert said[:-1].isprintable()


def special(value: object) -> object:
    return {"/": str(value)} if isinstance(value, CID) else {"/": {"bytes": "AA"}}


@given(st.text() | st.just("/"))
def test_json_is_printable_and_says_the_same(text: str) -> None:
    value = {"a": [text, 1, 0.5, None, True, b"\x00", CID.of(b"x"), {}], text: {text: text}}
    for indent in (None, 2):
        written = terminal.json_text(value, indent=indent)
        assert all(one.isprintable() or one == "\n" for one in written)
        assert json.loads(written) == json.loads(json.dumps(value, default=special))
        if "/" not in value:
            assert dagjson.decode(written) == value


def test_lines_for_people_have_no_colour_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(("ok", "bold green"), f" [red]{HOSTILE}[/red]" + "x" * 200)
    terminal.show_json("result", {"a": HOSTILE}, indent=3)
    shown = capsys.readouterr().out
    first, *rest = shown.splitlines()
    assert first.startswith("ok [red]\\x1b]0;owned")
    assert first.endswith("x" * 200)
    assert rest[0] == "   result      {"
    assert rest[1].startswith(" " * 15 + '  "a": "\\u001b]0;owned\\u0007 \\u009b31m \\u202e')
    assert all(line.isprintable() for line in shown.splitlines())
