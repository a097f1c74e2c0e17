"""Verification methods, and the keys that documents say are theirs (protocol §2.4, §2.5)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from forge.did import DID
from forge.document import describe, methods_of, own_methods
from forge.keys import PublicKey, public_key
from forge.method import Relationship, Unusable, VerificationMethod, did_key_methods
from forge.varsig import Algorithm

POINTS: Final = ("publicKeyMultibase", "publicKeyBase58", "publicKeyHex", "publicKeyJwk")
FORMS: Final = {
    "Multikey": POINTS[:1],
    "Ed25519VerificationKey2020": POINTS[:1],
    "Ed25519VerificationKey2018": POINTS[1:2],
    "JsonWebKey": POINTS[3:],
    "JsonWebKey2020": POINTS[3:],
}
"""Where a method of each type has its key; those of points, anywhere."""
BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def method_laws(method: VerificationMethod, did: DID) -> None:
    """A method serves until it ends, and never again; and its key is one in whatever form it came."""
    ends = [end for end in (method.expires, method.revoked) if end is not None]
    for relationship in Relationship:
        verdicts = [
            method.refuses(relationship, now) is None for now in (-(1 << 40), *[end - 1 for end in ends], *ends, 1 << 40)
        ]
        if isinstance(method.key, PublicKey) and relationship in method.relationships:
            assert verdicts[0] is True, "it never serves"
            assert verdicts[-1] is not bool(ends), "it serves for good, or not at all"
            assert not any(method.refuses(relationship, end) is None for end in ends), "it serves after its end"
        else:
            assert not any(verdicts), "it serves for what it is not for"
    if not isinstance(method.key, PublicKey):
        assert isinstance(method.key, Unusable), "an authority that a document names"
        method.key.reason.encode()
        return
    key = method.key
    assert public_key(key.tagged) == key, "a key that is not read back"
    assert did_key_methods(key.did)[0].key == key, "a key that is not its own DID's"
    assert key.verify(b"", bytes(64)) is False, "a key for which anybody signs"
    curve = {Algorithm.SECP256K1: ec.SECP256K1(), Algorithm.P256: ec.SECP256R1()}.get(key.algorithm)
    if curve is None:
        Ed25519PublicKey.from_public_bytes(key.raw)
    else:
        ec.EllipticCurvePublicKey.from_encoded_point(curve, key.raw)
    ours = json.loads(json.dumps(describe(did, key)))
    assert methods_of(ours, did) == own_methods(did, key), "our own document of this key is not read back"


def stated(entry: dict[str, Any], raw: bytes) -> None:
    """The key is the one that stands there, read by other means: all three kinds have 32 bytes that tell them apart."""
    x = raw[-32:]
    (form,) = (form for form in FORMS.get(entry["type"], POINTS) if entry.get(form) is not None)
    text = entry[form]
    match form:
        case "publicKeyJwk":
            assert text["x"] == urlsafe_b64encode(x).decode().rstrip("="), "another key than the JWK's"
        case "publicKeyHex":
            assert x in bytes.fromhex(text), "another key than the hexadecimal one"
        case "publicKeyBase58":
            assert x in base58(text), "another key than the one in base 58"
        case "publicKeyMultibase" if text.startswith("z"):
            assert x in base58(text[1:]), "another key than the multibase one"


def base58(text: str) -> bytes:
    number = 0
    for character in text:
        number = 58 * number + BASE58.index(character)
    return number.to_bytes(len(text))
