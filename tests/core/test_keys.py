"""Keys: their texts, their PEM, what is refused, and that secrets stay inside (protocol §2.2, §2.3)."""

from __future__ import annotations

import traceback
from base64 import b64decode, b64encode
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from multiformats import multibase

from forge.did import DID
from forge.errors import KeyFormatError
from forge.keys import (
    MAX_KEY_TEXT,
    Ed25519PrivateKey,
    Ed25519PublicKey,
    Signer,
    private_key,
    private_key_from_pem,
    public_key,
)
from forge.method import VerificationMethod, did_key_methods
from forge.varsig import Algorithm
from tests.core.principals import ALICE, DIDS, EVERYBODY, SEEDS, SERVICE

SEED: Final = bytes.fromhex(SEEDS["alice"])
TEXT: Final = "MgCZT5vOnYZoVAeyjnzuJIVY9J4LNtJ+f8Js0cTPuKUpFnQ=="
PEM_BODY: Final = b"MC4CAQAwBQYDK2VwBCIEIHLG2kPpIUFxcJdQo9OQutzb5GWZoGMv+0yBYJPf4xSX"
BEGIN: Final = b"-----BEGIN PRIVATE KEY-----"
END: Final = b"-----END PRIVATE KEY-----"
PEM: Final = BEGIN + b"\n" + PEM_BODY + b"\n" + END + b"\n"


# -- signing and verifying


