"""Tokens for the tests of `forge verify`: Alice lends to Bob, and Bob to Carol, who invokes."""

from __future__ import annotations

from typing import Any, Final

from forge.command import CommandPath
from forge.container import Container
from forge.delegation import Delegation
from forge.invocation import Invocation
from forge.keys import P256PrivateKey, Signer

ALICE, BOB, CAROL, SERVICE = Signer.generate(), Signer(P256PrivateKey.generate()), Signer.generate(), Signer.generate()
ADD: Final = CommandPath("/customer/add")
AT: Final = 1_767_225_600
NOW: Final = ["--at", str(AT)]


def lend(issuer: Signer = ALICE, audience: Signer = BOB, subject: Signer | None = ALICE, **more: Any) -> Delegation:
    fields: dict[str, Any] = {"command": ADD, "expiration": AT + 10, **more}
    return Delegation.issue(issuer, audience=audience.did, subject=subject.did if subject else None, **fields)


def ask(issuer: Signer, *proofs: Delegation, subject: Signer = ALICE, **more: Any) -> Invocation:
    fields: dict[str, Any] = {"command": ADD, "arguments": {}, "expiration": AT + 100, "audience": SERVICE.did, **more}
    return Invocation.issue(issuer, subject=subject.did, proofs=[proof.cid for proof in proofs], **fields)


def text(*tokens: Any) -> str:
    return Container.of(*tokens).encode().decode()


ROOT: Final = lend()
LINK: Final = lend(BOB, CAROL)
ASKED: Final = ask(CAROL, ROOT, LINK)
WHOLE: Final = text(ASKED, ROOT, LINK)


def lines(shown: str) -> list[str]:
    return [" ".join(line.split()) for line in shown.splitlines()]
