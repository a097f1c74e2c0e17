"""Advice where the chain is the matter: other proofs, another order, another subject, a link that is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Final

from forge.chain import find_chain
from forge.cid import CID
from forge.command import ROOT, CommandPath
from forge.delegation import Delegation
from forge.did import DID
from forge.keys import PublicKey
from forge.verdict.account import holder
from forge.verdict.case import Case, ChainCase, InvocationCase, ReceiptCase
from forge.verdict.signer import methods_of
from forge.verify import MAX_PROOFS, Step
from forge.wording import show_did

_DIGEST: Final = 32
_CLOSE: Final = 0.8
"""How alike two commands are of which one may be a slip of the pen, from 0 to 1."""


def misaddressed(case: Case, step: Step) -> str | None:
    """Step 0: try it without asking whom it is for."""
    if step.number != "0" or not isinstance(case, InvocationCase):
        return None
    rest = case.for_anybody().attempt()
    more = "nothing else is wrong with it" if rest is None else f"it would be refused there too ({rest.name})"
    return (
        f"It is addressed to {show_did(case.executor)}, another service than {show_did(case.given.audience)}, to which it is"
        f" sent: send it to the former, or sign it again with --audience for the latter; {more}."
    )


def reordered(case: Case, step: Step) -> str | None:
    """Try the same proofs in reverse, then in any order that makes a chain, then fewer of them."""
    del step
    if not isinstance(case, InvocationCase):
        return None
    if len(case.chain) > 1 and case.linking(case.chain[::-1]).attempt() is None:
        return (
            "The proofs are listed in reverse, and it would be accepted the other way round: the list is part of what is"
            " signed, so sign the invocation again with the root first."
        )
    found = _found(case, case.chain)
    if found is None:
        return None
    if not found:
        return "The subject needs no proofs for what is its own: sign the invocation again without any."
    listed = ", ".join(str(one.cid) for one in found)
    if len(found) == len(case.linked):
        return f"The proofs are listed in the wrong order: sign the invocation again with {listed}, the root first."
    return f"Some of its proofs are one too many: sign the invocation again with {listed} alone."


def instead(case: Case, step: Step) -> str | None:
    """Try a chain of whatever delegations are there; and one without the proof that failed, since the search asks for neither
    signatures nor revocations.
    """
    if not isinstance(case, InvocationCase):
        return None
    here = tuple(case.given.delegations.values())
    found = _found(case, here) or _found(case, [one for one in here if one != step.token])
    if not found:
        return None
    listed = ", ".join(str(one.cid) for one in found)
    return f"Another chain is here that would do: sign the invocation again with {listed}."


def another_subject(case: Case, step: Step) -> str | None:
    """Try it about whom its proofs are about: who mixes up two services, has the right proofs for the wrong one."""
    if isinstance(case, InvocationCase):
        for other in dict.fromkeys(one.subject for one in case.chain):
            if other not in (None, case.about) and case.concerning(other).attempt() is None:
                return (
                    f"The proofs are about {_another(case, other)}, {show_did(other)}, than the invocation is,"
                    f" {show_did(case.about)}: sign it again about {show_did(other)}, or ask {show_did(case.about)} for a"
                    " delegation."
                )
    if step.position < 0 or step.number not in ("4e", "4f"):
        return None
    proof = case.chain[step.position]
    if step.number == "4e" and proof.subject is not None:
        return (
            f"Proof {step.position + 1} is about {_another(case, proof.subject)}, {show_did(proof.subject)}, than"
            f" {show_did(case.about)}: ask {show_did(proof.issuer)} for a delegation about the latter."
        )
    if step.number == "4f" and step.position == 0 and _are_services(case.about, proof.issuer):
        return (
            f"The root is issued by another service (staging and production mixed up?), {show_did(proof.issuer)}, than it is"
            f" about, {show_did(case.about)}: ask the latter for a delegation of its own."
        )
    return None


def another_name(case: Case, step: Step) -> str | None:
    """Look whether the one who is expected and the one who is found are a DID and a key of its own."""
    expected, found = holder(case, _position(case, step)), _found_issuer(case, step)
    if found in _keys_of(case, expected):
        return (
            f"{show_did(found)} is a key of {show_did(expected)}, who has the authority: sign it again with that key, as"
            f" {show_did(expected)} (--as)."
        )
    if expected in _keys_of(case, found):
        return (
            f"{show_did(expected)}, who has the authority, is a key of {show_did(found)}: sign it again as the key itself, or"
            f" have the authority delegated to {show_did(found)}."
        )
    return None


def unlinked(case: Case, step: Step) -> str:
    """Say who would have to delegate to whom."""
    if isinstance(case, ReceiptCase):
        return "An executor speaks for nobody else: ask for a receipt that its issuer issues about itself."
    expected, found = show_did(holder(case, _position(case, step))), show_did(_found_issuer(case, step))
    if step.position < 0 and not case.chain:
        return f"Ask {expected} for a delegation to {found}, and sign the invocation again with it (--proof)."
    if step.position < 0:
        return (
            f"The last proof is for {expected}: sign the invocation with that key, or ask {expected} for a delegation"
            f" to {found} and add it to the proofs."
        )
    return f"A link is missing: ask for the delegation from {expected} to {found}, and put it before proof {step.position + 1}."


def absent(case: Case, step: Step) -> str:
    """Say which proof is missing."""
    del step
    missing = [cid for cid in case.linked if cid not in case.given.delegations]
    if len(case.linked) > MAX_PROOFS or not missing:
        return f"A chain of more than {MAX_PROOFS} proofs is never looked at: ask for a delegation nearer to the root."
    for cid in missing:
        twin = _twin(cid, case)
        if twin is not None:
            return f"It links {cid}, and the same bytes are here as {twin}: sign the invocation again with that CID."
    others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    broken = (
        f"; {case.given.undecodable} of what came along is no token, and may have been it" if case.given.undecodable else ""
    )
    return f"Add the delegation {missing[0]}{others}, to what is sent or here with --proof FILE{broken}."


def powerline(case: Case, step: Step) -> str | None:
    """Step 4d: try the root with a subject, and look whether something stands before it."""
    if step.number != "4d":
        return None
    root = case.chain[0]
    issuer, about = show_did(root.issuer), show_did(case.about)
    if isinstance(case, InvocationCase) and root.issuer == case.about:
        rest = case.linking((replace(root, subject=case.about), *case.chain[1:])).attempt()
        more = "" if rest is None else f" ({rest.name} would be next)"
        return f"Ask {issuer} for a delegation that names it as its subject, and sign the invocation again with that{more}."
    before = "" if isinstance(case, ChainCase) else f" from {about} to {issuer}"
    return (
        f"A powerline passes on what its issuer was given, and that is not here: give the chain{before} that comes before it,"
        " or ask for a delegation that names a subject."
    )


def uncovered(case: Case, step: Step) -> str:
    """Compare the two commands."""
    proof, asked = case.chain[step.position], case.command
    found = proof.command
    place = f"proof {step.position + 1} of {len(case.chain)}"
    ask = f"ask {show_did(proof.issuer)} for a delegation of {asked}"
    if isinstance(case, ChainCase):
        return f"No command is within both {found} ({place}) and {asked}, another link: ask for delegations of one of them."
    if asked == ROOT or found.startswith(f"{asked}/"):
        return f"{asked} is more than {found}, which is what {place} allows: invoke {found} or what is below it, or {ask}."
    if asked.startswith(found):
        return f"{found} allows what is below {found}/, and {asked} is another command that only begins alike: {ask}."
    if _alike(asked, found):
        return f"{place.capitalize()} allows {found}, which is nearly {asked}: invoke that if it is what was meant, or {ask}."
    return f"{place.capitalize()} allows {found} and what is below it, and nothing else: invoke that, or {ask}."


def _found(case: InvocationCase, among: Sequence[Delegation]) -> tuple[Delegation, ...] | None:
    """Find a chain with which the case would be accepted, and which is not the one that it has."""
    found = find_chain(
        among, issuer=case.issuer, subject=case.about, command=case.command, at=case.given.facts.now, arguments=case.arguments
    )
    if found is None or tuple(one.cid for one in found) == case.linked or case.linking(found).attempt() is not None:
        return None
    return found


def _another(case: Case, other: DID) -> str:
    addressed = isinstance(case, InvocationCase) and case.about in (case.invocation.audience, case.given.audience)
    if addressed or _are_services(case.about, other):
        return "another service (staging and production mixed up?)"
    return "another subject"


def _are_services(*dids: DID) -> bool:
    return all(did.method == "web" for did in dids)


def _position(case: Case, step: Step) -> int:
    return len(case.chain) if step.position < 0 else step.position


def _found_issuer(case: Case, step: Step) -> DID:
    return case.issuer if step.position < 0 else step.token.issuer


def _keys_of(case: Case, did: DID) -> set[DID]:
    return {one.key.did for one in methods_of(case, did) if isinstance(one.key, PublicKey)}


def _twin(cid: CID, case: Case) -> CID | None:
    """Find the delegation whose bytes a link names under another codec."""
    return next((one for one in case.given.delegations if bytes(one)[-_DIGEST:] == bytes(cid)[-_DIGEST:]), None)


def _alike(one: CommandPath, other: CommandPath) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= _CLOSE
