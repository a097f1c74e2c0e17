"""DID documents: how a DID says which keys are its own (protocol §2.3, §2.4; W3C DID Core §5).

document ::= { "@context", "id", "verificationMethod": [ method ... ], relationship: [ method id ... ] ... }
method   ::= { "id", "type": "Multikey", "controller", "publicKeyMultibase" }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from multiformats import multibase

from forge.did import DID
from forge.errors import DIDError, KeyFormatError
from forge.keys import PublicKey, public_key
from forge.method import VerificationMethod

CONTEXT: Final = "https://www.w3.org/ns/did/v1.1"
RELATIONSHIPS: Final = ("authentication", "assertionMethod", "capabilityInvocation", "capabilityDelegation")
MAX_METHODS: Final = 64
"""How many verification methods of one document are looked at: each costs a signature check when none fits."""
MAX_METHOD_TEXT: Final = 1024


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
    """Read the verification methods of a document that may invoke: receipts are invocations too.

    A method of a type or with a key not known here is passed over, and so is one that expires or was revoked. Where the
    document does not declare `capabilityInvocation`, all its methods may; where it does, the ones listed.

    Raises:
        DIDError: it is not the document of `did`.
    """
    if not isinstance(document, Mapping) or document.get("id") != did:
        raise DIDError(f"not the document of {did}")
    entries = document.get("verificationMethod") or []
    if not isinstance(entries, list):
        raise DIDError(f"the document of {did} has no array of verification methods")
    methods = [method for entry in entries[:MAX_METHODS] if (method := _method(entry, did)) is not None]
    declared = document.get("capabilityInvocation")
    if declared is not None:
        if not isinstance(declared, list):
            # What is declared and cannot be read must not endorse everything.
            raise DIDError(f"the document of {did} has no array of methods that may invoke")
        allowed = {_absolute(reference, did) for reference in declared if isinstance(reference, str)}
        methods = [method for method in methods if method.id in allowed]
    return tuple(methods)


def _method(entry: object, did: DID) -> VerificationMethod | None:
    if not isinstance(entry, Mapping) or entry.get("type") != "Multikey":
        return None
    if entry.get("expires") is not None or entry.get("revoked") is not None:
        # Whether that time has come is not known here, and a key that may have been revoked is none (§2.5).
        return None
    name, text = entry.get("id"), entry.get("publicKeyMultibase")
    if not isinstance(name, str) or not isinstance(text, str) or len(text) > MAX_METHOD_TEXT:
        return None
    try:
        return VerificationMethod(_absolute(name, did), public_key(bytes(multibase.decode(text))))
    except (KeyFormatError, ValueError, KeyError):
        return None


def _absolute(reference: str, did: DID) -> str:
    return f"{did}{reference}" if reference.startswith("#") else reference
