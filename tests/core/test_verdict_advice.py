"""Advice for every failure that verification knows: none is without, and each is about its own."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from typing import Final

import pytest

from forge.errors import HandlerNotFound
from forge.varsig import Algorithm
from forge.verdict.advice import _ADVISORS, _ELSE, advise
from forge.verdict.case import Given, InvocationCase
from forge.verify import Facts, Step
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.judged import judged
from tests.core.principals import NOW

A, B, C, *_ = PEOPLE
CHAIN: Final = request([A, B, C])


def link(position: int, **fields: object) -> Request:
    return CHAIN.with_link(position, CHAIN.links[position].but(**fields))


PROVOKED: Final = {
    "DIDKeyResolutionError": replace(CHAIN, keys={}),
    "InvalidSignature": replace(CHAIN, signer=STRANGER),
    "UnverifiableSignature": replace(CHAIN, header=Algorithm.ABSENTEE.header),
    "Expired": link(1, exp=NOW),
    "TooEarly": link(0, nbf=NOW),
    "UnavailableProof": replace(CHAIN, left_out=frozenset({1})),
    "Revoked": replace(CHAIN, revoked={CHAIN.proofs[0].cid: {A.did}}),
    "InvalidClaim": link(0, sub=None),
    "InvalidSubject": CHAIN.but(sub=str(STRANGER.did)),
    "InvalidAudience": replace(CHAIN, invoker=STRANGER),
    "ImpossibleAttenuation": CHAIN.but(cmd="/other"),
    "MatchError": link(1, pol=[["==", ".n", 1]]),
}


def test_every_failure_of_the_table_has_its_advice() -> None:
    table = (import_module("forge.verify").__doc__ or "").split("The first failure counts")[0]
    names = set(re.findall(r"\b(?:[A-Z][A-Za-z]+Error|[A-Z][a-z]+[A-Z]\w+|Expired|Revoked)\b", table))
    assert names == _ADVISORS.keys() == PROVOKED.keys()


@pytest.mark.parametrize("name", PROVOKED)
def test_a_token_that_provokes_it(name: str) -> None:
    verdict = judged(PROVOKED[name])
    assert verdict.error
    assert verdict.error.name == name
    assert verdict.advice != _ELSE


def test_no_two_failures_have_the_same_advice() -> None:
    assert len({judged(asked).advice for asked in PROVOKED.values()}) == len(PROVOKED)


def test_a_failure_that_is_not_known_here() -> None:
    case = InvocationCase(Given(Facts(NOW, EVERYBODY_S_KEYS)), CHAIN.invocation())
    assert advise(case, Step("1", CHAIN.invocation()), HandlerNotFound("x")) == _ELSE
