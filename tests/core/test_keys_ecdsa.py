"""secp256k1 and P-256: published vectors, one form of a signature, one form of a point (protocol §2.2, §3; RFC 6979)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any, Final

import coincurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from multiformats import multibase

from forge.did import DID
from forge.errors import KeyFormatError
from forge.keys import P256PrivateKey, P256PublicKey, Secp256k1PrivateKey, Secp256k1PublicKey, public_key
from forge.keys.ecdsa import ECDSAPrivateKey, ECDSAPublicKey
from forge.method import did_key_methods
from tests.core.principals import P256, SECP, SECP_DID

PRIVATE: Final[list[type[ECDSAPrivateKey]]] = [Secp256k1PrivateKey, P256PrivateKey]
FIELDS: Final = {
    Secp256k1PublicKey: (1 << 256) - (1 << 32) - 977,
    P256PublicKey: (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1,
}
SCALARS: Final = st.integers(1, P256PublicKey.ORDER - 1).map(lambda number: number.to_bytes(32, "big"))

both = pytest.mark.parametrize("kind", PRIVATE, ids=lambda kind: kind.KIND.NAME)


def whole(number: int) -> bytes:
    return number.to_bytes(32, "big")


# -- published vectors

LAST: Final = whole(Secp256k1PublicKey.ORDER - 1).hex()
SECP256K1_VECTORS: Final = [
    (
        "1".zfill(64),
        b"Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ),
    (
        "1".zfill(64),
        b"All those moments will be lost in time, like tears in rain. Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ),
    (
        LAST,
        b"Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
        "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
    ),
    (
        "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181",
        b"Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
        "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea",
    ),
]


@pytest.mark.parametrize(("scalar", "message", "r", "s"), SECP256K1_VECTORS, ids=range(4))
def test_the_well_known_signatures_of_secp256k1(scalar: str, message: bytes, r: str, s: str) -> None:
    key = Secp256k1PrivateKey(bytes.fromhex(scalar))
    assert key.sign(message).hex() == r + s
    assert key.public.verify(message, bytes.fromhex(r + s))


RFC_6979: Final = P256PrivateKey(bytes.fromhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"))


@pytest.mark.parametrize(
    ("message", "r", "s"),
    [
        (
            b"sample",
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
        (
            b"test",
            0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        ),
    ],
)
def test_rfc_6979_a_2_5(message: bytes, r: int, s: int) -> None:
    """Of the RFC's signatures, the twin with the low s (§15.1, 19)."""
    assert RFC_6979.public.raw.hex() == "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    low = min(s, P256PublicKey.ORDER - s)
    assert RFC_6979.sign(message) == whole(r) + whole(low)
    assert RFC_6979.public.verify(message, whole(r) + whole(low))
    assert not RFC_6979.public.verify(message, whole(r) + whole(P256PublicKey.ORDER - low))


@pytest.mark.parametrize(
    ("scalar", "did"),
    [
        # The test vectors of the did:key specification.
        (
            "9085d2bef69286a6cbb51623c8fa258629945cd55ca705cc4e66700396894e0c",
            "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
        ),
        (
            "f0f4df55a2b3ff13051ea814a8f24ad00f2e469af73c363ac7e9fb999a9072ed",
            "did:key:zQ3shtxV1FrJfhqE1dvxYRcCknWNjHc3c5X1y3ZSoPDi2aur2",
        ),
        # Protocol §14.3.
        ("11" * 32, SECP_DID),
    ],
)
def test_a_did_key_of_secp256k1(scalar: str, did: str) -> None:
    key = Secp256k1PrivateKey(bytes.fromhex(scalar))
    assert key.did == did
    (method,) = did_key_methods(DID(did))
    assert method.key == key.public


@pytest.mark.parametrize(
    ("did", "x"),
    [
        # The same, with the x of their JWKs.
        (
            "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv",
            "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
        ),
        (
            "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
            "fyNYMN0976ci7xqiSdag3buk-ZCwgXU4kz9XNkBlNUI",
        ),
    ],
)
def test_a_did_key_of_p_256(did: str, x: str) -> None:
    (method,) = did_key_methods(DID(did))
    assert isinstance(method.key, P256PublicKey)
    assert method.key.did == did
    assert method.key.raw[1:] == urlsafe_b64decode(x + "=")


def test_a_key_that_nobody_has() -> None:
    """ucantone's: a point on the curve, of no known scalar (protocol §14.2)."""
    (method,) = did_key_methods(DID("did:key:zQ3shokFvN6Ggnq5j6G76527464y7n7y767y767y767y767y7"))
    assert isinstance(method.key, Secp256k1PublicKey)
    assert method.key.raw.hex().startswith("0387")
    assert method.key.raw.hex().endswith("b7b6")


# -- one form of a signature


@both
@given(scalar=SCALARS, message=st.binary(max_size=100))
def test_a_signature_is_deterministic_and_low(kind: type[ECDSAPrivateKey], scalar: bytes, message: bytes) -> None:
    key = kind(scalar)
    signature = key.sign(message)
    assert len(signature) == 64
    assert signature == kind(scalar).sign(message)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    order = kind.KIND.ORDER
    assert 0 < s <= order // 2
    assert key.public.verify(message, signature)
    assert not key.public.verify(message, whole(r) + whole(order - s))


