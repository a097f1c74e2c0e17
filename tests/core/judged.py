"""Verdicts, and what must hold for each of them whatever it says."""

from __future__ import annotations

from typing import Any, Final

from forge.container import Container
from forge.delegation import Delegation
from forge.errors import Failure
from forge.verdict import Verdict, judge
from forge.verify import Facts
from tests.core.chains import EVERYBODY_S_KEYS, Request
from tests.core.principals import NOW

FACTS: Final = Facts(NOW, EVERYBODY_S_KEYS)


def refusal(asked: Request, now: int, leeway: int) -> Failure | None:
    try:
        asked.verify(now, leeway)
    except Failure as failure:
        return failure
    return None


def judged(asked: Request, *more: Delegation, now: int = NOW, leeway: int = 0, **how: Any) -> Verdict:
    """The verdict about a request; its error is the very one that `verify` raises. `more` comes along."""
    proofs = [proof for position, proof in enumerate(asked.proofs) if position not in asked.left_out]
    container = Container.of(asked.invocation(), proofs, more)
    (verdict,) = judge(container, Facts(now, asked.keys, asked.revoked), leeway=leeway, **how)
    check(verdict)
    assert (verdict.kind, verdict.token) == ("invocation", asked.invocation().cid)
    if verdict.steps[0].step != "0" or verdict.steps[0].passed:
        failure = refusal(asked, now, leeway)
        assert verdict.error == (failure and (failure.name, failure.message))
    return verdict


def check(verdict: Verdict) -> None:
    """All steps passed but the last, where there is an error; and then there is one sentence of advice."""
    passed = [account.passed for account in verdict.steps]
    assert passed == ([] if verdict.token is None else [True] * (len(passed) - 1) + [verdict.accepted])
    assert all(account.what and "\n" not in account.what for account in verdict.steps)
    assert verdict.accepted is (verdict.error is None) is (verdict.advice is None)
    if verdict.advice is not None:
        assert verdict.advice[0].isupper() or verdict.advice.startswith(("did:", "/"))
        assert verdict.advice.endswith((".", ").")), verdict.advice
        assert "\n" not in verdict.advice


def advice_of(asked: Request, *more: Delegation, **how: Any) -> str:
    """The advice about a request that is refused."""
    verdict = judged(asked, *more, **how)
    assert verdict.advice is not None, "it is accepted"
    return verdict.advice


def link(asked: Request, position: int, **fields: Any) -> Request:
    return asked.with_link(position, asked.links[position].but(**fields))


def judge_all(container: Container, facts: Facts = FACTS, **how: Any) -> tuple[Verdict, ...]:
    verdicts = judge(container, facts, **how)
    for verdict in verdicts:
        check(verdict)
    return verdicts
