"""Section `command`: paths that are none, that nobody serves, and that a proof does not cover (protocol §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.hostile.case import Case, accepted, fails, left_aside, unavailable
from tests.hostile.parties import AGENT, OWNER, ROBOT, chain, dlg, inv, proven, send

UNICODE: Final = "/größe/ändern"
DECOMPOSED: Final = "/gro\u0308ße/a\u0308ndern"

NO_COMMANDS: Final = {
    "that is empty": ("", "a command begins with '/'"),
    "without a slash": ("file/write", "a command begins with '/'"),
    "behind a space": (" /file/write", "a command begins with '/'"),
    "behind a byte order mark": ("\ufeff/file/write", "a command begins with '/'"),
    "behind a full-width slash": ("\uff0ffile/write", "a command begins with '/'"),
    "with backslashes": ("\\file\\write", "a command begins with '/'"),
    "with a dot before": ("./file/write", "a command begins with '/'"),
    "that is a URL": ("https://file/write", "a command begins with '/'"),
    "with a slash behind": ("/file/write/", "a command does not end with '/'"),
    "of two slashes": ("//", "a command does not end with '/'"),
    "with an empty segment": ("/file//write", "a command has no empty segment"),
    "with an empty first segment": ("//file/write", "a command has no empty segment"),
    "in upper case": ("/FILE/WRITE", "a command is in lower case"),
    "with a capital": ("/file/Write", "a command is in lower case"),
    "with a capital of another script": ("/файл/Запись", "a command is in lower case"),
    "with a capital sharp s": ("/gröẞe", "a command is in lower case"),
    "with a dotted capital I": ("/file/wrİte", "a command is in lower case"),
    "with a title-case letter": ("/file/ǅ", "a command is in lower case"),
    "with a Kelvin sign": ("/file/\u212a", "a command is in lower case"),
    "with an Ohm sign": ("/file/\u2126", "a command is in lower case"),
    "with a full-width capital": ("/file/\uff37rite", "a command is in lower case"),
    "with a Roman numeral": ("/file/\u2160", "a command is in lower case"),
    "of 2049 bytes": ("/" + "x" * 2048, "a command has at most 2048 bytes"),
    "of 2049 bytes in 1025 characters": ("/" + "é" * 1024, "a command has at most 2048 bytes"),
}

UNSERVED: Final = {
    "the root": "/",
    "below what is served": "/file/write/now",
    "above what is served": "/customer",
    "beside what is served": "/file/writes",
    "what is served, cut": "/file/writ",
    "with a dot segment": "/file/./write",
    "with dots": "/file/../file/write",
    "percent-encoded": "/file%2fwrite",
    "with a space behind": "/file/write ",
    "with a NUL behind": "/file/write\0",
    "with a line break behind": "/file/write\n",
    "with a zero-width space": "/file/wri\u200bte",
    "with a soft hyphen": "/file/wri\u00adte",
    "turned around": "/file/\u202ewrite",
    "with a Cyrillic letter": "/file/writ\u0435",
    "with a full-width letter": "/file/\uff57rite",
    "with a ligature": "/\ufb01le/write",
    "with a fraction slash": "/file\u2044write",
    "with a star": "/file/*",
    "decomposed": DECOMPOSED,
    "with ss for a sharp s": "/grösse/ändern",
    "of the specification": "/ucan/assert/receipt",
    "of 2048 bytes": "/" + "x" * 2047,
    "of 1024 segments": "/x" * 1024,
    "unsaid characters": "/file/\U0010ffff",
}

NOT_COVERED: Final = {
    "/file/write/now": "/file/write",
    "/file/wr": "/file/write",
    "/file/read": "/file/write",
    "/file/write": "/file",
    "/crypto": "/cryptocurrency",
    "/cryptocurrency": "/crypto",
    "/customer": "/file/write",
    "/file/write ": "/file/write",
    "/fil\u0435": "/file/write",
    "/größe/ä": UNICODE,
    "/gro\u0308ße": UNICODE,
    "/größe/a\u0308ndern": UNICODE,
    "/grösse": UNICODE,
}


def cases() -> Iterator[Case]:
    yield Case("command/accepted: the very command", proven(dlg()), accepted())
    yield Case("command/accepted: a proof of what is above", proven(dlg(cmd="/file")), accepted())
    yield Case("command/accepted: a proof of everything", proven(dlg(cmd="/")), accepted())
    yield Case("command/accepted: beyond ASCII", proven(dlg(cmd="/größe"), cmd=UNICODE), accepted())
    for name, (text, why) in NO_COMMANDS.items():
        yield Case(f"command/{name}", send(inv(cmd=text)), left_aside(f"cmd: {why}"))
        yield Case(f"command/a proof {name}", proven(dlg(cmd=text)), unavailable(f"cmd: {why}"))
    for name, text in UNSERVED.items():
        yield Case(
            f"command/nobody serves {name}", send(inv(cmd=text)), fails("HandlerNotFound", f'handler not found: "{text}')
        )
    yield from coverage()


def coverage() -> Iterator[Case]:
    """Proofs of other commands, wherever they stand."""
    for lent, asked in NOT_COVERED.items():
        yield Case(
            f"command/{asked!a} by a proof of {lent!a}",
            proven(dlg(cmd=lent), cmd=asked),
            fails("ImpossibleAttenuation", f"from command {lent} to command {asked}"),
        )
    last, proofs = chain(3)
    others = chain(3, cmd="/file/read")[1]
    for position in range(3):
        links = [*proofs[:position], others[position], *proofs[position + 1 :]]
        yield Case(
            f"command/proof {position + 1} of 3 is of another command",
            proven(*links, by=last, sub=str(OWNER.did)),
            fails("ImpossibleAttenuation", f"(proof {position + 1} of 3) does not cover it"),
        )
    onward = dlg(AGENT, aud=str(ROBOT.did), cmd="/")
    yield Case("command/accepted: wider again, later in the chain", proven(dlg(), onward, by=ROBOT), accepted())
    yield Case(
        "command/wider again, and beyond what the root lends",
        proven(dlg(), onward, by=ROBOT, cmd="/crypto"),
        fails("ImpossibleAttenuation", "(proof 1 of 2) does not cover it"),
    )
