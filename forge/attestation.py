"""Attestations: an authority signs for a DID that has no key, such as a did:mailto (protocol §2.8).

    signature of the token ::= a whole invocation, by which the authority says that it has seen the DID agree:
        iss = sub = authority, no aud, cmd "/ucan/attest/proof", prf [], exp null, nonce empty,
        args { "proof": link }     the raw CID of what the token signs

All of it follows from the token and the authority's key: to attest again gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from forge import envelope
from forge.allowance import Allowance
from forge.cid import CID
from forge.command import CommandPath
from forge.did import DID
from forge.envelope import Envelope
from forge.errors import DIDError, TokenError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.varsig import Algorithm

COMMAND: Final = CommandPath("/ucan/attest/proof")
MAX_ATTESTATION: Final = 8 * 1024
"""Bytes: room for the longest DIDs. It is read whenever its token is verified, so a large one would cost whoever verifies."""
MAX_ITEMS: Final = 64
"""Values in it, for the same reason: it needs a dozen, and the rest is for `meta`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedSigner(Signer):
    """An authority that signs on behalf of a DID: what it signs, the DID says."""

    authority: DID
    """The DID of whoever's key it is."""

    @classmethod
    def of(cls, authority: Signer, did: DID) -> AttestedSigner:
        """Let `authority` sign on behalf of `did`, a did:mailto.

        Raises:
            DIDError: the authority is one that others attest for; its own word is none.
        """
        if authority.algorithm is Algorithm.ATTESTED:
            raise DIDError(f"{authority.did} has no key to attest with")
        return cls(authority.key, did, authority=authority.did)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of attested signatures."""
        return Algorithm.ATTESTED

    def sign(self, message: bytes) -> bytes:
        """Attest what a token signs. The same message gives the same bytes."""
        return bytes(
            Invocation.issue(
                Signer(self.key, self.authority),
                subject=self.authority,
                command=COMMAND,
                arguments={"proof": CID.of_raw(message)},
                expiration=None,
                nonce=b"",
            )
        )


def read(token: Envelope, authority: DID) -> Invocation:
    """Read the attestation that is a token's signature, and check all of it but its own signature.

    Raises:
        TokenError: it is not `authority`'s attestation of this token. The message begins with the field.
    """
    if len(token.signature) > MAX_ATTESTATION:
        raise TokenError(f"an attestation has at most {MAX_ATTESTATION} bytes, this has {len(token.signature)}")
    try:
        attestation = Invocation.of(envelope.decode(token.signature, Allowance(MAX_ITEMS)))
    except TokenError as error:
        raise TokenError(f"the signature is no attestation: {error}") from error
    expected: dict[str, tuple[object, object]] = {
        "iss": (attestation.issuer, authority),
        "sub": (attestation.subject, authority),
        "aud": (attestation.audience, None),
        "cmd": (attestation.command, COMMAND),
        "prf": (attestation.proofs, ()),
        "exp": (attestation.expiration, None),
        "nonce": (attestation.nonce, b""),
        "args": (attestation.arguments, {"proof": token.digest}),
    }
    for field, (found, wanted) in expected.items():
        if found != wanted:
            raise TokenError(f"{field}: not what {authority} attests with" + (" for this token" if field == "args" else ""))
    return attestation