def test_rfc_8032_test_2() -> None:
    key = Ed25519PrivateKey(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    assert key.public.raw.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_what_a_key_signs_it_verifies(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey(seed)
    signature = key.sign(message)
    assert len(signature) == 64
    assert signature == key.sign(message)
    assert key.public.verify(message, signature)
    assert not key.public.verify(message + b"\0", signature)
    assert not ALICE.key.public.verify(message, signature)


def test_every_flipped_bit_of_a_signature_shows() -> None:
    signature = ALICE.key.sign(b"message")
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not ALICE.key.public.verify(b"message", bytes(flipped))


def test_a_signature_of_another_length_is_none() -> None:
    signature = ALICE.key.sign(b"message")
    for wrong in (b"", signature[:-1], signature + b"\0", signature * 2, bytes(64), b"\xff" * 64):
        assert not ALICE.key.public.verify(b"message", wrong)


def test_a_signature_has_one_form() -> None:
    """S plus the order of the group would verify by the equation alone (RFC 8032 §5.1.7)."""
    signature = ALICE.key.sign(b"message")
    order = (1 << 252) + 27742317777372353535851937790883648493
    scalar = int.from_bytes(signature[32:], "little") + order
    assert scalar < 1 << 256
    assert not ALICE.key.public.verify(b"message", signature[:32] + scalar.to_bytes(32, "little"))


# -- public keys

# Points whose multiple by 8 is the identity: for them anybody can make signatures, over any message.
SMALL_ORDER: Final = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0000000000000000000000000000000000000000000000000000000000000080",
]
NOT_CANONICAL: Final = [
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
NOT_ON_THE_CURVE: Final = ["0200000000000000000000000000000000000000000000000000000000000000"]


@pytest.mark.parametrize("raw", [*SMALL_ORDER, *NOT_CANONICAL, *NOT_ON_THE_CURVE])
def test_what_is_no_point_of_the_prime_order_group_is_no_key(raw: str) -> None:
    for make in (Ed25519PublicKey, lambda data: public_key(b"\xed\x01" + data)):
        with pytest.raises(KeyFormatError, match="no Ed25519 public key"):
            make(bytes.fromhex(raw))
    did = DID("did:key:" + str(multibase.encode(b"\xed\x01" + bytes.fromhex(raw), "base58btc")))
    with pytest.raises(KeyFormatError):
        did_key_methods(did)


def test_a_point_of_mixed_order_is_no_key() -> None:
    """A good point with one of order 8 added: still on the curve, and not in the group (computed once, in affine numbers)."""
    p, d = (1 << 255) - 19, -121665 * pow(121666, -1, (1 << 255) - 19)

    def point(data: bytes) -> tuple[int, int]:
        y = int.from_bytes(data, "little") & ((1 << 255) - 1)
        square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
        x = pow(square, (p + 3) // 8, p)
        if (x * x - square) % p:
            x = x * pow(2, (p - 1) // 4, p) % p
        assert (x * x - square) % p == 0
        return (p - x if x & 1 != data[31] >> 7 else x), y

    (x1, y1), (x2, y2) = point(ALICE.key.public.raw), point(bytes.fromhex(SMALL_ORDER[3]))
    product = d * x1 * x2 * y1 * y2 % p
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, p) % p
    y3 = (y1 * y2 + x1 * x2) * pow(1 - product, -1, p) % p
    mixed = (y3 | (x3 & 1) << 255).to_bytes(32, "little")
    assert point(mixed) == (x3, y3)
    with pytest.raises(KeyFormatError, match="no Ed25519 public key"):
        Ed25519PublicKey(mixed)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length(length: int) -> None:
    with pytest.raises(KeyFormatError, match=f"an Ed25519 public key has 32 bytes, this has {length}"):
        public_key(b"\xed\x01" + bytes(length))
    with pytest.raises(KeyFormatError, match=f"an Ed25519 seed has 32 bytes, this has {length}"):
        Ed25519PrivateKey(bytes(length))


@pytest.mark.parametrize("tag", ["", "ed", "e7", "ec01", "8124", "8224", "8026", "8126", "8626", "ed81", "00ed01"])
def test_public_keys_of_another_kind(tag: str) -> None:
    with pytest.raises(KeyFormatError, match="not a public key of a kind known here"):
        public_key(bytes.fromhex(tag) + ALICE.key.public.raw)


def test_a_public_key_s_texts() -> None:
    for name, signer in EVERYBODY.items():
        key = signer.key.public
        assert key.did == DIDS[name]
        assert key.text == DIDS[name].removeprefix("did:key:")
        assert key.tagged == b"\xed\x01" + key.raw
        assert public_key(key.tagged) == key
        assert key.algorithm is Algorithm.ED25519


def test_public_keys_are_equal_when_their_bytes_are() -> None:
    key = ALICE.key.public
    same, other = public_key(key.tagged), SERVICE.key.public
    assert key == same
    assert hash(key) == hash(same)
    assert key != other
    assert key != key.tagged
    assert len({key, same, other}) == 2
    assert repr(key) == f"Ed25519PublicKey('{key.text}')"


# -- private keys' text


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_private_key_s_text(name: str) -> None:
    key = Ed25519PrivateKey(bytes.fromhex(SEEDS[name]))
    assert key.text == EVERYBODY[name].key.text
    assert key.text.startswith("MgC")
    assert b64decode(key.text[1:]) == b"\x80\x26" + bytes.fromhex(SEEDS[name])
    assert key.did == key.public.did == DIDS[name]


@pytest.mark.parametrize(
    "base", ["base16", "base16upper", "base32", "base32pad", "base36", "base58btc", "base58flickr", "base64", "base64url"]
)
def test_any_multibase_is_read(base: str) -> None:
    text = str(multibase.encode(b"\x80\x26" + SEED, base))
    assert private_key(text).secret == SEED
    assert private_key(f" \n{text}\r\n").secret == SEED


TAGGED: Final = b"\x80\x26" + SEED


def m(data: bytes) -> str:
    return "M" + b64encode(data).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "a private key's text is multibase"),
        ("   ", "a private key's text is multibase"),
        (TEXT[1:], ""),
        (TEXT[:20] + "!" + TEXT[21:], "a private key's text is multibase"),
        (TEXT[:20] + "\n" + TEXT[20:], "a private key's text is multibase"),
        (m(TAGGED[:-1]), "an Ed25519 seed has 32 bytes, this has 31"),
        (m(TAGGED + b"\0"), "an Ed25519 seed has 32 bytes, this has 33"),
        # Seed and public key, as other systems have it.
        (m(TAGGED + ALICE.key.public.raw), "an Ed25519 seed has 32 bytes, this has 64"),
        (m(SEED), "not a private key of a kind known here"),
        (m(b""), "not a private key of a kind known here"),
        (m(b"\x80"), "not a private key of a kind known here"),
        # X25519 and P-384.
        (m(b"\x82\x26" + SEED), "not a private key of a kind known here"),
        (m(b"\x87\x26" + SEED + bytes(16)), "not a private key of a kind known here"),
        (m(ALICE.key.public.tagged), "not a private key of a kind known here"),
        ("M" + "A" * MAX_KEY_TEXT, f"a private key's text has at most {MAX_KEY_TEXT} characters"),
        ("é" + TEXT, "a private key's text is multibase"),
        ("\ud800", "a private key's text is multibase"),
    ],
    ids=range(17),
)
def test_what_is_no_private_key_s_text(text: str, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=f"^{reason}") as caught:
        private_key(text)
    # Whoever mistypes a key must not find it in a log.
    shown = "".join(traceback.format_exception(caught.value, chain=False)) + repr(caught.value)
    assert "ZT5vOnYZo" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None
    assert shown


def test_the_text_s_length_is_bounded_before_it_is_decoded() -> None:
    assert MAX_KEY_TEXT == 1024
    with pytest.raises(KeyFormatError, match="not a private key of a kind"):
        private_key("M" + "A" * (MAX_KEY_TEXT - 4) + "AAA")
    with pytest.raises(KeyFormatError, match="at most 1024 characters"):
        private_key("z" + "1" * MAX_KEY_TEXT)


def test_secrets_do_not_show() -> None:
    key = Ed25519PrivateKey(SEED)
    signer = Signer(key, DID("did:web:example.com"))
    method = VerificationMethod("#", key.public)
    for shown in (repr(key), str(key), f"{key}", repr(signer), str(signer), repr([signer]), repr(method)):
        for secret in (key.text, key.text[1:], SEED.hex(), repr(SEED), b64encode(SEED).decode(), key.text[4:20]):
            assert secret not in shown
    assert repr(key) == f"Ed25519PrivateKey(of {DIDS['alice']})"


