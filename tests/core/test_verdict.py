"""Verdicts: each step in words, chains without an invocation, receipts, several tokens, and ucantone's golden ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from typing import Any, Final

import pytest

from forge import dagcbor
from forge.container import Container
from forge.delegation import Delegation
from forge.errors import MatchError
from forge.keys import Signer
from forge.policy import Budget
from forge.receipt import Receipt
from forge.verdict import Grant, Verdict, judge, named, signers
from forge.verify import Facts, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.judged import check, judged
from tests.core.principals import NOW
from tests.core.tokens import by_cid, delegation, receipt

A, B, C, D, E, *_ = PEOPLE
FACTS: Final = Facts(NOW, EVERYBODY_S_KEYS)


def link(asked: Request, position: int, **fields: Any) -> Request:
    return asked.with_link(position, asked.links[position].but(**fields))


def judge_all(container: Container, facts: Facts = FACTS, **how: Any) -> tuple[Verdict, ...]:
    verdicts = judge(container, facts, **how)
    for verdict in verdicts:
        check(verdict)
    return verdicts


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


# -- delegations alone


def chain_of(*path: Signer, **fields: object) -> list[Delegation]:
    asked = request(path)
    return link(asked, len(path) - 2, **fields).proofs if fields else asked.proofs


def test_a_delegation_alone() -> None:
    (proof,) = chain_of(A, B, cmd="/msg", pol=[["==", ".n", 1]], nbf=NOW - 5, exp=NOW + 5)
    (verdict,) = judge_all(Container.of(proof))
    assert (verdict.kind, verdict.token, verdict.accepted) == ("delegation", proof.cid, True)
    assert [account.step for account in verdict.steps] == ["4a", "4b", "4c", "4d", "4e", "4f", "4g"]
    assert verdict.grant == Grant(B.did, A.did, proof.command, NOW - 5, NOW + 5, [["==", ".n", 1]])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_chain_in_any_order(order: tuple[int, ...]) -> None:
    """Nobody signs the order of a container, so there is none to be wrong."""
    chain = chain_of(A, B, C, D)
    (verdict,) = judge_all(Container.of([chain[index] for index in order]))
    assert verdict.token == chain[-1].cid
    assert verdict.accepted
    assert verdict.grant
    assert (verdict.grant.audience, verdict.grant.subject) == (D.did, A.did)
    assert [account.token for account in verdict.steps if account.step == "4a"] == [one.cid for one in chain]


def test_what_a_chain_grants_is_the_narrowest_of_all() -> None:
    asked = request([A, B, C, D])
    asked = link(asked, 0, cmd="/", exp=NOW + 9, nbf=NOW - 9, pol=[["==", ".a", 1]])
    asked = link(asked, 1, cmd="/msg/send", exp=NOW + 5)
    asked = link(asked, 2, cmd="/msg", exp=NOW + 7, nbf=NOW - 5, pol=[["==", ".b", 2]])
    (verdict,) = judge_all(Container.of(asked.proofs))
    assert verdict.grant
    assert verdict.grant.command == "/msg/send"
    assert (verdict.grant.not_before, verdict.grant.expiration) == (NOW - 5, NOW + 5)
    assert verdict.grant.policy == [["==", ".a", 1], ["==", ".b", 2]]
    # As the verifier has it: exactly that can be invoked.
    verify(asked.but(args={"a": 1, "b": 2}).invocation(), by_cid(*asked.proofs), FACTS)


def test_a_powerline_in_a_chain_and_at_its_end() -> None:
    for powerlines in ({1}, {2}, {1, 2}):
        chain = request([A, B, C, D], powerlines).proofs
        (verdict,) = judge_all(Container.of(chain))
        assert verdict.accepted, powerlines
        assert verdict.grant
        assert verdict.grant.subject == A.did


def test_a_powerline_alone() -> None:
    (proof,) = request([A, B], {0}).proofs
    (verdict,) = judge_all(Container.of(proof))
    assert verdict.error
    assert verdict.error.name == "InvalidClaim"
    assert verdict.advice == (
        "A powerline passes on what its issuer was given, and that is not here: give the chain that comes before it, or ask"
        " for a delegation that names a subject."
    )


def test_a_chain_without_its_root() -> None:
    first, second, third = chain_of(A, B, C, D)
    (verdict,) = judge_all(Container.of(second, third))
    assert verdict.error
    assert verdict.error.name == "InvalidAudience"
    assert verdict.advice == (f"A link is missing: ask for the delegation from {A.did} to {B.did}, and put it before proof 1.")
    # Given besides, it is used.
    (verdict,) = judge_all(Container.of(second, third), proofs=[first])
    assert verdict.accepted
    (verdict,) = judge_all(Container.of(third), proofs=[*chain_of(A, E), second, first])
    assert (verdict.token, verdict.accepted) == (third.cid, True)


def test_a_chain_whose_commands_exclude_each_other() -> None:
    asked = link(link(request([A, B, C]), 0, cmd="/msg/send"), 1, cmd="/msg/delete")
    verdicts = judge_all(Container.of(asked.proofs))
    # Neither passes the other on, and the second has nothing before it.
    assert [(one.accepted, one.error and one.error.name) for one in verdicts] == [(True, None), (False, "InvalidAudience")]


def test_a_chain_that_is_broken_in_its_middle() -> None:
    asked = link(request([A, B, C, D]), 1, exp=NOW)
    (verdict,) = judge_all(Container.of(asked.proofs))
    assert verdict.error
    assert verdict.error.name == "Expired"
    assert verdict.steps[-1].details["proof"] == 2
    assert "ask " + B.did in str(verdict.advice)


def test_a_chain_is_about_whom_its_last_link_is_about() -> None:
    """Behind a powerline the subjects of a broken chain may differ: the question is what the last link is worth."""
    asked = link(request([A, B, C, D], {1}), 2, sub=str(STRANGER.did))
    (verdict,) = judge_all(Container.of(asked.proofs))
    assert verdict.error
    assert verdict.error.name == "InvalidSubject"
    assert verdict.steps[-1].details == {"proof": 1, "expected": STRANGER.did, "found": A.did}


def test_several_chains() -> None:
    """What `forge delegate` saves with several commands: one chain each, with the proofs that they share."""
    (root,) = chain_of(A, B, cmd="/")
    ends = [Delegation.decode(delegation(B, aud=str(C.did), sub=str(A.did), cmd=f"/{name}")) for name in ("a", "b")]
    verdicts = judge_all(Container.of(ends[0], root, ends[1]))
    assert [(one.token, one.accepted) for one in verdicts] == [(ends[0].cid, True), (ends[1].cid, True)]


def test_delegations_that_run_in_a_circle() -> None:
    verdicts = judge_all(Container.of(chain_of(A, B, A)))
    assert len(verdicts) == 1
    assert verdicts[0].accepted


def test_a_widening_link_is_no_wider() -> None:
    asked = link(link(request([A, B, C]), 0, cmd="/msg"), 1, cmd="/")
    (verdict,) = judge_all(Container.of(asked.proofs))
    assert verdict.grant
    assert verdict.grant.command == "/msg"


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
    more = chain_of(D, E)
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
