"""DID documents: our own as the Go peers write it, others' with whatever is in them (protocol §2.3, §2.4, §2.5)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.did import DID
from forge.document import CONTEXTS, MAX_ID, MAX_METHODS, RELATIONSHIPS, describe, methods_of, own_methods
from forge.errors import DIDError
from forge.keys import Ed25519PrivateKey
from forge.method import EVERY, Relationship, Unusable, VerificationMethod
from tests.core.principals import ALICE, BOB, CAROL, KINDS, MAILTO_DID, SECP, SERVICE

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
    for signer in (ALICE, BOB, *KINDS.values()):
        for did in (signer.did, DID(MAILTO_DID)):
            document = json.loads(json.dumps(describe(did, signer.key.public)))
            assert methods_of(document, did) == own_methods(did, signer.key.public)


def method(name: str = "#a", signer: Any = ALICE, **fields: Any) -> dict[str, Any]:
    usual = {"id": name, "type": "Multikey", "controller": str(WEB), "publicKeyMultibase": signer.key.public.text}
    return {key: value for key, value in (usual | fields).items() if value is not ...}


def document(*methods: Any, **fields: Any) -> dict[str, Any]:
    return {"id": str(WEB), "verificationMethod": list(methods), **fields}


INVOKE: Final = Relationship.INVOCATION
DELEGATE: Final = Relationship.DELEGATION


def read(document: object, did: DID = WEB) -> dict[str, VerificationMethod]:
    return {one.id.removeprefix(str(did)): one for one in methods_of(document, did)}


def names(document: object, relationship: Relationship = INVOKE) -> list[str]:
    """Who serves a relationship, according to a document."""
    return [name for name, one in read(document).items() if one.refuses(relationship, 0) is None]


def why(document: object) -> str:
    """Why the one method of a document cannot be used."""
    (found,) = methods_of(document, WEB)
    assert isinstance(found.key, Unusable)
    return found.key.reason


# -- what it is endorsed for


def test_what_is_not_declared_endorses_all() -> None:
    """Documents of did:plc declare nothing (§15.2, 34)."""
    three = (method("#a"), method("#b", BOB), method("#c", CAROL))
    undeclared: list[dict[str, Any]] = [
        {},
        {"capabilityInvocation": None},
        {"authentication": []},
        {"capabilityDelegation": ["#a"]},
    ]
    for absent in undeclared:
        assert names(document(*three, **absent)) == ["#a", "#b", "#c"]
    assert names(document(*three, capabilityDelegation=["#a"]), DELEGATE) == ["#a"]
    assert {one.relationships for one in methods_of(document(*three), WEB)} == {EVERY}


@pytest.mark.parametrize("relationship", Relationship)
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
        ([1, None, [], {}, {"id": 1}, "", "#b", "\ud800", "#" + "a" * 10_000], ["#b"]),
        ([method("#a")], ["#a"]),
        ([{"id": "#c"}], []),
    ],
    ids=str,
)
def test_what_is_declared_endorses_those_it_lists(relationship: Relationship, declared: list[Any], expected: list[str]) -> None:
    """Names are told absolutely, whichever way they are written (§15.2, 35)."""
    (other,) = EVERY - {relationship}
    for first in ("#a", "did:web:example.com#a"):
        whole = document(method(first), method("#b", BOB), **{relationship.value: declared})
        assert names(whole, relationship) == expected
        assert names(whole, other) == ["#a", "#b"]


def test_the_two_relationships_are_told_apart() -> None:
    three = (method("#a"), method("#b", BOB), method("#c", CAROL))
    whole = document(*three, capabilityInvocation=["#a", "#b"], capabilityDelegation=["#b"])
    assert {name: one.relationships for name, one in read(whole).items()} == {
        "#a": {INVOKE},
        "#b": {INVOKE, DELEGATE},
        "#c": frozenset(),
    }
    assert read(whole)["#a"].refuses(DELEGATE, 0) == "not listed in capabilityDelegation"


@pytest.mark.parametrize(
    "relationship", ["capabilityInvocation", "capabilityDelegation", "authentication", "assertionMethod", "keyAgreement"]
)
def test_a_method_may_stand_in_a_relationship_itself(relationship: str) -> None:
    """It is one of the document's methods then, and what is not declared endorses it too, as in the Go peers (§2.4)."""
    whole = document(method("#a"), **{relationship: [method("#b", BOB)]})
    found = read(whole)
    assert [one.key for one in found.values()] == [ALICE.key.public, BOB.key.public]
    for capability in Relationship:
        assert names(whole, capability) == (["#b"] if capability.value == relationship else ["#a", "#b"])
    # Another relationship may refer to it.
    assert names(whole | {"capabilityInvocation": ["#b"]}) == (["#b"] if relationship != "capabilityInvocation" else [])


