"""How the peer asks our service: it signs, sends, reads the receipt and checks who signed that; and what it sees."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from forge.cid import CID
from forge.client import now
from forge.did import DID
from forge.keys import Signer
from tests.interop.peer import Peer, PeerError, party, value
from tests.interop.stage import Service
from tests.interop.table import Row

FROM_GO: Final = "go → forge"
HOUR: Final = 3600
PRODUCT: Final = "did:web:starter.example.com"

Token = dict[str, Any]


def seen(answer: dict[str, Any]) -> str:
    """Say what a receipt holds: its result, or its error's name."""
    if "ok" in answer:
        return f"ok {json.dumps(answer['ok'], ensure_ascii=False, separators=(',', ':'), sort_keys=True)}"
    return str(answer["error"])


def named(answer: dict[str, Any]) -> str:
    """Name a receipt: the same name is the same bytes."""
    return f"receipt {CID.of(bytes.fromhex(answer['receipt']))}"


@dataclass
class Asking:
    """The peer, and the service that it asks."""

    go: Peer
    service: Service
    keys: dict[str, Any] = field(default_factory=dict)
    """Where the peer finds the keys of DIDs that are no did:key."""

    def who(self, signer: Signer | dict[str, Any]) -> DID:
        return signer.did if isinstance(signer, Signer) else DID(self.go.do("who", by=signer)["did"])

    def delegate(self, by: Signer, to: DID, command: str, subject: DID | str | None = "self", **parts: Any) -> Token:
        """Let the peer delegate, about whoever does so."""
        parts = {"expires": now() + HOUR, "policy": []} | parts
        subject = by.did if subject == "self" else subject
        return self.go.do("delegate", by=party(by), audience=to, subject=subject, command=command, **parts)

    def invocation(
        self,
        by: Signer | dict[str, Any],
        command: str,
        args: Mapping[str, object],
        subject: DID | None = None,
        proofs: Sequence[Token] = (),
        **parts: Any,
    ) -> Token:
        """Let the peer invoke, about whoever does so, addressed to the service."""
        parts = {"expires": now() + HOUR, "audience": self.service.did} | parts
        return self.go.do(
            "invoke",
            by=party(by) if isinstance(by, Signer) else by,
            subject=subject or self.who(by),
            command=command,
            args=value(args),
            proofs=[one["cid"] for one in proofs],
            **parts,
        )

    def send(self, *tokens: Token, method: str = "", letter: str = "") -> dict[str, Any]:
        """Let the peer send tokens, and give what it reads in the receipt of the first."""
        return self.go.do(
            "send",
            # A header is sent to the path of its command.
            url=self.service.url + (tokens[0]["means"]["cmd"] if method else ""),
            tokens=[one["token"] for one in tokens],
            method=method,
            letter=letter,
            keys=self.keys,
        )

    def ask(self, *what: Any, attached: Sequence[Token] | None = None, **parts: Any) -> str:
        """Invoke, send it with its proofs (or with what is attached instead), and say what came of it."""
        how = {name: parts.pop(name) for name in ("method", "letter") if name in parts}
        invocation = self.invocation(*what, **parts)
        proofs = parts.get("proofs", ())
        return self.sent(invocation, *(proofs if attached is None else attached), **how)

    def sent(self, *tokens: Token, **how: str) -> str:
        """Send, and say what came of it."""
        try:
            return seen(self.send(*tokens, **how))
        except PeerError as error:
            return str(error).split(":", maxsplit=1)[0]

    def row(self, case: str, expected: str, *what: Any, **how: Any) -> Row:
        """Ask, as a row."""
        return Row(case, FROM_GO, expected, self.ask(*what, **how))
