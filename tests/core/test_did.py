"""DIDs (protocol §2.1, §15.1 15)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from forge.did import DID, MAX_DID_LENGTH, MAX_MULTIBASE
from forge.errors import DIDError
from tests.core.principals import ALICE, DIDS, MAILTO_DID, SECP_DID

LONGEST: Final = "did:web:" + "a" * (MAX_DID_LENGTH - 8)


@pytest.mark.parametrize(
    ("text", "method", "identifier"),
    [
        (DIDS["alice"], "key", DIDS["alice"][8:]),
        (SECP_DID, "key", SECP_DID[8:]),
        ("did:web:example.com", "web", "example.com"),
        ("did:web:example.com%3A8443:a:b", "web", "example.com%3A8443:a:b"),
        ("did:web:example.com#key-0", "web", "example.com#key-0"),
        ("did:web:example.com#", "web", "example.com#"),
        (MAILTO_DID, "mailto", "example.com:alice%2Bx"),
        ("did:mailto:example.com:o'neil(x)*!~+y", "mailto", "example.com:o'neil(x)*!~+y"),
        ("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "plc", "ewvi7nxzyoun6zhxrhs64oiz"),
        ("did:3:x", "3", "x"),
        ("did:a:b", "a", "b"),
        ("did:a::", "a", ":"),
        (LONGEST, "web", "a" * (MAX_DID_LENGTH - 8)),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_a_did(text: str, method: str, identifier: str) -> None:
    did = DID(text)
    assert did == text
    assert (did.method, did.identifier) == (method, identifier)
    assert str(did) == text
    assert repr(did) == f"DID({text!r})"
    assert DID(did) is did
    assert hash(did) == hash(text)
    assert {text: 1}[did] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did",
        "did:",
        "did::",
        "did:key",
        "did:web",
        "did:web:",
        "did::x",
        "DID:web:x",
        "did:WEB:x",
        "did:we-b:x",
        "did:web:x y",
        "did:web:x\n",
        "\ndid:web:x",
        " did:web:x",
        "did:web:x\0",
        "did:web:x/path",
        "did:web:x?query",
        "did:web:x@y",
        "did:web:x&y",
        "did:web:é",
        "did:web:x#a#b",
        "did:web:#a",
        "did:web:x\u2028",
        "did:web:\ud800",
        "did:wéb:x",
        "did:w\u0131b:x",
        "did:web:x\u200b",
        "https://example.com",
        "xdid:web:x",
    ],
    ids=ascii,
)
def test_what_is_no_did(text: str) -> None:
    with pytest.raises(DIDError, match=r"^not a DID: "):
        DID(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DIDS["alice"] + "#key", "a did:key has no fragment"),
        (DIDS["alice"] + "#" + DIDS["alice"][8:], "a did:key has no fragment"),
        (DIDS["alice"] + "#", "a did:key has no fragment"),
        ("did:key:#z", "not a DID"),
        ("did:key:f" + "ed01" + "00" * 32, "a did:key continues with 'z' .base58btc., not 'f'"),
        ("did:key:MgCZ", "a did:key continues with 'z' .base58btc., not 'M'"),
        ("did:key:Z6Mk", "a did:key continues with 'z' .base58btc., not 'Z'"),
        (DIDS["alice"].replace("6", "0", 1), "did:key:z0.* is not base58btc"),
        (DIDS["alice"] + "l", "did:key:z.* is not base58btc"),
        (DIDS["alice"] + ":x", "did:key:z.* is not base58btc"),
        (DIDS["alice"] + "%20", "did:key:z.* is not base58btc"),
    ],
    ids=range(11),
)
def test_what_is_no_did_key(text: str, reason: str) -> None:
    with pytest.raises(DIDError, match=f"^{reason}"):
        DID(text)
    # Nothing about a text that was refused is remembered as good.
    with pytest.raises(DIDError, match=f"^{reason}"):
        DID(text)


def test_the_limit() -> None:
    assert len(LONGEST) == MAX_DID_LENGTH == 2048
    with pytest.raises(DIDError, match=r"^a DID has at most 2048 characters, this has 2049$"):
        DID(LONGEST + "a")
    with pytest.raises(DIDError, match="at most 2048"):
        DID("x" * 10_000_000)


def test_a_did_key_s_limit() -> None:
    """Reading base58 costs the square of its length."""
    longest = "did:key:z" + "2" * (MAX_MULTIBASE - 1)
    assert MAX_MULTIBASE == 128
    assert DID(longest).multikey
    with pytest.raises(DIDError, match=r"^a did:key has at most 128 characters of multibase, this has 129$"):
        DID(longest + "2")
    # Of other methods nothing is decoded.
    assert DID("did:web:" + "2" * 500)


def test_messages_are_short() -> None:
    for text in ("x" * MAX_DID_LENGTH, "did:key:z" + "0" * 2000, DIDS["alice"] + "#" + "a" * 1900):
        with pytest.raises(DIDError) as caught:
            DID(text)
        assert len(str(caught.value)) < 200


def test_a_fragment_makes_another_did() -> None:
    assert DID("did:web:x#a") != DID("did:web:x")


def test_the_multikey() -> None:
    assert ALICE.did.multikey == b"\xed\x01" + ALICE.key.public.raw
    assert DID(SECP_DID).multikey[:2] == b"\xe7\x01"
    with pytest.raises(DIDError, match=r"^did:web:x is not a did:key$"):
        _ = DID("did:web:x").multikey


@given(st.text())
def test_any_text_is_one_or_is_refused(text: str) -> None:
    for candidate in (text, "did:" + text, "did:web:" + text, "did:key:z" + text):
        try:
            did = DID(candidate)
        except DIDError:
            continue
        assert did == candidate
        assert did.isascii()
        assert f"did:{did.method}:{did.identifier}" == candidate


# -- with pydantic


class Model(BaseModel):
    model_config = ConfigDict(strict=True)
    did: DID
    more: list[DID] = []


def test_pydantic_checks_a_did() -> None:
    model = Model.model_validate({"did": DIDS["alice"], "more": ["did:web:x"]})
    assert isinstance(model.did, DID)
    assert isinstance(model.more[0], DID)
    assert type(Model(did=ALICE.did).did) is DID
    assert Model.model_validate_json(json.dumps({"did": DIDS["alice"]})) == Model(did=ALICE.did)


@pytest.mark.parametrize("value", ["did:key:z0", "x", "", None, 1, b"did:web:x", ["did:web:x"]], ids=repr)
def test_pydantic_refuses_what_is_none(value: Any) -> None:
    with pytest.raises(ValidationError):
        Model.model_validate({"did": value})


def test_pydantic_writes_and_describes_a_did() -> None:
    model = Model(did=ALICE.did)
    assert model.model_dump() == {"did": DIDS["alice"], "more": []}
    assert type(model.model_dump()["did"]) is str
    assert json.loads(model.model_dump_json())["did"] == DIDS["alice"]
    schema = Model.model_json_schema()["properties"]["did"]
    assert schema == {
        "type": "string",
        "format": "did",
        "pattern": "^did:[a-z0-9]+:.+$",
        "maxLength": MAX_DID_LENGTH,
        **({"title": "Did"} if "title" in schema else {}),
    }
