"""Who signs what is fuzzed: keys of every kind, known to all, so that what was bent can be signed anew; and an authority."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from forge.attestation import AttestedSigner
from forge.did import DID
from forge.errors import DecodeError, DIDKeyResolutionError
from forge.keys import P256PrivateKey, Secp256k1PrivateKey, Signer
from forge.method import VerificationMethod, attested_methods, did_key_methods
from forge.verify import Facts
from tests.core.principals import ALICE, BOB, CAROL, MAILTO_DID, SERVICE
from tests.vectors.parts import AGENT, NOW, OWNER, ROBOT, SERVER

SECP: Final = Signer(Secp256k1PrivateKey(sha256(b"forge fuzzing: secp256k1").digest()))
P256: Final = Signer(P256PrivateKey(sha256(b"forge fuzzing: P-256").digest()))
MAIL: Final = AttestedSigner.of(SERVICE, DID(MAILTO_DID))
WEB: Final = Signer(SERVICE.key, DID("did:web:example.com"))
EVERYBODY: Final = (ALICE, BOB, CAROL, SERVICE, SECP, P256, MAIL, WEB, OWNER, AGENT, ROBOT, SERVER)
SIGNERS: Final[dict[bytes, Signer]] = {signer.did.encode(): signer for signer in EVERYBODY}


def facts(*dids: DID) -> Facts:
    """Say what is known of some DIDs, at the time of the vectors."""
    return Facts(NOW, {did: _methods(did) for did in dids})


def _methods(did: DID) -> Sequence[VerificationMethod] | DIDKeyResolutionError:
    if did == MAIL.did:
        return attested_methods(did, SERVICE.did, did_key_methods(SERVICE.did))
    if did == WEB.did:
        return (VerificationMethod(f"{did}#key-0", WEB.key.public),)
    try:
        return did_key_methods(did)
    except DecodeError as error:
        return DIDKeyResolutionError(str(error))
