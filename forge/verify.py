"""Verification: may this issuer have this done? (protocol §8; UCAN Invocation, Delegation and Revocation)

Tokens and facts in, a `Verified` out, or a named failure. Clocks, networks and databases are the caller's: `issuers` says
whose keys will be asked for, and `Facts` brings what was found out.

    1   the invocation's signature                              DIDKeyResolutionError, InvalidSignature, UnverifiableSignature
    2   the invocation's time                                   Expired
    3   every linked proof is there                             UnavailableProof
    4   each proof, from the root on:
    4a    its signature                                         as in 1
    4b    its time                                              Expired, TooEarly
    4c    nobody of its chain has revoked it                    Revoked
    4d    the root names its subject                            InvalidClaim
    4e    its subject is the invocation's                       InvalidSubject
    4f    it is issued by whoever has the authority so far      InvalidAudience
    4g    its command covers the invoked one                    ImpossibleAttenuation
    5   the authority has arrived at the issuer                 InvalidClaim, InvalidAudience
    6   the arguments satisfy every policy of the chain         MatchError

The first failure counts. Each message says which token (its CID, and its place in the chain), what was expected and what was
found.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from forge import attestation
from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.envelope import Envelope
from forge.errors import (
    DIDKeyResolutionError,
    Expired,
    ImpossibleAttenuation,
    InvalidAudience,
    InvalidClaim,
    InvalidSignature,
    InvalidSubject,
    Revoked,
    TokenError,
    TooEarly,
    UnavailableProof,
    UnverifiableSignature,
)
from forge.invocation import Invocation
from forge.keys import PublicKey
from forge.method import Authority, Relationship, VerificationMethod
from forge.policy import Budget
from forge.receipt import Receipt
from forge.varsig import Algorithm

LEEWAY: Final = 60
"""Seconds by which clocks may differ, either way: what the specification recommends to those who serve."""
MAX_SHOWN: Final = 160
"""Characters of a DID in a message: any that is in use, whole."""
MAX_PROOFS: Final = 128
"""Of one invocation. Chains of more than a few are rare; without a limit, n invocations that share n proofs cost n² steps."""

Keys = Mapping[DID, Sequence[VerificationMethod] | DIDKeyResolutionError]
"""What was found out about DIDs: how their signatures are verified, or why that could not be found out."""


@dataclass(frozen=True)
class Facts:
    """What verification needs to know about the world."""

    now: int
    """Unix seconds."""
    keys: Keys
    """For every DID that `issuers` names. One that is absent could not be resolved."""
    revoked: Mapping[CID, Collection[DID]] = field(default_factory=dict)
    """Who has revoked which delegations."""


@dataclass(frozen=True)
class Verified:
    """An invocation whose authority has been verified. Only `verify` makes them: having one is the proof."""

    invocation: Invocation
    chain: tuple[Delegation, ...]
    """Its proofs, root first."""

    def unless_revoked(self, revoked: Mapping[CID, Collection[DID]]) -> None:
        """Look for revocations once more (step 4c), such as those known inside the transaction that has the effect.

        Raises:
            Revoked: an issuer of the chain has revoked one of its proofs.
        """
        for position, proof in enumerate(self.chain):
            _not_revoked(self.chain, position, proof, revoked)


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


class RequestMemory(SignatureMemory):
    """A memory for one request, over the one that all share.

    It remembers failures too, so that a bad signature which a thousand invocations link is checked once; the shared one does
    not: strangers could fill it.
    """

    def __init__(self, shared: SignatureMemory) -> None:
        super().__init__()
        self._shared = shared
        self._checked: dict[tuple[CID, PublicKey], bool] = {}

    def verify(self, key: PublicKey, token: Envelope) -> bool:
        """Say whether `key` made the token's signature."""
        known = (token.cid, key)
        if known not in self._checked:
            self._checked[known] = self._shared.verify(key, token)
        return self._checked[known]


def issuers(invocation: Invocation, proofs: Mapping[CID, Delegation]) -> frozenset[DID]:
    """Say whose keys `verify` will ask for."""
    linked = (proofs[cid].issuer for cid in invocation.proofs[:MAX_PROOFS] if cid in proofs)
    return frozenset((invocation.issuer, *linked))


