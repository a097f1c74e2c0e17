"""The pieces that inputs are made of: words for libFuzzer's dictionary, and items for the mutator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from forge.cid import CID
from forge.document import CONTEXTS
from forge.varsig import Algorithm
from tests.core import test_fuzz
from tests.core.principals import DIDS, MAILTO_DID, NOW, SECP_DID
from tests.core.raw import cbor
from tests.core.tokens import DLG, HEADER, INV, delegation, invocation, receipt
from tests.fuzz import people
from tests.fuzz.documents import DOCUMENT_FIELDS, DOCUMENTS, KINDS, METHODS, RELATED, SCALARS_OF_JSON, TIMES
from tests.fuzz.laws.selector import SAMPLE


@dataclass(frozen=True)
class Pool:
    """Pieces: of texts, and whole items as DAG-CBOR."""

    texts: tuple[bytes, ...] = ()
    items: tuple[bytes, ...] = ()


SELECTORS: Final = (
    ".",
    ".[]",
    ".[]?",
    ".[0]",
    '.["a"]?',
    ".a",
    ".b.c",
    "[]",
    "[0]",
    "[-1]",
    "[1:]",
    "[:-1]",
    "[0:2]",
    "[:]",
    '["c"]',
    '[""]',
    '["\\u00e9"]',
    '["\\ud83d\\ude00"]',
    "?",
    "??",
    ".a[]",
    ".a[]?.b",
    ".é",
    "._$-9",
    "[9223372036854775807]",
    "[-9223372036854775808]",
    '["\\""]',
    "[",
    "]",
    ":",
    '"',
    "-",
    "..",
)
PATTERNS: Final = ("*", "a*", "*a", "a*b", "\\*", "\\\\", "a**b", "*a*b*", "?", "[a]", "", "\\", "text", "é*")
NUMBERS: Final[tuple[Any, ...]] = (
    0,
    1,
    -1,
    2,
    23,
    24,
    255,
    256,
    1 << 32,
    (1 << 53) - 1,
    1 << 53,
    -(1 << 53),
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
    1 << 64,
    -(1 << 64),
    -(1 << 64) - 1,
    (1 << 2048) - 1,
    0.0,
    -0.0,
    0.5,
    1.0,
    1.5,
    float(1 << 53),
    5e-324,
    1.7976931348623157e308,
    NOW,
)
SCALARS: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    "",
    "a",
    "ab",
    "text",
    "é",
    "\U0001f600",
    "a" * 24,
    b"",
    b"\0",
    b"ab",
    CID.of(b""),
    CID.of_raw(b""),
    *NUMBERS,
)
PLAIN: Final[tuple[Any, ...]] = (
    *SCALARS,
    [],
    {},
    [1, 2, 3],
    {"a": 1},
    {"a": 1, "b": [1, 2]},
    SAMPLE,
    [[1], [2, [3]]],
    {"b": [1], "aa": [2], "é": [3], "a": [4], "\uffff": [5], "\U00010000": [6]},
    CID(b"\x12\x20" + bytes(32)),
)

# What looks alike, to one language or another.
ALIKE: Final[tuple[Any, ...]] = (
    *(
        None,
        False,
        True,
        0,
        1,
        -1,
        0.0,
        1.0,
        "",
        "1",
        b"",
        b"1",
        CID.of(b"1"),
        [],
        [1],
        [True],
        [None],
        {},
        {"a": 1},
        {"a": True},
    ),
    *(1 << 64, float(1 << 64), (1 << 53) + 1, float(1 << 53)),
)

LEAVES: Final[tuple[Any, ...]] = (
    ["==", ".a", 1],
    ["!=", ".b.c", "text"],
    ["==", ".", SAMPLE],
    ["<", ".a[0]", 2],
    ["<=", ".x", 1.5],
    [">", ".a", -1],
    [">=", ".", 0],
    ["like", ".c", "a*"],
    ["like", ".b.c", "*t*x*"],
    ["==", ".a[]?.b", []],
    ["!=", ".q?", None],
)
STATEMENTS: Final[tuple[Any, ...]] = (
    *LEAVES,
    ["not", LEAVES[0]],
    ["and", list(LEAVES[:3])],
    ["or", list(LEAVES[2:5])],
    ["and", []],
    ["or", []],
    ["all", ".a", ["==", ".", 1]],
    ["any", ".b", ["like", ".", "t*"]],
    ["all", '.[""]', ["any", ".a[]?", ["!=", ".", None]]],
    ["not", ["not", ["or", [["and", []]]]]],
)
OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=", "like", "not", "and", "or", "all", "any")

PEOPLE: Final = (
    *DIDS.values(),
    *(signer.did for signer in people.EVERYBODY),
    MAILTO_DID,
    SECP_DID,
    "did:web:example.com",
    "did:web:a:b#c",
    "did:key:z",
    "did:x:y%20",
    "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
)
COMMANDS: Final = ("/", "/msg/send", "/msg", "/ucan/assert/receipt", "/ucan/revoke", "/é", "//", "/a/", "/A", "/msg/send/é", "")
FIELDS: Final = (
    "iss",
    "aud",
    "sub",
    "cmd",
    "args",
    "pol",
    "prf",
    "nonce",
    "exp",
    "nbf",
    "iat",
    "meta",
    "cause",
    "out",
    "ran",
    "ok",
    "error",
    "name",
    "message",
    "h",
    "ctn-v1",
)
TAGS: Final = (DLG, INV, "ucan/inv@1.0.0", "ucan/dlg@1.0.0", "ucan/inv@", "ucan/rcpt@1.0.0")


def encoded(*of: Any) -> tuple[bytes, ...]:
    return tuple(map(cbor, of))


def texts(*of: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in of)


_TOKEN: Final = Pool(
    texts(*PEOPLE, *COMMANDS, *FIELDS, *TAGS, *SELECTORS),
    encoded(
        *PLAIN,
        *PEOPLE,
        *COMMANDS,
        *FIELDS,
        *TAGS,
        HEADER,
        *test_fuzz.SEEDS[:1],
        *STATEMENTS,
        list(STATEMENTS[:4]),
        {"ok": {}},
        {"error": {"name": "X", "message": "m"}},
        {"out": {"ok": 1}, "ran": CID.of(b"")},
        [CID.of(b"")],
        *(algorithm.header for algorithm in Algorithm),
    ),
)
POOLS: Final[dict[str, Pool]] = {
    "container": Pool(_TOKEN.texts, (*_TOKEN.items, *encoded(delegation(), invocation(), receipt()))),
    "token": _TOKEN,
    "policy": Pool(texts(*SELECTORS, *PATTERNS, *OPERATORS), encoded(*PLAIN, *SELECTORS, *PATTERNS, *OPERATORS, *STATEMENTS)),
    "selector": Pool(texts(*SELECTORS), encoded(*PLAIN)),
    "document": Pool(
        texts(
            *PEOPLE,
            *KINDS,
            *TIMES,
            *RELATED,
            *CONTEXTS,
            *DOCUMENT_FIELDS,
            "#",
            "#0",
            "z",
            "z6Mk",
            "zQ3s",
            "f",
            "u",
            "m",
            "\0",
            "9",
            "-",
            "=",
        ),
        encoded(
            *SCALARS_OF_JSON,
            *PEOPLE,
            *KINDS,
            *TIMES,
            *RELATED,
            *CONTEXTS,
            *METHODS[::9],
            *DOCUMENTS[-3:],
            *DOCUMENT_FIELDS,
            ["#0"],
            "#0",
        ),
    ),
}
