"""The keys in verification methods, in the forms that their types have (W3C DID Core §5.2.1; protocol §15.2, 36)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any, Final

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from multiformats import multibase

from forge.errors import KeyFormatError
from forge.keys import P256PublicKey, PublicKey, Secp256k1PublicKey
from forge.material import MAX_TEXT, read
from tests.core.principals import ALICE, KINDS, P256, SECP

ED: Final = ALICE.key.public
K1: Final = SECP.key.public
R1: Final = P256.key.public
K1_TYPE: Final = "EcdsaSecp256k1VerificationKey2019"
R1_TYPE: Final = "EcdsaSecp256r1VerificationKey2019"
JWK_TYPES: Final = ("JsonWebKey", "JsonWebKey2020")


def base58(data: bytes) -> str:
    return str(multibase.encode(data, "base58btc"))


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def uncompressed(key: PublicKey) -> bytes:
    """By other means than the code's own."""
    if isinstance(key, Secp256k1PublicKey):
        return coincurve.PublicKey(key.raw).format(compressed=False)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.raw)
    return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def jwk_of(key: PublicKey, **fields: Any) -> dict[str, Any]:
    if key == ED:
        usual: dict[str, Any] = {"kty": "OKP", "crv": "Ed25519", "x": b64(key.raw)}
    else:
        point = uncompressed(key)
        curve = "secp256k1" if key == K1 else "P-256"
        usual = {"kty": "EC", "crv": curve, "x": b64(point[1:33]), "y": b64(point[33:])}
    return {name: value for name, value in (usual | fields).items() if value is not ...}


# -- what is read


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("base", ["base2", "base16", "base32", "base36", "base58btc", "base64pad", "base64url"])
def test_a_multikey(name: str, base: str) -> None:
    key = KINDS[name].key.public
    assert read("Multikey", {"publicKeyMultibase": str(multibase.encode(key.tagged, base))}) == key


def test_ed25519_types() -> None:
    assert read("Ed25519VerificationKey2020", {"publicKeyMultibase": ED.text}) == ED
    assert read("Ed25519VerificationKey2018", {"publicKeyBase58": base58(ED.raw)[1:]}) == ED
    # An example of the did:key specification.
    known = read("Ed25519VerificationKey2018", {"publicKeyBase58": "B12NYF8RrR3h41TDCTJojY59usg3mbtbjnFs7Eud1Y6u"})
    assert known.did == "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"


@pytest.mark.parametrize(("kind", "key"), [(K1_TYPE, K1), (R1_TYPE, R1)])
def test_ecdsa_types(kind: str, key: PublicKey) -> None:
    """As older did:plc documents have them, a point and nothing before it; or as later specifications, behind a multicodec."""
    for point in (key.raw, uncompressed(key), key.tagged):
        assert read(kind, {"publicKeyMultibase": base58(point)}) == key
        assert read(kind, {"publicKeyMultibase": "f" + point.hex()}) == key
        assert read(kind, {"publicKeyBase58": base58(point)[1:]}) == key
        assert read(kind, {"publicKeyHex": point.hex()}) == key
        assert read(kind, {"publicKeyHex": point.hex().upper()}) == key
    assert read(kind, {"publicKeyJwk": jwk_of(key)}) == key


@pytest.mark.parametrize("kind", JWK_TYPES)
@pytest.mark.parametrize("key", [ED, K1, R1], ids=lambda key: type(key).__name__)
def test_json_web_keys(kind: str, key: PublicKey) -> None:
    assert read(kind, {"publicKeyJwk": jwk_of(key)}) == key
    assert read(kind, {"publicKeyJwk": jwk_of(key, use="sig", alg="ES256", kid="1", key_ops=["verify"])}) == key


