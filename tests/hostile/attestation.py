"""Section `attestation`: signatures for who has no key, with each check alone failing (protocol §2.8)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, sha512
from typing import Final

from forge.cid import CID
from forge.varsig import Algorithm
from tests.core.raw import Raw, cbor
from tests.core.tokens import ABSENT, DLG, INV, seal, without_absent
from tests.hostile.case import ALONE, Case, Request, accepted, fails
from tests.hostile.parties import AGENT, AUTHORITY, HOUR, MAIL, MALLORY, NOW, SERVER, delegated, dlg, invoked, proven, send
from tests.vectors.parts import received

HEADER: Final = Algorithm.ATTESTED.header
LENT: Final = delegated(iss=str(MAIL), sub=str(MAIL))
ASKED: Final = invoked(iss=str(MAIL), sub=str(MAIL))
ATTESTS: Final = f"not what {AUTHORITY.did} attests with"


def signed(tag: str, payload: object, header: bytes = HEADER) -> bytes:
    return cbor({"h": header, tag: payload})


def attest(message: bytes, /, **fields: object) -> dict[str, object]:
    """The payload by which the authority attests a message."""
    usual: dict[str, object] = {
        "iss": str(AUTHORITY.did),
        "sub": str(AUTHORITY.did),
        "cmd": "/ucan/attest/proof",
        "args": {"proof": CID.of_raw(message)},
        "prf": [],
        "exp": None,
        "nonce": b"",
    }
    return without_absent(usual | fields)


def attested(message: bytes, /, **fields: object) -> bytes:
    return seal(AUTHORITY, INV, attest(message, **fields))


def lending(signature: bytes, header: bytes = HEADER) -> Request:
    """Send an invocation that relies on what a did:mailto lends, with this signature."""
    return proven(seal(AUTHORITY, DLG, LENT, header=header, signature=signature), sub=str(MAIL))


def asking(signature: bytes, header: bytes = HEADER) -> Request:
    """Send an invocation by a did:mailto, with this signature."""
    return send(seal(AUTHORITY, INV, ASKED, header=header, signature=signature))


def cases() -> Iterator[Case]:
    proof, token = signed(DLG, LENT), signed(INV, ASKED)
    yield Case("attestation/accepted: of a delegation", lending(attested(proof)), accepted())
    yield Case("attestation/accepted: of an invocation", asking(attested(token)), accepted())
    yield Case(
        "attestation/accepted: with meta and a time, which bind nobody",
        lending(attested(proof, meta={"x": 1}, iat=NOW)),
        accepted(),
    )
    for name, change, why in fields(proof, token):
        yield Case(f"attestation/{name}", lending(attested(proof, **change)), fails("InvalidSignature", why))
    for name, change, why in fields(token, proof):
        yield Case(f"attestation/of an invocation: {name}", asking(attested(token, **change)), fails("InvalidSignature", why))
    for name, signature, why in signatures(proof):
        yield Case(f"attestation/{name}", lending(signature), fails("InvalidSignature", why))
    yield from headers(proof, token)
    yield from strangers(proof)


def fields(message: bytes, other: bytes) -> Iterator[tuple[str, dict[str, object], str]]:
    """One field of the attestation at a time."""
    digest = sha256(message).digest()
    for name, link in {
        "of another message": CID.of_raw(other),
        "of nothing": CID.of_raw(b""),
        "of a bit less": CID.of_raw(message[:-1] + bytes((message[-1] ^ 1,))),
        "of the message by a DAG-CBOR link": CID.of(message),
        "of the message by sha2-512": CID(b"\x01\x55\x13\x40" + sha512(message).digest()),
        "of half the digest": CID(b"\x01\x55\x12\x10" + digest[:16]),
        "of the digest without its form": digest,
        "of the digest's text": str(CID.of_raw(message)),
        "of null": None,
        "of the message itself": message,
        "of a list of messages": [CID.of_raw(message)],
    }.items():
        yield name, {"args": {"proof": link}}, f"args: {ATTESTS} for this token"
    good = CID.of_raw(message)
    yield "without arguments", {"args": {}}, f"args: {ATTESTS}"
    yield "with another argument", {"args": {"proofs": good}}, f"args: {ATTESTS}"
    yield "with an argument more", {"args": {"proof": good, "x": 1}}, f"args: {ATTESTS}"
    for command in (
        "/",
        "/ucan",
        "/ucan/attest",
        "/ucan/attest/proof/x",
        "/ucan/attest/proofs",
        "/ucan/assert/receipt",
        "/file/write",
    ):
        yield f"by the command {command}", {"cmd": command}, f"cmd: {ATTESTS}"
    for name, did in {
        "the audience": AGENT.did,
        "the service": SERVER.did,
        "the mail's owner": MAIL,
        "a stranger": MALLORY.did,
    }.items():
        yield f"about {name}", {"sub": str(did)}, f"sub: {ATTESTS}"
        yield f"in the name of {name}", {"iss": str(did)}, f"iss: {ATTESTS}"
    yield "with an audience", {"aud": str(SERVER.did)}, f"aud: {ATTESTS}"
    yield "with itself for an audience", {"aud": str(AUTHORITY.did)}, f"aud: {ATTESTS}"
    yield "with a proof", {"prf": [good]}, f"prf: {ATTESTS}"
    yield "that ends", {"exp": NOW + HOUR}, f"exp: {ATTESTS}"
    yield "that has ended", {"exp": NOW - HOUR}, f"exp: {ATTESTS}"
    yield "with a nonce", {"nonce": b"x"}, f"nonce: {ATTESTS}"
    yield "with an unknown field", {"zzz": 1}, "zzz: unknown field"
    yield "without exp", {"exp": ABSENT}, "exp: missing"


def signatures(message: bytes) -> Iterator[tuple[str, bytes, str]]:
    """Signatures that are no attestation of the authority's."""
    good = attested(message)
    no = "the signature is no attestation"
    payload = attest(message)
    yield "that is empty", b"", no
    yield "of zeros", bytes(64), no
    yield "that is text", cbor("attested"), no
    yield "that is a plain signature of the authority's", AUTHORITY.key.sign(message), no
    yield "with a byte behind", good + b"\0", f"{no}: 1 bytes after the end"
    yield "cut", good[:-1], no
    yield "twice", good + good, no
    yield "in bytes", cbor(good), no
    yield "in a container", cbor({"ctn-v1": [good]}), no
    yield "that is a delegation", dlg(AUTHORITY, sub=str(AUTHORITY.did), cmd="/ucan/attest/proof"), no
    yield "under the tag of delegations", seal(AUTHORITY, DLG, payload), no
    yield "with its head in long form", seal(AUTHORITY, INV, payload, head=b"\x98\x02"), f"{no}: 2 is not in its shortest form"
    yield "with its keys out of order", seal(AUTHORITY, INV, Raw(turned(payload))), f"{no}: the key"
    receipt = seal(AUTHORITY, INV, received({"ok": {}}, iss=str(AUTHORITY.did), sub=str(AUTHORITY.did), nonce=b""))
    yield "that is a receipt of the authority's", receipt, f"cmd: {ATTESTS}"
    not_by = f"not attested by {AUTHORITY.did}"
    yield "that is forged", seal(MALLORY, INV, payload), not_by
    yield "by the audience's own key", seal(AGENT, INV, payload), not_by
    yield "with a bit of its signature flipped", good[:9] + bytes((good[9] ^ 1,)) + good[10:], not_by
    yield "with an empty signature", seal(AUTHORITY, INV, payload, signature=b""), not_by
    yield "that is absentee", seal(AUTHORITY, INV, payload, header=Algorithm.ABSENTEE.header, signature=b""), not_by
    for algorithm in (Algorithm.SECP256K1, Algorithm.P256):
        wrong = seal(AUTHORITY, INV, payload, header=algorithm.header)
        yield f"with a header of {algorithm.name}", wrong, f"the key is ED25519, the signature {algorithm.name}"
    inner = signed(INV, payload)
    nested = seal(AUTHORITY, INV, payload, header=HEADER, signature=attested(inner))
    yield "that is attested itself", nested, f"the key is ED25519, the signature {Algorithm.ATTESTED.name}"
    yield (
        "of a stranger's, about herself",
        seal(MALLORY, INV, attest(message, iss=str(MALLORY.did), sub=str(MALLORY.did))),
        f"iss: {ATTESTS}",
    )
    yield "too long", attested(message, meta={"x": "x" * 100_000}), "an attestation has at most"


