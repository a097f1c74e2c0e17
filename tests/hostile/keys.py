"""Section `keys`: did:keys that are none, and signatures that are not quite theirs (protocol §2.2, §3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from multiformats import multibase

from forge.keys import P256PrivateKey, P256PublicKey, Secp256k1PrivateKey, Secp256k1PublicKey, Signer
from forge.varsig import Algorithm
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal
from tests.hostile.case import Case, Request, accepted, fails
from tests.hostile.parties import OWNER, delegated, dlg, invoked, known, links, proven, send

SECP: Final = known(Signer(Secp256k1PrivateKey(bytes((17,)) * 32)))
P256: Final = known(Signer(P256PrivateKey(bytes((17,)) * 32)))
SIGNERS: Final = {Algorithm.ED25519: OWNER, Algorithm.SECP256K1: SECP, Algorithm.P256: P256}
ORDERS: Final = {Algorithm.SECP256K1: Secp256k1PublicKey.ORDER, Algorithm.P256: P256PublicKey.ORDER}
CURVES: Final = {"secp256k1": ec.SECP256K1(), "P-256": ec.SECP256R1()}
NAMES: Final = {Algorithm.ED25519: "Ed25519", Algorithm.SECP256K1: "secp256k1", Algorithm.P256: "P-256"}
MISMATCH: Final = "signature mismatch"

ANYTHING: Final = b"\x01" + bytes(63)
"""A signature that a key of order 1 verifies, over anything."""

POINTS: Final = {
    # The multicodec, and the field's prime.
    "secp256k1": (b"\xe7\x01", 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_FFFFFC2F),
    "P-256": (b"\x80\x24", 0xFFFFFFFF_00000001_00000000_00000000_00000000_FFFFFFFF_FFFFFFFF_FFFFFFFF),
}
SMALL_ORDER: Final = {
    "of order 1": "0100000000000000000000000000000000000000000000000000000000000000",
    "of order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "of order 4": "0000000000000000000000000000000000000000000000000000000000000000",
    "of order 4, the other": "0000000000000000000000000000000000000000000000000000000000000080",
    "of order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "of order 8, another": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "of order 8, a third": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "of order 8, the last": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "of order 1, not in its one form": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "of order 1, with a sign": "0100000000000000000000000000000000000000000000000000000000000080",
    "of order 4, not in its one form": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "not on the curve": "0200000000000000000000000000000000000000000000000000000000000000",
    "of all ones": "ff" * 32,
}


def cases() -> Iterator[Case]:
    for algorithm, signer in SIGNERS.items():
        name = NAMES[algorithm]
        yield Case(f"keys/accepted: an invocation by {name}", invoking(signer), accepted())
        yield Case(f"keys/accepted: a delegation by {name}", lending(signer), accepted())
    proofs = [dlg(aud=str(SECP.did)), seal(SECP, DLG, delegated(SECP, aud=str(P256.did)), header=Algorithm.SECP256K1.header)]
    mixed = seal(P256, INV, invoked(P256, sub=str(OWNER.did), prf=links(*proofs)), header=Algorithm.P256.header)
    yield Case("keys/accepted: a chain of all three", send(mixed, *proofs), accepted())
    yield from headers()
    yield from signatures()
    yield from points()
    yield from tags()


def invoking(signer: Signer, **parts: object) -> Request:
    """Invoke by any kind of key, with any part of the envelope replaced."""
    return send(seal(signer, INV, invoked(signer, sub=str(signer.did)), **({"header": signer.algorithm.header} | parts)))  # type: ignore[arg-type] # parts by name


def lending(signer: Signer, **parts: object) -> Request:
    """Let somebody invoke whom any kind of key lends the right, with any part of the proof's envelope replaced."""
    usual = {"header": signer.algorithm.header} | parts
    return proven(seal(signer, DLG, delegated(signer, sub=str(signer.did)), **usual), sub=str(signer.did))  # type: ignore[arg-type] # parts by name


def headers() -> Iterator[Case]:
    """Each kind of key with the headers, and the signatures, of all the others."""
    for algorithm, signer in SIGNERS.items():
        for other in (*SIGNERS, Algorithm.ATTESTED):
            if other is algorithm:
                continue
            why = f"the key is {algorithm.name}, the signature {other.name}"
            name = f"{NAMES[algorithm]}, with a header of {NAMES.get(other, 'an attestation')}"
            yield Case(f"keys/{name}", invoking(signer, header=other.header), fails("InvalidSignature", why))
            yield Case(f"keys/{name}, of a proof", lending(signer, header=other.header), fails("InvalidSignature", why))
            if other in SIGNERS:
                signed = cbor({"h": algorithm.header, INV: invoked(signer, sub=str(signer.did))})
                signature = SIGNERS[other].key.sign(signed)
                name = f"{NAMES[algorithm]}, with a signature of {NAMES[other]}"
                yield Case(f"keys/{name}", invoking(signer, signature=signature), fails("InvalidSignature", MISMATCH))


