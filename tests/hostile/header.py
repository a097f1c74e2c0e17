"""Section `header`: varsig headers that are none, or not of this signature (protocol §3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from forge.varsig import Algorithm
from tests.core.tokens import DLG, HEADER, INV, seal
from tests.hostile.case import Case, accepted, fails, left_aside, unavailable
from tests.hostile.parties import OWNER, delegated, dlg, inv, invoked, proven, send

UNKNOWN: Final = "not a varsig header that is known here"

HEADERS: Final = {
    "empty": "",
    "of the prefix alone": "34",
    "of prefix and version alone": "3401",
    "of another prefix": "3501ed01ed011371",
    "of another prefix, 0x34 in two bytes": "b400 01ed01ed011371",
    "without a version": "34ed01ed011371",
    "without a version, as it once was": "34ed0171",
    "of version 0": "3400ed01ed011371",
    "of version 2": "3402ed01ed011371",
    "of version 1 in two bytes": "348100ed01ed011371",
    "of RSA": "34018524 1271",
    "of BLS": "3401b101 1271",
    "of Ed448": "3401ed018324 1971",
    "of EdDSA over another curve": "3401ed01ec011371",
    "of EdDSA without its curve": "3401ed011371",
    "of EdDSA with sha2-256": "3401ed01ed011271",
    "of EdDSA without its hash": "3401ed01ed0171",
    "of ECDSA with sha2-512": "3401ec01e7011371",
    "of ECDSA over Ed25519": "3401ec01ed011271",
    "of P-256 as rs-ucan writes it": "3401ec0181241571",
    "with the curve in three bytes": "3401ed01ed8100 1371",
    "with the algorithm in three bytes": "3401ed8100ed01 1371",
    "with a varint of ten bytes": "3401" + "80" * 9 + "01" + "71",
    "with a varint that does not end": "3401" + "ff" * 20,
    "without a payload encoding": "3401ed01ed0113",
    "over raw": "3401ed01ed011355",
    "over identity": "3401ed01ed011300",
    "over JSON": "3401ed01ed0113 8004",
    "over DAG-JSON": "3401ed01ed0113a902",
    "over DAG-PB": "3401ed01ed011370",
    "over JWT": "3401ed01ed01135f",
    "over DAG-CBOR in two bytes": "3401ed01ed0113f100",
    "with a byte behind": "3401ed01ed01137100",
    "with itself behind": "3401ed01ed0113713401ed01ed011371",
    "cut by a byte": "3401ed01ed0113",
    "of text": b"ed25519".hex(),
    "of zeros": "00" * 8,
    "of an attestation over raw": "34018180c00155",
    "of an attestation with a hash": "34018180c0011371",
    "of a megabyte": HEADER.hex() + "00" * (1 << 20),
}


def cases() -> Iterator[Case]:
    yield Case("header/accepted: Ed25519", send(inv()), accepted())
    yield Case("header/accepted: Ed25519, of a proof", proven(dlg()), accepted())
    for name, digits in HEADERS.items():
        header = bytes.fromhex(digits)
        yield Case(f"header/{name}", send(seal(OWNER, INV, invoked(), header=header)), left_aside(UNKNOWN))
    for name in ("empty", "without a version", "of RSA", "over raw", "with a byte behind", "of EdDSA with sha2-256"):
        proof = seal(OWNER, DLG, delegated(), header=bytes.fromhex(HEADERS[name]))
        yield Case(f"header/of a proof: {name}", proven(proof), unavailable(UNKNOWN))
    kinds: dict[str, object] = {"text": "x", "null": None, "an integer": 0x34, "an array": [0x34, 1], "a map": {}}
    for kind, item in kinds.items():
        token = seal(OWNER, INV, invoked(), header=item)
        yield Case(f"header/that is {kind}", send(token), left_aside("the varsig header is a byte string"))
    for algorithm in (Algorithm.SECP256K1, Algorithm.P256, Algorithm.ATTESTED):
        why = f"the key is ED25519, the signature {algorithm.name}"
        token = seal(OWNER, INV, invoked(), header=algorithm.header)
        proof = seal(OWNER, DLG, delegated(), header=algorithm.header)
        yield Case(f"header/{algorithm.name} with an Ed25519 key", send(token), fails("InvalidSignature", why))
        yield Case(f"header/{algorithm.name} with an Ed25519 key, of a proof", proven(proof), fails("InvalidSignature", why))
    for name, signature in {"no signature": b"", "a good signature": None}.items():
        token = seal(OWNER, INV, invoked(), header=Algorithm.ABSENTEE.header, signature=signature)
        proof = seal(OWNER, DLG, delegated(), header=Algorithm.ABSENTEE.header, signature=signature)
        why = "its signature is absentee"
        yield Case(f"header/absentee, with {name}", send(token), fails("UnverifiableSignature", why))
        yield Case(f"header/absentee, with {name}, of a proof", proven(proof), fails("UnverifiableSignature", why))