def test_json_web_keys_of_the_specifications() -> None:
    """RFC 8037 A.2, and RFC 7517 A.1."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    known = read("JsonWebKey", {"publicKeyJwk": {"kty": "OKP", "crv": "Ed25519", "x": x}})
    assert known.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    ec_key = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    read("JsonWebKey2020", {"publicKeyJwk": ec_key | {"use": "sig", "kid": "1"}})
    with pytest.raises(KeyFormatError, match="not for signatures"):
        read("JsonWebKey2020", {"publicKeyJwk": ec_key | {"use": "enc", "kid": "1"}})


@given(st.sampled_from([ec.SECP256K1(), ec.SECP256R1()]), st.integers(1, (1 << 255) - 1))
def test_every_form_of_a_point_is_one_key(curve: ec.EllipticCurve, scalar: int) -> None:
    public = ec.derive_private_key(scalar, curve).public_key()
    numbers = public.public_numbers()
    short = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    long = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    kind, kind_of_key = (K1_TYPE, Secp256k1PublicKey) if isinstance(curve, ec.SECP256K1) else (R1_TYPE, P256PublicKey)
    jwk = {
        "kty": "EC",
        "crv": "secp256k1" if kind == K1_TYPE else "P-256",
        "x": b64(numbers.x.to_bytes(32, "big")),
        "y": b64(numbers.y.to_bytes(32, "big")),
    }
    expected = kind_of_key(short)
    assert read(kind, {"publicKeyMultibase": base58(short)}) == expected
    assert read(kind, {"publicKeyMultibase": base58(long)}) == expected
    assert read("JsonWebKey", {"publicKeyJwk": jwk}) == expected
    assert read("Multikey", {"publicKeyMultibase": expected.text}) == expected


# -- what is not


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({}, "expected one of publicKeyMultibase, found 0"),
        ({"publicKeyMultibase": None}, "expected one of publicKeyMultibase, found 0"),
        ({"publicKeyJwk": jwk_of(ED)}, "expected one of publicKeyMultibase, found 0"),
        ({"publicKeyMultibase": 1}, f"a key is text of at most {MAX_TEXT} characters"),
        ({"publicKeyMultibase": [ED.text]}, f"a key is text of at most {MAX_TEXT} characters"),
        ({"publicKeyMultibase": "z" + "1" * MAX_TEXT}, f"a key is text of at most {MAX_TEXT} characters"),
        ({"publicKeyMultibase": "f" + "ed01" + "00" * 10_000}, f"a key is text of at most {MAX_TEXT} characters"),
        ({"publicKeyMultibase": ""}, "the key is not multibase"),
        ({"publicKeyMultibase": "0"}, "not a public key of a kind known here"),
        ({"publicKeyMultibase": "z"}, "not a public key of a kind known here"),
        ({"publicKeyMultibase": "zé"}, "the key is not multibase"),
        ({"publicKeyMultibase": "\ud800"}, "the key is not multibase"),
        ({"publicKeyMultibase": "z0OIl"}, "the key is not multibase"),
        ({"publicKeyMultibase": ED.text[1:]}, "the key is not multibase"),
        ({"publicKeyMultibase": ED.text + "1"}, ""),
        ({"publicKeyMultibase": base58(ED.raw)}, "not a public key of a kind known here"),
        ({"publicKeyMultibase": base58(b"\xed\x01" + bytes(32))}, "these 32 bytes are no Ed25519 public key"),
        # X25519, BLS 12-381, P-384.
        ({"publicKeyMultibase": base58(b"\xec\x01" + bytes(32))}, "not a public key of a kind known here: ec01"),
        ({"publicKeyMultibase": base58(b"\xeb\x01" + bytes(96))}, "not a public key of a kind known here: eb01"),
        ({"publicKeyMultibase": base58(b"\x81\x24" + bytes(49))}, "not a public key of a kind known here: 8124"),
        # A point that is not compressed has a form of its own only in the older types.
        ({"publicKeyMultibase": base58(K1.code + uncompressed(K1))}, "a secp256k1 public key has 33 bytes"),
    ],
    ids=range(21),
)
def test_what_is_no_multikey(entry: dict[str, Any], reason: str) -> None:
    with pytest.raises(KeyFormatError, match=f"^{reason}"):
        read("Multikey", entry)


@pytest.mark.parametrize("key", [K1, R1], ids=["secp256k1", "P-256"])
def test_what_is_no_ed25519_method(key: PublicKey) -> None:
    with pytest.raises(KeyFormatError, match="not of the kind that the type says"):
        read("Ed25519VerificationKey2020", {"publicKeyMultibase": key.text})
    with pytest.raises(KeyFormatError, match="an Ed25519 public key has 32 bytes"):
        read("Ed25519VerificationKey2018", {"publicKeyBase58": base58(key.raw)[1:]})
    with pytest.raises(KeyFormatError, match="an Ed25519 public key has 32 bytes"):
        read("Ed25519VerificationKey2018", {"publicKeyBase58": base58(ED.tagged)[1:]})


def points(key: PublicKey) -> dict[str, bytes]:
    """Bytes that are no point of the key's curve, or not in one of the two forms."""
    long = uncompressed(key)
    off = bytearray(long)
    off[-1] ^= 1
    hybrid = bytes((6 + long[-1] % 2,)) + long[1:]
    return {
        "nothing": b"",
        "infinity": b"\0",
        "a prefix": b"\x04",
        "off the curve": bytes(off),
        "hybrid": hybrid,
        "hybrid, the other": bytes((hybrid[0] ^ 1,)) + long[1:],
        "short": long[:-1],
        "long": long + b"\0",
        "compressed and long": key.raw + b"\0",
        "uncompressed with a compressed prefix": key.raw[:1] + long[1:],
        "compressed with an uncompressed prefix": b"\x04" + key.raw[1:],
        "bare coordinates": long[1:],
        "x beyond the field": b"\x02" + b"\xff" * 32,
        "zero": b"\x04" + bytes(64),
        "two codes": key.code + key.tagged,
    }


