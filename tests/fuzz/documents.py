"""DID documents to begin with: every kind of key in every form, every relationship, every end."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding as PublicEncoding
from cryptography.hazmat.primitives.serialization import PublicFormat
from multiformats import multibase

from forge.document import CONTEXTS, MAX_METHODS, RELATIONSHIPS, describe
from forge.keys import PublicKey
from forge.varsig import Algorithm
from tests.core.principals import ALICE
from tests.fuzz import people

_COORDINATE: Final = 32

DID_WEB: Final = people.WEB.did
KINDS: Final = (
    "Multikey",
    "Ed25519VerificationKey2020",
    "Ed25519VerificationKey2018",
    "EcdsaSecp256k1VerificationKey2019",
    "EcdsaSecp256r1VerificationKey2019",
    "JsonWebKey",
    "JsonWebKey2020",
    "AuthorityAttestation",
)
TIMES: Final = (
    "2020-01-01T00:00:00Z",
    "2999-12-31t23:59:59.5z",
    "1969-12-31T23:59:59.25-23:59",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:60Z",
)
DOCUMENT_FIELDS: Final = (
    *("@context", "id", "type", "controller", "expires", "revoked", "publicKeyMultibase", "publicKeyBase58", "publicKeyHex"),
    *("publicKeyJwk", "kty", "crv", "x", "y", "d", "use", "sig", "OKP", "EC", "Ed25519", "P-256", "secp256k1"),
)
SCALARS_OF_JSON: Final[tuple[Any, ...]] = (None, True, False, 0, 1, -1, 1.5, "", "a", [], {}, "é", "a" * 513)
WRONG: Final[tuple[Any, ...]] = (None, [], {}, "#0", 0)
RELATED: Final = ("verificationMethod", *RELATIONSHIPS, "keyAgreement")


def materials(key: PublicKey) -> list[dict[str, Any]]:
    """A key in every form that a document may have it in."""
    forms: list[dict[str, Any]] = [
        {"publicKeyMultibase": key.text},
        {"publicKeyMultibase": multibase.encode(key.tagged, "base64url")},
        {"publicKeyMultibase": multibase.encode(key.raw, "base16")},
        {"publicKeyBase58": multibase.encode(key.raw, "base58btc")[1:]},
        {"publicKeyHex": key.raw.hex()},
    ]
    if len(key.raw) == _COORDINATE:
        forms.append({"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": _url(key.raw)}})
    else:
        named, curve = {
            Algorithm.SECP256K1: ("secp256k1", ec.SECP256K1()),
            Algorithm.P256: ("P-256", ec.SECP256R1()),
        }[key.algorithm]
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, key.raw)
        whole = point.public_bytes(PublicEncoding.X962, PublicFormat.UncompressedPoint)
        x, y = whole[1 : 1 + _COORDINATE], whole[1 + _COORDINATE :]
        forms += [
            {"publicKeyJwk": {"kty": "EC", "crv": named, "x": _url(x), "y": _url(y)}},
            {"publicKeyHex": whole.hex()},
            {"publicKeyMultibase": multibase.encode(whole, "base58btc")},
        ]
    return forms


def _url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def spoiled(method: dict[str, Any]) -> dict[str, Any]:
    """The same method with another key, or with none: one character of it is another."""

    def other(text: str) -> str:
        middle = len(text) // 2
        return text[:middle] + ("2" if text[middle] != "2" else "3") + text[middle + 1 :]

    texts = {name: other(value) for name, value in method.items() if name.startswith("publicKey") and isinstance(value, str)}
    jwk = method.get("publicKeyJwk")
    return method | texts | ({"publicKeyJwk": jwk | {"x": other(jwk["x"])}} if isinstance(jwk, dict) else {})


METHODS: Final[list[dict[str, Any]]] = [
    {"id": f"#{number}", "type": kind, "controller": DID_WEB, **form}
    for number, (kind, form) in enumerate(
        (kind, form) for signer in (ALICE, people.SECP, people.P256) for form in materials(signer.key.public) for kind in KINDS
    )
]
DOCUMENTS: Final[list[dict[str, Any]]] = [
    *({"@context": [CONTEXTS[number % 2]], "id": DID_WEB, "verificationMethod": [one]} for number, one in enumerate(METHODS)),
    *({"id": DID_WEB, "capabilityInvocation": [one | {"expires": "2999-12-31T23:59:59Z"}]} for one in METHODS),
    *({"id": DID_WEB, "verificationMethod": [spoiled(one)], "capabilityDelegation": [one["id"]]} for one in METHODS),
    *({"id": DID_WEB, "verificationMethod": [one], "assertionMethod": [spoiled(one)]} for one in METHODS[::8]),
    *(describe(signer.did, ALICE.key.public) for signer in people.EVERYBODY),
    *({"id": DID_WEB, "verificationMethod": METHODS[:3], name: ["#0", f"{DID_WEB}#1", 1]} for name in RELATED),
    *(
        {"id": DID_WEB, "verificationMethod": METHODS[:2], name: [METHODS[0], METHODS[1] | {"controller": None}]}
        for name in RELATED
    ),
    *({"id": DID_WEB, "verificationMethod": METHODS[:2], name: wrong} for name in RELATED for wrong in WRONG),
    *(
        {"id": DID_WEB, "verificationMethod": [METHODS[0] | {name: time}]}
        for name in ("expires", "revoked")
        for time in (*TIMES, None, 0, "", "2020-01-01")
    ),
    {"id": DID_WEB, "verificationMethod": [METHODS[0] | {"id": f"#{number}"} for number in range(MAX_METHODS - 2)]},
    {"id": DID_WEB},
    {"@context": "https://www.w3.org/ns/did/v1", "id": DID_WEB, "alsoKnownAs": ["at://a"], "service": [{"id": "#pds"}]},
]
