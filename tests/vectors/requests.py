"""Requests, valid and not, and what comes of them."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from forge.cid import CID
from forge.keys import Signer
from forge.varsig import Algorithm
from tests.core.principals import SECP_DID
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal
from tests.vectors.parts import AGENT, NOW, OWNER, ROBOT, SERVER, WEB, delegated, dlg, inv, invoked, name_of


def secp_delegation(*, high: bool) -> bytes:
    """A delegation by the secp256k1 key of protocol §14.3, with the smaller or the greater of its two signatures."""
    key = ec.derive_private_key(int.from_bytes(b"\x11" * 32, "big"), ec.SECP256K1())
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    payload = delegated(iss=SECP_DID, sub=SECP_DID)
    body = cbor({"h": Algorithm.SECP256K1.header, DLG: payload})
    r, s = utils.decode_dss_signature(key.sign(body, ec.ECDSA(SHA256(), deterministic_signing=True)))
    s = max(s, order - s) if high else min(s, order - s)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return seal(OWNER, DLG, payload, header=Algorithm.SECP256K1.header, signature=signature)


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
    # These two are InvalidSignature once secp256k1 is known here; until then nothing of that kind is accepted.
    as_ed25519 = seal(OWNER, DLG, delegated(iss=SECP_DID, sub=SECP_DID))
    for name, proof in {
        "header of Ed25519 with a secp256k1 issuer": as_ed25519,
        "secp256k1 with a high s": secp_delegation(high=True),
        "secp256k1": secp_delegation(high=False),
    }.items():
        yield name, by_agent(proof, sub=SECP_DID), "DIDKeyResolutionError", f'unable to resolve "{SECP_DID}" key'
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
    return [
        {"name": name, "time": NOW, "leeway": 0, "error": error, "says": says, "hex": cbor({"ctn-v1": entries}).hex()}
        for name, entries, error, says in requests()
    ]