def test_a_document_of_methods_in_relationships_alone() -> None:
    whole = {"id": str(WEB), "capabilityInvocation": [method("#a"), "#b"], "capabilityDelegation": [method("#b", BOB)]}
    assert names(whole) == ["#a", "#b"]
    assert names(whole, DELEGATE) == ["#b"]


@pytest.mark.parametrize("name", ["verificationMethod", "capabilityInvocation", "capabilityDelegation", "authentication"])
@pytest.mark.parametrize("declared", ["#a", "", 0, 1, {}, {"#a": True}, True, False], ids=repr)
def test_what_cannot_be_read_endorses_nothing(name: str, declared: Any) -> None:
    with pytest.raises(DIDError, match=rf"^the document of did:web:example.com: {name} is not an array$"):
        methods_of(document(method()) | {name: declared}, WEB)


# -- when it ends


@pytest.mark.parametrize("field", ["expires", "revoked"])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-01T00:00:00Z", 1_767_225_600),
        ("2026-01-01t00:00:00z", 1_767_225_600),
        ("2026-01-01T01:30:00+01:30", 1_767_225_600),
        ("2025-12-31T23:00:00-01:00", 1_767_225_600),
        # A fraction ends it early: whole seconds are all that is known of now.
        ("2026-01-01T00:00:00.999999Z", 1_767_225_600),
        ("2026-01-01T00:00:00.5Z", 1_767_225_600),
        ("1969-12-31T23:59:59.5Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799),
    ],
)
def test_a_time_in_rfc_3339(field: str, text: str, seconds: int) -> None:
    (found,) = methods_of(document(method(**{field: text})), WEB)
    expected = VerificationMethod(f"{WEB}#a", ALICE.key.public)
    assert found == (replace(expected, expires=seconds) if field == "expires" else replace(expected, revoked=seconds))
    assert found.refuses(INVOKE, seconds - 1) is None
    assert found.refuses(INVOKE, seconds) == {"expires": "expired", "revoked": "revoked"}[field]


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_any_time_is_read(moment: datetime) -> None:
    (found,) = methods_of(document(method(expires=moment.isoformat())), WEB)
    assert found.expires == int(moment.replace(microsecond=0).timestamp())


@pytest.mark.parametrize("field", ["expires", "revoked"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        0,
        1_767_225_600,
        False,
        [],
        {},
        "never",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00Z",
        "2026-01-01T00:00Z",
        "20260101T000000Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00Z ",
        "2026-01-01T00:00:00Z\n",
        "２026-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
    ],
    ids=repr,
)
def test_a_time_that_cannot_be_read_is_never_eternal(field: str, value: Any) -> None:
    assert why(document(method(**{field: value}))) == f"{field}: not a time in RFC 3339"
    assert names(document(method("#a", **{field: value}), method("#b", BOB))) == ["#b"]


def test_null_is_no_time() -> None:
    assert names(document(method("#a", expires=None, revoked=None))) == ["#a"]


# -- what cannot be used


@pytest.mark.parametrize("hostile", [None, 1, "#a", [], [method()], {}, True], ids=repr)
def test_what_is_no_method_is_passed_over(hostile: Any) -> None:
    """And the others still work (§15.2, 36)."""
    found = methods_of(document(hostile, method("#b", BOB), hostile), WEB)
    assert found == (VerificationMethod(f"{WEB}#b", BOB.key.public),)


@pytest.mark.parametrize(
    "name",
    [..., None, 1, ["#a"], "", "#é", "#\ud800", "#\x1b[2J", "#a\n", "#" + "a" * MAX_ID],
    ids=lambda name: repr(name)[:20],
)
def test_a_method_without_a_name_that_can_be_shown_is_passed_over(name: Any) -> None:
    assert names(document(method(id=name), method("#b", BOB), capabilityInvocation=[name, "#b"])) == ["#b"]
    assert [*read(document(method(id=name)))] == []