def turned(payload: dict[str, object]) -> bytes:
    """A payload with its keys in the order of the alphabet."""
    return bytes((0xA0 | len(payload),)) + b"".join(cbor(key) + cbor(payload[key]) for key in sorted(payload))


def headers(proof: bytes, token: bytes) -> Iterator[Case]:
    """Attestations under the headers of other algorithms."""
    for algorithm in (Algorithm.ED25519, Algorithm.SECP256K1, Algorithm.P256):
        why = f"{AUTHORITY.did} must attest the signature, and this is {algorithm.name}"
        again = attested(signed(DLG, LENT, algorithm.header))
        yield Case(
            f"attestation/under a header of {algorithm.name}", lending(again, algorithm.header), fails("InvalidSignature", why)
        )
        plain = AUTHORITY.key.sign(signed(INV, ASKED, algorithm.header))
        yield Case(
            f"attestation/a plain signature of the authority's under a header of {algorithm.name}",
            asking(plain, algorithm.header),
            fails("InvalidSignature", why),
        )
    yield Case(
        "attestation/absentee",
        asking(b"", Algorithm.ABSENTEE.header),
        fails("UnverifiableSignature", "its signature is absentee (invocation)"),
    )
    yield Case(
        "attestation/absentee, with an attestation",
        lending(attested(proof), Algorithm.ABSENTEE.header),
        fails("UnverifiableSignature", "its signature is absentee (proof (proof 1 of 1))"),
    )
    yield Case(
        "attestation/of an invocation for a proof that says the same",
        lending(attested(token)),
        fails("InvalidSignature", "args: "),
    )