def verify(  # noqa: PLR0913 - the facts, and what the caller may lend
    invocation: Invocation,
    proofs: Mapping[CID, Delegation],
    facts: Facts,
    *,
    leeway: int = 0,
    memory: SignatureMemory | None = None,
    budget: Budget | None = None,
) -> Verified:
    """Verify that an invocation is its issuer's and that its proofs give the issuer the authority.

    Whether the invocation is addressed to whoever asks is not looked at here.

    Args:
        invocation: what is asked.
        proofs: delegations by CID; those that the invocation does not link are not looked at.
        facts: the time, the keys, the revocations.
        leeway: seconds by which clocks may differ, either way.
        memory: signatures that were verified before.
        budget: the work that policies may cost; one may be shared by all invocations of a request.

    Raises:
        Failure: the one that the table above names.
    """
    memory = memory or SignatureMemory(1)
    # 1
    _signed(invocation, facts, None, what="invocation")
    # 2: an invocation has no `nbf`, and its `iat` binds nobody
    _not_expired("invocation", "", invocation, facts.now, leeway)
    # 3
    chain = tuple(_resolve(invocation, proofs))
    # 4
    authority = invocation.subject
    for position, proof in enumerate(chain):
        place = f" (proof {position + 1} of {len(chain)})"
        _signed(proof, facts, memory, what="proof", place=place)
        _not_expired("proof", place, proof, facts.now, leeway)
        _not_early(place, proof, facts.now, leeway)
        _not_revoked(chain, position, proof, facts.revoked)
        if position == 0 and proof.subject is None:
            raise InvalidClaim(
                f'root delegation subject is null: delegation "{proof.cid}"{place} must name "{_did(invocation.subject)}"'
            )
        if proof.subject not in (None, invocation.subject):
            raise InvalidSubject(
                f'delegation "{proof.cid}" subject is "{_did(proof.subject)}" not "{_did(invocation.subject)}"{place}',
            )
        if proof.issuer != authority:
            raise InvalidAudience(
                f'delegation "{proof.cid}" issuer is "{_did(authority)}" not "{_did(proof.issuer)}"{_met(position, place)}'
            )
        authority = proof.audience
        if not proof.command.covers(invocation.command):
            raise ImpossibleAttenuation(
                f"cannot attenuate capability from command {proof.command} to command {invocation.command}:"
                f' delegation "{proof.cid}"{place} does not cover it',
            )
    # 5
    if authority != invocation.issuer:
        if not chain:
            raise InvalidClaim(
                f"invocation {invocation.cid} is not issued by subject and has no proofs:"
                f' expected issuer "{_did(invocation.subject)}", found "{_did(invocation.issuer)}"',
            )
        raise InvalidAudience(
            f'invocation "{invocation.cid}" issuer is "{_did(authority)}" not "{_did(invocation.issuer)}"'
            f' (expected "{_did(authority)}", the audience of the last proof "{chain[-1].cid}";'
            f' found "{_did(invocation.issuer)}")',
        )
    # 6
    for proof in chain:
        proof.policy.match(invocation.arguments, budget)
    return Verified(invocation, chain)


def verify_delegation(delegation: Delegation, facts: Facts, *, memory: SignatureMemory | None = None) -> None:
    """Verify that a delegation is its issuer's own: step 4a alone. Neither its time nor its authority is looked at.

    Raises:
        InvalidSignature, UnverifiableSignature, DIDKeyResolutionError: it is not signed by whoever it says.
    """
    _signed(delegation, facts, memory, what="delegation")


def verify_receipt(receipt: Receipt, facts: Facts, *, memory: SignatureMemory | None = None) -> None:
    """Verify that a receipt is its executor's own word: signed by it, about itself (§5.2).

    A receipt's expiration says how long an answer is worth keeping, not whether it is true, and is not looked at.

    Raises:
        InvalidSignature, UnverifiableSignature, DIDKeyResolutionError: it is not signed by whoever it says.
        InvalidClaim: issuer and subject differ; receipts are not issued on somebody else's behalf.
    """
    assertion = receipt.assertion
    _signed(assertion, facts, memory, what="receipt")
    if assertion.issuer != assertion.subject:
        raise InvalidClaim(
            f'receipt "{receipt.cid}" is issued by "{_did(assertion.issuer)}" about "{_did(assertion.subject)}":'
            " those must be the same",
        )


def _resolve(invocation: Invocation, proofs: Mapping[CID, Delegation]) -> Iterator[Delegation]:
    count = len(invocation.proofs)
    if count > MAX_PROOFS:
        raise UnavailableProof(f'invocation "{invocation.cid}" links {count} proofs; at most {MAX_PROOFS} are looked up')
    for position, cid in enumerate(invocation.proofs):
        try:
            yield proofs[cid]
        except KeyError:
            raise UnavailableProof(
                f'linked proof "{cid}" could not be resolved: proof not found in container (proof {position + 1} of {count});'
                " send the delegation along with the invocation",
            ) from None


