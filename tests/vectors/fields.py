"""Tokens with something wrong in a field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from forge.cid import CID
from tests.core.tokens import ABSENT, DLG, INV, seal
from tests.vectors.parts import LIMIT, NOW, OWNER, SERVER, delegated, dlg, inv, invoked, received

Case = tuple[str, str, bytes, str]

WRONG: Final[dict[str, object]] = {"a boolean": True, "an integer": 7, "text": "x", "bytes": b"x", "an array": [], "a map": {}}


KINDS: Final[dict[str, tuple[Callable[..., bytes], dict[str, tuple[str, str]]]]] = {
    "delegation": (
        dlg,
        {
            "iss": ("text", "expected a DID"),
            "aud": ("text", "expected a DID"),
            "cmd": ("text", "expected text"),
            "exp": ("an integer", "expected whole Unix seconds"),
            "pol": ("an array", "expected an array"),
            "nonce": ("bytes", "expected bytes"),
        },
    ),
    "invocation": (
        inv,
        {
            "iss": ("text", "expected a DID"),
            "sub": ("text", "expected a DID"),
            "cmd": ("text", "expected text"),
            "args": ("a map", "expected a map"),
            "prf": ("an array", "expected an array"),
            "exp": ("an integer", "expected whole Unix seconds"),
            "nonce": ("bytes", "expected bytes"),
        },
    ),
}


def refused_fields() -> Iterator[Case]:
    """Give name, kind, bytes, and how the message begins."""
    for kind, (make, required) in KINDS.items():
        yield from _of_a_wrong_kind(kind, make, required)
        yield from _of_a_wrong_value(kind, make)
    yield from _of_one_kind_of_token()
    yield from _of_receipts()


def _of_a_wrong_kind(kind: str, make: Callable[..., bytes], required: dict[str, tuple[str, str]]) -> Iterator[Case]:
    for field, (right, expected) in required.items():
        yield f"{kind} without {field}", kind, make(**{field: ABSENT}), f"{field}: missing"
        for name, value in WRONG.items():
            if name != right:
                yield f"{kind} with {field} {name}", kind, make(**{field: value}), f"{field}: {expected}"
        if field != "exp":
            yield f"{kind} with {field} null", kind, make(**{field: None}), f"{field}: {expected}"


def _of_a_wrong_value(kind: str, make: Callable[..., bytes]) -> Iterator[Case]:
    yield f"{kind} with an unknown field", kind, make(zzz=None), "zzz: unknown field"
    for value in (LIMIT, -LIMIT, (1 << 64) - 1, 1 << 64, -1 - (1 << 64)):
        yield f"{kind} with exp {value}", kind, make(exp=value), "exp: outside of ±(2^53-1)"
    yield f"{kind} with exp a float", kind, make(exp=float(NOW)), "exp: expected whole Unix seconds"
    yield f"{kind} with iss no DID", kind, make(OWNER, iss="owner"), "iss: not a DID: 'owner'"
    yield f"{kind} with a did:key that is not base58btc", kind, make(iss="did:key:z0"), "iss: did:key:z0 is not base58btc"
    yield f"{kind} with a fragment", kind, make(iss=f"{OWNER.did}#key"), "iss: a did:key has no fragment"
    for command, expected in {
        "": "a command begins with '/': ''",
        "file": "a command begins with '/': 'file'",
        "/file/": "a command does not end with '/': '/file/'",
        "/file//read": "a command has no empty segment: '/file//read'",
        "/File": "a command is in lower case: '/File'",
        "/" + "x" * 2048: "a command has at most 2048 bytes",
    }.items():
        yield f"{kind} with cmd {command[:20]!r}", kind, make(cmd=command), f"cmd: {expected}"
    yield f"{kind} with meta text", kind, make(meta="x"), "meta: expected a map"


def _of_one_kind_of_token() -> Iterator[Case]:
    yield "delegation under inv", "invocation", seal(OWNER, INV, delegated()), "prf: missing"
    yield "invocation under dlg", "delegation", seal(OWNER, DLG, invoked()), "pol: missing"
    yield "delegation with nbf text", "delegation", dlg(nbf="x"), "nbf: expected whole Unix seconds"
    yield "delegation with nbf 2^53", "delegation", dlg(nbf=LIMIT), "nbf: outside of ±(2^53-1)"
    yield "delegation with arguments", "delegation", dlg(args={}), "args: unknown field"
    yield "delegation with an unknown operator", "delegation", dlg(pol=[["~", ".a", 1]]), "pol: "
    yield "delegation with a statement too long", "delegation", dlg(pol=[["==", ".a", 1, 2]]), "pol: "
    yield "delegation with a selector of nothing", "delegation", dlg(pol=[["==", "", 1]]), "pol: "
    for tag in ("ucan/dlg@0.9.1", "ucan/dlg@1.0.0-rc.2", "ucan/dlg@1.0.1", "ucan/dlg@"):
        yield f"delegation tagged {tag}", "delegation", seal(OWNER, tag, delegated()), f"the tag is '{tag}', not one of"
    for tag in ("ucan/example@v1.0.0-rc.1", "ucan/inv@0.9.1", "ucan/i/1.0.0-rc.1", "ucan/INV@1.0.0"):
        yield f"invocation tagged {tag}", "invocation", seal(OWNER, tag, invoked()), f"the tag is '{tag}', not one of"
    yield "invocation with iat text", "invocation", inv(iat="x"), "iat: expected whole Unix seconds"
    yield "invocation with iat 2^53", "invocation", inv(iat=LIMIT), "iat: outside of ±(2^53-1)"
    yield "invocation with cause text", "invocation", inv(cause=str(CID.of(b""))), "cause: expected a link"
    yield "invocation with a proof that is text", "invocation", inv(prf=[CID.of(b""), "x"]), "prf[1]: expected a link"
    yield (
        "invocation with a proof of version 0",
        "invocation",
        inv(prf=[CID(b"\x12\x20" + bytes(32))]),
        "prf[0]: a version 0 CID",
    )
    yield "invocation with aud an integer", "invocation", inv(aud=7), "aud: expected a DID"
    yield "invocation with a policy", "invocation", inv(pol=[]), "pol: unknown field"


def _of_receipts() -> Iterator[Case]:
    yield "receipt of another command", "receipt", inv(), "cmd: a receipt's is /ucan/assert/receipt"
    for name, fields, says in (
        ("with an audience", {"aud": str(SERVER.did)}, "aud: a receipt has none"),
        ("with ok null", {"args": {"out": {"ok": None}, "ran": CID.of(b"")}}, "args.out: neither ok nor error"),
        ("with nothing", {"args": {"out": {}, "ran": CID.of(b"")}}, "args.out: neither ok nor error"),
        ("without ran", {"args": {"out": {"ok": 1}}}, "args.ran: expected a link"),
        ("with ran text", {"args": {"out": {"ok": 1}, "ran": "x"}}, "args.ran: expected a link"),
        ("without out", {"args": {"ran": CID.of(b"")}}, "args.out: expected a map"),
        ("with out an array", {"args": {"out": [1], "ran": CID.of(b"")}}, "args.out: expected a map"),
    ):
        yield f"receipt {name}", "receipt", seal(SERVER, INV, received({}, **fields)), says