def test_a_name_as_long_as_it_may_be() -> None:
    name = "#" + "a" * (MAX_ID - 1)
    assert names(document(method(name), capabilityInvocation=[f"{WEB}{name}"[: MAX_ID + 1]])) == []
    assert names(document(method(name), capabilityInvocation=[name])) == [name]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (..., "it has no type"),
        (None, "it has no type"),
        (["Multikey"], "it has no type"),
        ("Multikey\ud800", "it has no type"),
        ("\x1b[2J", "it has no type"),
        ("Ünkey", "it has no type"),
        ("multikey", "unsupported verification method type: multikey"),
        ("X25519KeyAgreementKey2020", "unsupported verification method type: X25519KeyAgreementKey2020"),
        ("X" * 1000, "unsupported verification method type: " + "X" * 64),
        ("AuthorityAttestation", "who attests is for the configuration to say, not for a document"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_method_of_another_type_says_so(kind: Any, reason: str) -> None:
    assert why(document(method(type=kind, authority=str(SERVICE.did)))) == reason
    assert names(document(method("#a", type=kind), method("#b", BOB))) == ["#b"]
    # What it would be endorsed for is told all the same.
    (found,) = methods_of(document(method(type=kind), capabilityDelegation=[]), WEB)
    assert found.relationships == {INVOKE}
    assert found.refuses(INVOKE, 0) == reason


def test_a_method_with_a_bad_key_says_so() -> None:
    found = read(document(method("#a", publicKeyMultibase="z6Mk"), method("#b", BOB)))
    assert found["#b"].key == BOB.key.public
    assert isinstance(found["#a"].key, Unusable)
    assert found["#a"].key.reason.startswith("not a public key of a kind known here")


# -- controllers


@pytest.mark.parametrize("controller", [..., None, str(WEB), str(ALICE.did), "did:plc:ewvi7nxzyoun6zhxrhs64oiz"], ids=repr)
def test_a_controller_is_a_did(controller: Any) -> None:
    assert names(document(method(controller=controller))) == ["#a"]


@pytest.mark.parametrize("controller", ["", "alice", 1, [str(WEB)], {}, "did:key:z0", "did:web:\ud800", False], ids=repr)
def test_a_controller_that_is_no_did(controller: Any) -> None:
    assert why(document(method(controller=controller))).startswith("controller: ")


@pytest.mark.parametrize("controller", [str(WEB), [str(WEB), str(ALICE.did)], None, [], 1], ids=repr)
def test_the_document_s_own_controller_is_its_own_affair(controller: Any) -> None:
    assert names(document(method(), controller=controller)) == ["#a"]


# -- two of one name


def test_two_methods_of_one_name_are_the_same() -> None:
    for again in (method("#a"), method(f"{WEB}#a")):
        assert names(document(method("#a"), again)) == ["#a"]
        assert names(document(method("#a"), capabilityInvocation=[again])) == ["#a"]


@pytest.mark.parametrize(
    "other",
    [
        method("#a", BOB),
        method(f"{WEB}#a", BOB),
        method("#a", expires="2026-01-01T00:00:00Z"),
        method("#a", revoked="2026-01-01T00:00:00Z"),
        method("#a", controller=...),
        method("#a", controller=str(ALICE.did)),
        method("#a", type="Ed25519VerificationKey2020"),
        method("#a", type="Unknown"),
        method("#a", publicKeyMultibase="z"),
    ],
    ids=range(9),
)
def test_two_methods_of_one_name_that_differ_leave_the_document_in_doubt(other: dict[str, Any]) -> None:
    for whole in (
        document(method("#a"), other),
        document(other, method("#b", BOB), method("#a")),
        document(method("#a"), authentication=[other]),
        document(capabilityDelegation=[other], capabilityInvocation=[method("#a")]),
    ):
        with pytest.raises(DIDError, match=r"has two verification methods did:web:example\.com#a$"):
            methods_of(whole, WEB)


# -- bounds


def test_a_document_has_no_more_methods_than_the_limit() -> None:
    signers = [Ed25519PrivateKey(number.to_bytes(32, "big")) for number in range(MAX_METHODS + 1)]
    entries = [method(f"#{number}", publicKeyMultibase=key.public.text) for number, key in enumerate(signers)]
    assert MAX_METHODS == 16
    assert len(methods_of(document(*entries[:-1]), WEB)) == MAX_METHODS
    for whole in (
        document(*entries),
        document(*entries[:-1], keyAgreement=entries[-1:]),
        # However odd they are: each is work.
        document(*[{}] * (MAX_METHODS + 1)),
    ):
        with pytest.raises(DIDError, match="has more than 16 verification methods"):
            methods_of(whole, WEB)
    assert names(document(*[None] * 100_000, method())) == ["#a"]


def deep(levels: int = 100_000) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("field", ["id", "type", "controller", "expires", "revoked", "publicKeyMultibase", "publicKeyJwk"])
def test_what_is_nested_deeply_is_not_descended_into(field: str) -> None:
    hostile = method(**{field: deep()})
    assert names(document(hostile, hostile, method("#b", BOB))) in (["#b"], ["#a", "#b"])


JUNK: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS: Final = ["id", "type", "controller", "expires", "revoked", "publicKeyMultibase", "publicKeyJwk", "publicKeyHex"]
TYPES: Final = ["Multikey", "JsonWebKey", "EcdsaSecp256k1VerificationKey2019", "Ed25519VerificationKey2018"]


@given(st.data())
def test_whatever_a_document_holds_it_is_read_or_refused(data: st.DataObject) -> None:
    broken = st.builds(
        lambda entry, junk, kind: {**entry, "type": kind, **junk},
        st.sampled_from([method(), method("#b", BOB), method("#a", SECP)]),
        st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=3),
        st.sampled_from(TYPES),
    )
    arrays = st.lists(broken | JUNK | st.sampled_from(["#a", "#b"]), max_size=4) | JUNK
    keys = ["verificationMethod", "@context", "controller", *RELATIONSHIPS, "keyAgreement"]
    whole = data.draw(st.dictionaries(st.sampled_from(keys), arrays, max_size=4)) | {"id": str(WEB)}
    try:
        found = methods_of(whole, WEB)
    except DIDError:
        return
    for one in found:
        assert one.id.isascii()
        said = one.refuses(INVOKE, 0)
        assert said is None or said.isprintable()


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


