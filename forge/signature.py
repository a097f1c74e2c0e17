"""Signatures: did the issuer make this one? (protocol §2.5, §2.8; steps 1 and 4a of `forge.verify`)

One of the verification methods that the issuer's DID endorses for this made it, with the algorithm that the token's header
names; or the authority that the DID's method names has attested it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final

from forge import attestation
from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import Envelope
from forge.errors import DIDKeyResolutionError, InvalidSignature, TokenError, UnverifiableSignature
from forge.invocation import Invocation
from forge.keys import PublicKey
from forge.method import Authority, Relationship, Unusable, VerificationMethod
from forge.varsig import Algorithm
from forge.wording import Place, show_did, show_place

MAX_CHECKS: Final = 16_384
"""Signatures that are checked for one container: two for each token that it may have."""
MAX_TRIED: Final = 8
"""Methods that a message lists: a document may have many, and one answer may hold thousands of messages."""

Keys = Mapping[DID, Sequence[VerificationMethod] | DIDKeyResolutionError]
"""What was found out about DIDs: how their signatures are verified, or why that could not be found out."""


class SignatureMemory:
    """Remembers that a key made a token's signature, so that a delegation seen a thousand times is checked once.

    It holds facts that time cannot change, never verdicts: nothing about expiry, revocation or whose key it is.
    """

    def __init__(self, size: int = 16_384) -> None:
        self._size = size
        self._seen: OrderedDict[tuple[CID, PublicKey], None] = OrderedDict()

    def verify(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature."""
        known = (token.cid, key)
        if known in self._seen:
            self._seen.move_to_end(known)
            return True
        if not key.verify(token.signed, token.signature):
            return False
        self._seen[known] = None
        if len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return True

    def once(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature, and remember nothing."""
        return key.verify(token.signed, token.signature)

    def attestation(self, token: Envelope, authority: DID) -> Envelope:
        """Give the attestation that is a token's signature.

        Raises:
            TokenError: it is not `authority`'s attestation of this token.
        """
        return attestation.read(token, authority).envelope


class RequestMemory(SignatureMemory):
    """A memory for one request, over the one that all share.

    It remembers failures too, so that a bad signature which a thousand invocations link is checked once; the shared one does
    not: strangers could fill it. And it counts: a DID with many methods could have each of a container's tokens checked
    against each of them.
    """

    def __init__(self, shared: SignatureMemory, checks: int = MAX_CHECKS) -> None:
        self._shared = shared
        self._left = checks
        self._checked: dict[tuple[CID, PublicKey], bool] = {}
        self._attestations: dict[tuple[CID, DID], Envelope | TokenError] = {}

    def verify(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature."""
        known = (token.cid, key)
        made = self._checked.get(known)
        if made is None:
            self._count()
            made = self._checked[known] = self._shared.verify(key, token)
        return made

    def once(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature, and remember nothing."""
        self._count()
        return key.verify(token.signed, token.signature)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise InvalidSignature(
                "this container asks for more signature checks than one may; send some of its invocations by themselves"
            )

    def attestation(self, token: Envelope, authority: DID) -> Envelope:
        """Give the attestation that is a token's signature.

        Raises:
            TokenError: it is not `authority`'s attestation of this token.
        """
        known = (token.cid, authority)
        found = self._attestations.get(known)
        if found is None:
            try:
                found = super().attestation(token, authority)
            except TokenError as error:
                found = error
            self._attestations[known] = found
        if isinstance(found, TokenError):
            raise TokenError(str(found))
        return found


class Passing(SignatureMemory):
    """A memory's use for what comes once: it counts what that counts, and remembers nothing."""

    def __init__(self, memory: SignatureMemory) -> None:
        # Made for each invocation: it has no memory of its own to make.
        self._memory = memory

    def verify(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature."""
        return self._memory.once(key, token)


def verify_signature(  # noqa: PLR0913 - the facts, what may be lent, and what a message calls the token
    token: Invocation | Delegation,
    keys: Keys,
    now: int,
    memory: SignatureMemory | None = None,
    *,
    what: str,
    place: Place | None = None,
) -> VerificationMethod:
    """Verify that a token's signature is its issuer's; give the method that says so.

    Args:
        token: the token.
        keys: what was found out about its issuer.
        now: Unix seconds.
        memory: signatures that were verified before.
        what: what a message calls the token.
        place: where in a chain it stands, for a message.

    Raises:
        UnverifiableSignature: it is absentee.
        DIDKeyResolutionError: nobody knows how the issuer's signatures are verified.
        InvalidSignature: none of the issuer's methods made it.
    """
    envelope = token.envelope
    if envelope.algorithm is Algorithm.ABSENTEE:
        raise UnverifiableSignature(
            f'proof "{token.cid}" issued by "{show_did(token.issuer)}" cannot be verified: its signature is absentee'
            f" ({what}{show_place(place)}); somebody who can verify it must attest it",
        )
    methods = keys.get(token.issuer)
    if methods is None:
        raise DIDKeyResolutionError(
            f'unable to resolve "{show_did(token.issuer)}" key: not resolvable by any resolver ({what}{show_place(place)})'
        )
    if isinstance(methods, DIDKeyResolutionError):
        raise DIDKeyResolutionError(methods.message)
    relationship = relationship_of(token)
    tried: list[str] = []
    for method in methods:
        reason = refuses(method, relationship, envelope, now, memory)
        if reason is None:
            return method
        tried.append(f"{show_did(method.id)}: {reason}")
    # The word "proof" is the Go peers', for invocations too; what it really is follows.
    raise InvalidSignature(
        f'proof "{token.cid}" does not have a valid signature from "{show_did(token.issuer)}"'
        "\n  ℹ️ Tried these verification methods:"
        + "".join(f"\n    - {line}" for line in _some(tried) or ["none: the DID has no method for this"])
        + f"\n  It is the {what}{show_place(place)}.",
    )


def relationship_of(token: Invocation | Delegation) -> Relationship:
    """Say which methods of its issuer may sign a token."""
    return Relationship.DELEGATION if isinstance(token, Delegation) else Relationship.INVOCATION


def refuses(
    method: VerificationMethod, relationship: Relationship, token: Envelope, now: int, memory: SignatureMemory | None = None
) -> str | None:
    """Say why a method did not make a token's signature; None where it did (§2.5)."""
    reason = method.refuses(relationship, now)
    if reason is not None:
        return reason
    memory = memory or SignatureMemory(0)
    key = method.key
    if isinstance(key, Authority):
        return _not_attested(key, token, now, memory)
    if isinstance(key, Unusable):  # pragma: no cover - it was refused above; this is for the type checker
        return key.reason
    if key.algorithm is not token.algorithm:
        return f"the key is {key.algorithm.name}, the signature {token.algorithm.name}"
    return None if memory.verify(key, token) else "signature mismatch"


def _not_attested(authority: Authority, token: Envelope, now: int, memory: SignatureMemory | None) -> str | None:
    """Say why an authority did not attest a token's signature; None where it did (§2.8)."""
    if token.algorithm is not Algorithm.ATTESTED:
        return f"{show_did(authority.did)} must attest the signature, and this is {token.algorithm.name}"
    try:
        inner = (memory or SignatureMemory(0)).attestation(token, authority.did)
    except TokenError as error:
        return str(error)
    tried: list[str] = []
    for method in authority.methods:
        reason = refuses(method, Relationship.INVOCATION, inner, now, memory)
        if reason is None:
            return None
        tried.append(f"{show_did(method.id)}: {reason}")
    return f"not attested by {show_did(authority.did)}: {'; '.join(_some(tried)) or 'it has no method'}"


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MAX_TRIED
    return [*lines[:MAX_TRIED], *([f"and {more} more"] if more > 0 else [])]