def _signed(
    token: Invocation | Delegation, facts: Facts, memory: SignatureMemory | None, *, what: str, place: str = ""
) -> None:
    """Step 1 and 4a: one of the issuer's verification methods made the signature, with the algorithm that the header names."""
    relationship = Relationship.DELEGATION if isinstance(token, Delegation) else Relationship.INVOCATION
    envelope = token.envelope
    if envelope.algorithm is Algorithm.ABSENTEE:
        raise UnverifiableSignature(
            f'proof "{token.cid}" issued by "{_did(token.issuer)}" cannot be verified: its signature is absentee'
            f" ({what}{place}); somebody who can verify it must attest it",
        )
    methods = facts.keys.get(token.issuer)
    if methods is None:
        raise DIDKeyResolutionError(
            f'unable to resolve "{_did(token.issuer)}" key: not resolvable by any resolver ({what}{place})'
        )
    if isinstance(methods, DIDKeyResolutionError):
        raise DIDKeyResolutionError(methods.message)
    tried: list[str] = []
    for method in methods:
        reason = _refuses(method, relationship, envelope, facts.now, memory)
        if reason is None:
            return
        tried.append(f"{method.id}: {reason}")
    # The word "proof" is the Go peers', for invocations too; what it really is follows.
    raise InvalidSignature(
        f'proof "{token.cid}" does not have a valid signature from "{_did(token.issuer)}"'
        "\n  ℹ️ Tried these verification methods:"
        + "".join(f"\n    - {line}" for line in tried or ["none: the DID has no method for this"])
        + f"\n  It is the {what}{place}.",
    )


def _refuses(
    method: VerificationMethod, relationship: Relationship, token: Envelope, now: int, memory: SignatureMemory | None
) -> str | None:
    """Say why a method did not make a token's signature; None where it did (§2.5)."""
    reason = method.refuses(relationship, now)
    if reason is not None:
        return reason
    if isinstance(method.key, Authority):
        return _not_attested(method.key, token, now, memory)
    if not isinstance(method.key, PublicKey):
        return "it has no key"
    if method.key.algorithm is not token.algorithm:
        return f"the key is {method.key.algorithm.name}, the signature {token.algorithm.name}"
    good = memory.verify(method.key, token) if memory else method.key.verify(token.signed, token.signature)
    return None if good else "signature mismatch"


def _not_attested(authority: Authority, token: Envelope, now: int, memory: SignatureMemory | None) -> str | None:
    """Say why an authority did not attest a token's signature; None where it did (§2.8)."""
    if token.algorithm is not Algorithm.ATTESTED:
        return f"{_did(authority.did)} must attest the signature, and this is {token.algorithm.name}"
    try:
        inner = attestation.read(token, authority.did).envelope
    except TokenError as error:
        return str(error)
    reasons = [_refuses(method, Relationship.INVOCATION, inner, now, memory) for method in authority.methods]
    if None in reasons:
        return None
    tried = zip(authority.methods, reasons, strict=True)
    return f"not attested by {_did(authority.did)}: " + (
        "; ".join(f"{one.id}: {why}" for one, why in tried) or "it has no method"
    )


def _not_expired(what: str, place: str, token: Invocation | Delegation, now: int, leeway: int) -> None:
    if token.expiration is not None and token.expiration + leeway <= now:
        raise Expired(
            f'{what} "{token.cid}" has expired on {_date(token.expiration)}{place};'
            f" it is {_date(now)} here, and {leeway} s of leeway are allowed",
        )


def _not_early(place: str, token: Delegation, now: int, leeway: int) -> None:
    if token.not_before and now + leeway <= token.not_before:
        raise TooEarly(
            f'proof "{token.cid}" is not valid before {_date(token.not_before)}{place};'
            f" it is {_date(now)} here, and {leeway} s of leeway are allowed",
        )


def _not_revoked(
    chain: tuple[Delegation, ...],
    position: int,
    proof: Delegation,
    revoked: Mapping[CID, Collection[DID]],
) -> None:
    """A revocation counts where whoever revoked is an issuer of this chain (§13)."""
    revokers = revoked.get(proof.cid)
    if revokers and any(link.issuer in revokers for link in chain):
        raise Revoked(f"Proof {proof.cid} has been revoked (proof {position + 1} of {len(chain)}); ask for a new delegation")


def _met(position: int, place: str) -> str:
    expected = "the subject" if position == 0 else "the audience of the proof before it"
    return f"{place}: expected {expected}; proofs are listed from the root to the invoker"


def _did(did: DID | None) -> str:
    """Show a DID; a long one by its ends, since one answer may hold thousands of messages."""
    text = str(did)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]}…{text[-MAX_SHOWN // 4 :]}"


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        # A time beyond the calendar: the number itself is clearer than nothing.
        return f"{seconds} (Unix seconds)"
