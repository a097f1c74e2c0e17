"""DID documents: how a DID says which keys are its own, and what for (protocol §2.3, §2.4, §2.5; W3C DID Core §5).

document     ::= { "@context"?, "id", "verificationMethod"?: [ method ... ], relationship?: [ reference | method ... ] ... }
method       ::= { "id", "type", "controller"?, "expires"?, "revoked"?, and its key }
relationship ::= "capabilityInvocation" | "capabilityDelegation" | "authentication" | "assertionMethod" | "keyAgreement"
reference    ::= a method's id; one that begins with "#" is the document's own

A relationship that is not declared endorses every method of the document: those of did:plc declare none. One that is declared
endorses those that it lists, so what cannot be read is never taken for what is not declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from forge import material
from forge.did import DID
from forge.errors import DIDError, KeyFormatError
from forge.keys import PublicKey
from forge.method import Relationship, Unusable, VerificationMethod

CONTEXT: Final = "https://www.w3.org/ns/did/v1.1"
CONTEXTS: Final = (CONTEXT, "https://www.w3.org/ns/did/v1")
RELATIONSHIPS: Final = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
"""What a service's one key is for."""
MAX_METHODS: Final = 16
"""Verification methods of one document: each costs a signature check when none fits, and memory while the document is kept."""
MAX_ID: Final = 512
"""Characters of a method's id beyond its DID."""

_EMBEDDING: Final = (*RELATIONSHIPS, "keyAgreement")
_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class _Entry(NamedTuple):
    """A method as it stands in the document: of one id there is one."""

    kind: str | None
    controller: DID | None
    key: PublicKey | Unusable
    expires: int | None
    revoked: int | None


def own_methods(did: DID, key: PublicKey) -> tuple[VerificationMethod, ...]:
    """Give the one verification method of a service that has one key."""
    return (VerificationMethod(f"{did}#key-0", key),)


def describe(did: DID, key: PublicKey) -> dict[str, object]:
    """Write the document of a service that has one key."""
    (method,) = own_methods(did, key)
    entry = {"id": method.id, "type": "Multikey", "controller": did, "publicKeyMultibase": key.text}
    return {
        "@context": CONTEXT,
        "id": did,
        "verificationMethod": [entry],
        **{relationship: [method.id] for relationship in RELATIONSHIPS},
    }


def methods_of(document: object, did: DID) -> tuple[VerificationMethod, ...]:
    """Read all verification methods of a document, each with what it is endorsed for.

    A method that cannot be used (of a type or with a key not known here) is among them and says why.

    Args:
        document: what its JSON says.
        did: whose document it has to be.

    Raises:
        DIDError: it is not the document of `did`, or it leaves in doubt which methods are endorsed.
    """
    if not isinstance(document, Mapping) or document.get("id") != did:
        raise DIDError(f"not the document of {did}")
    _check_context(document, did)
    listed = {name: _array(document, name, did) or () for name in ("verificationMethod", *_EMBEDDING)}
    # What stands in a relationship itself belongs to the document's methods too.
    candidates = [one for entries in listed.values() for one in entries if isinstance(one, Mapping)]
    if len(candidates) > MAX_METHODS:
        raise DIDError(f"the document of {did} has more than {MAX_METHODS} verification methods")
    entries: dict[str, _Entry] = {}
    for candidate in candidates:
        name = _id(candidate, did)
        if name is None:
            continue
        entry = _entry(candidate)
        if entries.setdefault(name, entry) != entry:
            raise DIDError(f"the document of {did} has two verification methods {name}")
    endorsed = {one: _endorsed(document, one, did) for one in Relationship}
    return tuple(
        VerificationMethod(
            name,
            entry.key,
            frozenset(relationship for relationship, names in endorsed.items() if names is None or name in names),
            entry.expires,
            entry.revoked,
        )
        for name, entry in entries.items()
    )


def _check_context(document: Mapping[str, object], did: DID) -> None:
    if "@context" not in document:
        return
    context = document["@context"]
    first = context[0] if isinstance(context, list) and context else context
    if first not in CONTEXTS:
        raise DIDError(f"the @context of the document of {did} does not begin with {CONTEXT}")


def _endorsed(document: Mapping[str, object], relationship: Relationship, did: DID) -> set[str | None] | None:
    """Say which methods a relationship endorses: their ids, or None for all of them."""
    references = _array(document, relationship.value, did)
    return None if references is None else {_id(one, did) for one in references}


def _array(document: Mapping[str, object], name: str, did: DID) -> list[object] | None:
    value = document.get(name)
    if value is not None and not isinstance(value, list):
        raise DIDError(f"the document of {did}: {name} is not an array")
    return value


def _id(one: object, did: DID) -> str | None:
    """Give the absolute id of a method or of a reference to one; None where it has none that a message could show."""
    name = one.get("id") if isinstance(one, Mapping) else one
    if not isinstance(name, str) or not name or not name.isascii() or not name.isprintable():
        return None
    name = f"{did}{name}" if name.startswith("#") else name
    return None if len(name.removeprefix(did)) > MAX_ID else name


def _entry(method: Mapping[str, object]) -> _Entry:
    """Read a method. One that says something which cannot be read is not used as if it had not said it."""
    kind, controller = method.get("type"), method.get("controller")
    if not isinstance(kind, str) or not kind.isascii() or not kind.isprintable():
        return _Entry(None, None, Unusable("it has no type"), None, None)
    try:
        if controller is not None and not isinstance(controller, str):
            raise DIDError("it is no text")
        controller = None if controller is None else DID(controller)
        expires, revoked = _time(method, "expires"), _time(method, "revoked")
        return _Entry(kind, controller, material.read(kind, method), expires, revoked)
    except KeyFormatError as error:
        return _Entry(kind, None, Unusable(str(error)), None, None)
    except DIDError as error:
        return _Entry(kind, None, Unusable(f"controller: {error}"), None, None)


def _time(method: Mapping[str, object], name: str) -> int | None:
    """Read a time in RFC 3339, in Unix seconds: the one that has begun, so a fraction ends a method early and never late."""
    text = method.get(name)
    if text is None:
        return None
    try:
        if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
            raise ValueError(name)
        return int(datetime.fromisoformat(text.upper()).replace(microsecond=0).timestamp())
    except (ValueError, OverflowError):
        raise KeyFormatError(f"{name}: not a time in RFC 3339") from None
