"""Section `payload`: each field missing, null, of each wrong type, and out of its range (protocol §4.2, §4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.cid import CID
from tests.core.tokens import ABSENT, INV, seal
from tests.hostile.case import Case, Expect, Request, accepted, fails, ignored, left_aside, unavailable
from tests.hostile.parties import AGENT, NOW, OWNER, SERVER, dlg, inv, invoked, name_of, proven, send

LINK: Final = CID.of(b"")
LIMIT: Final = 1 << 53
VALUES: Final[dict[str, object]] = {
    "null": None,
    "a boolean": True,
    "an integer": 7,
    "a float": 1.5,
    "text": "x",
    "bytes": b"x",
    "an array": [],
    "a map": {},
    "a link": LINK,
}
TIME: Final = "expected whole Unix seconds"
INVOCATION: Final = {
    "iss": ({"text"}, "expected a DID"),
    "sub": ({"text"}, "expected a DID"),
    "cmd": ({"text"}, "expected text"),
    "args": ({"a map"}, "expected a map"),
    "prf": ({"an array"}, "expected an array"),
    "nonce": ({"bytes"}, "expected bytes"),
    "exp": ({"an integer", "null"}, TIME),
}
OPTIONAL: Final = {
    "aud": ({"text", "null"}, "expected a DID"),
    "iat": ({"an integer", "null"}, TIME),
    "cause": ({"a link", "null"}, "expected a link"),
    "meta": ({"a map", "null"}, "expected a map"),
}
DELEGATION: Final = {
    "iss": ({"text"}, "expected a DID"),
    "aud": ({"text"}, "expected a DID"),
    "cmd": ({"text"}, "expected text"),
    "pol": ({"an array"}, "expected an array"),
    "nonce": ({"bytes"}, "expected bytes"),
    "exp": ({"an integer", "null"}, TIME),
}
OPTIONAL_DELEGATION: Final = {
    "sub": ({"text", "null"}, "expected a DID"),
    "nbf": ({"an integer", "null"}, TIME),
    "meta": ({"a map", "null"}, "expected a map"),
}
NO_DIDS: Final = {
    "that is empty": ("", "not a DID: ''"),
    "without its scheme": ("key:z6Mk", "not a DID"),
    "without a method": ("did::x", "not a DID"),
    "without an id": ("did:web:", "not a DID"),
    "with a method in upper case": ("did:WEB:example.com", "not a DID"),
    "with a space": ("did:web:example .com", "not a DID"),
    "with a line break behind": ("did:web:example.com\n", "not a DID"),
    "with a NUL": ("did:web:example\0.com", "not a DID"),
    "with a query": ("did:web:example.com?x=y", "not a DID"),
    "with a path": ("did:web:example.com/x", "not a DID"),
    "in another script": ("did:web:exаmple.com", "not a DID"),
    "of 2049 characters": ("did:web:" + "x" * 2041, "a DID has at most 2048 characters, this has 2049"),
    "that is a did:key in base64": ("did:key:mAQID", "a did:key continues with 'z'"),
    "that is a did:key not in base58": ("did:key:z0OIl", "sub: did:key:z0OIl is not base58btc"),
    "that is a did:key with a fragment": (f"{OWNER.did}#{OWNER.did[8:]}", "a did:key has no fragment"),
    "that is an endless did:key": ("did:key:z" + "1" * 1000, "a did:key has at most 128 characters"),
}


def cases() -> Iterator[Case]:
    yield Case("payload/accepted: an invocation", send(inv()), accepted())
    yield Case("payload/accepted: null in what is optional", send(inv(iat=None, cause=None, meta=None)), accepted())
    yield Case(
        "payload/accepted: all that is optional", send(inv(iat=NOW, cause=LINK, meta={"x": LINK, "y": [1.5, b""]})), accepted()
    )
    yield Case("payload/accepted: an empty nonce", send(inv(nonce=b"")), accepted())
    yield Case("payload/accepted: never expires", send(inv(exp=None)), accepted())
    yield Case("payload/accepted: a delegation", proven(dlg(nbf=None, meta=None)), accepted())
    yield from fields("an invocation", {**INVOCATION, **OPTIONAL}, required=set(INVOCATION))
    yield from fields("a proof", {**DELEGATION, **OPTIONAL_DELEGATION}, required=set(DELEGATION))
    yield from ranges()
    yield from dids()
    yield from strangers()


def broken(kind: str, why: str, **change: object) -> tuple[Request, Expect]:
    """Send an invocation with a field changed, or a good one that relies on a delegation with a field changed."""
    return (send(inv(**change)), left_aside(why)) if kind == "an invocation" else (proven(dlg(**change)), unavailable(why))


def fields(kind: str, table: dict[str, tuple[set[str], str]], required: set[str]) -> Iterator[Case]:
    """Each field with each value that is not of its type."""
    for field, (right, why) in table.items():
        if field in required:
            yield Case(f"payload/{kind} without {field}", *broken(kind, f"{field}: missing", **{field: ABSENT}))
        for name, value in VALUES.items():
            if name not in right:
                yield Case(f"payload/{kind} with {field} {name}", *broken(kind, f"{field}: {why}", **{field: value}))
    yield Case(f"payload/{kind} with a field that is unknown", *broken(kind, "zzz: unknown field", zzz=None))
    yield Case(f"payload/{kind} with a field in upper case", *broken(kind, "CMD: unknown field", CMD="/"))
    yield Case(f"payload/{kind} with crit", *broken(kind, "crit: unknown field", crit=["x"]))


def ranges() -> Iterator[Case]:
    """Times that are no times."""
    for kind, names in {"an invocation": ("exp", "iat"), "a proof": ("exp", "nbf")}.items():
        for field in names:
            for name, value in {
                "2^53": LIMIT,
                "-2^53": -LIMIT,
                "2^63": 1 << 63,
                "2^64-1": (1 << 64) - 1,
                "-2^64": -(1 << 64),
                "a bignum": 1 << 64,
                "a negative bignum": -1 - (1 << 64),
            }.items():
                change = broken(kind, f"{field}: outside of ±(2^53-1)", **{field: value})
                yield Case(f"payload/{kind} with {field} {name}", *change)
            change = broken(kind, f"{field}: {TIME}", **{field: float(NOW)})
            yield Case(f"payload/{kind} with {field} a whole float", *change)
    yield Case(
        "payload/an invocation with a proof that is text", *broken("an invocation", "prf[0]: expected a link", prf=["x"])
    )
    yield Case(
        "payload/an invocation with a proof that is the token itself",
        *broken("an invocation", "prf[1]: expected a link", prf=[LINK, dlg()]),
    )
    yield Case("payload/an invocation with a proof that is null", *broken("an invocation", "prf[0]: expected", prf=[None]))
    yield Case(
        "payload/an invocation with a proof of version 0",
        *broken("an invocation", "prf[0]: a version 0 CID", prf=[CID(b"\x12\x20" + bytes(32))]),
    )


def dids() -> Iterator[Case]:
    """Texts that are no DIDs."""
    for name, (text, why) in NO_DIDS.items():
        yield Case(f"payload/an invocation with a subject {name}", *broken("an invocation", why, sub=text))
    for field in ("iss", "aud"):
        for kind in ("an invocation", "a proof"):
            yield Case(f"payload/{kind} with {field} no DID", *broken(kind, f"{field}: not a DID: 'x'", **{field: "x"}))


def strangers() -> Iterator[Case]:
    """Fields of other kinds of tokens, and receipts that are none."""
    of_others: dict[str, dict[str, object]] = {
        "an invocation": {"pol": [], "nbf": 0, "arg": {}, "ran": LINK, "out": {}, "fct": {}, "ucv": "1.0.0"},
        "a proof": {"args": {}, "prf": [], "iat": NOW, "cause": LINK, "att": []},
    }
    for kind, foreign in of_others.items():
        for field, value in foreign.items():
            yield Case(f"payload/{kind} with {field}", *broken(kind, f"{field}: unknown field", **{field: value}))
    out = {"out": {"ok": {}}, "ran": LINK}
    receipt: dict[str, object] = {"cmd": "/ucan/assert/receipt", "aud": ABSENT, "sub": str(SERVER.did), "iss": str(SERVER.did)}
    unserved = fails("HandlerNotFound", 'handler not found: "/ucan/assert/receipt"')
    yield Case("payload/a receipt is not executed", send(seal(SERVER, INV, invoked(args=out, **receipt))), ignored())
    odd: dict[str, dict[str, object]] = {
        "with an audience": {"args": out, "aud": str(SERVER.did)},
        "with ok null": {"args": {"out": {"ok": None}, "ran": LINK}},
        "without ok and error": {"args": {"out": {}, "ran": LINK}},
        "without what ran": {"args": {"out": {"ok": 1}}},
        "about what text names": {"args": {"out": {"ok": 1}, "ran": str(LINK)}},
        "without what came out": {"args": {"ran": LINK}},
        "with an array for what came out": {"args": {"out": [1], "ran": LINK}},
    }
    for name, change in odd.items():
        token = seal(SERVER, INV, invoked(**(receipt | change)))
        yield Case(f"payload/a receipt {name}", send(token), unserved)
    yield Case(
        "payload/a receipt for a proof",
        send(inv(AGENT, prf=[name_of(inv())]), inv(aud=str(AGENT.did))),
        fails("UnavailableProof", "proof not found in container (proof 1 of 1)"),
    )
