"""What holds for every kind of key: its forms both ways, secrets that stay inside, one algorithm (protocol §2.2, §2.3, §3)."""

from __future__ import annotations

import traceback
from base64 import b64decode, b64encode
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import seal as seal_envelope
from forge.errors import InvalidSignature, KeyFormatError
from forge.invocation import Invocation
from forge.keys import (
    PRIVATE_KEYS,
    PUBLIC_KEYS,
    P256PrivateKey,
    PrivateKey,
    PublicKey,
    Secp256k1PrivateKey,
    Signer,
    private_key,
    private_key_from_pem,
    public_key,
)
from forge.method import VerificationMethod, did_key_methods
from forge.varsig import Algorithm
from forge.verify import verify
from tests.core.principals import ALICE, BOB, KINDS, P256, SECP
from tests.core.tokens import INV, by_cid, facts, invocation_payload, keys_of, seal

# Permanent on the wire: algorithm, varint of the public key, of the private key, prefix of the did:key.
WIRE: Final = {
    "ed25519": (Algorithm.ED25519, "ed01", "8026", "z6Mk"),
    "secp256k1": (Algorithm.SECP256K1, "e701", "8126", "zQ3s"),
    "p256": (Algorithm.P256, "8024", "8626", "zDn"),
}
COMMAND: Final = CommandPath("/msg/send")
TYPES: Final = {name: type(signer.key) for name, signer in KINDS.items()}

every_kind = pytest.mark.parametrize("name", KINDS)
# No scalar of these is beyond the order of either curve.
SECRETS: Final = st.integers(1, (1 << 255) - 1).map(lambda number: number.to_bytes(32, "big"))


def test_no_kind_is_left_out() -> None:
    assert tuple(TYPES.values()) == PRIVATE_KEYS
    assert tuple(type(signer.key.public) for signer in KINDS.values()) == PUBLIC_KEYS


@every_kind
def test_what_is_permanent_on_the_wire(name: str) -> None:
    algorithm, public_code, private_code, prefix = WIRE[name]
    key = KINDS[name].key
    assert key.public.algorithm is algorithm
    assert key.public.code.hex() == public_code
    assert key.code.hex() == private_code
    assert key.public.text.startswith(prefix)
    assert key.public.tagged.hex() == public_code + key.public.raw.hex()
    assert Signer(key).algorithm is algorithm


# -- texts and PEM


@every_kind
@given(secret=SECRETS)
def test_a_key_s_forms_read_back(name: str, secret: bytes) -> None:
    key = TYPES[name](secret)
    assert key.secret == secret
    assert b64decode(key.text[1:]) == bytes.fromhex(WIRE[name][2]) + secret
    for again in (private_key(key.text), private_key_from_pem(key.pem())):
        assert type(again) is type(key)
        assert again.secret == secret
        assert again.public == key.public
    assert public_key(key.public.tagged) == key.public
    (method,) = did_key_methods(key.did)
    assert method == VerificationMethod(f"{key.did}#{key.public.text}", key.public)


def test_the_text_of_the_protocol_s_secp256k1_key() -> None:
    """§14.3."""
    assert SECP.key.text == "MgSYREREREREREREREREREREREREREREREREREREREREREQ=="
    assert SECP.key.secret == b"\x11" * 32


