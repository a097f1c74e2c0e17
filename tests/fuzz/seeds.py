"""What fuzzing begins with: the samples and vectors of the other tests, and pieces put together in every way of interest."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, Final

from forge.cid import CID
from forge.command import CommandPath
from forge.container import Container, Encoding
from forge.delegation import Delegation
from forge.invocation import Invocation
from forge.keys import Signer
from forge.policy import Policy
from forge.receipt import Receipt
from tests.core import test_fuzz
from tests.core.principals import NOW, SERVICE, N
from tests.core.raw import cbor
from tests.fuzz import people
from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.laws.selector import SAMPLE, SEPARATOR
from tests.fuzz.pieces import ALIKE, NUMBERS, PATTERNS, PLAIN, SELECTORS, STATEMENTS, encoded
from tests.vectors import generate


def load(name: str) -> Any:
    return json.loads((generate.FOLDER / name).read_bytes())


def seeds(target: str) -> list[bytes]:
    """Give the inputs that fuzzing a target begins with, none of them found by it."""
    return SEEDS[target]


def _vectors(*forms: str) -> list[bytes]:
    named = [*load("refused.json"), *load("containers.json")]
    return [bytes.fromhex(one["hex"]) for one in named if one["as"] in forms]


def chain(*signers: Signer) -> Container:
    """The first asks itself; each of the others asks on what it was lent by the one before it."""
    subject, command = signers[0].did, CommandPath("/msg/send")
    policy = Policy.decode([["!=", ".q?", 1]])
    proofs: list[Delegation] = []
    for issuer, audience in pairwise(signers):
        proofs.append(
            Delegation.issue(
                issuer,
                audience=audience.did,
                subject=None if proofs else subject,
                command=command,
                expiration=None,
                not_before=1,
                policy=policy,
                nonce=N,
            )
        )
    asked = Invocation.issue(
        signers[-1],
        subject=subject,
        command=command,
        arguments={"a": [1]},
        proofs=[proof.cid for proof in proofs],
        expiration=1 << 40,
        nonce=N,
        audience=SERVICE.did,
        cause=CID.of(b""),
        issued_at=NOW,
        meta={"m": 1},
    )
    answer = Receipt.issue(signers[-1], ran=asked.task, out={"done": True}, issued_at=NOW, nonce=N)
    return Container.of(proofs, asked, answer)


def forged(data: bytes) -> bytes:
    """Spoil a token's signature, and nothing else."""
    at = 10
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


CHAINS: Final = [
    *(chain(signer) for signer in people.EVERYBODY),
    *(chain(*pair) for pair in pairwise((*people.EVERYBODY, people.EVERYBODY[0]))),
    chain(*people.EVERYBODY[4:8]),
]
# A private key, though nobody's, is nothing to keep in a file.
SAMPLES: Final = [data for data in test_fuzz.SEEDS if b"PRIVATE KEY" not in data and not data.startswith(b"Mg")]
SEEDS: Final[dict[str, list[bytes]]] = {
    "container": [
        *SAMPLES,
        *_vectors("cbor", "text"),
        *(bytes.fromhex(one["hex"]) for one in load("verified.json")),
        *(one.to_cbor() for one in CHAINS),
        *(one.encode(encoding) for one in CHAINS[::5] for encoding in Encoding),
    ],
    "token": [
        *SAMPLES,
        *_vectors("token", "delegation", "invocation", "receipt"),
        *(bytes.fromhex(one["hex"]) for one in load("tokens.json")["tokens"]),
        *(bytes.fromhex(one["token"]) for one in load("go/tokens.json")),
        *(bytes(token) for one in CHAINS for token in one.tokens),
        *(forged(bytes(token)) for one in CHAINS for token in one.tokens),
    ],
    "document": [
        *(json.dumps(one).encode() for one in DOCUMENTS),
        *(json.dumps(one, ensure_ascii=False, indent=1).encode("utf-16") for one in DOCUMENTS[::40]),
    ],
    "policy": [
        *encoded(*([statement] for statement in STATEMENTS)),
        *encoded(*([[statement], SAMPLE, 100_000] for statement in STATEMENTS)),
        *encoded(*([[["==", selector, None]], SAMPLE] for selector in SELECTORS)),
        *encoded(*([[["==", ".", one]], other] for one in ALIKE for other in ALIKE)),
        *encoded(
            *([[[operator, ".", limit]], number] for operator in ("<", ">=") for limit in NUMBERS[::3] for number in NUMBERS)
        ),
        *encoded(*([[["like", ".", pattern]], text] for pattern in PATTERNS for text in ("", "a", "aab", "text", "*", "éé"))),
    ],
    "selector": [
        *(source.encode() for source in SELECTORS),
        *(f".{one}{other}".encode() for one in SELECTORS for other in SELECTORS),
        *(
            source.encode() + SEPARATOR + cbor(value)
            for source in SELECTORS
            for value in PLAIN
            if isinstance(value, list | dict)
        ),
    ],
}
"""Every seed is one that somebody else's test has, or is made of pieces in every way that is of interest."""
