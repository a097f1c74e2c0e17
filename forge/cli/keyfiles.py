"""Key files: PKCS #8 PEM, or the `M…` text of a private key; and which kinds of keys can be made."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from forge.cli.exits import UsageError
from forge.cli.files import read
from forge.cli.parties import read_did
from forge.errors import KeyFormatError
from forge.keys import (
    Ed25519PrivateKey,
    P256PrivateKey,
    PrivateKey,
    Secp256k1PrivateKey,
    Signer,
    private_key,
    private_key_from_pem,
)

KINDS: Final[dict[str, type[PrivateKey]]] = {
    "ed25519": Ed25519PrivateKey,
    "secp256k1": Secp256k1PrivateKey,
    "p256": P256PrivateKey,
}
"""What `--type` may be."""
DEFAULT_KIND: Final = "ed25519"


def generate(kind: str) -> PrivateKey:
    """Make a fresh key.

    Raises:
        UsageError: there is no such kind.
    """
    try:
        return KINDS[kind].generate()
    except KeyError:
        raise UsageError(f"--type: {kind!r} is not available; there is: {', '.join(KINDS)}") from None


def kind_of(key: PrivateKey) -> str:
    """Name the kind of a key, as `--type` does."""
    return next(name for name, kind in KINDS.items() if isinstance(key, kind))


def read_key(path: Path) -> PrivateKey:
    """Read a key file. No message ever holds what is in it.

    Raises:
        UsageError: it cannot be read, or holds no key.
    """
    content = read(path)
    try:
        if b"-----BEGIN" in content:
            return private_key_from_pem(content)
        return private_key(content.decode("ascii", "replace").strip())
    except KeyFormatError as error:
        raise UsageError(f"{path}: {error}") from error


def read_signer(path: Path, as_did: str | None) -> Signer:
    """Read who signs: a key file, and the DID that the key signs as.

    Raises:
        UsageError: that is not a key, not a DID, or the did:key of another key.
    """
    key = read_key(path)
    if as_did is None:
        return Signer(key)
    did = read_did("--as", as_did)
    if did.method == "mailto":
        raise UsageError(f"--as: {did} has no key; an authority attests for it: `forge attest --for`, `forge revoke --for`")
    if did.method == "key" and did != key.did:
        raise UsageError(f"--as: {did} is another key than {path}, which is {key.did}")
    return Signer(key, did)
