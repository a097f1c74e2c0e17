"""Commands (protocol §7), and varsig headers (§3): what is pinned on the wire."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import varsig
from forge.command import MAX_COMMAND_BYTES, ROOT, CommandPath
from forge.errors import CommandError, VarsigError
from forge.varsig import Algorithm

SEGMENTS: Final = st.lists(
    st.text(min_size=1, max_size=6).filter(lambda text: "/" not in text and text == text.lower() and text.isprintable()),
    max_size=4,
)
COMMANDS: Final = SEGMENTS.map(lambda segments: CommandPath("/" + "/".join(segments)))


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("/", ()),
        ("/a", ("a",)),
        ("/msg/send", ("msg", "send")),
        ("/ucan/assert/receipt", ("ucan", "assert", "receipt")),
        ("/a b", ("a b",)),
        ("/.", (".",)),
        ("/ü/世界", ("ü", "世界")),
        ("/1/_/-", ("1", "_", "-")),
    ],
)
def test_what_is_a_command(text: str, segments: tuple[str, ...]) -> None:
    command = CommandPath(text)
    assert command == text
    assert command.segments == segments
    assert repr(command) == f"CommandPath({text!r})"
    assert CommandPath(command) is command


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a command begins with '/': ''"),
        ("a", "a command begins with '/': 'a'"),
        ("a/b", "a command begins with '/': 'a/b'"),
        (" /a", "a command begins with '/': ' /a'"),
        ("//", "a command does not end with '/': '//'"),
        ("/a/", "a command does not end with '/': '/a/'"),
        ("//a", "a command has no empty segment: '//a'"),
        ("/a//b", "a command has no empty segment: '/a//b'"),
        ("/A", "a command is in lower case: '/A'"),
        ("/msg/Send", "a command is in lower case: '/msg/Send'"),
        ("/Ü", "a command is in lower case: '/Ü'"),
        ("/İ", "a command is in lower case: '/İ'"),
        ("/Σ", "a command is in lower case: '/Σ'"),
        ("/" + "a" * 2048, "a command has at most 2048 bytes"),
        ("/" + "é" * 1024, "a command has at most 2048 bytes"),
        ("\ud800", "a command begins with '/'"),
    ],
    ids=ascii,
)
def test_what_is_no_command(text: str, reason: str) -> None:
    with pytest.raises(CommandError) as caught:
        CommandPath(text)
    assert str(caught.value).startswith(reason)
    assert len(str(caught.value)) < 200


def test_the_limit_is_in_bytes() -> None:
    assert MAX_COMMAND_BYTES == 2048
    assert CommandPath("/" + "a" * 2047)
    assert CommandPath("/a" + "é" * 1023)


@pytest.mark.parametrize(
    ("one", "other", "covers"),
    [
        ("/", "/", True),
        ("/", "/a", True),
        ("/", "/a/b", True),
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/b", "/a/b/c", True),
        ("/crypto", "/crypto/sign", True),
        ("/crypto", "/cryptocurrency", False),
        ("/crypto", "/crypto-sign", False),
        ("/a/b", "/a", False),
        ("/a", "/", False),
        ("/a/b", "/a/c", False),
        ("/b", "/a/b", False),
    ],
)
def test_what_a_command_covers(one: str, other: str, covers: bool) -> None:  # noqa: FBT001 - a column of the table
    assert CommandPath(one).covers(CommandPath(other)) is covers
    assert CommandPath(one).covers(other) is covers


@given(COMMANDS, COMMANDS)
def test_covering_is_being_a_prefix_of_segments(one: CommandPath, other: CommandPath) -> None:
    assert one.covers(other) is (other.segments[: len(one.segments)] == one.segments)
    assert ROOT.covers(one)
    assert one.covers(one)
    if one.covers(other) and other.covers(one):
        assert one == other


@given(COMMANDS, SEGMENTS)
def test_a_command_covers_what_is_below_it(command: CommandPath, segments: list[str]) -> None:
    below = CommandPath("/" + "/".join((*command.segments, *segments)))
    assert command.covers(below)
    assert below.covers(command) is (not segments)


# -- varsig

HEADERS: Final = {
    Algorithm.ED25519: "3401ed01ed011371",
    Algorithm.SECP256K1: "3401ec01e7011271",
    Algorithm.P256: "3401ec0180241271",
    Algorithm.ATTESTED: "34018180c00171",
    Algorithm.ABSENTEE: "340180a00371",
}


def test_the_headers_are_permanent() -> None:
    assert {algorithm: algorithm.header.hex() for algorithm in Algorithm} == HEADERS


@pytest.mark.parametrize("algorithm", Algorithm, ids=lambda one: one.name)
def test_a_header_is_read(algorithm: Algorithm) -> None:
    assert varsig.parse(bytes.fromhex(HEADERS[algorithm])) is algorithm


@pytest.mark.parametrize("algorithm", Algorithm, ids=lambda one: one.name)
def test_a_header_has_one_form(algorithm: Algorithm) -> None:
    """Not a byte more, less or other, and no varint longer than it need be."""
    header = algorithm.header
    others = [header[:end] for end in range(len(header))] + [header + bytes((byte,)) for byte in range(256)]
    others += [
        header[:at] + bytes((byte,)) + header[at + 1 :]
        for at in range(len(header))
        for byte in range(256)
        if byte != header[at]
    ]
    # Each varint's last byte is made to go on with a zero.
    others += [header[:at] + bytes((header[at] | 0x80, 0)) + header[at + 1 :] for at in range(len(header)) if header[at] < 0x80]
    known = [other for other in others if other in {one.header for one in Algorithm}]
    assert known == []
    for other in others:
        with pytest.raises(VarsigError, match=r"^not a varsig header that is known here: "):
            varsig.parse(other)


@pytest.mark.parametrize(
    "header",
    [
        "34ed0171",
        "3400ed01ed011371",
        "3402ed01ed011371",
        "3501ed01ed011371",
        "3401ed01ed01135f",
        "3401ed01ed0113a902",
        "3401ed01ed011391c303",
        "3401ed01ed011271",
        "3401ed0183241971",
        "3401ec01ed011371",
        "3401ec0181241571",
        "340185241271",
        "3401b101",
    ],
)
def test_headers_that_are_not_ours(header: str) -> None:
    with pytest.raises(VarsigError, match=header):
        varsig.parse(bytes.fromhex(header))


def test_a_long_header_is_cut_in_the_message() -> None:
    with pytest.raises(VarsigError) as caught:
        varsig.parse(bytes(100_000))
    assert len(str(caught.value)) < 200
