"""Advice where a policy is the matter: which statement, and what the arguments have where it looks."""

from __future__ import annotations

from forge.dagcbor import Value
from forge.errors import MatchError, PolicyError
from forge.policy import Budget, Policy
from forge.policy.budget import MAX_STEPS
from forge.policy.segment import NOTHING
from forge.policy.selector import Selector
from forge.policy.value import shown
from forge.verdict.case import Case
from forge.verify import Step
from forge.wording import show_did


def unsatisfied(case: Case, step: Step) -> str | None:
    """Try the statements of the policy one by one. None where that is too much work."""
    proof, arguments = case.chain[step.position], case.arguments or {}
    budget = Budget()
    for form in proof.policy.encode():
        if not _holds(form, arguments, budget):
            if budget.spent > MAX_STEPS:
                return None
            return (
                f"Proof {step.position + 1} of {len(case.chain)} asks for {shown(form)}, and {_found(form, arguments)}: change"
                f" the arguments, or ask {show_did(proof.issuer)} for a delegation whose policy allows them."
            )
    return None


def _holds(form: Value, arguments: dict[str, Value], budget: Budget) -> bool:
    try:
        Policy([form]).match(arguments, budget)
    except MatchError:
        return False
    return True


def _found(form: Value, arguments: dict[str, Value]) -> str:
    """Say what is where the statement looks, if it looks at one place."""
    source = form[1] if isinstance(form, list) and len(form) > 1 else None
    if not isinstance(source, str):
        return "the arguments do not satisfy that"
    try:
        found = Selector(source).resolve(arguments, Budget())
    except (PolicyError, MatchError):
        return "the arguments do not satisfy that"
    return (
        f"there is nothing at {shown(source)}" if found is NOTHING else f"the arguments have {shown(found)} at {shown(source)}"
    )
