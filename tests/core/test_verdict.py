"""Verdicts: each step in words, chains without an invocation, receipts, several tokens, and ucantone's golden ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from forge import dagcbor
from forge.container import Container
from forge.errors import MatchError
from forge.policy import Budget
from forge.receipt import Receipt
from forge.verdict import named, signers
from forge.verify import Facts, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.judged import judge_all, judged, link
from tests.core.principals import NOW
from tests.core.tokens import delegation, receipt

A, B, C, D, E, *_ = PEOPLE
FACTS: Final = Facts(NOW, EVERYBODY_S_KEYS)


# -- the account


def test_every_step_in_words() -> None:
    asked = link(request([A, B, C], {1}, args={"n": 1}), 0, pol=[["==", ".n", 1]], cmd="/msg", exp=NOW + 10)
    first, second = (proof.cid for proof in asked.proofs)
    cid = asked.invocation().cid
    one, two, it = f"proof 1 of 2 {first}", f"proof 2 of 2 {second}", f"invocation {cid}"
    now = "it is 2026-01-01T00:00:00Z, give or take 5 s"
    verdict = judged(asked, leeway=5)
    assert [(account.step, account.what) for account in verdict.steps] == [
        ("1", f"{it} is signed by {C.did} with its key (Ed25519)"),
        ("2", f"{it} never expires; {now}"),
        ("3", f"{it} links 2 proofs, of which 2 came with it"),
        ("4a", f"{one} is signed by {A.did} with its key (Ed25519)"),
        ("4b", f"{one} expires 2026-01-01T00:00:10Z; {now}"),
        ("4c", f"{one} is not known to be revoked"),
        ("4d", f"{one} is the root, and names its subject, {A.did}"),
        ("4e", f"{one} is about {A.did}, the subject"),
        ("4f", f"{one} is issued by {A.did}, the subject"),
        ("4g", f"{one} is for /msg, which covers /msg/send"),
        ("4a", f"{two} is signed by {B.did} with its key (Ed25519)"),
        ("4b", f"{two} never expires; {now}"),
        ("4c", f"{two} is not known to be revoked"),
        ("4e", f"{two} is a powerline: about whatever the chain is about, {A.did}"),
        ("4f", f"{two} is issued by {B.did}, the audience of the proof before it"),
        ("4g", f"{two} is for /msg/send, which covers /msg/send"),
        ("5", f"{it} is issued by {C.did}, the audience of its last proof"),
        ("6", f"{one} has a policy of 1 statement, which holds for the arguments"),
        ("6", f"{two} has no policy: any arguments will do"),
    ]
    assert [account.token for account in verdict.steps] == [cid] * 3 + [first] * 7 + [second] * 6 + [cid, first, second]
    assert [account.details.get("proof") for account in verdict.steps] == [None] * 3 + [1] * 7 + [2] * 6 + [None, 1, 2]


def test_both_dids_that_had_to_be_equal() -> None:
    details = {account.step: dict(account.details) for account in judged(request([A, B])).steps}
    assert details["4e"] == {"proof": 1, "expected": A.did, "found": A.did}
    assert details["4f"] == {"proof": 1, "expected": A.did, "found": A.did}
    assert details["5"] == {"expected": B.did, "found": B.did}
    asked = request([A, B, C])
    asked = asked.with_link(1, replace(asked.links[1], issuer=STRANGER))
    account = judged(asked).steps[-1]
    assert account.what.endswith(f" is issued by {STRANGER.did}, not by {B.did}, the audience of the proof before it")
    assert dict(account.details) == {"proof": 2, "expected": B.did, "found": STRANGER.did}


@pytest.mark.parametrize(
    ("broken", "step", "end"),
    [
        (replace(request([A]), signer=B), "1", f"is issued by {A.did}, and its signature (Ed25519) is not shown to be theirs"),
        (replace(request([A, B]), left_out=frozenset({0})), "3", "links 1 proof, of which 0 came with it"),
        (request([A, B], {0}), "4d", "is the root, and names no subject (a powerline)"),
        (request([A, B]).but(sub=str(C.did)), "4e", f"is about {A.did}, not about {C.did}, the subject"),
        (request([A, B], cmd="/other"), "4g", "is for /msg/send, which does not cover /other"),
        (replace(request([A]), invoker=B), "5", f"is issued by {B.did}, not by {A.did}, the subject"),
        (
            link(request([A, B]), 0, pol=[["==", ".n", 1], ["==", ".m", 1]]),
            "6",
            "has a policy of 2 statements, which does not hold for the arguments",
        ),
    ],
    ids=["1", "3", "4d", "4e", "4g", "5", "6"],
)
def test_the_step_that_failed(broken: Request, step: str, end: str) -> None:
    account = judged(broken).steps[-1]
    assert (account.step, account.passed) == (step, False)
    assert account.what.endswith(f" {end}")


def test_a_long_did_is_shown_by_its_ends() -> None:
    longer = "did:web:" + "a" * 2000
    for asked in (request([A]).but(sub=longer), link(request([A, B]), 0, aud=longer), link(request([A, B]), 0, sub=longer)):
        verdict = judged(asked)
        assert not any(longer in account.what for account in verdict.steps)
        assert longer not in str(verdict.advice)


# -- receipts


def test_a_receipt() -> None:
    token = Receipt.decode(receipt(A, sub=str(A.did)))
    (verdict,) = judge_all(Container.of(token))
    assert (verdict.kind, verdict.token, verdict.accepted) == ("receipt", token.cid, True)
    assert [(account.step, account.what) for account in verdict.steps] == [
        ("1", f"receipt {token.cid} is signed by {A.did} with its key (Ed25519)"),
        ("5", f"receipt {token.cid} is issued by {A.did}, the subject"),
    ]


def test_a_receipt_on_somebody_s_behalf() -> None:
    token = Receipt.decode(receipt(A, sub=str(B.did)))
    (verdict,) = judge_all(Container.of(token))
    assert verdict.error
    assert verdict.error.name == "InvalidClaim"
    assert verdict.advice == "An executor speaks for nobody else: ask for a receipt that its issuer issues about itself."


def test_receipts_of_one_task_are_judged_each() -> None:
    tokens = [Receipt.decode(receipt(one, sub=str(one.did))) for one in (A, B)]
    assert [verdict.token for verdict in judge_all(Container.of(tokens))] == [one.cid for one in tokens]


# -- several


def test_every_invocation_and_every_receipt() -> None:
    good, bad = request([A, B]), request([A, C], exp=NOW)
    token = Receipt.decode(receipt(A, sub=str(A.did)))
    container = Container.of(token, bad.invocation(), good.proofs, bad.proofs, good.invocation())
    verdicts = judge_all(container)
    assert [(verdict.kind, verdict.accepted) for verdict in verdicts] == [
        ("invocation", False),
        ("invocation", True),
        ("receipt", True),
    ]


def test_the_budget_is_one_for_all_of_them_as_in_a_request() -> None:
    asked = link(request([A, B], args={"n": list(range(40_000))}), 0, pol=[["all", ".n", [">=", ".", 0]]])
    others = [asked.but(nonce=bytes((number,))) for number in range(3)]
    container = Container.of([one.invocation() for one in others], asked.proofs)
    budget = Budget()

    def message(one: Request) -> str | None:
        try:
            verify(one.invocation(), container.delegations, FACTS, budget=budget)
        except MatchError as failure:
            return failure.message
        return None

    expected = [message(one) for one in others]
    assert [bool(one) for one in expected] == [False, False, True]
    found = [verdict.error and verdict.error.message for verdict in judge_all(container)]
    assert found == expected


def test_what_is_no_token_is_a_hint_where_a_proof_is_missing() -> None:
    asked = request([A, B])
    data = dagcbor.encode({"ctn-v1": [bytes(asked.invocation()), b"nothing"]})
    verdict, unreadable = judge_all(Container.from_cbor(data))
    assert str(verdict.advice).endswith("; 1 of what came along is no token, and may have been it.")
    assert (unreadable.kind, unreadable.token, unreadable.accepted) == ("unreadable", None, False)


def test_a_command_in_capitals_is_no_token() -> None:
    data = dagcbor.encode({"ctn-v1": [delegation(A, cmd="/Customer/add"), delegation(A)]})
    _, unreadable = judge_all(Container.from_cbor(data))
    assert unreadable.error == ("TokenError", "ctn-v1[0]: cmd: a command is in lower case: '/Customer/add'")
    assert unreadable.advice == "No service reads it, so nothing comes of it: have it made again, with that put right."


def test_nothing_to_judge() -> None:
    assert judge_all(Container()) == ()


# -- whose keys


def test_whose_keys_are_asked_for() -> None:
    asked = request([A, B, C])
    more = request([D, E]).proofs
    token = Receipt.decode(receipt(E, sub=str(E.did)))
    assert signers(Container.of(asked.invocation(), asked.proofs, more)) == {A.did, B.did, C.did}
    assert signers(Container.of(asked.invocation(), token), asked.proofs) == {A.did, B.did, C.did, E.did}
    assert signers(Container.of(asked.proofs), more) == {A.did, B.did, D.did}
    everybody = {A.did, B.did, C.did, D.did, E.did}
    assert named(Container.of(asked.invocation(), asked.proofs, more)) == everybody
    addressed = asked.but(aud=str(STRANGER.did)).invocation()
    assert named(Container.of(addressed)) == {A.did, C.did, STRANGER.did}


# -- whatever is broken


@pytest.mark.parametrize("seed", range(40))
def test_a_verdict_is_what_verify_says(seed: int) -> None:
    """Several things wrong at once, in every combination of two: never another error, and always something to do."""
    breaks: list[Callable[[Request], Request]] = [
        lambda asked: replace(asked, signer=STRANGER),
        lambda asked: asked.but(exp=NOW),
        lambda asked: link(asked, 0, exp=NOW),
        lambda asked: link(asked, 1, nbf=NOW),
        lambda asked: link(asked, 0, sub=None),
        lambda asked: link(asked, 1, sub=str(STRANGER.did)),
        lambda asked: link(asked, 1, cmd="/other"),
        lambda asked: link(asked, 0, pol=[["==", ".n", 1]]),
        lambda asked: replace(asked, invoker=STRANGER),
    ]
    one, other = divmod(seed * 2 + 1, len(breaks))
    verdict = judged(breaks[other](breaks[one % len(breaks)](request([A, B, C]))))
    assert verdict.error


def test_a_verdict_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pure: the same facts give the same words, without a clock or a network."""
    monkeypatch.setattr("time.time", None)
    monkeypatch.setattr("socket.socket", None)
    asked = replace(request([A, B, C]), left_out=frozenset({0}))
    one, other = judged(asked), judged(asked)
    assert one == other
