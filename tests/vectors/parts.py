"""What the vectors are made of: who signs, at what time, and the usual payloads."""

from __future__ import annotations

import zlib
from hashlib import sha256
from typing import Final

from forge.cid import CID
from forge.did import DID
from forge.keys import Ed25519PrivateKey, Signer
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal, without_absent

SEEDS: Final = {name: sha256(f"forge test vectors: {name}".encode()).digest() for name in ("owner", "agent", "robot", "server")}
OWNER, AGENT, ROBOT, SERVER = (Signer(Ed25519PrivateKey(seed)) for seed in SEEDS.values())
NONCE: Final = bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f")
NOW: Final = 1_800_000_000
LIMIT: Final = 1 << 53
WEB: Final = "did:web:service.example.com%3A8443:tenants:one"
MAIL: Final = "did:mailto:example.org:owner%2Btest"


def delegated(**fields: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "iss": str(OWNER.did),
        "aud": str(AGENT.did),
        "sub": str(OWNER.did),
        "cmd": "/file/read",
        "pol": [],
        "exp": None,
        "nonce": NONCE,
    }
    return without_absent(usual | fields)


def invoked(**fields: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "iss": str(OWNER.did),
        "sub": str(OWNER.did),
        "cmd": "/file/read",
        "args": {},
        "prf": [],
        "exp": None,
        "nonce": NONCE,
    }
    return without_absent(usual | fields)


def received(out: object, **fields: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "iss": str(SERVER.did),
        "sub": str(SERVER.did),
        "cmd": "/ucan/assert/receipt",
        "args": {"out": out, "ran": CID.of(b"\xa0")},
    }
    return invoked(**(usual | fields))


def dlg(signer: Signer = OWNER, **fields: object) -> bytes:
    return seal(signer, DLG, delegated(**({"iss": str(signer.did)} | fields)))


def inv(signer: Signer = OWNER, **fields: object) -> bytes:
    return seal(signer, INV, invoked(**({"iss": str(signer.did)} | fields)))


def name_of(data: bytes) -> CID:
    return CID(b"\x01\x71\x12\x20" + sha256(data).digest())


def zipped_of(data: bytes) -> bytes:
    """gzip without compression, since how well a library compresses is its own affair."""
    stored = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)]
    blocks = b"".join(
        bytes((block is stored[-1],)) + len(block).to_bytes(2, "little") + (len(block) ^ 0xFFFF).to_bytes(2, "little") + block
        for block in stored
    )
    trailer = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return bytes.fromhex("1f8b08000000000000ff") + blocks + trailer


def in_need_of_padding(*, zipped: bool) -> bytes:
    """A container whose length is no multiple of three, by an entry that is no token."""
    bodies = (cbor({"ctn-v1": [dlg(), bytes(length)]}) for length in range(3))
    packed = (zipped_of(body) if zipped else body for body in bodies)
    return next(data for data in packed if len(data) % 3)


def signers() -> dict[DID, Signer]:
    return {signer.did: signer for signer in (OWNER, AGENT, ROBOT, SERVER)}