@pytest.mark.parametrize(
    "context", [*CONTEXTS, *([one] for one in CONTEXTS), [CONTEXTS[1], "https://w3id.org/security/multikey/v1", {}]], ids=repr
)
def test_a_context_of_did_documents(context: Any) -> None:
    assert CONTEXTS == ("https://www.w3.org/ns/did/v1.1", "https://www.w3.org/ns/did/v1")
    assert names(document(method(), **{"@context": context})) == ["#a"]


@pytest.mark.parametrize(
    "context",
    [
        None,
        "",
        [],
        {},
        1,
        "https://w3id.org/did/v1",
        "https://www.w3.org/ns/did/v1#",
        ["x", CONTEXTS[0]],
        [[CONTEXTS[0]]],
        [None],
    ],
    ids=repr,
)
def test_another_context(context: Any) -> None:
    with pytest.raises(DIDError, match=r"the @context of the document of did:web:example\.com does not begin with"):
        methods_of(document(method(), **{"@context": context}), WEB)


@pytest.mark.parametrize("methods", [..., None, []], ids=repr)
def test_a_document_without_methods(methods: Any) -> None:
    empty = {"id": str(WEB)} if methods is ... else {"id": str(WEB), "verificationMethod": methods}
    assert methods_of(empty, WEB) == ()
    assert methods_of(empty | {"capabilityInvocation": ["#a"]}, WEB) == ()


# -- documents of did:plc


def test_a_document_of_the_plc_directory() -> None:
    """One Multikey, no relationships: it may do everything (ucantone did/verificationrelationship_test.go)."""
    plc = DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
    key = "zQ3shY3SRmBHD2k3MbUG2k9TyVxtSVFEAGPCScnkBnKya18qj"
    whole = {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": str(plc),
        "alsoKnownAs": ["at://alice.example.com"],
        "verificationMethod": [{"id": f"{plc}#atproto", "type": "Multikey", "controller": str(plc), "publicKeyMultibase": key}],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://example.com"}],
    }
    (found,) = methods_of(whole, plc)
    assert (found.id, found.relationships) == (f"{plc}#atproto", EVERY)
    assert not isinstance(found.key, Unusable)
    assert getattr(found.key, "did", None) == f"did:key:{key}"


@pytest.mark.parametrize("length", [500, 2000])
def test_a_name_may_be_as_long_beyond_any_did(length: int) -> None:
    did = DID(f"did:web:{'a' * length}")
    assert methods_of(describe(did, BOB.key.public), did) == own_methods(did, BOB.key.public)
    for name in ("#" + "a" * (MAX_ID - 1), f"{did}#{'a' * (MAX_ID - 1)}"):
        written = {"id": did, "verificationMethod": [method(name)], "capabilityInvocation": [name]}
        (found,) = methods_of(written, did)
        assert found.relationships == frozenset(Relationship)