@pytest.mark.parametrize("name", points(K1))
@pytest.mark.parametrize(("kind", "key"), [(K1_TYPE, K1), (R1_TYPE, R1)], ids=["secp256k1", "P-256"])
def test_what_is_no_point(kind: str, key: PublicKey, name: str) -> None:
    point = points(key)[name]
    for entry in ({"publicKeyHex": point.hex()}, {"publicKeyMultibase": "f" + point.hex()}):
        with pytest.raises(KeyFormatError):
            read(kind, entry)


@pytest.mark.parametrize(("kind", "key", "other"), [(K1_TYPE, K1, R1), (R1_TYPE, R1, K1)], ids=["secp256k1", "P-256"])
def test_what_is_no_ecdsa_method(kind: str, key: PublicKey, other: PublicKey) -> None:
    for entry, reason in (
        ({"publicKeyJwk": jwk_of(other)}, "not of the kind that the type says"),
        ({"publicKeyJwk": jwk_of(ED)}, "not of the kind that the type says"),
        ({"publicKeyMultibase": other.text}, "public key has 33 bytes"),
        ({"publicKeyHex": uncompressed(other).hex()}, "are no point of"),
        ({"publicKeyHex": "xyz"}, "the key is not hexadecimal"),
        ({"publicKeyHex": "0x" + key.raw.hex()}, "the key is not hexadecimal"),
        ({"publicKeyHex": key.raw}, "a key is text"),
        ({"publicKeyBase58": 1}, "a key is text"),
        ({"publicKeyHex": key.raw.hex(), "publicKeyMultibase": key.text}, "found 2$"),
        ({"blockchainAccountId": "eip155:1:0xab16a96d359ec26a11e2c2b3d8f8b8942d5bfcdb"}, "found 0$"),
        ({}, "expected one of publicKeyMultibase, publicKeyBase58, publicKeyHex, publicKeyJwk, found 0$"),
    ):
        with pytest.raises(KeyFormatError, match=reason):
            read(kind, entry)


@pytest.mark.parametrize("jwk", [None, 1, "x", [], [jwk_of(ED)]], ids=repr)
def test_what_is_no_json_object(jwk: Any) -> None:
    with pytest.raises(KeyFormatError, match=r"a JWK is an object|found 0"):
        read("JsonWebKey", {"publicKeyJwk": jwk})


