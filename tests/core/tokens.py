"""Tokens made by hand. A broken one is signed like a good one, so that what is broken is all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.keys import Signer
from forge.method import did_key_methods
from forge.varsig import Algorithm
from forge.verify import Facts, Keys
from tests.core.principals import ALICE, BOB, EVERYBODY, NOW, N
from tests.core.raw import cbor

DLG: Final = "ucan/dlg@1.0.0-rc.1"
INV: Final = "ucan/inv@1.0.0-rc.1"
HEADER: Final = Algorithm.ED25519.header


class _Absent:
    """Says that a field is to be left out."""


ABSENT: Final = _Absent()


def seal(  # noqa: PLR0913 - each part can be broken by itself
    signer: Signer,
    tag: str,
    payload: object,
    *,
    header: object = HEADER,
    signed: object | None = None,
    signature: object | None = None,
    head: bytes = b"\x82",
    tail: bytes = b"",
) -> bytes:
    """An envelope around `payload`, or around whatever is given for its SigPayload."""
    body = cbor({"h": header, tag: payload} if signed is None else signed)
    return head + cbor(signer.key.sign(body) if signature is None else signature) + body + tail


def without_absent(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not ABSENT}


def delegation_payload(issuer: Signer = ALICE, **fields: object) -> dict[str, object]:
    """Alice lets Bob send messages for her, for good; `fields` replaces or, with ABSENT, removes."""
    usual: dict[str, object] = {
        "iss": str(issuer.did),
        "aud": str(BOB.did),
        "sub": str(ALICE.did),
        "cmd": "/msg/send",
        "pol": [],
        "exp": None,
        "nonce": N,
    }
    return without_absent(usual | fields)


def invocation_payload(issuer: Signer = ALICE, **fields: object) -> dict[str, object]:
    """Alice sends a message herself; `fields` replaces or, with ABSENT, removes."""
    usual: dict[str, object] = {
        "iss": str(issuer.did),
        "sub": str(ALICE.did),
        "cmd": "/msg/send",
        "args": {},
        "prf": [],
        "exp": None,
        "nonce": N,
    }
    return without_absent(usual | fields)


def delegation(issuer: Signer = ALICE, **fields: object) -> bytes:
    return seal(issuer, DLG, delegation_payload(issuer, **fields))


def invocation(issuer: Signer = ALICE, **fields: object) -> bytes:
    return seal(issuer, INV, invocation_payload(issuer, **fields))


def receipt_payload(executor: Signer = ALICE, args: object = ABSENT, **fields: object) -> dict[str, object]:
    usual = {"out": {"ok": {}}, "ran": CID.of(b"\xa0")} if args is ABSENT else args
    return invocation_payload(executor, cmd="/ucan/assert/receipt", args=usual, **fields)


def receipt(executor: Signer = ALICE, args: object = ABSENT, **fields: object) -> bytes:
    return seal(executor, INV, receipt_payload(executor, args, **fields))


def by_cid(*delegations: Delegation) -> dict[CID, Delegation]:
    return {one.cid: one for one in delegations}


def keys_of(*dids: DID) -> Keys:
    return {did: did_key_methods(did) for did in dids}


KEYS: Final = keys_of(*(signer.did for signer in EVERYBODY.values()))


def facts(now: int = NOW, keys: Keys = KEYS, revoked: Mapping[CID, Iterable[DID]] | None = None) -> Facts:
    return Facts(now, keys, {cid: tuple(dids) for cid, dids in (revoked or {}).items()})
