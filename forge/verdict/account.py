"""The account of a verification: each step in words, with what had to be equal, or the times that were compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import Failure
from forge.keys import PublicKey
from forge.method import Authority, VerificationMethod
from forge.signature import verify_signature
from forge.varsig import Algorithm
from forge.verdict.case import Case, ReceiptCase
from forge.verify import Step
from forge.wording import show_date, show_did

Detail: TypeAlias = str | int | None
Words: TypeAlias = tuple[str, Mapping[str, Detail]]
"""What a step says, and its figures for a script."""

ALGORITHMS: Final = {
    Algorithm.ED25519: "Ed25519",
    Algorithm.SECP256K1: "secp256k1",
    Algorithm.P256: "P-256",
    Algorithm.ATTESTED: "attested",
    Algorithm.ABSENTEE: "absentee",
}
"""As people call them."""


@dataclass(frozen=True)
class Account:
    """A step that was taken."""

    step: str
    """Its number in the table of `forge.verify`; 0 is whether it is addressed to whoever is to execute it."""
    what: str
    """What was found, in words."""
    token: CID
    """Which token it was about."""
    passed: bool
    details: Mapping[str, Detail] = field(default_factory=dict)
    """`proof`, its place in the chain from 1; `expected` and `found`, which had to be equal; times in RFC 3339."""


def tell(case: Case, step: Step, *, passed: bool) -> Account:
    """Put a step of a case into words."""
    what, details = _WORDS[step.number](_Telling(case, step, passed=passed))
    place = {"proof": step.position + 1} if step.position >= 0 else {}
    return Account(step.number, f"{name(case, step)} {what}", step.token.cid, passed, {**place, **details})


def name(case: Case, step: Step) -> str:
    """Say which token a step is about."""
    if step.position >= 0:
        return f"proof {step.position + 1} of {len(case.chain)} {step.token.cid}"
    return f"{'receipt' if isinstance(case, ReceiptCase) else 'invocation'} {step.token.cid}"


def holder(case: Case, position: int) -> DID:
    """Say who has the authority before the proof at a position: the subject, or the audience of the proof before it."""
    return case.about if position <= 0 else case.chain[position - 1].audience


def show_method(method: VerificationMethod, issuer: DID) -> str:
    """Write which of its issuer's methods it is, and what its key is."""
    if isinstance(method.key, Authority):
        return f"whose authority {show_did(method.key.did)} attests it"
    kind = ALGORITHMS[method.key.algorithm] if isinstance(method.key, PublicKey) else "unusable"
    return f"with its key ({kind})" if issuer.method == "key" else f"with its method {method.id.removeprefix(issuer)} ({kind})"


@dataclass(frozen=True)
class _Telling:
    case: Case
    step: Step
    passed: bool

    @property
    def proof(self) -> Delegation:
        return self.case.chain[self.step.position]

    def addressed(self) -> Words:
        return self._equal("is addressed to", self.case.executor, self.case.given.audience, "to", "whose service it is sent to")

    def signed(self) -> Words:
        token, facts = self.step.token, self.case.given.facts
        kind = ALGORITHMS[token.envelope.algorithm]
        details = {"issuer": token.issuer, "algorithm": kind}
        try:
            method = verify_signature(token, facts.keys, facts.now, self.case.given.memory, what="")
        except Failure:
            return f"is issued by {show_did(token.issuer)}, and its signature ({kind}) is not shown to be theirs", details
        return f"is signed by {show_did(token.issuer)} {show_method(method, token.issuer)}", {**details, "method": method.id}

    def timed(self) -> Words:
        token, now = self.step.token, self.case.given.facts.now
        begin = token.not_before if isinstance(token, Delegation) and token.not_before else None
        end = token.expiration
        bounds = "never expires" if end is None else f"expires {show_date(end)}"
        if begin is not None:
            bounds = f"is not valid before {show_date(begin)} and {bounds}"
        return f"{bounds}; it is {show_date(now)}, give or take {self.case.given.leeway} s", {
            "notBefore": begin and show_date(begin),
            "expiration": None if end is None else show_date(end),
            "now": show_date(now),
            "leeway": self.case.given.leeway,
        }

    def there(self) -> Words:
        linked, here = len(self.case.linked), len(self.case.chain)
        return (
            f"links {linked} proof{'' if linked == 1 else 's'}, of which {here} came with it" if linked else "links no proofs",
            {
                "linked": linked,
                "found": here,
            },
        )

    def standing(self) -> Words:
        revokers = sorted(self.case.given.facts.revoked.get(self.step.token.cid, ()))
        if not revokers:
            return "is not known to be revoked", {}
        listed = ", ".join(show_did(one) for one in revokers)
        return f"was revoked by {listed}{', who has issued nothing in this chain' if self.passed else ''}", {
            "revokedBy": listed
        }

    def rooted(self) -> Words:
        found = self.proof.subject
        said = "names no subject (a powerline)" if found is None else f"names its subject, {show_did(found)}"
        return f"is the root, and {said}", {"found": found}

    def concerned(self) -> Words:
        if self.proof.subject is None:
            details = {"expected": self.case.about, "found": None}
            return f"is a powerline: about whatever the chain is about, {show_did(self.case.about)}", details
        return self._equal("is about", self.proof.subject, self.case.about, "about", "the subject")

    def handed(self) -> Words:
        position = self.step.position
        who = "the audience of the proof before it" if position else "the subject"
        return self._equal("is issued by", self.proof.issuer, holder(self.case, position), "by", who)

    def covering(self) -> Words:
        found, asked = self.proof.command, self.case.command
        said = "covers" if found.covers(asked) else "does not cover"
        return f"is for {found}, which {said} {asked}", {"expected": asked, "found": found}

    def arrived(self) -> Words:
        count = len(self.case.chain)
        who = "the audience of its last proof" if count else "the subject"
        return self._equal("is issued by", self.case.issuer, holder(self.case, count), "by", who)

    def satisfied(self) -> Words:
        count = len(self.proof.policy)
        if not count:
            return "has no policy: any arguments will do", {"statements": 0}
        said = "holds for the arguments" if self.passed else "does not hold for the arguments"
        return f"has a policy of {count} statement{'' if count == 1 else 's'}, which {said}", {"statements": count}

    @staticmethod
    def _equal(verb: str, found: DID, expected: DID | None, preposition: str, who: str) -> Words:
        end = f", {who}" if found == expected else f", not {preposition} {show_did(expected)}, {who}"
        return f"{verb} {show_did(found)}{end}", {"expected": expected, "found": found}


_WORDS: Final[dict[str, Callable[[_Telling], Words]]] = {
    "0": _Telling.addressed,
    "1": _Telling.signed,
    "2": _Telling.timed,
    "3": _Telling.there,
    "4a": _Telling.signed,
    "4b": _Telling.timed,
    "4c": _Telling.standing,
    "4d": _Telling.rooted,
    "4e": _Telling.concerned,
    "4f": _Telling.handed,
    "4g": _Telling.covering,
    "5": _Telling.arrived,
    "6": _Telling.satisfied,
}
