"""DID documents (protocol §2.3, §2.4, §2.5)."""

from __future__ import annotations

import json
from typing import Any, Final

from forge.did import DID
from forge.document import MAX_METHODS, RELATIONSHIPS, methods_of
from forge.errors import DIDError
from forge.keys import PublicKey
from forge.method import Relationship
from forge.resolve.failure import Unfetched
from forge.resolve.fetcher import read as read_document
from forge.resolve.http import Answer
from tests.core.principals import ALICE, BOB
from tests.fuzz import people
from tests.fuzz.laws.method import method_laws, stated
from tests.fuzz.laws.reading import refused

LISTS: Final = ("verificationMethod", *RELATIONSHIPS, "keyAgreement")


def document(data: bytes) -> None:
    """DID documents, as a host answers them: the reader's own laws, and its relationships read once more."""
    try:
        value = json.loads(data)
        before = json.dumps(value)
    except (ValueError, RecursionError):
        return
    named = value.get("id") if isinstance(value, dict) else None
    mine = named if isinstance(named, str) and refused(DID, named, DIDError) is not None else people.WEB.did
    did = DID(mine)
    found = refused(lambda read: methods_of(read, did), value, DIDError)
    assert json.dumps(value) == before, "the document was changed"
    served = refused(lambda body: read_document(Answer(200, body), did, None, "it"), data, Unfetched)
    assert (served and served.methods) == found, "read from its host, it says something else"
    if found is None:
        return
    other = ALICE.did if did != ALICE.did else BOB.did
    assert refused(lambda read: methods_of(read, other), value, DIDError) is None, "a document of two"
    backwards = methods_of(turned(value), did)
    assert {method.id: method for method in backwards} == {method.id: method for method in found}, "order tells"
    assert len({method.id for method in found}) == len(found) <= MAX_METHODS, "methods that share an id, or too many"
    for method in found:
        assert method.id.isascii(), "an id that cannot be shown"
        assert method.id.isprintable(), "an id that cannot be shown"
        assert method.relationships == endorsements(value, did, method.id), "endorsed for something else"
        method_laws(method, did)
        if isinstance(method.key, PublicKey):
            for entry in entries(value, did, method.id):
                assert (method.expires is None) is (entry.get("expires") is None), "its end is lost"
                assert (method.revoked is None) is (entry.get("revoked") is None), "its revocation is lost"
                stated(entry, method.key.raw)


def entries(value: dict[str, Any], did: DID, name: str) -> list[dict[str, Any]]:
    """Find a method wherever it stands in a document."""
    lists = [item for key, item in value.items() if key in LISTS and isinstance(item, list)]
    methods = [one for entries in lists for one in entries if isinstance(one, dict)]
    return [one for one in methods if one.get("id") in written(name, did)]


def written(name: str, did: DID) -> tuple[str, ...]:
    """Give the ways in which a document may write a method's id."""
    return (name, name.removeprefix(did)) if name.startswith(f"{did}#") else (name,)


def turned(value: dict[str, Any]) -> dict[str, Any]:
    """The same document, with its fields and its methods in another order."""
    lists = {key: item[::-1] if isinstance(item, list) and key != "@context" else item for key, item in value.items()}
    return dict(reversed(lists.items()))


def endorsements(value: dict[str, Any], did: DID, name: str) -> set[Relationship]:
    """Say what a method may sign: where a relationship is declared, what it lists."""
    found = set()
    for relationship in Relationship:
        declared = value.get(relationship.value)
        listed = [one.get("id") if isinstance(one, dict) else one for one in declared or []]
        if declared is None or any(one in written(name, did) for one in listed):
            found.add(relationship)
    return found