# `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:…`, and what `openssl pkey -text` says about each. The first scalar
# begins with a zero.
OPENSSL_P256: Final = b"""\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAFseHfDfcos3524E
wxni8CW7cBka4+Pm+dwbAJEs0vahRANCAAQ9l3FaDbFq3mi1MirmbQIGjvEMyH+q
zyRuKObzNZG2cF3Sa4OZHBcJQJXRwQtuR1V1t8ZMi8vYe9DXNt+zjZEW
-----END PRIVATE KEY-----
"""
OPENSSL_SECP256K1: Final = b"""\
-----BEGIN PRIVATE KEY-----
MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgFS0RkP40ublKnJI7ZZoB
Bv+2+/G5OaZAM8Cbfv2YG1KhRANCAATD7HdgJ3eNzhKO2sHfmlzowN8PVqZvj0R/
WnZHYx7KptyB/JNskbUk78UXuvhRxn5YA65Dvoz2uUlBUdtWO2+0
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("pem", "kind", "secret", "public"),
    [
        (
            OPENSSL_P256,
            P256PrivateKey,
            "005b1e1df0df728b37e76e04c319e2f025bb70191ae3e3e6f9dc1b00912cd2f6",
            "023d97715a0db16ade68b5322ae66d02068ef10cc87faacf246e28e6f33591b670",
        ),
        (
            OPENSSL_SECP256K1,
            Secp256k1PrivateKey,
            "152d1190fe34b9b94a9c923b659a0106ffb6fbf1b939a64033c09b7efd981b52",
            "02c3ec776027778dce128edac1df9a5ce8c0df0f56a66f8f447f5a7647631ecaa6",
        ),
    ],
    ids=["P-256", "secp256k1"],
)
def test_pem_by_openssl(pem: bytes, kind: type[PrivateKey], secret: str, public: str) -> None:
    key = private_key_from_pem(pem)
    assert type(key) is kind
    assert (key.secret.hex(), key.public.raw.hex()) == (secret, public)
    assert key.pem() == pem
    assert private_key_from_pem(b"a comment\n" + pem + OPENSSL_P256).did == key.did


def test_pem_without_the_public_part() -> None:
    """RFC 5915 lets it be left out; it is computed anyway."""
    start = bytes.fromhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420")
    der = start + P256.key.secret
    block = b"-----BEGIN PRIVATE KEY-----\n" + b64encode(der) + b"\n-----END PRIVATE KEY-----\n"
    assert private_key_from_pem(block).did == P256.did


def pem_of(key: Any, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, form, NoEncryption())
    return data


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "a key of a curve not known here: secp384r1"),
        (ec.generate_private_key(ec.SECP521R1()), "a key of a curve not known here: secp521r1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "a key of a curve not known here: brainpoolP256r1"),
        (rsa.generate_private_key(65537, 2048), "a key of a kind not known here: RSAPrivateKey"),
    ],
    ids=["P-384", "P-521", "brainpool", "RSA"],
)
def test_pem_of_another_kind(key: Any, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=f"^{reason}$"):
        private_key_from_pem(pem_of(key))


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP256R1()], ids=lambda curve: curve.name)
def test_sec_1_pem_is_no_pkcs_8(curve: ec.EllipticCurve) -> None:
    """`openssl ecparam -genkey` writes it."""
    with pytest.raises(KeyFormatError, match="no '-----BEGIN PRIVATE KEY-----'"):
        private_key_from_pem(pem_of(ec.generate_private_key(curve), PrivateFormat.TraditionalOpenSSL))


@pytest.mark.parametrize("pem", [OPENSSL_P256, OPENSSL_SECP256K1], ids=["P-256", "secp256k1"])
@pytest.mark.parametrize("wrong", [bytes(32), b"\xff" * 32], ids=["zero", "beyond the order"])
def test_pem_of_a_scalar_that_is_none(pem: bytes, wrong: bytes) -> None:
    lines = pem.splitlines()
    der = b64decode(b"".join(lines[1:-1]))
    secret = private_key_from_pem(pem).secret
    broken = b64encode(der.replace(secret, wrong))
    with pytest.raises(KeyFormatError):
        private_key_from_pem(b"\n".join((lines[0], broken, lines[-1])))


@pytest.mark.parametrize("pem", [OPENSSL_P256, OPENSSL_SECP256K1], ids=["P-256", "secp256k1"])
def test_pem_of_another_key_s_public_part(pem: bytes) -> None:
    """What signs is the scalar; whose it says to be is computed, or the file is refused."""
    lines = pem.splitlines()
    key = private_key_from_pem(pem)
    broken = b64encode(b64decode(b"".join(lines[1:-1])).replace(key.secret, b"\x11" * 32))
    try:
        read = private_key_from_pem(b"\n".join((lines[0], broken, lines[-1])))
    except KeyFormatError:
        return
    assert read.did == type(key)(b"\x11" * 32).did


# -- secrets


@every_kind
def test_secrets_do_not_show(name: str) -> None:
    key = TYPES[name](bytes(range(100, 132)))
    signer = Signer(key, DID("did:web:example.com"))
    method = VerificationMethod("#", key.public)
    secrets = (key.text, key.text[4:20], key.secret.hex(), repr(key.secret), b64encode(key.secret).decode())
    number = str(int.from_bytes(key.secret, "big"))
    for shown in (repr(key), str(key), f"{key}", repr(signer), str(signer), repr([signer]), repr(method), repr(key.public)):
        assert not any(secret in shown for secret in (*secrets, number))
    assert repr(key) == f"{type(key).__name__}(of {key.did})"
    assert repr(key.public) == f"{type(key.public).__name__}({key.public.text!r})"


@every_kind
def test_secrets_do_not_show_in_tracebacks(name: str) -> None:
    """Not in the message, and in nothing that led to it."""
    key = TYPES[name](bytes(range(100, 132)))
    attempts: list[Callable[[], object]] = [
        lambda: private_key("M" + b64encode(key.code + key.secret + b"\0").decode()),
        lambda: private_key(key.text[:-6]),
        lambda: private_key(key.text[:20] + "!" + key.text[20:]),
        lambda: private_key(key.text[1:]),
        lambda: private_key_from_pem(key.pem()[:-50] + b"\n-----END PRIVATE KEY-----"),
        lambda: TYPES[name](key.secret + b"\0"),
    ]
    for attempt in attempts:
        with pytest.raises(KeyFormatError) as caught:
            attempt()
        shown = "".join(traceback.format_exception(caught.value))
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        for secret in (key.text[4:20], key.secret.hex(), repr(key.secret)[2:-1], key.pem().splitlines()[1].decode()):
            assert secret not in shown


# -- signatures


@every_kind
@given(secret=SECRETS, message=st.binary(max_size=100), data=st.data())
def test_a_flipped_bit_of_signature_or_message_shows(name: str, secret: bytes, message: bytes, data: st.DataObject) -> None:
    key = TYPES[name](secret)
    signature = key.sign(message)
    assert len(signature) == 64
    assert key.sign(message) == signature
    assert key.public.verify(message, signature)
    bit = data.draw(st.integers(0, 8 * (64 + len(message)) - 1))
    flipped = bytearray(signature + message)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not key.public.verify(bytes(flipped[64:]), bytes(flipped[:64]))
    assert not key.public.verify(message + b"\0", signature)


@pytest.mark.parametrize(("name", "other"), [pair for pair in product(KINDS, KINDS) if pair[0] != pair[1]])
@given(secret=SECRETS, message=st.binary(max_size=100))
def test_a_signature_of_one_kind_is_none_of_another(name: str, other: str, secret: bytes, message: bytes) -> None:
    assert not TYPES[other](secret).public.verify(message, TYPES[name](secret).sign(message))


@every_kind
@given(signature=st.binary(max_size=130), message=st.binary(max_size=10))
def test_whatever_a_signature_is_it_does_not_verify(name: str, signature: bytes, message: bytes) -> None:
    assert not KINDS[name].key.public.verify(message, signature)


# -- the header names the key's algorithm (§15.1, 16)


def invoked(signer: Signer, algorithm: Algorithm, by: Signer) -> Invocation:
    """`signer` invokes on itself, under any header; `by` makes the signature."""
    payload = invocation_payload(signer, sub=str(signer.did))
    return Invocation.decode(seal(by, INV, payload, header=algorithm.header))


@every_kind
@pytest.mark.parametrize("algorithm", Algorithm, ids=lambda algorithm: algorithm.name)
def test_the_header_names_the_key_s_algorithm(name: str, algorithm: Algorithm) -> None:
    signer = KINDS[name]
    keys = keys_of(signer.did)
    own = signer.key.public.algorithm
    for by in KINDS.values():
        invocation = invoked(signer, algorithm, by)
        if algorithm is own and by is signer:
            verify(invocation, {}, facts(keys=keys))
        elif algorithm is Algorithm.ABSENTEE:
            continue
        elif algorithm is own:
            with pytest.raises(InvalidSignature, match="signature mismatch"):
                verify(invocation, {}, facts(keys=keys))
        else:
            with pytest.raises(InvalidSignature, match=f"the key is {own.name}, the signature {algorithm.name}"):
                verify(invocation, {}, facts(keys=keys))


@every_kind
def test_a_token_by_each_kind_of_key(name: str) -> None:
    """Its header is the key's, and the same parts give the same bytes."""
    signer = KINDS[name]
    sealed = [seal_envelope(signer, "inv", invocation_payload(signer, sub=str(signer.did))) for _ in range(2)]
    assert sealed[0].data == sealed[1].data
    assert sealed[0].algorithm is WIRE[name][0]
    verify(Invocation.of(sealed[0]), {}, facts(keys=keys_of(signer.did)))


def test_a_chain_of_each_kind() -> None:
    signers = [ALICE, SECP, P256, BOB]
    proofs = [
        Delegation.issue(issuer, audience=audience.did, subject=ALICE.did, command=COMMAND, expiration=None)
        for issuer, audience in pairwise(signers)
    ]
    invocation = Invocation.issue(
        BOB, subject=ALICE.did, command=COMMAND, arguments={}, expiration=None, proofs=[proof.cid for proof in proofs]
    )
    keys = keys_of(*(signer.did for signer in signers))
    assert verify(invocation, by_cid(*proofs), facts(keys=keys)).chain == tuple(proofs)


def test_what_no_key_is() -> None:
    assert not isinstance(ALICE.key, PublicKey)
    with pytest.raises(KeyFormatError, match="not a public key of a kind known here"):
        public_key(ALICE.key.code + ALICE.key.secret)