@pytest.mark.parametrize("key", [ED, K1, R1], ids=lambda key: type(key).__name__)
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        # Whoever published the private part let everybody sign.
        ({"d": b64(bytes(32))}, "a JWK that shows its private key"),
        ({"d": None}, "a JWK that shows its private key"),
        ({"use": "enc"}, "a JWK that is not for signatures"),
        ({"use": ["sig"]}, "a JWK that is not for signatures"),
        ({"kty": ...}, "not a JWK of a kind known here: no text, '"),
        ({"kty": "RSA"}, "not a JWK of a kind known here: 'RSA'"),
        ({"kty": "oct"}, "not a JWK of a kind known here: 'oct'"),
        ({"kty": ["EC"]}, "not a JWK of a kind known here: no text"),
        ({"kty": "\ud800" * 1000}, "not a JWK of a kind known here: '"),
        ({"crv": ...}, "not a JWK of a kind known here: "),
        ({"crv": "X25519"}, "not a JWK of a kind known here: '(OKP|EC)', 'X25519'"),
        ({"crv": "P-384"}, "not a JWK of a kind known here: '(OKP|EC)', 'P-384'"),
        ({"crv": "p-256"}, "not a JWK of a kind known here: '(OKP|EC)', 'p-256'"),
        *(({"x": value}, "x of a JWK is 32 bytes in base64url without padding") for value in (..., None, 1, "", "é", "\ud800")),
        ({"x": b64(bytes(31))}, "x of a JWK is 32 bytes"),
        ({"x": b64(bytes(33))}, "x of a JWK is 32 bytes"),
        ({"x": "A" * 43 + "="}, "x of a JWK is 32 bytes"),
        ({"x": "A" * 42}, "x of a JWK is 32 bytes"),
        ({"x": "A" * 10_000}, "x of a JWK is 32 bytes"),
        ({"x": "A" * 42 + "B"}, "x of a JWK is 32 bytes"),
        ({"x": "+" + "A" * 42}, "x of a JWK is 32 bytes"),
        ({"x": " " + "A" * 43}, "x of a JWK is 32 bytes"),
    ],
    ids=range(27),
)
def test_what_is_no_json_web_key(key: PublicKey, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(KeyFormatError, match=f"^{reason}") as caught:
        read("JsonWebKey", {"publicKeyJwk": jwk_of(key, **fields)})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("key", [K1, R1], ids=["secp256k1", "P-256"])
def test_a_json_web_key_off_its_curve(key: PublicKey) -> None:
    good = jwk_of(key)
    other = jwk_of(R1 if key == K1 else K1)
    for fields in (
        {"y": good["x"]},
        {"x": other["x"], "y": other["y"]},
        {"x": b64(bytes(32)), "y": b64(bytes(32))},
        {"x": b64(b"\xff" * 32)},
    ):
        with pytest.raises(KeyFormatError, match="these bytes are no point of"):
            read("JsonWebKey", {"publicKeyJwk": jwk_of(key, **fields)})
    for missing in (..., None, b64(bytes(31))):
        with pytest.raises(KeyFormatError, match=r"^y of a JWK is 32 bytes"):
            read("JsonWebKey", {"publicKeyJwk": jwk_of(key, y=missing)})


def test_an_authority_is_for_the_configuration_to_name() -> None:
    with pytest.raises(KeyFormatError, match="who attests is for the configuration"):
        read("AuthorityAttestation", {"authority": str(ALICE.did)})


@given(
    st.sampled_from(["Multikey", K1_TYPE, R1_TYPE, "Ed25519VerificationKey2018", "Ed25519VerificationKey2020"]),
    st.sampled_from(["publicKeyMultibase", "publicKeyBase58", "publicKeyHex"]),
    st.text(st.characters(exclude_categories=[])) | st.binary().map(base58) | st.binary().map(bytes.hex),
)
def test_any_text_is_a_key_or_refused(kind: str, name: str, text: str) -> None:
    try:
        key = read(kind, {name: text})
    except KeyFormatError:
        return
    assert isinstance(key, PublicKey)
