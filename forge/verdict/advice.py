"""Advice: one sentence on what to do. What can be tried is tried, the likeliest first; nothing is guessed from messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from forge.errors import Failure
from forge.verdict import links, policies, signer
from forge.verdict.case import Case
from forge.verdict.clock import clock
from forge.verify import Step
from forge.wording import show_did

Advisor: TypeAlias = Callable[[Case, Step], str | None]
"""Tries something; gives the advice if it was that."""


def advise(case: Case, step: Step, failure: Failure) -> str:
    """Say what to do about the failure of a step."""
    found = (advisor(case, step) for advisor in _ADVISORS.get(failure.name, ()))
    return next((advice for advice in found if advice), _ELSE)


def _revoked(case: Case, step: Step) -> str:
    del case
    return f"A revocation is for good: ask {show_did(step.token.issuer)} for a new delegation, and sign again with that."


def _absentee(case: Case, step: Step) -> str:
    del case
    who = show_did(step.token.issuer)
    return f"Nobody has signed it yet: have {who} sign it, or, if that DID has no key, an authority attest it."


def _costly(case: Case, step: Step) -> str:
    return f"Ask {show_did(case.chain[step.position].issuer)} for a delegation with a simpler policy."


_ALIGNED: Final = (
    links.misaddressed,
    links.reordered,
    links.instead,
    links.another_subject,
    links.another_name,
    links.unlinked,
)
_ADVISORS: Final[dict[str, Sequence[Advisor]]] = {
    "DIDKeyResolutionError": (links.instead, signer.unresolved),
    "InvalidSignature": (
        links.instead,
        signer.unendorsed,
        signer.attested,
        signer.signed_by_another,
        signer.other_algorithm,
        signer.not_signed,
    ),
    "UnverifiableSignature": (links.instead, _absentee),
    "Expired": (links.instead, clock),
    "TooEarly": (links.instead, clock),
    "UnavailableProof": (links.reordered, links.instead, links.absent),
    "Revoked": (links.instead, _revoked),
    "InvalidClaim": (links.reordered, links.instead, links.powerline, links.another_name, links.unlinked),
    "InvalidSubject": (links.instead, links.another_subject, links.unlinked),
    "InvalidAudience": _ALIGNED,
    "ImpossibleAttenuation": (links.reordered, links.instead, links.uncovered),
    "MatchError": (links.reordered, links.instead, policies.unsatisfied, _costly),
}
"""By the failure's name: what is tried, in this order. The last of each always has something to say."""

_ELSE: Final = "Show what was signed, and this answer, to whoever runs the service."