@both
@given(scalar=SCALARS, message=st.binary(max_size=100))
def test_another_library_makes_and_takes_the_same(kind: type[ECDSAPrivateKey], scalar: bytes, message: bytes) -> None:
    """secp256k1 by OpenSSL; P-256 has no other library here, and OpenSSL's own verdict is asked."""
    key = kind(scalar)
    theirs = ec.derive_private_key(int.from_bytes(scalar, "big"), kind.CURVE())
    r, s = decode_dss_signature(theirs.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    signature = key.sign(message)
    assert signature == whole(r) + whole(min(s, kind.KIND.ORDER - s))
    ours = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    theirs.public_key().verify(ours, message, ec.ECDSA(SHA256()))


def test_what_the_other_library_would_take_is_refused() -> None:
    """OpenSSL takes both of the twins."""
    key = P256.key.public
    signature = P256.key.sign(b"message")
    s = int.from_bytes(signature[32:], "big")
    twin = encode_dss_signature(int.from_bytes(signature[:32], "big"), P256PublicKey.ORDER - s)
    loaded = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.raw)
    loaded.verify(twin, b"message", ec.ECDSA(SHA256()))
    assert not key.verify(b"message", signature[:32] + whole(P256PublicKey.ORDER - s))


def wrong_signatures(key: ECDSAPrivateKey, message: bytes) -> dict[str, bytes]:
    signature, order = key.sign(message), key.KIND.ORDER
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return {
        "nothing": b"",
        "63 bytes": signature[:-1],
        "63 bytes, the first gone": signature[1:],
        "65 bytes": signature + b"\0",
        "65 bytes, the first new": b"\0" + signature,
        "twice": signature * 2,
        "DER": encode_dss_signature(r, s),
        "DER, filled up": encode_dss_signature(r, s)[:64].ljust(64, b"\0"),
        "recoverable": signature + b"\x01",
        "high s": whole(r) + whole(order - s),
        "zeros": bytes(64),
        "ones": b"\xff" * 64,
        "r = 0": whole(0) + whole(s),
        "s = 0": whole(r) + whole(0),
        "r = n": whole(order) + whole(s),
        "s = n": whole(r) + whole(order),
        "s = n / 2 + 1": whole(r) + whole(order // 2 + 1),
        "r and s the other way": whole(s) + whole(r),
        "r + n": whole((r + order) % (1 << 256)) + whole(s),
        "little-endian": signature[:32][::-1] + signature[32:][::-1],
    }


@both
@pytest.mark.parametrize("name", wrong_signatures(Secp256k1PrivateKey(b"\x11" * 32), b""))
def test_what_is_no_signature(kind: type[ECDSAPrivateKey], name: str) -> None:
    key = kind(b"\x11" * 32)
    assert key.public.verify(b"message", key.sign(b"message"))
    assert not key.public.verify(b"message", wrong_signatures(key, b"message")[name])


class Believer(P256PublicKey):
    """Believes whatever the curve's equation would be asked, so that what is asked before shows."""

    def check(self, message: bytes, der: bytes) -> bool:
        del message, der
        return True


@pytest.mark.parametrize(
    ("r", "s", "asked"),
    [
        (1, 1, True),
        (P256PublicKey.ORDER - 1, P256PublicKey.ORDER // 2, True),
        (0, 1, False),
        (1, 0, False),
        (P256PublicKey.ORDER, 1, False),
        (1, P256PublicKey.ORDER // 2 + 1, False),
        (1, P256PublicKey.ORDER - 1, False),
        (1, P256PublicKey.ORDER, False),
    ],
    ids=range(8),
)
def test_a_signature_is_in_range_before_the_curve_is_asked(r: int, s: int, asked: bool) -> None:  # noqa: FBT001 - a column
    key = Believer(P256.key.public.raw)
    assert key.verify(b"", whole(r) + whole(s)) is asked
    # A zero too many says the same number, and one too few might.
    for other in (whole(r) + b"\0" + whole(s), b"\0" + whole(r) + whole(s), whole(r) + whole(s)[1:]):
        assert not key.verify(b"", other)


@both
def test_every_flipped_bit_of_a_signature_shows(kind: type[ECDSAPrivateKey]) -> None:
    key = kind(b"\x11" * 32)
    signature = key.sign(b"message")
    for bit in range(512):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        assert not key.public.verify(b"message", bytes(flipped))


# -- one form of a public key


def compressed_and_not(kind: type[ECDSAPublicKey], raw: bytes) -> tuple[bytes, bytes]:
    if kind is Secp256k1PublicKey:
        return raw, coincurve.PublicKey(raw).format(compressed=False)
    numbers = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw).public_numbers()
    return raw, b"\x04" + whole(numbers.x) + whole(numbers.y)


def wrong_points(kind: type[ECDSAPublicKey], raw: bytes) -> dict[str, bytes]:
    _, long = compressed_and_not(kind, raw)
    off_the_curve = next(point for point in (b"\x02" + whole(x) for x in range(1, 100)) if not on_curve(kind, point))
    beyond = FIELDS[kind] + next(x for x in range(1, 100) if on_curve(kind, b"\x02" + whole(x)))
    return {
        "nothing": b"",
        "infinity": b"\0",
        "infinity, filled up": bytes(33),
        "uncompressed": long,
        "hybrid": bytes((6 + long[-1] % 2,)) + long[1:],
        "bare x": raw[1:],
        "short": raw[:-1],
        "long": raw + b"\0",
        "prefix 00": b"\x00" + raw[1:],
        "prefix 01": b"\x01" + raw[1:],
        "prefix 04": b"\x04" + raw[1:],
        "prefix 05": b"\x05" + raw[1:],
        "prefix 06": b"\x06" + raw[1:],
        "off the curve": off_the_curve,
        # The same x modulo the field, so that a key would have two texts.
        "x beyond the field": b"\x02" + whole(beyond),
        "x = p": b"\x02" + whole(FIELDS[kind]),
        "x = 2^256 - 1": b"\x03" + b"\xff" * 32,
    }


def on_curve(kind: type[ECDSAPublicKey], point: bytes) -> bool:
    """Euler's criterion: whether x^3 + ax + b is a square."""
    p, x = FIELDS[kind], int.from_bytes(point[1:], "big")
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    right = x**3 + 7 if kind is Secp256k1PublicKey else x**3 - 3 * x + b
    return pow(right, (p - 1) // 2, p) == 1


@pytest.mark.parametrize("name", wrong_points(Secp256k1PublicKey, SECP.key.public.raw))
@pytest.mark.parametrize("key", [SECP.key.public, P256.key.public], ids=lambda key: type(key).__name__)
def test_what_is_no_point_in_its_one_form_is_no_key(key: ECDSAPublicKey, name: str) -> None:
    point = wrong_points(type(key), key.raw)[name]
    makers: list[Any] = [type(key), lambda data: public_key(key.code + data)]
    for make in makers:
        with pytest.raises(KeyFormatError):
            make(point)
    did = DID("did:key:" + str(multibase.encode(key.code + point, "base58btc")))
    with pytest.raises(KeyFormatError):
        did_key_methods(did)


@both
@given(scalar=SCALARS)
def test_a_point_of_either_form_is_one_key(kind: type[ECDSAPrivateKey], scalar: bytes) -> None:
    public = kind(scalar).public
    for point in compressed_and_not(kind.KIND, public.raw):
        assert kind.KIND.of_point(point) == public


@pytest.mark.parametrize("key", [SECP.key.public, P256.key.public], ids=lambda key: type(key).__name__)
def test_a_point_of_no_form_is_none(key: ECDSAPublicKey) -> None:
    wrong = wrong_points(type(key), key.raw)
    long = wrong.pop("uncompressed")
    off = bytearray(long)
    off[40] ^= 1
    for point in (*wrong.values(), long[:-1], long + b"\0", bytes(off), long[:33], b"\x02" + long[1:], b"\x04" + bytes(64)):
        with pytest.raises(KeyFormatError):
            type(key).of_point(point)


def test_the_curves_are_told_apart() -> None:
    """33 bytes that begin with 02 or 03 may be a key of either; the multicodec says which."""
    assert public_key(SECP.key.public.tagged) == SECP.key.public
    assert public_key(P256.key.public.tagged) == P256.key.public
    kinds = (Secp256k1PublicKey, P256PublicKey)
    x = next(x for x in range(1, 100) if all(on_curve(kind, b"\x02" + whole(x)) for kind in kinds))
    one, other = Secp256k1PublicKey(b"\x02" + whole(x)), P256PublicKey(b"\x02" + whole(x))
    assert one.raw == other.raw
    assert one != other


# -- private keys


@both
def test_scalars_outside_of_the_order(kind: type[ECDSAPrivateKey]) -> None:
    order = kind.KIND.ORDER
    for good in (1, 2, order // 2, order - 1):
        assert kind(whole(good)).secret == whole(good)
    for bad in (0, order, order + 1, (1 << 256) - 1):
        with pytest.raises(KeyFormatError, match=r"are no .* private key") as caught:
            kind(whole(bad))
        assert whole(bad).hex() not in str(caught.value)
    for length in (0, 31, 33, 64):
        with pytest.raises(KeyFormatError, match=f"private key has 32 bytes, this has {length}"):
            kind(b"\x11" * length)


def test_the_greatest_scalar_of_one_curve_is_none_of_the_other() -> None:
    between = whole(Secp256k1PublicKey.ORDER - 1)
    Secp256k1PrivateKey(between)
    with pytest.raises(KeyFormatError):
        P256PrivateKey(between)


@both
def test_generated_keys_differ(kind: type[ECDSAPrivateKey]) -> None:
    keys = [kind.generate() for _ in range(5)]
    assert len({key.secret for key in keys}) == 5
    assert all(isinstance(key, kind) and len(key.secret) == 32 for key in keys)
