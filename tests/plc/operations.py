"""Operations on a did:plc: made, signed, and sent to a directory (protocol §2.7).

operation ::= { "prev", "type": "plc_operation", "services", "alsoKnownAs", "rotationKeys", "verificationMethods" }
tombstone ::= { "prev", "type": "plc_tombstone" }
signed    ::= the same and "sig": base64url( signature over the DAG-CBOR without it )
did       ::= "did:plc:" the first 24 characters of base32( sha256( DAG-CBOR of the signed first operation ) )
"""

from __future__ import annotations

import json
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from forge import dagcbor
from forge.cid import CID
from forge.did import DID
from forge.keys import PrivateKey, Secp256k1PrivateKey, Signer

Operation = dict[str, dagcbor.Value]


class RefusedError(Exception):
    """The directory did not take an operation."""


@dataclass
class Identity:
    """A did:plc and all that is needed to change it."""

    directory: str
    did: DID
    rotation: PrivateKey
    last: Operation
    keys: dict[str, PrivateKey] = field(default_factory=dict)

    @classmethod
    def create(cls, directory: str, keys: Mapping[str, PrivateKey] | None = None) -> Identity:
        """Make one, with a key `main` where none are given."""
        rotation = Secp256k1PrivateKey.generate()
        keys = dict(keys or {"main": Secp256k1PrivateKey.generate()})
        first = signed(operation(rotation, keys, None), rotation)
        digest = sha256(dagcbor.encode(first)).digest()
        did = DID(f"did:plc:{b32encode(digest).decode().lower()[:24]}")
        post(directory, did, first)
        return cls(directory, did, rotation, first, dict(keys))

    def signer(self, name: str = "main") -> Signer:
        """Give whoever signs as this DID with one of its keys."""
        return Signer(self.keys[name], self.did)

    def rotate(self, keys: Mapping[str, PrivateKey] | None = None) -> None:
        """Replace all keys."""
        keys = dict(keys or {"main": Secp256k1PrivateKey.generate()})
        self._post(operation(self.rotation, keys, self.prev))
        self.keys = keys

    def tombstone(self) -> None:
        """End it."""
        self._post({"type": "plc_tombstone", "prev": self.prev})

    @property
    def prev(self) -> str:
        """What the next operation says it follows."""
        return str(CID.of(dagcbor.encode(self.last)))

    def _post(self, unsigned: Operation) -> None:
        last = signed(unsigned, self.rotation)
        post(self.directory, self.did, last)
        self.last = last


def operation(rotation: PrivateKey, keys: Mapping[str, PrivateKey], prev: str | None) -> Operation:
    return {
        "type": "plc_operation",
        "prev": prev,
        "services": {},
        "alsoKnownAs": [],
        "rotationKeys": [str(rotation.did)],
        "verificationMethods": {name: str(key.did) for name, key in keys.items()},
    }


def signed(unsigned: Operation, key: PrivateKey) -> Operation:
    signature = key.sign(dagcbor.encode(unsigned))
    return {**unsigned, "sig": urlsafe_b64encode(signature).decode().rstrip("=")}


def post(directory: str, did: DID, one: Operation) -> None:
    """Send an operation.

    Raises:
        RefusedError: the directory's own words.
    """
    request = Request(  # noqa: S310 - the directory of these tests
        f"{directory}/{did}", json.dumps(one).encode(), {"Content-Type": "application/json"}
    )
    try:
        # It is on loopback: proxies of the environment are not asked.
        with build_opener(ProxyHandler({})).open(request, timeout=30):
            pass
    except HTTPError as error:
        raise RefusedError(error.read().decode()) from None
