"""Policies (protocol §6)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from forge.errors import DagCborError, MatchError, PolicyError
from forge.policy import Budget, Policy
from forge.policy.budget import MAX_STEPS, REFUSAL
from forge.policy.policy import MAX_MESSAGE
from tests.core.values import identical
from tests.fuzz import reference
from tests.fuzz.laws.price import exact
from tests.fuzz.laws.reading import item, refused

# Steps and bytes beyond which the reference, which is not built for it, is not asked.
ASKED_STEPS: Final = 5_000
ASKED_BYTES: Final = 1_024


def policy(data: bytes) -> None:
    """Policies, matched against arguments: `[policy, arguments, steps]`, of which the last two may be absent."""
    try:
        value = item(data)
    except DagCborError:
        return
    parts = value if isinstance(value, list) else [value]
    form, args, steps = [*parts, *[[], {}, MAX_STEPS][len(parts) :]][:3]
    decoded = refused(Policy.decode, form, PolicyError)
    if decoded is None:
        return
    assert identical(decoded.encode(), form), "encoding does not undo decoding"
    again = Policy.decode(decoded.encode())
    assert again == decoded, "decoded again, it is another policy"
    assert hash(again) == hash(decoded), "equal policies, two hashes"
    assert len(decoded) == len(form), "statements were lost"
    repr(decoded).encode()
    for remark in decoded.portability():
        remark.encode()
    before = deepcopy(args)
    budget = Budget()
    verdict = refusal(decoded, args, budget)
    assert identical(args, before), "the arguments were changed"
    assert identical(decoded.encode(), form), "the policy was changed"
    if budget.spent > MAX_STEPS:
        return
    if isinstance(steps, int):
        limited(decoded, args, min(max(steps, 0), MAX_STEPS), verdict, budget.spent)
    exact(lambda limit: finished(decoded, args, limit), budget.spent)
    if budget.spent <= ASKED_STEPS and len(data) <= ASKED_BYTES:
        expected = all(reference.holds(statement, args) for statement in form)
        assert (verdict is None) is expected, f"the reference says {expected}; the refusal is {verdict}"


def refusal(decoded: Policy, args: Any, budget: Budget) -> str | None:
    """Match; give the message of a refusal, which has to be one of those that may go into a receipt."""
    try:
        decoded.match(args, budget)
    except MatchError as error:
        return sendable(error.message)
    return None


def sendable(message: str) -> str:
    """A refusal's message has the form that may go into a receipt."""
    assert message.startswith(REFUSAL), "a refusal of another form"
    assert len(message) <= MAX_MESSAGE, "a refusal that is too long"
    message.encode()
    return message


def finished(decoded: Policy, args: Any, budget: Budget) -> None:
    """Match, whatever comes of it, but for the end of the budget.

    Raises:
        MatchError: that.
    """
    message = refusal(decoded, args, budget)
    if message is not None and message.removeprefix(REFUSAL).startswith("the policy asks for too much work"):
        raise MatchError(message)


def limited(decoded: Policy, args: Any, steps: int, verdict: str | None, price: int) -> None:
    """A smaller budget gives the same verdict or none, and no `not` turns its end into a success."""
    found = refusal(decoded, args, Budget(steps))
    if steps >= price:
        assert found == verdict, "another verdict with another budget"
    else:
        assert found is not None, "it holds with a budget that is too small"
