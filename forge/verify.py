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
found. Whoever wants to know how far it came gives a `Watch`: it is told each step as it begins, so that where a failure comes
out, the step that was told last is the one that failed. A receipt takes steps 1 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from forge.cid import CID
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import (
    Expired,
    ImpossibleAttenuation,
    InvalidAudience,
    InvalidClaim,
    InvalidSubject,
    Revoked,
    TooEarly,
    UnavailableProof,
)
from forge.invocation import Invocation
from forge.policy import Budget
from forge.receipt import Receipt
from forge.record import record
from forge.signature import Keys, Passing, RequestMemory, SignatureMemory, verify_signature
from forge.wording import MAX_SHOWN, Place, show_date, show_did, show_place

__all__ = [
    "LEEWAY",
    "MAX_PROOFS",
    "MAX_SHOWN",
    "Facts",
    "Keys",
    "RequestMemory",
    "SignatureMemory",
    "Step",
    "Verified",
    "Watch",
    "issuers",
    "verify",
    "verify_chain",
    "verify_delegation",
    "verify_receipt",
]

LEEWAY: Final = 60
"""Seconds by which clocks may differ, either way: what the specification recommends to those who serve."""
MAX_PROOFS: Final = 128
"""Of one invocation. Chains of more than a few are rare; without a limit, n invocations that share n proofs cost n² steps."""


class Step(NamedTuple):
    """A step of the table above."""

    number: str
    """Such as `4a`."""
    token: Invocation | Delegation
    position: int = -1
    """The proof's place in the chain, from 0; -1 where the step is not about one proof."""


Watch: TypeAlias = Callable[[Step], None]
"""Is told each step as it begins."""


@record()
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
            _not_revoked(self.chain, (position, len(self.chain)), proof, revoked)


def issuers(invocation: Invocation, proofs: Mapping[CID, Delegation]) -> frozenset[DID]:
    """Say whose keys `verify` will ask for."""
    return frozenset([invocation.issuer, *[proofs[cid].issuer for cid in invocation.proofs[:MAX_PROOFS] if cid in proofs]])


