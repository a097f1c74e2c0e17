"""Who takes part, and the good tokens that each hostile one differs from by one thing.

Keys, nonces and the time are fixed: a case is the same bytes at every run.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from forge.cid import CID
from forge.did import DID
from forge.keys import Ed25519PrivateKey, Signer
from tests.core.raw import cbor
from tests.core.tokens import DLG, INV, seal, without_absent
from tests.hostile.case import Request
from tests.vectors import parts
from tests.vectors.parts import NONCE, NOW, name_of

__all__ = ["NOW", "name_of"]


def known(signer: Signer) -> Signer:
    """Say once who signs: working a did:key out takes longer than signing."""
    return Signer(signer.key, signer.did)


def person(number: int) -> Signer:
    """Give somebody."""
    return known(Signer(Ed25519PrivateKey(number.to_bytes(32))))


OWNER, AGENT, ROBOT, SERVER = map(known, (parts.OWNER, parts.AGENT, parts.ROBOT, parts.SERVER))
MALLORY: Final = person(66)
"""Nobody lends her anything."""
AUTHORITY: Final = person(65)
"""Attests for did:mailto."""
MAIL: Final = DID(parts.MAIL)
NOBODY: Final = DID("did:example:nobody")
"""Whose keys cannot be found out, whoever is asked."""
WEB: Final = DID(parts.WEB)
PEOPLE: Final = (OWNER, *(person(number) for number in range(1, 5)))
"""A chain goes from one to the next."""
HOUR: Final = 3600
COMMAND: Final = "/file/write"
ARGUMENTS: Final[dict[str, object]] = {"text": "x"}


def invoked(signer: Signer = OWNER, /, **fields: object) -> dict[str, object]:
    """The payload of an invocation by which the owner writes."""
    usual: dict[str, object] = {
        "iss": str(signer.did),
        "sub": str(OWNER.did),
        "aud": str(SERVER.did),
        "cmd": COMMAND,
        "args": ARGUMENTS,
        "prf": [],
        "exp": NOW + HOUR,
        "nonce": NONCE,
    }
    return without_absent(usual | fields)


def delegated(signer: Signer = OWNER, /, **fields: object) -> dict[str, object]:
    """The payload of a delegation by which the owner lets the agent write."""
    usual: dict[str, object] = {
        "iss": str(signer.did),
        "aud": str(AGENT.did),
        "sub": str(OWNER.did),
        "cmd": COMMAND,
        "pol": [],
        "exp": NOW + HOUR,
        "nonce": NONCE,
    }
    return without_absent(usual | fields)


def inv(signer: Signer = OWNER, /, **fields: object) -> bytes:
    """Sign an invocation, good but for `fields`."""
    return seal(signer, INV, invoked(signer, **fields))


def dlg(signer: Signer = OWNER, /, **fields: object) -> bytes:
    """Sign a delegation, good but for `fields`."""
    return seal(signer, DLG, delegated(signer, **fields))


def send(*tokens: bytes) -> Request:
    """Put tokens into a container, in this order."""
    return Request(cbor({"ctn-v1": list(tokens)}))


def proven(*proofs: bytes, by: Signer = AGENT, **fields: object) -> Request:
    """Let the last of a chain invoke, and send the chain along."""
    return send(inv(by, **({"prf": links(*proofs)} | fields)), *proofs)


def links(*tokens: bytes) -> list[CID]:
    """Give the names of tokens, in this order."""
    return [name_of(token) for token in tokens]


def chain(length: int, **fields: object) -> tuple[Signer, list[bytes]]:
    """Delegate on and on, from the owner; give the last audience, and the delegations root first."""
    people = [*PEOPLE, *(person(number) for number in range(len(PEOPLE), length + 1))][: length + 1]
    usual: dict[str, object] = {"sub": str(OWNER.did)}
    delegations = [dlg(issuer, **(usual | {"aud": str(audience.did)} | fields)) for issuer, audience in pairwise(people)]
    return people[-1], delegations
