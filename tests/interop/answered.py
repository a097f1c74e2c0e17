"""Cases of a service in Go: what our client and our command line see of it. Every receipt's signature is checked."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forge import Client, CommandPath, Delegation, Invocation, Policy, Receipt, Signer, dagjson
from forge.attestation import AttestedSigner
from forge.client import now
from forge.config import write_private
from forge.did import DID
from forge.document import own_methods
from forge.errors import ServiceError
from forge.keys import Ed25519PrivateKey, Secp256k1PrivateKey
from tests.interop.asking import HOUR
from tests.interop.peer import Peer, party
from tests.interop.stage import Stage
from tests.interop.table import Row

TO_GO: Final = "forge → go"
SHELL_TO_GO: Final = "forge invoke → go"
ECHO: Final = "/debug/echo"
HELLO: Final = {"message": "hello"}
SAID: Final = 'ok {"message":"hello"}'
BY_KIND: Final = {"ed25519": Ed25519PrivateKey, "secp256k1": Secp256k1PrivateKey}
PLC: Final = Signer(Secp256k1PrivateKey.generate(), DID("did:plc:hilt5hilt5hilt5hilt5hilt"))
PLC_DOCUMENT: Final = {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
    "id": PLC.did,
    "verificationMethod": [
        {"id": f"{PLC.did}#hilt", "type": "Multikey", "controller": PLC.did, "publicKeyMultibase": PLC.key.public.text}
    ],
}


@dataclass(frozen=True)
class There:
    """A service in Go, and who it is."""

    url: str
    signer: Signer

    def invoke(
        self,
        by: Signer,
        command: str = ECHO,
        args: dict[str, object] | None = None,
        proofs: Sequence[Delegation] = (),
        **parts: Any,
    ) -> Invocation:
        """Sign an invocation for it, about whoever does so."""
        given: dict[str, Any] = {"subject": by.did, "audience": self.signer.did, "expiration": now() + HOUR, **parts}
        links = [one.cid for one in proofs]
        return Invocation.issue(
            by, command=CommandPath(command), arguments=HELLO if args is None else args, proofs=links, **given
        )


def shown(receipt: Receipt) -> str:
    if receipt.error is None:
        return f"ok {json.dumps(json.loads(dagjson.encode(receipt.ok)), separators=(',', ':'))}"
    assert isinstance(receipt.error, dict)
    return str(receipt.error["name"])


async def outcome(answer: Awaitable[Receipt]) -> str:
    """Say what came of it."""
    try:
        return shown(await answer)
    except ServiceError as error:
        return str(error).split(":", maxsplit=1)[0].split(" by did", maxsplit=1)[0]


def lend(by: Signer, to: DID, command: str = ECHO, **parts: Any) -> Delegation:
    given: dict[str, Any] = {"subject": by.did, "expiration": now() + HOUR, **parts}
    return Delegation.issue(by, audience=to, command=CommandPath(command), **given)


def there(go: Peer, stage: Stage, signer: Signer) -> There:
    """Start a service in Go. It knows the directory, and whom our own service attests for."""
    keys = {"directory": stage.directory.url, "authority": stage.service.did, "documents": [PLC_DOCUMENT]}
    return There(go.do("serve", by=party(signer), keys=keys)["url"], signer)


def answered(stage: Stage, go: Peer) -> Iterator[Row]:
    """Play them: by our client, then by our command line."""
    for kind, key in BY_KIND.items():
        service = there(go, stage, Signer(key.generate()))
        yield Row(f"echo, a service with {kind}", TO_GO, SAID, asyncio.run(once(service, Signer.generate())))
    service = there(go, stage, Signer.generate())
    yield from asyncio.run(played(stage, service))
    web = there(go, stage, Signer(Ed25519PrivateKey.generate(), DID("did:web:go.example.com")))
    known = {web.signer.did: own_methods(web.signer.did, web.signer.key.public)}
    yield Row("echo, a did:web whose key is known", TO_GO, SAID, asyncio.run(once(web, Signer.generate(), known=known)))
    known = {web.signer.did: own_methods(web.signer.did, Signer.generate().key.public)}
    refused = "the receipt cannot be trusted"
    yield Row("a receipt with another key", TO_GO, refused, asyncio.run(once(web, Signer.generate(), known=known)))
    yield from shell(stage, service)


async def once(service: There, by: Signer, **how: Any) -> str:
    async with Client(service.url, **how) as client:
        return await outcome(client.execute(service.invoke(by)))


async def played(stage: Stage, service: There) -> list[Row]:
    """Play what one client asks."""
    alice, bob, go = Signer.generate(), Signer.generate(), service.signer
    mail = AttestedSigner.of(stage.service.signer, DID("did:mailto:example.com:alice%2Bx"))
    lent, passed = lend(alice, bob.did), lend(bob, go.did, subject=None)
    about: dict[str, Any] = {"subject": alice.did}
    message = Policy([["like", ".message", "he*"], ["or", [["==", ".loud?", True], ["!=", ".message", "x"]]]])
    other = Policy([["==", ".message", "other"]])
    rows: list[Row] = []
    async with Client(service.url) as client:

        async def row(case: str, expected: str, invocation: Invocation, *proofs: Delegation) -> None:
            rows.append(Row(case, TO_GO, expected, await outcome(client.execute(invocation, proofs))))

        async def by(who: Signer, case: str, expected: str, *proofs: Delegation, sent: bool = True, **parts: Any) -> None:
            await row(case, expected, service.invoke(who, proofs=proofs, **about | parts), *proofs if sent else ())

        await row("echo, by secp256k1", SAID, service.invoke(Signer(Secp256k1PrivateKey.generate())))
        await row("echo, by a did:plc, its document as plc.directory writes it", SAID, service.invoke(PLC))
        # @did-plc/server 0.0.1 writes EcdsaSecp256k1VerificationKey2019. Ours reads that; Go services read Multikey alone.
        older = stage.directory.create().signer()
        await row("echo, by a did:plc, its document in the older form", "InvalidSignature", service.invoke(older))
        await row("echo, attested for a did:mailto", SAID, service.invoke(mail))
        await row("echo, without an expiration", SAID, service.invoke(alice, expiration=None))
        await row(
            "echo, everything that may be said", SAID, service.invoke(alice, meta={"n": [1, None]}, issued_at=now(), nonce=b"")
        )
        await by(bob, "echo, by a delegation", SAID, lent)
        await by(bob, "echo, by a delegation of all", SAID, lend(alice, bob.did, "/"))
        await by(go, "echo, by a chain with a powerline", SAID, lent, passed)
        await by(bob, "echo, within a policy", SAID, lend(alice, bob.did, policy=message))
        await by(bob, "outside the policy", "MatchError", lend(alice, bob.did, policy=other))
        await by(bob, "no proof", "InvalidClaim")
        await by(bob, "a proof that is named and not sent", "UnavailableProof", lent, sent=False)
        await by(bob, "a proof that has expired", "Expired", lend(alice, bob.did, expiration=now() - HOUR))
        await by(bob, "a proof that is not valid yet", "TooEarly", lend(alice, bob.did, not_before=now() + HOUR))
        await by(bob, "a powerline for a root", "InvalidClaim", lend(alice, bob.did, subject=None))
        await by(bob, "a proof about somebody else", "InvalidSubject", lend(alice, bob.did, subject=go.did))
        await by(go, "a chain in the wrong order", "InvalidAudience", lend(bob, go.did, **about), lent)
        await by(bob, "signed with another key", "InvalidSignature", lend(Signer(bob.key, alice.did), bob.did))
        await by(bob, "an invocation that has expired", "Expired", lent, expiration=now() - HOUR)
        looked = await outcome(client.look(service.invoke(alice)))
        rows.append(Row("echo, in a header", TO_GO, SAID, looked))
        looked = await outcome(client.look(service.invoke(bob, proofs=[lent], **about), [lent]))
        rows.append(Row("echo, in a header, by a delegation", TO_GO, SAID, looked))
        looked = await outcome(client.look(service.invoke(bob, **about)))
        rows.append(Row("in a header, no proof", TO_GO, "InvalidClaim", looked))
        await row("a command that nobody serves", "HandlerNotFound", service.invoke(alice, "/debug/nothing"))
        await row("arguments of another type", "MalformedArguments", service.invoke(alice, args={"message": 1}))
        await row("a failure of the command's own", "InsufficientStorage", service.invoke(alice, "/test/refuse", {}))
        await row("a fault", "HandlerExecutionError", service.invoke(alice, "/test/fail", {}))
        await row("addressed to another service", "missing receipt for task", service.invoke(alice, audience=alice.did))
        several = [service.invoke(alice, args={"message": str(number)}) for number in range(100)]
        found = [shown(one) for one in await client.execute_all(several)]
        said = [f'ok {{"message":"{number}"}}' for number in range(100)]
        rows.append(
            Row("100 in a container", TO_GO, "100 receipts in order", "100 receipts in order" if found == said else str(found))
        )
    return rows


def shell(stage: Stage, service: There) -> Iterator[Row]:
    """Ask by `forge invoke`, in processes of its own."""
    folder = stage.folder / "shell"
    folder.mkdir()
    alice, bob, key, proof = Signer.generate(), Signer.generate(), folder / "bob.pem", folder / "bob.ucan"
    write_private(key, bob.key.pem())
    lent = ["--subject", alice.did, "--proof", proof]

    def row(case: str, status: int, expected: str, *what: object) -> Row:
        to = ("--url", service.url, "--audience", service.signer.did, "--key", key, "--subject", "self", "--json")
        return Row(case, SHELL_TO_GO, f"{status}: {expected}", forge("invoke", *to, *what))

    write_private(folder / "alice.pem", alice.key.pem())
    delegated = forge(
        "delegate", "--key", folder / "alice.pem", "--audience", bob.did, "--subject", "self", "--command", ECHO,
        "--policy", '["like", ".message", "he*"]', "--expires", "1h", "-o", proof,
    )  # fmt: skip
    assert delegated.startswith("0"), delegated
    yield row("echo", 0, SAID, ECHO, "message=hello")
    yield row("echo, by a delegation", 0, SAID, ECHO, "message=hello", *lent)
    yield row("outside the policy", 1, "MatchError", ECHO, "message=other", *lent)
    yield row("a command that nobody serves", 1, "HandlerNotFound", "/debug/nothing")
    yield row("a fault", 1, "HandlerExecutionError", "/test/fail")
    yield row("addressed to another service", 3, "missing receipt for task", ECHO, "message=hello", "--audience", alice.did)


def forge(*arguments: object) -> str:
    """Run our command line; give its status, and the result, or what an error begins with."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("FORGE_")}
    command = [sys.executable, "-m", "forge", *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=Path(__file__).parents[2])
    said = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    if "ok" in said:
        return f"{done.returncode}: ok {json.dumps(said['ok'], separators=(',', ':'))}"
    if "error" in said:
        return f"{done.returncode}: {said['error']['name']}"
    return f"{done.returncode}: {done.stderr.removeprefix('forge: ').split(':', maxsplit=1)[0]}"
