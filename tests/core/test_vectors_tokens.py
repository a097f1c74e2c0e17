"""Tokens that others made: the specification's suite, and ucantone's golden tokens (protocol §14.1, §14.3)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

import pytest

from forge import dagcbor, dagjson, envelope
from forge.attestation import AttestedSigner
from forge.chain import find_chain
from forge.cid import CID
from forge.command import CommandPath
from forge.container import Token, decode_token
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import DIDKeyResolutionError, Failure, HandlerNotFound, InvalidSignature, UnverifiableSignature
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer, private_key
from forge.method import attested_methods, did_key_methods
from forge.policy import Policy
from forge.receipt import Receipt
from forge.varsig import Algorithm
from forge.verify import Facts, Keys, Verified, issuers, verify, verify_receipt
from tests.core import shared
from tests.core.principals import ALICE, BOB, CAROL, DIDS, EVERYBODY, MAILTO_DID, NOW, SECP, SECP_DID, SEEDS, SERVICE, N
from tests.core.raw import cbor
from tests.core.tokens import KEYS, by_cid, facts

shared.require_vectors()

SUITE: Final[Any] = dagjson.decode((shared.VECTORS / "ucan-spec" / "invocation.json").read_bytes())
CASES: Final = [
    pytest.param(case, case.get("error", {}).get("name"), id=f"{kind}: {case['name']}")
    for kind in ("valid", "invalid")
    for case in SUITE[kind]
]
GOLDEN: Final[dict[str, dict[str, str]]] = shared.read("golden-tokens.json")


def golden(name: str) -> bytes:
    return bytes.fromhex(GOLDEN[name]["hex"])


# -- ucan-wg/spec: invocation.json


def test_no_case_of_the_suite_is_lost() -> None:
    assert [len(SUITE[kind]) for kind in ("valid", "invalid")] == [7, 13]
    assert all("error" not in case for case in SUITE["valid"])


@pytest.mark.parametrize(("case", "error"), CASES)
def test_the_specification_s_suite(case: Any, error: str | None) -> None:
    invocation = Invocation.decode(case["invocation"])
    assert invocation.envelope.tag == "ucan/inv@1.0.0"
    proofs = by_cid(*(Delegation.decode(proof) for proof in case["proofs"]))
    keys = {did: did_key_methods(did) for did in issuers(invocation, proofs)}
    known = Facts(case["time"], keys)
    if error is None:
        verified = verify(invocation, proofs, known, leeway=0)
        assert verified.invocation is invocation
        assert [proof.cid for proof in verified.chain] == list(invocation.proofs)
    else:
        with pytest.raises(Failure) as caught:
            verify(invocation, proofs, known, leeway=0)
        assert caught.value.name == error


# -- ucan-wg/spec: delegation.json

SPECIFICATION: Final[Any] = shared.read("ucan-spec/delegation.json")
PRINCIPALS: Final = {name: Signer(private_key("M" + text)) for name, text in SPECIFICATION["principals"].items()}


@pytest.mark.parametrize("case", SPECIFICATION["valid"], ids=lambda case: str(case["name"]))
def test_the_specification_s_delegation(case: Any) -> None:
    data = b64decode(case["token"], validate=True)
    parts, payload = case["envelope"], case["envelope"]["payload"]
    token = Delegation.decode(data)

    assert str(token.cid) == case["cid"]
    assert bytes(token) == data
    assert {
        "iss": token.issuer,
        "aud": token.audience,
        "sub": token.subject,
        "cmd": token.command,
        "pol": token.policy.encode(),
        "exp": token.expiration,
        "nonce": token.nonce,
    } == payload | {"nonce": b64decode(payload["nonce"])}
    assert token.not_before is None
    assert token.meta is None
    assert token.envelope.algorithm is Algorithm.ED25519
    assert token.envelope.tag == f"ucan/{parts['spec']}@{parts['version']}"
    assert token.envelope.signature == b64decode(parts["signature"])
    issuer = next(signer for signer in PRINCIPALS.values() if signer.did == token.issuer)
    assert issuer.key.public.verify(token.envelope.signed, token.envelope.signature)


@pytest.mark.parametrize("case", SPECIFICATION["valid"], ids=lambda case: str(case["name"]))
def test_the_specification_s_delegation_made_again(case: Any) -> None:
    """Its version tag is one that is read and not written, so the parts are put together by hand."""
    payload = case["envelope"]["payload"] | {"nonce": b64decode(case["envelope"]["payload"]["nonce"])}
    issuer = next(signer for signer in PRINCIPALS.values() if signer.did == payload["iss"])
    signed = dagcbor.encode({"h": Algorithm.ED25519.header, "ucan/dlg@1.0.0": payload})
    assert b"\x82" + dagcbor.encode(issuer.key.sign(signed)) + signed == b64decode(case["token"])

    ours = Delegation.issue(
        issuer,
        audience=DID(payload["aud"]),
        subject=DID(payload["sub"]),
        command=CommandPath(payload["cmd"]),
        expiration=payload["exp"],
        nonce=payload["nonce"],
    )
    # With the version that is written, all but version and signature are the vector's.
    assert ours.envelope.tag == "ucan/dlg@1.0.0-rc.1"
    theirs = envelope.decode(b64decode(case["token"]))
    assert ours.envelope.payload == theirs.payload
    assert ours.envelope.raw("iss") == theirs.raw("iss")


# -- golden-tokens.json


def test_the_principals_are_the_protocol_s() -> None:
    for name, signer in EVERYBODY.items():
        assert signer.did == DIDS[name]
        assert signer.key.secret.hex() == SEEDS[name]
        assert Signer(Ed25519PrivateKey(bytes.fromhex(SEEDS[name]))).key.text == signer.key.text


SEND: Final = CommandPath("/msg/send")


def d1() -> Delegation:
    return Delegation.issue(ALICE, audience=BOB.did, subject=ALICE.did, command=SEND, expiration=None, nonce=N)


def d2() -> Delegation:
    policy = Policy.decode(
        [
            ["==", ".from", "alice@example.com"],
            ["all", ".to", ["like", ".", "*@example.com"]],
            ["not", ["or", [[">", ".n", 10], ["!=", ".k", None]]]],
        ]
    )
    return Delegation.issue(
        ALICE,
        audience=BOB.did,
        subject=ALICE.did,
        command=CommandPath("/msg"),
        expiration=4_102_444_800,
        not_before=1_700_000_000,
        meta={"note": "hi", "z": 1},
        nonce=N,
        policy=policy,
    )


def d3() -> Delegation:
    return Delegation.issue(BOB, audience=CAROL.did, subject=None, command=CommandPath("/"), expiration=None, nonce=b"")


def i1() -> Invocation:
    return Invocation.issue(ALICE, subject=ALICE.did, command=SEND, arguments={}, expiration=None, nonce=N)


def i2() -> Invocation:
    return Invocation.issue(
        CAROL,
        subject=ALICE.did,
        audience=SERVICE.did,
        command=SEND,
        arguments={
            "b": b"\x01\x02",
            "k": None,
            "l": d1().cid,
            "n": 3,
            "t": True,
            "to": ["bob@example.com"],
            "from": "alice@example.com",
        },
        proofs=[d1().cid, d3().cid],
        meta={"m": "x"},
        cause=d2().cid,
        issued_at=1_700_000_000,
        expiration=4_102_444_800,
        nonce=N,
    )


def r1() -> Receipt:
    """It has no `iat`, so it is not one that `Receipt.issue` makes."""
    return Receipt.of(
        Invocation.issue(
            SERVICE,
            subject=SERVICE.did,
            command=CommandPath("/ucan/assert/receipt"),
            arguments={"out": {"ok": {"delivered": True}}, "ran": i2().task},
            expiration=None,
            nonce=b"",
        )
    )


def r2() -> Receipt:
    return Receipt.issue(
        SERVICE,
        ran=i1().task,
        out=HandlerNotFound('handler not found: "/nope"'),
        issued_at=1_700_000_000,
        expiration=1_700_000_030,
        nonce=N,
    )


def d4() -> Delegation:
    mail = AttestedSigner.of(SERVICE, DID(MAILTO_DID))
    return Delegation.issue(mail, audience=ALICE.did, subject=mail.did, command=CommandPath("/"), expiration=None, nonce=N)


def d5() -> Delegation:
    return Delegation.issue(SECP, audience=BOB.did, subject=SECP.did, command=SEND, expiration=None, nonce=N)


MADE: Final[dict[str, Callable[[], Token]]] = {
    "D1": d1,
    "D2": d2,
    "D3": d3,
    "D4": d4,
    "D5": d5,
    "I1": i1,
    "I2": i2,
    "R1": r1,
    "R2": r2,
}


@pytest.mark.parametrize("name", MADE)
def test_a_golden_token_is_made_byte_for_byte(name: str) -> None:
    token = MADE[name]()
    assert bytes(token).hex() == GOLDEN[name]["hex"]
    assert str(token.cid) == GOLDEN[name]["cid"]


def parts(token: Token) -> dict[str, Any]:
    """What a token says; tokens themselves are compared by their bytes."""
    said = {field.name: getattr(token, field.name) for field in fields(token) if field.name not in {"envelope", "assertion"}}
    return said | parts(token.assertion) if isinstance(token, Receipt) else said


@pytest.mark.parametrize("name", MADE)
def test_a_golden_token_is_read_as_what_it_is(name: str) -> None:
    token = decode_token(golden(name))
    assert parts(token) == parts(MADE[name]())
    assert type(token) is type(MADE[name]())


@pytest.mark.parametrize(("name", "of"), [("I1task", i1), ("I2task", i2)])
def test_a_golden_task(name: str, of: Any) -> None:
    invocation = of()
    assert str(invocation.task) == GOLDEN[name]["cid"]
    assert CID.of(golden(name)) == invocation.task
    made = dagcbor.encode(
        {"cmd": invocation.command, "sub": invocation.subject, "args": invocation.arguments, "nonce": invocation.nonce}
    )
    assert made == golden(name)


def test_the_golden_promise() -> None:
    promise = {"await/ok": CID.parse(GOLDEN["I1task"]["cid"])}
    assert dagcbor.encode(promise) == golden("awaitok")
    assert dagcbor.decode(golden("awaitok")) == promise


def test_the_golden_chain_verifies() -> None:
    for proofs in (by_cid(d1(), d3()), by_cid(d3(), d1(), d2())):
        assert verify(i2(), proofs, facts()).chain == (d1(), d3())
    verify(i1(), {}, facts())
    assert find_chain([d3(), d2(), d1()], issuer=CAROL.did, subject=ALICE.did, command=SEND) is not None


@pytest.mark.parametrize("make", [r1, r2])
def test_the_golden_receipts_verify(make: Any) -> None:
    verify_receipt(make(), Facts(NOW, KEYS))


def test_the_golden_policy_is_satisfied_by_the_golden_arguments() -> None:
    d2().policy.match(i2().arguments)


# D4, D5, D6: signatures that are not Ed25519

OTHERS: Final = {
    "D4": (Algorithm.ATTESTED, MAILTO_DID),
    "D5": (Algorithm.SECP256K1, SECP_DID),
    "D6": (Algorithm.ABSENTEE, MAILTO_DID),
}
ATTESTED: Final = {DID(MAILTO_DID): attested_methods(DID(MAILTO_DID), SERVICE.did, did_key_methods(SERVICE.did))}
EVERY_KEY: Final = {**KEYS, **ATTESTED, SECP.did: did_key_methods(SECP.did)}


@pytest.mark.parametrize("name", OTHERS)
def test_another_golden_token_is_read(name: str) -> None:
    algorithm, issuer = OTHERS[name]
    token = decode_token(golden(name))
    assert isinstance(token, Delegation)
    assert str(token.cid) == GOLDEN[name]["cid"]
    assert token.envelope.algorithm is algorithm
    assert token.issuer == token.subject == issuer
    assert cbor(token.envelope.payload) == golden(name)[-len(cbor(token.envelope.payload)) :]


def invoke_by(name: str, keys: Keys) -> Verified:
    """The audience of a golden delegation invokes what it may."""
    proof = Delegation.decode(golden(name))
    assert proof.subject is not None
    invoker = next(signer for signer in EVERYBODY.values() if signer.did == proof.audience)
    invocation = Invocation.issue(
        invoker, subject=proof.subject, command=SEND, arguments={}, expiration=None, proofs=[proof.cid]
    )
    return verify(invocation, by_cid(proof), facts(keys=keys))


@pytest.mark.parametrize("name", ["D4", "D5"])
def test_another_golden_token_is_verified(name: str) -> None:
    assert [bytes(proof) for proof in invoke_by(name, EVERY_KEY).chain] == [golden(name)]


def test_nobody_attests_who_was_not_named() -> None:
    """Without the configuration a did:mailto has no method; with another authority, not this one."""
    with pytest.raises(DIDKeyResolutionError, match="proof 1 of 1"):
        invoke_by("D4", KEYS)
    mail = DID(MAILTO_DID)
    with pytest.raises(InvalidSignature, match=f"iss: not what {CAROL.did} attests with"):
        invoke_by("D4", {**KEYS, mail: attested_methods(mail, CAROL.did, did_key_methods(CAROL.did))})


@pytest.mark.parametrize("keys", [KEYS, EVERY_KEY], ids=["KEYS", "EVERY_KEY"])
def test_an_absentee_golden_token_is_never_accepted(keys: Keys) -> None:
    with pytest.raises(UnverifiableSignature, match="proof 1 of 1"):
        invoke_by("D6", keys)


@pytest.mark.parametrize("name", ["D4", "D5"])
def test_a_signature_is_not_accepted_for_a_key_of_another_algorithm(name: str) -> None:
    """Even where the issuer's DID resolves to some Ed25519 key: the header's algorithm is not that key's."""
    algorithm, issuer = OTHERS[name]
    with pytest.raises(InvalidSignature, match=f"the key is ED25519, the signature {algorithm.name}"):
        invoke_by(name, {**KEYS, DID(issuer): did_key_methods(SERVICE.did)})


def test_the_attested_payload_is_what_is_signed() -> None:
    token = envelope.decode(golden("D4"))
    assert token.signed == golden("D4payload")
    attestation = Invocation.decode(token.signature)
    assert attestation.issuer == attestation.subject == SERVICE.did
    assert attestation.command == "/ucan/attest/proof"
    assert attestation.arguments == {"proof": CID.of_raw(golden("D4payload"))}
    assert attestation.nonce == b""
    assert AttestedSigner.of(SERVICE, DID(MAILTO_DID)).sign(golden("D4payload")) == token.signature


def test_no_golden_token_is_left_out() -> None:
    assert GOLDEN.keys() == MADE.keys() | OTHERS.keys() | {"I1task", "I2task", "D4payload", "awaitok"}