def strangers(proof: bytes) -> Iterator[Case]:
    """Attestations for those who have keys, and where nobody attests."""
    own = invoked()
    token = seal(AUTHORITY, INV, own, header=HEADER, signature=attested(signed(INV, own)))
    yield Case(
        "attestation/for a did:key, which has a key of its own",
        send(token),
        fails("InvalidSignature", "the key is ED25519, the signature ATTESTED"),
    )
    ours = invoked(iss=str(SERVER.did), sub=str(SERVER.did), cmd="/file/own")
    token = seal(AUTHORITY, INV, ours, header=HEADER, signature=attested(signed(INV, ours)))
    yield Case("attestation/for the service itself", send(token), fails("InvalidSignature", f'signature from "{SERVER.did}"'))
    yield Case(
        "attestation/the attestation, sent as an invocation",
        send(attested(proof, aud=str(SERVER.did))),
        fails("HandlerNotFound", '"/ucan/attest/proof"'),
    )
    for name, request in {
        "of a delegation": lending(attested(proof)),
        "of an invocation": asking(attested(signed(INV, ASKED))),
    }.items():
        yield Case(
            f"attestation/where nobody attests: {name}",
            request,
            fails("DIDKeyResolutionError", f'unable to resolve "{MAIL}" key'),
            service=ALONE,
        )
    yield Case(
        "attestation/somebody else's mail",
        proven(seal(AUTHORITY, DLG, LENT, header=HEADER, signature=attested(proof)), sub="did:mailto:example.org:other"),
        fails("InvalidSubject", 'not "did:mailto:example.org:other"'),
    )
