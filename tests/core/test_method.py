"""Verification methods: what each serves, and until when (protocol §2.2, §2.5, §2.8)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from forge.did import DID
from forge.errors import DIDError, KeyFormatError
from forge.method import EVERY, Authority, Relationship, Unusable, VerificationMethod, attested_methods, did_key_methods
from tests.core.principals import ALICE, BOB, KINDS, MAILTO_DID, NOW, SERVICE

INVOKE: Final = Relationship.INVOCATION
DELEGATE: Final = Relationship.DELEGATION
MAIL: Final = DID(MAILTO_DID)


def method(**fields: Any) -> VerificationMethod:
    usual: dict[str, Any] = {"id": "#a", "key": ALICE.key.public}
    return VerificationMethod(**(usual | fields))


def test_relationships_are_what_documents_call_them() -> None:
    assert {one.value for one in Relationship} == {"capabilityInvocation", "capabilityDelegation"}
    assert frozenset(Relationship) == EVERY


@pytest.mark.parametrize("relationship", Relationship)
def test_a_method_serves_what_it_is_listed_for(relationship: Relationship) -> None:
    (other,) = EVERY - {relationship}
    assert method().refuses(relationship, NOW) is None
    assert method(relationships=frozenset({relationship})).refuses(relationship, NOW) is None
    assert method(relationships=frozenset({other})).refuses(relationship, NOW) == f"not listed in {relationship.value}"
    assert method(relationships=frozenset()).refuses(relationship, NOW) == f"not listed in {relationship.value}"


@pytest.mark.parametrize(("field", "reason"), [("expires", "expired"), ("revoked", "revoked")])
def test_a_method_serves_until_its_time_comes(field: str, reason: str) -> None:
    one = method(**{field: NOW})
    assert one.refuses(INVOKE, NOW - 1) is None
    for now in (NOW, NOW + 1, 1 << 60):
        assert one.refuses(INVOKE, now) == reason
    # Zero is a time like any other, and long ago.
    assert method(**{field: 0}).refuses(INVOKE, NOW) == reason
    assert method(**{field: -1}).refuses(INVOKE, 0) == reason


def test_which_reason_is_told() -> None:
    """In the order of §2.5: listed at all, expired, revoked, and then what it is."""
    bad = Unusable("no such type")
    assert (
        method(key=bad, expires=0, revoked=0, relationships=frozenset()).refuses(INVOKE, NOW)
        == "not listed in capabilityInvocation"
    )
    assert method(key=bad, expires=0, revoked=0).refuses(INVOKE, NOW) == "expired"
    assert method(key=bad, revoked=0).refuses(INVOKE, NOW) == "revoked"
    assert method(key=bad).refuses(INVOKE, NOW) == "no such type"


@pytest.mark.parametrize("name", KINDS)
def test_the_method_of_a_did_key(name: str) -> None:
    key = KINDS[name].key.public
    assert did_key_methods(key.did) == (VerificationMethod(f"{key.did}#{key.text}", key),)
    (found,) = did_key_methods(key.did)
    assert (found.relationships, found.expires, found.revoked) == (EVERY, None, None)
    # It is computed once.
    assert did_key_methods(DID(str(key.did))) is did_key_methods(key.did)


@pytest.mark.parametrize("did", ["did:web:example.com", MAILTO_DID, "did:plc:ewvi7nxzyoun6zhxrhs64oiz"])
def test_other_dids_have_no_method_that_is_computed(did: str) -> None:
    with pytest.raises(DIDError, match="is not a did:key"):
        did_key_methods(DID(did))


def test_a_did_key_that_is_none() -> None:
    with pytest.raises(KeyFormatError):
        did_key_methods(DID("did:key:z6Mk"))


def test_the_method_of_who_is_attested_for() -> None:
    """Its id is `<did>#<authority>` (§2.8)."""
    methods = (*did_key_methods(SERVICE.did), *did_key_methods(BOB.did))
    (found,) = attested_methods(MAIL, SERVICE.did, methods)
    assert found == VerificationMethod(f"{MAIL}#{SERVICE.did}", Authority(SERVICE.did, methods))
    assert found.relationships == EVERY
    assert found.refuses(INVOKE, NOW) is found.refuses(DELEGATE, NOW) is None


def test_methods_are_values() -> None:
    assert hash(method()) == hash(method())
    assert len({method(), method(), method(id="#b"), method(key=Unusable("x"))}) == 3
    with pytest.raises(AttributeError):
        method().expires = 1  # type: ignore[misc]
