"""Signatures: kinds of keys, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from forge.attestation import AttestedSigner
from forge.cid import CID
from forge.client import now
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.invocation import Invocation
from forge.keys import P256PublicKey, Secp256k1PublicKey, Signer
from tests.interop.js_chains import ECHO, HELLO, HOUR, ONE, OURS, THEIRS, Chain, Link
from tests.interop.js_driver import data, given
from tests.interop.js_judged import Bench
from tests.interop.js_made import Made, flipped, forced, ours, theirs
from tests.interop.js_people import People
from tests.interop.table import Row
from tests.vectors.parts import name_of

ALONE = Chain("alone", (), by="owner")
FOREIGN = {"p384": "P-384", "p521": "P-521", "rsa": "RSA", "eip191": "a wallet's (EIP-191)"}
"""What iso-ucan has and we do not. Their varsig headers are none that we know, so that their tokens are none to us."""
ORDERS = {"secp": Secp256k1PublicKey.ORDER, "nist": P256PublicKey.ORDER}
MISMATCH = "signature verification failed"


def rows(bench: Bench, people: People) -> Iterator[Row]:
    """Play them."""
    yield from _kinds(bench, people)
    yield from _foreign(bench, people)
    yield from _attested(bench, people)
    yield from _wrong(bench, people)


def _kinds(bench: Bench, people: People) -> Iterator[Row]:
    for name, kind in {"owner": "Ed25519", "secp": "secp256k1", "nist": "P-256"}.items():
        alone = Chain(kind, (), by=name, subject=name)
        lent = Chain(kind, (Link(name, "agent", subject=name),), subject=name)
        for case, chain in {f"a key that is {kind}": alone, f"lent by a key that is {kind}": lent}.items():
            yield Row(case, THEIRS, "ok", bench.by_us(theirs(bench.driver, people, chain)))
            yield Row(case, OURS, "ok", bench.by_them(ours(people, chain)))
    # Of a signature and its twin only the one with the low s is taken here, or a delegation that was revoked would have one
    # that was not. WebCrypto makes either, so that half of what iso-ucan signs with P-256 is refused: sign again.
    parts = {"issuer": "nist", "aud": people.did("service"), "sub": people.did("nist"), "cmd": ECHO, "args": given(HELLO)}
    made = bench.driver.ask("invoke", prf=[], s="high", **parts)
    yield Row("P-256 with a high s, as half of WebCrypto's", THEIRS, "InvalidSignature", bench.by_us(Made(data(made["token"]))))
    for name, expected in {"secp": MISMATCH, "nist": "ok"}.items():
        twin = Made(high(ours(people, Chain(name, (), by=name, subject=name)).token, ORDERS[name]))
        yield Row(f"the twin of a signature of {name}", THEIRS, "InvalidSignature", bench.by_us(twin))
        yield Row(f"the twin of a signature of {name}", OURS, expected, bench.by_them(twin))


def _foreign(bench: Bench, people: People) -> Iterator[Row]:
    for kind, said in FOREIGN.items():
        did = bench.driver.ask("person", name=kind, kind=kind)
        parts: dict[str, Any] = {"issuer": kind, "cmd": ECHO, "sub": did}
        made = bench.driver.ask("invoke", aud=people.did("service"), args=given(HELLO), prf=[], **parts)
        yield Row(f"a key that is {said}", THEIRS, "no receipt", bench.by_us(Made(data(made["token"]))))
        proof = bench.driver.ask("delegate", aud=people.did("agent"), pol=given([]), **parts)
        linked = {"prf": [CID.parse(proof["cid"])], "aud": people.did("service"), "sub": did, "cmd": ECHO, "args": HELLO}
        token = forced(bench.driver, people, "agent", {**linked, "exp": now() + HOUR})
        # The DID of an RSA key is longer than a did:key may be here, and stands in the invocation too.
        expected = "no receipt" if kind == "rsa" else "UnavailableProof"
        yield Row(f"lent by a key that is {said}", THEIRS, expected, bench.by_us(Made(token, (data(proof["token"]),))))


def _attested(bench: Bench, people: People) -> Iterator[Row]:
    """What we have and iso-ucan does not: somebody known by an e-mail address, for whom the service attests."""
    mail = AttestedSigner.of(people["service"], DID("did:mailto:example.com:alice"))
    proof = Delegation.issue(
        mail, audience=people.did("agent"), subject=mail.did, command=CommandPath(ECHO), expiration=now() + HOUR
    )
    parts = {"prf": [proof.cid], "aud": people.did("service"), "sub": mail.did, "cmd": ECHO, "args": HELLO, "exp": now() + HOUR}
    made = Made(forced(bench.driver, people, "agent", parts), (bytes(proof),))
    yield Row("lent by an e-mail address", THEIRS, "ok", bench.by_service(made))
    yield Row("lent by an e-mail address", OURS, "Unsupported algorithm 3145729", bench.by_them(made))


def _wrong(bench: Bench, people: People) -> Iterator[Row]:
    for case, one in {"a signature with a bit changed": flipped, "a signature of zeros": emptied}.items():
        made, given_ = theirs(bench.driver, people, ALONE), ours(people, ALONE)
        yield Row(case, THEIRS, "InvalidSignature", bench.by_us(Made(one(made.token))))
        yield Row(case, OURS, MISMATCH, bench.by_them(Made(one(given_.token))))
        proof, given_proof = one(theirs(bench.driver, people, LENT).proofs[0]), one(ours(people, LENT).proofs[0])
        yield Row(f"{case}, of a proof", THEIRS, "InvalidSignature", bench.by_us(with_proof(people, proof)))
        yield Row(f"{case}, of a proof", OURS, MISMATCH, bench.by_them(with_proof(people, given_proof)))
    parts: dict[str, Any] = {"aud": people.did("service"), "sub": people.did("owner"), "cmd": ECHO, "args": HELLO, "prf": []}
    parts |= {"exp": now() + HOUR, "iss": people.did("owner")}
    forged = Made(forced(bench.driver, people, "agent", parts))
    yield Row("signed by another key", THEIRS, "InvalidSignature", bench.by_us(forged))
    impostor = People({**people.signers, "owner": Signer(people["agent"].key, people.did("owner"))})
    yield Row("signed by another key", OURS, MISMATCH, bench.by_them(ours(impostor, ALONE)))


LENT = Chain("lent", ONE)


def with_proof(people: People, proof: bytes) -> Made:
    """Have the agent invoke by a proof, whatever it is."""
    invocation = Invocation.issue(
        people["agent"],
        subject=people.did("owner"),
        audience=people.did("service"),
        command=CommandPath(ECHO),
        arguments=HELLO,
        expiration=now() + HOUR,
        proofs=[name_of(proof)],
    )
    return Made(bytes(invocation), (proof,))


def emptied(token: bytes) -> bytes:
    """Put zeros in the place of a token's signature."""
    return token[:3] + bytes(64) + token[67:]


def high(token: bytes, order: int) -> bytes:
    """Put the signature's twin in its place."""
    return token[:35] + (order - int.from_bytes(token[35:67])).to_bytes(32) + token[67:]
