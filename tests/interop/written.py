"""Cases of what one side writes and the other reads: containers in all encodings, tokens of every kind, DID documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from forge import CommandPath, Container, Delegation, Invocation, Policy, Receipt, Signer, dagjson
from forge.attestation import AttestedSigner
from forge.cid import CID
from forge.client import now
from forge.container import Encoding, Token
from forge.did import DID
from forge.document import describe, methods_of
from forge.keys import PublicKey, Secp256k1PrivateKey
from forge.method import VerificationMethod
from tests.interop.answered import BY_KIND, TO_GO
from tests.interop.asking import FROM_GO, HOUR
from tests.interop.peer import Peer, PeerError, party, value
from tests.interop.reading import kind, read, sealed
from tests.interop.table import Row

MAIL: Final = DID("did:mailto:example.com:alice%2Bx")
NOTE: Final[dict[str, Any]] = {"note": "é", "n": [1, {"x": None}], "b": b"\x00\xff", "l": CID.of(b"\xf6"), "": -(2**53)}
POLICY: Final[list[Any]] = [
    ["==", ".status", "draft"],
    ["<=", ".size", 1 << 20],
    ["like", ".path", "/home/*"],
    ["not", ["and", [["==", ".a", b"\x00\xff"], [">", ".b", -1]]]],
    ["or", [["all", ".to", ["like", ".", "*@example.org"]], ["any", ".cc", ["==", ".", CID.of(b"\xf6")]]]],
]


def written(go: Peer) -> Iterator[Row]:
    """Play them."""
    for name, (token, signer) in ours().items():
        yield Row(f"a token: {name}", TO_GO, meaning(token), read_there(go, token, signer))
    for name, (told, signer) in theirs(go).items():
        yield Row(f"a token: {name}", FROM_GO, f"{told['kind']} {told['cid']}", read(told, signer))
    three = [token for token, _ in ours().values()][3:6]
    others = [told for told, _ in theirs(go).values()][:3]
    for encoding in Encoding:
        name = f"a container, encoding {encoding.value}"
        yield Row(name, TO_GO, listing(sorted(map(bytes, three))), listed(go, Container.of(*three).encode(encoding)))
        packed = go.do("pack", tokens=[one["token"] for one in others], letter=encoding.value)["container"]
        found = [bytes(one) for one in Container.decode(bytes.fromhex(packed)).tokens]
        yield Row(name, FROM_GO, listing(sorted(bytes.fromhex(one["token"]) for one in others)), listing(found))
    yield from documents(go)


def ours() -> dict[str, tuple[Token, Signer]]:
    """Write tokens of every kind."""
    return dict(_ours())


def _ours() -> Iterator[tuple[str, tuple[Token, Signer]]]:
    for name, signer in (("", Signer.generate()), (" by secp256k1", Signer(Secp256k1PrivateKey.generate()))):
        to, command, until = Signer.generate().did, CommandPath("/file/read"), now() + HOUR
        parts: dict[str, Any] = {"audience": to, "command": command}
        yield f"a delegation{name}", (Delegation.issue(signer, subject=signer.did, expiration=until, **parts), signer)
        full: dict[str, Any] = {"policy": Policy(POLICY), "not_before": 1, "meta": NOTE, "nonce": b""}
        token = Delegation.issue(signer, subject=signer.did, expiration=until, **parts, **full)
        yield f"a delegation of everything{name}", (token, signer)
        yield f"a powerline{name}", (Delegation.issue(signer, subject=None, expiration=None, **parts), signer)
        plain = Invocation.issue(signer, subject=signer.did, command=command, arguments={}, expiration=None, nonce=b"")
        yield f"an invocation{name}", (plain, signer)
        full = {"audience": to, "issued_at": 1, "cause": CID.of(b"\x03"), "meta": NOTE}
        token_ = Invocation.issue(signer, subject=signer.did, command=command, arguments=NOTE, expiration=until, **full)
        yield f"an invocation of everything{name}", (token_, signer)
        yield f"a receipt{name}", (Receipt.issue(signer, ran=plain.task, out=NOTE, issued_at=1), signer)
    attested = AttestedSigner.of(Signer.generate(), MAIL)
    token = Delegation.issue(attested, audience=to, subject=attested.did, command=CommandPath("/"), expiration=None)
    yield "an attested delegation", (token, attested)


def meaning(token: Token) -> str:
    """Say what must be read of a token of ours."""
    whole = sealed(token)
    task = f", task {whole.task}" if isinstance(whole, Invocation) else ""
    return f"{kind(token)} {token.cid}{task}"


def read_there(go: Peer, token: Token, signer: Signer) -> str:
    """Have a token of ours read, verified and written again."""
    found = go.do("read", container=Container.of(token).to_cbor().hex(), wrapped=False)
    if not found["same"] or [one["token"] for one in found["tokens"]] != [bytes(token).hex()]:
        return "other bytes"
    (one,) = found["tokens"]
    if one["means"] != json.loads(dagjson.encode(sealed(token).envelope.payload)):
        return "another meaning"
    keys = {"authority": signer.authority} if isinstance(signer, AttestedSigner) else {}
    verdict = go.do("verify", token=one["token"], keys=keys)["verdict"]
    task = f", task {one['task']}" if "task" in one else ""
    return f"{one['kind']} {one['cid']}{task}" if verdict == "ok" else str(verdict)


def listing(tokens: Iterable[bytes]) -> str:
    """Name tokens, in the order in which a container has them."""
    names = [str(CID.of(one)) for one in tokens]
    return f"{len(names)} tokens, {CID.of(' '.join(names).encode())}"


def listed(go: Peer, data: bytes) -> str:
    try:
        found = go.do("read", container=data.hex(), wrapped=True)
    except PeerError as error:
        return str(error)
    return listing(bytes.fromhex(one["token"]) for one in found["tokens"]) if found["same"] else "other bytes"


def theirs(go: Peer) -> dict[str, tuple[dict[str, Any], Signer]]:
    """Have tokens of every kind written."""
    made: dict[str, tuple[dict[str, Any], Signer]] = {}
    to, until, cause, ran = Signer.generate().did, now() + HOUR, str(CID.of(b"\x03")), str(CID.of(b"\x02"))
    error = {"error": {"name": "InsufficientStorage", "message": "there is no room"}}
    for name, signer in (("", Signer.generate()), (" by secp256k1", Signer(Secp256k1PrivateKey.generate()))):

        def write(what: str, order: str, signer: Signer = signer, name: str = name, **parts: Any) -> None:
            made[what + name] = go.do(order, by=party(signer), **parts), signer

        lent: dict[str, Any] = {"audience": to, "command": "/file/read"}
        full = {"policy": value(POLICY), "not_before": 1, "nonce": "", "meta": value(NOTE)}
        write("a delegation of everything", "delegate", subject=signer.did, expires=until, **lent, **full)
        asked: dict[str, Any] = {"subject": signer.did, "command": "/file/read"}
        full = {"audience": to, "issued_at": 1, "cause": cause, "meta": value(NOTE), "proofs": [ran], "args": value(NOTE)}
        write("an invocation of everything", "invoke", expires=until, **asked, **full)
        write("a receipt", "conclude", ran=ran, out=value({"ok": NOTE}), issued_at=1, expires=None)
        write("a receipt of an error", "conclude", ran=ran, out=error, issued_at=0, expires=until)
        write("a powerline", "delegate", subject=None, policy=[], expires=None, **lent)
        write("an invocation", "invoke", args={}, proofs=[], expires=None, **asked)
    attested = AttestedSigner.of(Signer.generate(), MAIL)
    lent = {"audience": to, "subject": MAIL, "command": "/", "policy": [], "expires": None}
    made["an attested delegation"] = go.do("delegate", by=party(attested), **lent), attested
    return made


def documents(go: Peer) -> Iterator[Row]:
    """Have DID documents read, both ways."""
    for name, key in BY_KIND.items():
        signer = Signer(key.generate(), DID("did:web:upload.example.com"))
        ours, theirs = describe(signer.did, signer.key.public), go.do("describe", by=party(signer))["document"]
        method = f"{signer.did}#key-0 {signer.key.public.text} for 2"
        yield Row(f"a DID document, {name}", TO_GO, method, go.do("methods", document=ours)["methods"])
        found = ", ".join(f"{one.id} {told(one)} for {len(one.relationships)}" for one in methods_of(theirs, signer.did))
        yield Row(f"a DID document, {name}", FROM_GO, method, found)


def told(method: VerificationMethod) -> str:
    return method.key.text if isinstance(method.key, PublicKey) else str(method.key)