def verify(  # noqa: PLR0913 - the facts, and what the caller may lend
    invocation: Invocation,
    proofs: Mapping[CID, Delegation],
    facts: Facts,
    *,
    leeway: int = 0,
    memory: SignatureMemory | None = None,
    budget: Budget | None = None,
    watch: Watch | None = None,
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
        watch: is told each step as it begins.

    Raises:
        Failure: the one that the table above names.
    """
    if watch:
        watch(Step("1", invocation))
    memory = memory or SignatureMemory(1)
    # Each invocation comes once: there is nothing to remember.
    verify_signature(invocation, facts.keys, facts.now, Passing(memory), what="invocation")
    if watch:
        # An invocation has no `nbf`, and its `iat` binds nobody.
        watch(Step("2", invocation))
    _not_expired("invocation", None, invocation, facts.now, leeway)
    if watch:
        watch(Step("3", invocation))
    chain = tuple(_resolve(invocation, proofs))
    authority = verify_chain(chain, invocation.subject, invocation.command, facts, leeway=leeway, memory=memory, watch=watch)
    if watch:
        watch(Step("5", invocation))
    if authority != invocation.issuer:
        raise _not_arrived(authority, invocation, chain)
    for position, proof in enumerate(chain):
        if watch:
            watch(Step("6", proof, position))
        proof.policy.match(invocation.arguments, budget)
    return Verified(invocation, chain)


def verify_chain(  # noqa: C901, PLR0913 - seven steps, each a line of the table, and what the caller may lend
    chain: Sequence[Delegation],
    subject: DID,
    command: CommandPath,
    facts: Facts,
    *,
    leeway: int = 0,
    memory: SignatureMemory | None = None,
    watch: Watch | None = None,
) -> DID:
    """Verify that a chain of delegations hands the authority for `command` on `subject` down, and say to whom: step 4 alone.

    What the policies of the chain ask of the arguments is not looked at: there are none yet.

    Args:
        chain: delegations, root first.
        subject: whom it is about.
        command: what is to be done.
        facts: the time, the keys, the revocations.
        leeway: seconds by which clocks may differ, either way.
        memory: signatures that were verified before.
        watch: is told each step as it begins.

    Raises:
        Failure: the one that the table above names.
    """
    authority = subject
    for position, proof in enumerate(chain):
        place = (position, len(chain))
        if watch:
            watch(Step("4a", proof, position))
        verify_signature(proof, facts.keys, facts.now, memory, what="proof", place=place)
        if watch:
            watch(Step("4b", proof, position))
        _not_expired("proof", place, proof, facts.now, leeway)
        _not_early(place, proof, facts.now, leeway)
        if watch:
            watch(Step("4c", proof, position))
        _not_revoked(chain, place, proof, facts.revoked)
        if watch and position == 0:
            watch(Step("4d", proof, position))
        if position == 0 and proof.subject is None:
            raise InvalidClaim(
                f'root delegation subject is null: delegation "{proof.cid}"{show_place(place)} must name "{show_did(subject)}"'
            )
        if watch:
            watch(Step("4e", proof, position))
        if proof.subject not in (None, subject):
            raise InvalidSubject(
                f'delegation "{proof.cid}" subject is "{show_did(proof.subject)}" not "{show_did(subject)}"{show_place(place)}',
            )
        if watch:
            watch(Step("4f", proof, position))
        if proof.issuer != authority:
            raise InvalidAudience(
                f'delegation "{proof.cid}" issuer is "{show_did(authority)}" not "{show_did(proof.issuer)}"{_met(place)}'
            )
        authority = proof.audience
        if watch:
            watch(Step("4g", proof, position))
        if not proof.command.covers(command):
            raise ImpossibleAttenuation(
                f"cannot attenuate capability from command {proof.command} to command {command}:"
                f' delegation "{proof.cid}"{show_place(place)} does not cover it',
            )
    return authority


def verify_delegation(delegation: Delegation, facts: Facts, *, memory: SignatureMemory | None = None) -> None:
    """Verify that a delegation is its issuer's own: step 4a alone. Neither its time nor its authority is looked at.

    Raises:
        InvalidSignature, UnverifiableSignature, DIDKeyResolutionError: it is not signed by whoever it says.
    """
    verify_signature(delegation, facts.keys, facts.now, memory, what="delegation")


def verify_receipt(
    receipt: Receipt, facts: Facts, *, memory: SignatureMemory | None = None, watch: Watch | None = None
) -> None:
    """Verify that a receipt is its executor's own word: signed by it, about itself (§5.2).

    A receipt's expiration says how long an answer is worth keeping, not whether it is true, and is not looked at.

    Raises:
        InvalidSignature, UnverifiableSignature, DIDKeyResolutionError: it is not signed by whoever it says.
        InvalidClaim: issuer and subject differ; receipts are not issued on somebody else's behalf.
    """
    assertion = receipt.assertion
    if watch:
        watch(Step("1", assertion))
    verify_signature(assertion, facts.keys, facts.now, memory, what="receipt")
    if watch:
        watch(Step("5", assertion))
    if assertion.issuer != assertion.subject:
        raise InvalidClaim(
            f'receipt "{receipt.cid}" is issued by "{show_did(assertion.issuer)}" about "{show_did(assertion.subject)}":'
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


def _not_arrived(authority: DID, invocation: Invocation, chain: Sequence[Delegation]) -> InvalidClaim | InvalidAudience:
    if not chain:
        return InvalidClaim(
            f"invocation {invocation.cid} is not issued by subject and has no proofs:"
            f' expected issuer "{show_did(invocation.subject)}", found "{show_did(invocation.issuer)}"',
        )
    return InvalidAudience(
        f'invocation "{invocation.cid}" issuer is "{show_did(authority)}" not "{show_did(invocation.issuer)}"'
        f' (expected "{show_did(authority)}", the audience of the last proof "{chain[-1].cid}";'
        f' found "{show_did(invocation.issuer)}")',
    )


def _not_expired(what: str, place: Place | None, token: Invocation | Delegation, now: int, leeway: int) -> None:
    if token.expiration is not None and token.expiration + leeway <= now:
        raise Expired(
            f'{what} "{token.cid}" has expired on {show_date(token.expiration)}{show_place(place)};'
            f" it is {show_date(now)} here, and {leeway} s of leeway are allowed",
        )


def _not_early(place: Place, token: Delegation, now: int, leeway: int) -> None:
    if token.not_before and now + leeway <= token.not_before:
        raise TooEarly(
            f'proof "{token.cid}" is not valid before {show_date(token.not_before)}{show_place(place)};'
            f" it is {show_date(now)} here, and {leeway} s of leeway are allowed",
        )


def _not_revoked(
    chain: Sequence[Delegation],
    place: Place,
    proof: Delegation,
    revoked: Mapping[CID, Collection[DID]],
) -> None:
    """A revocation counts where whoever revoked is an issuer of this chain (§13)."""
    revokers = revoked.get(proof.cid)
    if revokers and any(link.issuer in revokers for link in chain):
        raise Revoked(f"Proof {proof.cid} has been revoked{show_place(place)}; ask for a new delegation")


def _met(place: Place) -> str:
    expected = "the subject" if place[0] == 0 else "the audience of the proof before it"
    return f"{show_place(place)}: expected {expected}; proofs are listed from the root to the invoker"
