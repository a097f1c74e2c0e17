"""The other side: a node process that has `iso-ucan` and `@did-plc/lib`, and does with them what it is asked to do."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from forge import dagcbor
from forge.keys import Ed25519PrivateKey, P256PrivateKey, Secp256k1PrivateKey, Signer
from tests.npm import install

HERE: Final = Path(__file__).parent / "js"
KINDS: Final = {Ed25519PrivateKey: "ed25519", Secp256k1PrivateKey: "secp256k1", P256PrivateKey: "p256"}


class RefusedError(Exception):
    """It would not; the message is its own."""


@dataclass(frozen=True)
class Driver:
    """A running driver."""

    process: subprocess.Popen[str]

    def ask(self, do: str, **how: Any) -> Any:
        """Have something done; bytes go as base64.

        Raises:
            RefusedError: it threw.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"do": do, **how}), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["ok"]

    def said(self, do: str, **how: Any) -> str:
        """Have something done, and give what was said of it: `ok`, or what iso-ucan threw, without what is particular."""
        try:
            self.ask(do, **how)
        except RefusedError as refused:
            return particular(str(refused))
        return "ok"

    def person(self, name: str, signer: Signer, did: str | None = None) -> None:
        """Let it sign with a key of ours, as its did:key or as another DID."""
        kind = KINDS[type(signer.key)]
        key = {"jwk": _jwk(signer)} if kind == "p256" else {"secret": text(signer.key.secret)}
        self.ask("person", name=name, kind=kind, did=did or signer.did, **key)


def particular(message: str) -> str:
    """Leave what differs from run to run out of a message of iso-ucan's."""
    for mark in (". Received", ", expected", ". Expected", ": DID ", ": bafy", ": ✖", " for did:", ": did:"):
        message = message.partition(mark)[0]
    return message.removeprefix("UCAN ").removeprefix("Invocation ")


def text(data: bytes) -> str:
    return b64encode(data).decode()


def data(text: str) -> bytes:
    return b64decode(text)


def given(value: object) -> str:
    """Write a value of the data model for the driver."""
    return text(dagcbor.encode(value))


def value(given: str) -> Any:
    """Read one."""
    return dagcbor.decode(data(given))


def texts(tokens: Sequence[bytes]) -> list[str]:
    return [text(token) for token in tokens]


@contextmanager
def driver() -> Iterator[Driver]:
    """Run one."""
    install(HERE, "iso-ucan")
    process = subprocess.Popen(
        ["node", "driver.mjs"],  # noqa: S607 - wherever it is installed
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Driver(process)
        # It ends where nothing more can be asked.


def _jwk(signer: Signer) -> dict[str, str]:
    numbers = ec.derive_private_key(int.from_bytes(signer.key.secret), ec.SECP256R1()).public_key().public_numbers()
    point = {"x": numbers.x.to_bytes(32), "y": numbers.y.to_bytes(32), "d": signer.key.secret}
    encoded = {name: text(part).translate(str.maketrans("+/", "-_", "=")) for name, part in point.items()}
    return {"kty": "EC", "crv": "P-256", **encoded}