def signatures() -> Iterator[Case]:
    """ECDSA signatures that a lenient verifier takes."""
    for algorithm, order in ORDERS.items():
        signer, name = SIGNERS[algorithm], NAMES[algorithm]
        for what, tag, payload, ask in (
            ("", INV, invoked(signer, sub=str(signer.did)), invoking),
            (", of a proof", DLG, delegated(signer, sub=str(signer.did)), lending),
        ):
            good = signer.key.sign(cbor({"h": algorithm.header, tag: payload}))
            high = good[:32] + (order - int.from_bytes(good[32:])).to_bytes(32)
            yield Case(f"keys/{name} with a high s{what}", ask(signer, signature=high), fails("InvalidSignature", MISMATCH))
        good = signer.key.sign(cbor({"h": algorithm.header, INV: invoked(signer, sub=str(signer.did))}))
        r, s = int.from_bytes(good[:32]), int.from_bytes(good[32:])
        for what, signature in {
            "of zeros": bytes(64),
            "of ones": b"\xff" * 64,
            "with r 0": bytes(32) + good[32:],
            "with s 0": good[:32] + bytes(32),
            "with r the order": order.to_bytes(32) + good[32:],
            "with s the order": good[:32] + order.to_bytes(32),
            "with r 1 and s 1": (1).to_bytes(32) + (1).to_bytes(32),
            "with r and s exchanged": good[32:] + good[:32],
            "in the other order of bytes": good[:32][::-1] + good[32:][::-1],
            "in DER": encode_dss_signature(r, s),
            "of 63 bytes": good[:-1],
            "of 65 bytes, for recovery": good + b"\0",
            "of 66 bytes, each half with a zero": b"\0" + good[:32] + b"\0" + good[32:],
            "that is empty": b"",
            "with a bit flipped": good[:-1] + bytes((good[-1] ^ 1,)),
        }.items():
            case = invoking(signer, signature=signature)
            yield Case(f"keys/{name} with a signature {what}", case, fails("InvalidSignature", MISMATCH))


def did_of(tagged: bytes) -> str:
    return f"did:key:{multibase.encode(tagged, 'base58btc')}"


def by(did: str, signer: Signer = OWNER, **parts: object) -> Request:
    """Invoke as a DID whose key is none, with a signature that the key which it resembles would verify."""
    payload = invoked(iss=did, sub=did)
    return send(seal(signer, INV, payload, **({"header": signer.algorithm.header} | parts)))  # type: ignore[arg-type] # parts by name


def unresolved(did: str) -> dict[str, str]:
    return {"name": "DIDKeyResolutionError", "says": f'unable to resolve "{did}" key'}


def points() -> Iterator[Case]:
    """Keys that are no points, points that are no keys, and points in other forms."""
    for name, digits in SMALL_ORDER.items():
        did = did_of(b"\xed\x01" + bytes.fromhex(digits))
        yield Case(f"keys/an Ed25519 key {name}", by(did, signature=ANYTHING), fails(**unresolved(did)))
    proof = seal(OWNER, DLG, delegated(iss=did, sub=did), signature=ANYTHING)
    yield Case("keys/a proof by an Ed25519 key that is none", proven(proof, sub=did), fails(**unresolved(did)))
    for kind, (code, prime) in POINTS.items():
        signer = {"secp256k1": SECP, "P-256": P256}[kind]
        compressed = signer.key.public.raw
        point = ec.EllipticCurvePublicKey.from_encoded_point(CURVES[kind], compressed)
        numbers = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        hybrid = bytes((6 + numbers[-1] % 2,))
        for name, raw in {
            "that is not compressed": b"\x04" + numbers,
            "that is not compressed, and not marked": numbers,
            "in the hybrid form": hybrid + numbers,
            "in the hybrid form, of the other sign": bytes((hybrid[0] ^ 1,)) + numbers,
            "of 33 bytes that begin with 04": b"\x04" + compressed[1:],
            "of 33 bytes that begin with 05": b"\x05" + compressed[1:],
            "of x alone": compressed[1:],
            "of 32 bytes": compressed[:-1],
            "of 34 bytes": compressed + b"\0",
            "that is the point at infinity": b"\0",
            "that is the point at infinity, in 33 bytes": bytes(33),
            "with x the field's prime": b"\x02" + prime.to_bytes(32),
            "with x beyond the field": b"\x02" + b"\xff" * 32,
            "that is not on the curve": b"\x02" + outside(kind),
            "of no bytes": b"",
        }.items():
            did = did_of(code + raw)
            yield Case(f"keys/a {kind} key {name}", by(did, signer), fails(**unresolved(did)))


def outside(kind: str) -> bytes:
    """Give an x for which the curve has no y."""
    prime = POINTS[kind][1]
    a, b = {
        "secp256k1": (0, 7),
        "P-256": (-3, 0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B),
    }[kind]
    x = next(x for x in range(1, 99) if pow(x**3 + a * x + b, (prime - 1) // 2, prime) == prime - 1)
    return x.to_bytes(32)


def tags() -> Iterator[Case]:
    """Keys of other kinds, or of none."""
    raw = OWNER.key.public.raw
    for name, tagged in {
        "X25519": b"\xec\x01" + raw,
        "BLS12-381": b"\xea\x01" + raw + bytes(16),
        "P-384": b"\x81\x24" + b"\x02" + bytes(48),
        "P-521": b"\x82\x24" + b"\x02" + bytes(66),
        "RSA": b"\x85\x24" + bytes(64),
        "Ed448": b"\x83\x24" + raw + bytes(25),
        "a private key": b"\x80\x26" + raw,
        "sha2-256": b"\x12\x20" + raw,
        "a raw key": raw,
        "an Ed25519 key, its tag in three bytes": b"\xed\x81\x00" + raw,
        "an Ed25519 key, its tag in one byte": b"\xed" + raw,
        "an Ed25519 key of 31 bytes": b"\xed\x01" + raw[:-1],
        "an Ed25519 key of 33 bytes": b"\xed\x01" + raw + b"\0",
        "an Ed25519 key of no bytes": b"\xed\x01",
        "an Ed25519 key behind zeros": b"\0\0\xed\x01" + raw,
        "an Ed25519 key with a point of secp256k1": b"\xed\x01" + SECP.key.public.raw,
    }.items():
        did = did_of(tagged)
        yield Case(f"keys/a did:key of {name}", by(did), fails(**unresolved(did)))
