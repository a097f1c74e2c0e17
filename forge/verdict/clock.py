"""Advice where a time is the matter: is the clock all that is wrong?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from forge.delegation import Delegation
from forge.invocation import Invocation
from forge.verdict.case import Case
from forge.verify import Step
from forge.wording import show_date, show_did

PLAUSIBLE: Final = 3600
"""Seconds by which a clock that nobody looks after is wrong. What is further away is over, or to come."""


def window(tokens: Iterable[Invocation | Delegation]) -> tuple[int | None, int | None]:
    """Say from when to when all of the tokens are in force, in Unix seconds, without leeway; None is without a bound.

    Where they never are, the first is later than the second.
    """
    begins, ends = [], []
    for token in tokens:
        if isinstance(token, Delegation) and token.not_before:
            begins.append(token.not_before + 1)
        if token.expiration is not None:
            ends.append(token.expiration - 1)
    return max(begins, default=None), min(ends, default=None)


def show_window(begin: int | None, end: int | None) -> str:
    """Write from when to when."""
    since = "" if begin is None else f"from {show_date(begin)} "
    until = "on" if end is None and begin is not None else "always" if end is None else f"until {show_date(end)}"
    return f"{since}{until}"


def clock(case: Case, step: Step) -> str | None:
    """Try another time, the nearest at which all of the tokens are in force."""
    begin, end = window(case.tokens)
    if begin is not None and end is not None and begin > end:
        return (
            f"It is never in force: one of its tokens is not valid before {show_date(begin)}, and one only until"
            f" {show_date(end)}, so {_renew(step)} with other times."
        )
    now = case.given.facts.now
    then = now if begin is None else max(now, begin)
    then = then if end is None else min(then, end)
    off, direction = abs(now - then), "late" if now > then else "early"
    rest = case.at(then).attempt()
    here = f"it is {show_date(now)} here, {_span(off)} too {direction}"
    if rest is not None:
        return (
            f"It was in force {show_window(begin, end)}, and {here}, but even then it would be refused ({rest.name}):"
            f" {_renew(step)}, and see to that too."
        )
    span = f"it would be accepted {show_window(begin, end)}, leeway aside, and {here}"
    if off > PLAUSIBLE:
        if direction == "late":
            return f"Its time is over: {span}; {_renew(step)}."
        return f"Its time has not come: {span}; wait, or {_renew(step)}."
    forgives = case.allowing(off).attempt() is None
    wait = "wait, or " if direction == "early" else ""
    remedy = f"{wait}set the clock that is wrong{f' (--leeway {off} would do here)' if forgives else ''}, or {_renew(step)}"
    return f"Only the clock is off: {span}; {remedy}."


def _span(seconds: int) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _renew(step: Step) -> str:
    if step.position < 0:
        return "sign the invocation again"
    return f"ask {show_did(step.token.issuer)} for a new delegation in place of proof {step.position + 1}"
