"""Golden tokens, and containers of them."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Final

from forge import dagjson
from forge.cid import CID
from forge.keys import Signer
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal
from tests.vectors.parts import (
    AGENT,
    LIMIT,
    MAIL,
    NOW,
    OWNER,
    ROBOT,
    SEEDS,
    SERVER,
    WEB,
    delegated,
    in_need_of_padding,
    invoked,
    name_of,
    received,
    zipped_of,
)

POLICY: Final = [
    ["==", ".status", "draft"],
    ["!=", ".kind?", None],
    ["<", ".size", 1 << 20],
    ["<=", ".price", 9.5],
    [">", ".count", -1],
    [">=", '.["any key"]', 0],
    ["like", ".path", "/home/*"],
    ["not", ["and", [["==", ".a", b"\x00\xff"], ["==", ".b", True]]]],
    ["or", [["all", ".to", ["like", ".", "*@example.org"]], ["any", ".cc[]", ["==", ".", CID.of(b"\xf6")]]]],
]
EVERYTHING: Final = {
    "": "",
    "a": [],
    "z": {},
    "no": False,
    "yes": True,
    "null": None,
    "zero": 0,
    "float": 1.5,
    "minus zero": -0.0,
    "bytes": bytes(range(256)),
    "text": 'Grüße, 世界 🌍\n\t"/\\\u0000',
    "largest": (1 << 64) - 1,
    "smallest": -(1 << 64),
    "bignum": 1 << 64,
    "negative bignum": -1 - (1 << 64),
    "link": CID.of(b"\xf6"),
    "raw link": CID.of_raw(b"raw"),
    "nested": [[[[{"deep": [1, 23, 24, 255, 256, 65535, 65536, -1, -24, -25, -256, -257]}]]]],
    "k" * 24: "k" * 256,
}


def golden() -> Iterator[tuple[str, str, Signer, str, dict[str, object]]]:
    """Give name, kind, signer, tag and payload."""
    yield "delegation", "delegation", OWNER, DLG, delegated()
    yield "delegation of everything", "delegation", OWNER, DLG, delegated(cmd="/")
    yield "powerline", "delegation", AGENT, DLG, delegated(iss=str(AGENT.did), aud=str(ROBOT.did), sub=None, nonce=b"")
    yield (
        "delegation, every field",
        "delegation",
        OWNER,
        DLG,
        delegated(exp=NOW + 60, nbf=NOW - 60, pol=POLICY, meta={"note": "é", "n": [1, {"x": None}]}, cmd="/file/ü/read"),
    )
    yield "delegation, times at their limits", "delegation", OWNER, DLG, delegated(exp=LIMIT - 1, nbf=1 - LIMIT)
    yield "delegation, nbf 0 and meta empty", "delegation", OWNER, DLG, delegated(nbf=0, meta={}, exp=0)
    yield "delegation to a did:web", "delegation", OWNER, DLG, delegated(aud=WEB)
    yield "delegation about a did:mailto", "delegation", OWNER, DLG, delegated(sub=MAIL)
    yield "delegation, released version", "delegation", OWNER, "ucan/dlg@1.0.0", delegated()
    yield "invocation", "invocation", OWNER, INV, invoked()
    yield (
        "invocation, every field",
        "invocation",
        ROBOT,
        INV,
        invoked(
            iss=str(ROBOT.did),
            aud=str(SERVER.did),
            args=EVERYTHING,
            prf=[CID.of(b"\x01"), CID.of(b"\x02")],
            exp=NOW + 60,
            iat=NOW,
            cause=CID.of(b"\x03"),
            meta={"trace": b"\x01"},
        ),
    )
    yield "invocation, no nonce", "invocation", OWNER, INV, invoked(nonce=b"", args={"a": 1})
    yield "invocation, released version", "invocation", OWNER, "ucan/inv@1.0.0", invoked()
    yield "invocation, foreign audience", "invocation", OWNER, INV, invoked(aud=WEB)
    yield "invocation, promise", "invocation", OWNER, INV, invoked(args={"to": {"await/ok": CID.of(b"\xa0")}})
    yield "receipt, ok", "receipt", SERVER, INV, received({"ok": {"done": True}}, iat=NOW)
    yield "receipt, ok empty", "receipt", SERVER, INV, received({"ok": {}}, iat=NOW, nonce=b"")
    yield "receipt, ok false", "receipt", SERVER, INV, received({"ok": False}, iat=NOW)
    yield (
        "receipt, error",
        "receipt",
        SERVER,
        INV,
        received({"error": {"name": "HandlerNotFound", "message": 'handler not found: "/x"'}}, iat=NOW, exp=NOW + 30),
    )
    yield "receipt, no iat", "receipt", SERVER, INV, received({"ok": [1, 2]})
    # What is a receipt by its command only is an invocation (§9.3).
    yield "receipt with an audience", "invocation", SERVER, INV, received({"ok": {}}, aud=str(OWNER.did))
    yield "receipt, ok null", "invocation", SERVER, INV, received({"ok": None})
    yield "receipt of nothing", "invocation", SERVER, INV, received({"ok": {}}, args={"out": {"ok": {}}})
    yield "receipt with neither", "invocation", SERVER, INV, received({})


def task_of(payload: dict[str, object]) -> CID:
    return name_of(cbor({key: payload[key] for key in ("cmd", "sub", "args", "nonce")}))


def tokens() -> dict[str, object]:
    entries = []
    for name, kind, signer, tag, payload in golden():
        data = seal(signer, tag, payload)
        entry = {"name": name, "kind": kind, "cid": str(name_of(data))}
        if kind != "delegation":
            entry["task"] = str(task_of(payload))
        entries.append(entry | {"tag": tag, "means": json.loads(dagjson.encode(payload)), "hex": data.hex()})
    return {"seeds": {name: seed.hex() for name, seed in SEEDS.items()}, "tokens": entries}


def unpadded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def containers() -> list[dict[str, object]]:
    made = {name: (seal(signer, tag, payload), kind) for name, kind, signer, tag, payload in golden()}
    four = ["delegation", "powerline", "invocation", "receipt, ok"]
    in_order = sorted(four, key=lambda name: made[name][0])

    def body(*names: str) -> bytes:
        return cbor({"ctn-v1": [made[name][0] for name in names]})

    def case(name: str, data: bytes, names: list[str], undecodable: int = 0, form: str = "text") -> dict[str, object]:
        listed = [{"cid": str(name_of(made[one][0])), "kind": made[one][1]} for one in names]
        return {"name": name, "as": form, "tokens": listed, "undecodable": undecodable, "hex": data.hex()}

    good = body(*in_order)
    zipped = zipped_of(good)
    standard, url = b64encode(good), urlsafe_b64encode(good).rstrip(b"=")
    unknown = seal(OWNER, "ucan/example@v1.0.0-rc.1", delegated())
    return [
        case("an HTTP body", good, in_order, form="cbor"),
        case("of nothing", cbor({"ctn-v1": []}), [], form="cbor"),
        case("tokens in another order", body(*in_order[::-1]), in_order[::-1], form="cbor"),
        case("a token twice", body("invocation", "invocation"), ["invocation"] * 2, form="cbor"),
        case(
            "an entry that is no token", cbor({"ctn-v1": [made["invocation"][0], b"", unknown]}), ["invocation"], 2, form="cbor"
        ),
        case("@", b"@" + good, in_order),
        case("B", b"B" + standard, in_order),
        case("C", b"C" + url, in_order),
        *(case(letter.decode(), letter + zipped, in_order) for letter in (b"D", b"M")),
        *(case(letter.decode(), letter + b64encode(zipped), in_order) for letter in (b"E", b"O")),
        *(case(letter.decode(), letter + urlsafe_b64encode(zipped).rstrip(b"="), in_order) for letter in (b"F", b"P")),
        case("B in white space", b" \t\r\nB" + standard + b"\n", in_order),
        case("C in white space", b"\nC" + url + b" ", in_order),
        *(
            case(
                f"{letter.decode()} in need of padding",
                letter + form(in_need_of_padding(zipped=letter not in b"BC")),
                ["delegation"],
                1,
            )
            for letter, form in (
                (b"B", b64encode),
                (b"E", b64encode),
                (b"O", b64encode),
                (b"C", unpadded),
                (b"F", unpadded),
                (b"P", unpadded),
            )
        ),
    ]
