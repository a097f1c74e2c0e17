"""Requests, valid and not, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from forge.cid import CID
from forge.did import DID
from forge.keys import Signer
from forge.varsig import Algorithm
from tests.core.principals import P256, SECP_DID
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal
from tests.vectors.parts import AGENT, MAIL, NOW, OWNER, ROBOT, SERVER, WEB, delegated, dlg, inv, invoked, name_of

# Name, the invocation and the delegations, the failure's name or None, what its message says, and who attests, if anybody.
Case: TypeAlias = tuple[str, list[bytes], str | None, str, DID | None]

CURVES: Final = {
    Algorithm.SECP256K1: (ec.SECP256K1(), 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141),
    Algorithm.P256: (ec.SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551),
}
SCALAR: Final = b"\x11" * 32


def ecdsa(body: bytes, algorithm: Algorithm, *, high: bool) -> bytes:
    """The smaller or the greater of the two signatures of the key that has the scalar of protocol §14.3, secp256k1 or not."""
    curve, order = CURVES[algorithm]
    key = ec.derive_private_key(int.from_bytes(SCALAR, "big"), curve)
    r, s = utils.decode_dss_signature(key.sign(body, ec.ECDSA(SHA256(), deterministic_signing=True)))
    s = max(s, order - s) if high else min(s, order - s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ecdsa_delegation(did: str, algorithm: Algorithm, *, high: bool = False) -> bytes:
    payload = delegated(iss=did, sub=did)
    body = cbor({"h": algorithm.header, DLG: payload})
    return seal(OWNER, DLG, payload, header=algorithm.header, signature=ecdsa(body, algorithm, high=high))


def attested_delegation(authority: Signer, **wrong: object) -> bytes:
    """A delegation by a did:mailto that an authority attests; `wrong` replaces fields of what it says."""
    payload = delegated(iss=MAIL, sub=MAIL)
    body = cbor({"h": Algorithm.ATTESTED.header, DLG: payload})
    digest = CID(b"\x01\x55\x12\x20" + sha256(body).digest())
    usual: dict[str, object] = {"sub": str(authority.did), "cmd": "/ucan/attest/proof", "args": {"proof": digest}, "nonce": b""}
    attestation = inv(authority, **(usual | wrong))
    return seal(OWNER, DLG, payload, header=Algorithm.ATTESTED.header, signature=attestation)


def of_other_keys() -> Iterator[Case]:
    """Signatures by keys that are not Ed25519, and by none."""

    def by_agent(subject: str, proof: bytes) -> list[bytes]:
        return [inv(AGENT, prf=[name_of(proof)], sub=subject), proof]

    for name, did, algorithm in (
        ("secp256k1", SECP_DID, Algorithm.SECP256K1),
        ("P-256", str(P256.did), Algorithm.P256),
    ):
        as_ed25519 = seal(OWNER, DLG, delegated(iss=did, sub=did))
        mismatch = f"the key is {algorithm.name}, the signature ED25519"
        yield f"header of Ed25519 with a {name} issuer", by_agent(did, as_ed25519), "InvalidSignature", mismatch, None
        high = ecdsa_delegation(did, algorithm, high=True)
        yield f"{name} with a high s", by_agent(did, high), "InvalidSignature", "signature mismatch", None
        yield name, by_agent(did, ecdsa_delegation(did, algorithm)), None, "", None

    good = by_agent(MAIL, attested_delegation(SERVER))
    yield "attested", good, None, "", SERVER.did
    yield "attested, and no authority is known", good, "DIDKeyResolutionError", f'unable to resolve "{MAIL}" key', None
    yield "attested by another", good, "InvalidSignature", f"iss: not what {ROBOT.did} attests with", ROBOT.did
    for name, field, value in (
        ("attested by another command", "cmd", "/ucan/attest"),
        ("attested for another token", "args", {"proof": CID(b"\x01\x55\x12\x20" + bytes(32))}),
        ("attested for a while", "exp", NOW + 60),
        ("attested to somebody", "aud", str(AGENT.did)),
        ("attested with a nonce", "nonce", b"\0"),
    ):
        wrong = by_agent(MAIL, attested_delegation(SERVER, **{field: value}))
        yield name, wrong, "InvalidSignature", f"{field}: not what {SERVER.did} attests with", SERVER.did


def requests() -> Iterator[tuple[str, list[bytes], str | None, str]]:
    """Give name, the invocation and the delegations, the failure's name or None, and what its message says."""
    root = dlg()
    root_cid = name_of(root)
    onward = dlg(AGENT, aud=str(ROBOT.did))

    def by_agent(*proofs: bytes, signer: Signer = AGENT, **fields: object) -> list[bytes]:
        return [inv(signer, prf=[name_of(proof) for proof in proofs], **fields), *proofs]

    yield "the owner itself", [inv()], None, ""
    yield "one proof", by_agent(root), None, ""
    yield "two proofs", by_agent(root, onward, signer=ROBOT), None, ""
    yield "powerline behind the root", by_agent(root, dlg(AGENT, aud=str(ROBOT.did), sub=None), signer=ROBOT), None, ""
    yield "wider command later", by_agent(root, dlg(AGENT, aud=str(ROBOT.did), cmd="/"), signer=ROBOT), None, ""
    yield "command below the proof's", by_agent(root, cmd="/file/read/now"), None, ""
    yield "policy satisfied", by_agent(dlg(pol=[["==", ".n", 1]]), args={"n": 1}), None, ""
    yield "expires a second later", by_agent(dlg(exp=NOW + 1), exp=NOW + 1), None, ""
    yield "began a second ago", by_agent(dlg(nbf=NOW - 1)), None, ""
    yield "a delegation too many", [*by_agent(root), onward], None, ""

    flipped = bytearray(inv())
    flipped[10] ^= 1
    yield "one flipped bit of the signature", [bytes(flipped)], "InvalidSignature", "signature mismatch"
    bad_root = bytearray(root)
    bad_root[10] ^= 0x80
    yield (
        "one flipped bit of a proof's signature",
        by_agent(bytes(bad_root)),
        "InvalidSignature",
        "It is the proof (proof 1 of 1).",
    )
    yield "signed by another", [seal(AGENT, INV, invoked())], "InvalidSignature", f'a valid signature from "{OWNER.did}"'
    header = seal(OWNER, INV, invoked(), header=Algorithm.P256.header)
    yield "header of another algorithm", [header], "InvalidSignature", "the key is ED25519, the signature P256"
    absentee = seal(OWNER, INV, invoked(), header=Algorithm.ABSENTEE.header, signature=b"")
    yield "absentee signature", [absentee], "UnverifiableSignature", "its signature is absentee"
    yield "a did:web that nobody resolved", [inv(iss=WEB, sub=WEB)], "DIDKeyResolutionError", f'unable to resolve "{WEB}" key'

    yield "expires now", [inv(exp=NOW)], "Expired", "invocation "
    yield "expired long ago", [inv(exp=0)], "Expired", "has expired on 1970-01-01T00:00:00Z"
    yield "proof expires now", by_agent(dlg(exp=NOW)), "Expired", "(proof 1 of 1)"
    yield "proof begins now", by_agent(dlg(nbf=NOW)), "TooEarly", "(proof 1 of 1)"
    yield (
        "second proof expires now",
        by_agent(root, dlg(AGENT, aud=str(ROBOT.did), exp=NOW), signer=ROBOT),
        "Expired",
        "(proof 2 of 2)",
    )
    yield "proof missing", by_agent(root)[:1], "UnavailableProof", f'linked proof "{root_cid}" could not be resolved'
    raw = CID.of_raw(root)
    yield (
        "proof by a raw link",
        [inv(AGENT, prf=[raw]), root],
        "UnavailableProof",
        f'linked proof "{raw}" could not be resolved',
    )
    yield "proof that is an invocation", [inv(AGENT, prf=[name_of(inv())]), inv()], "UnavailableProof", "could not be resolved"
    yield "proofs reversed", [inv(ROBOT, prf=[name_of(onward), root_cid]), root, onward], "InvalidAudience", "(proof 1 of 2)"
    yield (
        "proofs with a gap",
        by_agent(root, dlg(ROBOT, aud=str(SERVER.did)), signer=SERVER),
        "InvalidAudience",
        "(proof 2 of 2)",
    )
    yield "proof for another", by_agent(root, signer=ROBOT), "InvalidAudience", "the audience of the last proof"
    yield "no proof", [inv(AGENT)], "InvalidClaim", "is not issued by subject and has no proofs"
    yield "powerline as root", by_agent(dlg(sub=None)), "InvalidClaim", "root delegation subject is null"
    yield "proof about another", by_agent(dlg(sub=str(SERVER.did))), "InvalidSubject", f'subject is "{SERVER.did}"'
    crypto = by_agent(dlg(cmd="/crypto"), cmd="/cryptocurrency")
    yield "/crypto for /cryptocurrency", crypto, "ImpossibleAttenuation", "from command /crypto to command /cryptocurrency"
    yield "narrower command", by_agent(dlg(cmd="/file/read/now")), "ImpossibleAttenuation", "(proof 1 of 1)"
    yield "policy not satisfied", by_agent(dlg(pol=[["==", ".n", 1]]), args={"n": 2}), "MatchError", "do not satisfy"


def verified() -> list[dict[str, object]]:
    cases = [*((*case, None) for case in requests()), *of_other_keys()]
    return [
        {"name": name, "time": NOW, "leeway": 0, "error": error, "says": says}
        | ({} if authority is None else {"authority": str(authority)})
        | {"hex": cbor({"ctn-v1": entries}).hex()}
        for name, entries, error, says, authority in cases
    ]
