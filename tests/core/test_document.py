"""DID documents: our own as the Go peers write it, others' with whatever is in them (protocol §2.3, §2.4)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from multiformats import multibase

from forge.did import DID
from forge.document import MAX_METHOD_TEXT, MAX_METHODS, RELATIONSHIPS, describe, methods_of, own_methods
from forge.errors import DIDError
from forge.keys import Ed25519PrivateKey
from forge.method import VerificationMethod
from tests.core.principals import ALICE, BOB, CAROL, MAILTO_DID, SECP_DID, SERVICE

WEB: Final = DID("did:web:example.com")
# Protocol §14.3, as emitted by Go.
GOLDEN: Final = (
    '{"@context":"https://www.w3.org/ns/did/v1.1","id":"did:web:example.com","verificationMethod":[{"controller":'
    '"did:web:example.com","id":"did:web:example.com#key-0","publicKeyMultibase":'
    '"z6Mkk3mDiu74xxyYEff5X1p568fVqEMczj5keYPT8qVMNsVC","type":"Multikey"}],"authentication":["did:web:example.com#key-0"],'
    '"assertionMethod":["did:web:example.com#key-0"],"capabilityInvocation":["did:web:example.com#key-0"],'
    '"capabilityDelegation":["did:web:example.com#key-0"]}'
)
OURS: Final = VerificationMethod("did:web:example.com#key-0", SERVICE.key.public)


def test_our_own_document() -> None:
    document = describe(WEB, SERVICE.key.public)
    assert document == json.loads(GOLDEN)
    assert json.loads(json.dumps(document)) == json.loads(GOLDEN)
    assert set(RELATIONSHIPS) == {"authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation"}


def test_our_own_methods_are_those_of_our_document() -> None:
    assert own_methods(WEB, SERVICE.key.public) == (OURS,)
    assert methods_of(json.loads(GOLDEN), WEB) == (OURS,)
    for signer in (ALICE, BOB):
        for did in (signer.did, DID(MAILTO_DID)):
            document = json.loads(json.dumps(describe(did, signer.key.public)))
            assert methods_of(document, did) == own_methods(did, signer.key.public)


def method(name: str = "#a", signer: Any = ALICE, **fields: Any) -> dict[str, Any]:
    usual = {"id": name, "type": "Multikey", "controller": str(WEB), "publicKeyMultibase": signer.key.public.text}
    return {key: value for key, value in (usual | fields).items() if value is not ...}


def document(*methods: Any, **fields: Any) -> dict[str, Any]:
    return {"id": str(WEB), "verificationMethod": list(methods), **fields}


def names(found: tuple[VerificationMethod, ...]) -> list[str]:
    return [one.id.removeprefix(str(WEB)) for one in found]


# -- which methods may invoke


def test_without_the_relationship_all_may() -> None:
    """Documents of did:plc have none (§15.2, 34)."""
    three = (method("#a"), method("#b", BOB), method("#c", CAROL))
    undeclared: list[dict[str, Any]] = [
        {},
        {"capabilityInvocation": None},
        {"authentication": []},
        {"capabilityDelegation": ["#a"]},
    ]
    for absent in undeclared:
        assert names(methods_of(document(*three, **absent), WEB)) == ["#a", "#b", "#c"]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ([], []),
        (["#a"], ["#a"]),
        (["did:web:example.com#a"], ["#a"]),
        (["#b", "did:web:example.com#a"], ["#a", "#b"]),
        (["#a", "#a"], ["#a"]),
        (["#c"], []),
        (["a"], []),
        (["did:web:example.org#a"], []),
        (["#A"], []),
        ([1, None, [], "#b"], ["#b"]),
        # One that stands in the relationship itself is not read by this version, and endorses nothing.
        ([method("#a")], []),
    ],
    ids=str,
)
def test_with_the_relationship_the_listed_may(declared: list[Any], expected: list[str]) -> None:
    """Names are told absolutely, whichever way they are written (§15.2, 35)."""
    for first in ("#a", "did:web:example.com#a"):
        found = methods_of(document(method(first), method("#b", BOB), capabilityInvocation=declared), WEB)
        assert names(found) == expected


@pytest.mark.parametrize("declared", ["#a", "", 0, 1, {}, {"#a": True}, True, False], ids=repr)
def test_a_relationship_that_cannot_be_read_endorses_nothing(declared: Any) -> None:
    with pytest.raises(DIDError, match=r"^the document of did:web:example.com has no array of methods that may invoke$"):
        methods_of(document(method(), capabilityInvocation=declared), WEB)


@pytest.mark.parametrize("field", ["expires", "revoked"])
@pytest.mark.parametrize("value", ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "", 0, False, "never"], ids=repr)
def test_a_method_that_expires_or_was_revoked_is_passed_over(field: str, value: Any) -> None:
    """There is no clock here to say whether that time has come."""
    assert names(methods_of(document(method("#a", **{field: value}), method("#b", BOB)), WEB)) == ["#b"]
    assert names(methods_of(document(method("#a", **{field: None})), WEB)) == ["#a"]


# -- what is passed over


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        1,
        "#a",
        [],
        [method()],
        {},
        method(type="JsonWebKey"),
        method(type="Ed25519VerificationKey2020"),
        method(type="multikey"),
        method(type=None),
        method(type=["Multikey"]),
        method(type=...),
        method(id=...),
        method(id=None),
        method(id=1),
        method(id=["#a"]),
        method(publicKeyMultibase=...),
        method(publicKeyMultibase=None),
        method(publicKeyMultibase=1),
        method(publicKeyMultibase=""),
        method(publicKeyMultibase="z"),
        method(publicKeyMultibase="0"),
        method(publicKeyMultibase="zé"),
        method(publicKeyMultibase="\ud800"),
        method(publicKeyMultibase="🚀🚀"),
        method(publicKeyMultibase=ALICE.key.public.text[1:]),
        method(publicKeyMultibase=ALICE.key.public.text + "1"),
        method(publicKeyMultibase=SECP_DID.removeprefix("did:key:")),
        method(publicKeyMultibase="zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"),
        method(publicKeyMultibase=str(multibase.encode(b"\xed\x01" + bytes(32), "base58btc"))),
        method(publicKeyMultibase="z" + "1" * MAX_METHOD_TEXT),
        method(publicKeyMultibase="f" + "ed01" + "00" * 10_000),
    ],
    ids=range(32),
)
def test_a_method_that_is_none_is_passed_over(hostile: Any) -> None:
    """And the others still work (§15.2, 36)."""
    found = methods_of(document(hostile, method("#b", BOB), hostile), WEB)
    assert found == (VerificationMethod(f"{WEB}#b", BOB.key.public),)


@pytest.mark.parametrize("base", ["base16", "base32", "base58btc", "base64url"])
def test_a_key_in_any_multibase(base: str) -> None:
    text = str(multibase.encode(ALICE.key.public.tagged, base))
    (found,) = methods_of(document(method(publicKeyMultibase=text)), WEB)
    assert found.key == ALICE.key.public


def test_two_methods_of_one_name_are_both_tried() -> None:
    found = methods_of(document(method("#a"), method("#a", BOB), capabilityInvocation=["#a"]), WEB)
    assert [one.key for one in found] == [ALICE.key.public, BOB.key.public]


def test_no_more_methods_than_the_limit_are_looked_at() -> None:
    signers = [Ed25519PrivateKey(number.to_bytes(32, "big")) for number in range(MAX_METHODS + 1)]
    entries = [method(f"#{number}", publicKeyMultibase=key.public.text) for number, key in enumerate(signers)]
    assert MAX_METHODS == 64
    assert len(methods_of(document(*entries), WEB)) == MAX_METHODS
    # The limit is on what is looked at, so that no number of odd ones makes work.
    assert len(methods_of(document(*[None] * MAX_METHODS, method()), WEB)) == 0


# -- what is no document of this DID


@pytest.mark.parametrize("value", [None, 1, "x", [], [document(method())], {}, True], ids=repr)
def test_what_is_no_document(value: Any) -> None:
    with pytest.raises(DIDError, match=r"^not the document of did:web:example.com$"):
        methods_of(value, WEB)


@pytest.mark.parametrize(
    "name",
    [..., None, "", 1, "did:web:example.org", "did:web:example.com#key-0", "did:web:Example.com", ["did:web:example.com"]],
    ids=repr,
)
def test_the_document_of_somebody_else(name: Any) -> None:
    """A host may not speak for another (§15.2, 33)."""
    lying = document(method()) | {"id": name}
    if name is ...:
        del lying["id"]
    with pytest.raises(DIDError, match="not the document of"):
        methods_of(lying, WEB)


@pytest.mark.parametrize("methods", ["x", 1, {"#a": method()}, True], ids=repr)
def test_methods_that_are_no_array(methods: Any) -> None:
    with pytest.raises(DIDError, match="has no array of verification methods"):
        methods_of({"id": str(WEB), "verificationMethod": methods}, WEB)


@pytest.mark.parametrize("methods", [..., None, []], ids=repr)
def test_a_document_without_methods(methods: Any) -> None:
    empty = {"id": str(WEB)} if methods is ... else {"id": str(WEB), "verificationMethod": methods}
    assert methods_of(empty, WEB) == ()