def test_generated_keys_differ() -> None:
    keys = [Ed25519PrivateKey.generate() for _ in range(5)] + [Signer.generate().key for _ in range(5)]
    assert len({key.secret for key in keys}) == 10
    assert all(len(key.secret) == 32 for key in keys)


# -- PEM


def test_the_golden_pem() -> None:
    key = private_key_from_pem(PEM)
    assert key.secret.hex() == SEEDS["service"]
    assert key.did == DIDS["service"]
    assert key.pem() == PEM
    assert b64decode(PEM_BODY) == bytes.fromhex("302e020100300506032b657004220420") + key.secret


CERTIFICATE: Final = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def pem_of(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, encryption: Any = None) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return data


def test_blocks_of_other_types_are_passed_over() -> None:
    public = SERVICE.key.public.raw
    other = ed25519.Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    legacy = pem_of(ec.generate_private_key(ec.SECP256R1()), PrivateFormat.TraditionalOpenSSL)
    for before in (b"", b"a comment\n", CERTIFICATE, other, legacy, CERTIFICATE + other + legacy):
        assert private_key_from_pem(before + PEM + CERTIFICATE).did == DIDS["service"]


def test_the_first_private_key_counts() -> None:
    first, second = Ed25519PrivateKey(SEED).pem(), PEM
    assert private_key_from_pem(first + second).did == DIDS["alice"]
    with pytest.raises(KeyFormatError, match="a key of a kind not known here"):
        private_key_from_pem(pem_of(x25519.X25519PrivateKey.generate()) + PEM)


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (CERTIFICATE, "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (BEGIN, "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (END + b"\n" + BEGIN, "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (PEM.replace(b"PRIVATE", b"ENCRYPTED PRIVATE"), "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (PEM_BODY, "no '-----BEGIN PRIVATE KEY-----' .* in this file"),
        (BEGIN + b"\n" + END, "cannot be read"),
        (BEGIN + b"\n!!!!\n" + END, "cannot be read"),
        (BEGIN + b"\n" + PEM_BODY[:-4] + b"\n" + END, "cannot be read"),
        (BEGIN + b"\n" + b64encode(b"\x30\0") + b"\n" + END, "cannot be read"),
        (b"\xff\xfe" + BEGIN + b"\xff" + END, "cannot be read"),
    ],
    ids=range(11),
)
def test_what_is_no_pem(pem: bytes, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason) as caught:
        private_key_from_pem(pem)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "key",
    [
        x25519.X25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=lambda key: type(key).__name__,
)
def test_pem_of_another_kind(key: Any) -> None:
    with pytest.raises(KeyFormatError, match=f"a key of a kind not known here: {type(key).__name__}"):
        private_key_from_pem(pem_of(key))


def test_encrypted_pem_is_no_private_key_block() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(KeyFormatError, match="no '-----BEGIN PRIVATE KEY-----'"):
        private_key_from_pem(pem_of(key, encryption=BestAvailableEncryption(b"x")))


# -- who signs, and how that is verified


def test_a_signer_s_did() -> None:
    assert ALICE.did == DIDS["alice"]
    assert Signer(ALICE.key, DID("did:web:example.com")).did == "did:web:example.com"


def test_the_method_of_a_did_key() -> None:
    """Its id is `<did>#<multibase>` (§2.2)."""
    did = ALICE.did
    (method,) = did_key_methods(did)
    assert method == VerificationMethod(f"{did}#{did.removeprefix('did:key:')}", ALICE.key.public)
    assert did_key_methods(DID("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"))[0].id == (
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    )


@pytest.mark.parametrize(
    "did",
    [
        "did:key:z",
        "did:key:z6Mk",
        # Of the did:key specification: X25519, P-384, RSA.
        "did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F",
        "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9",
        str(DID("did:key:" + str(multibase.encode(b"\x85\x24" + bytes(60), "base58btc")))),
    ],
)
def test_a_did_key_of_a_kind_not_known_here(did: str) -> None:
    with pytest.raises(KeyFormatError, match="not a public key of a kind known here"):
        did_key_methods(DID(did))


def test_a_pem_that_openssl_cannot_take() -> None:
    """Of a kind whose keys have another length: found by mutation."""
    found = bytes.fromhex(
        "2d2d2d2d2d424547494e2050524956415445204b45592d2d2d2d2d0a4d43344341514177425159444b325676424349454946506d383664686d685542374b"
        "4f664f346b68566a306e677332306e352f776d7a52784d2b3470536b57640a2d2d2d2d2d454e442050524956415445204b45592d2d2d2d2d2a"
    )
    with pytest.raises(KeyFormatError, match="cannot be read"):
        private_key_from_pem(found)
