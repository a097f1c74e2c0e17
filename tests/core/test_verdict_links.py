"""Advice where the chain is the matter: each thing that can be wrong with it, and what is said about that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from forge.cid import CID
from forge.did import DID
from forge.keys import Signer
from forge.method import VerificationMethod
from forge.varsig import Algorithm
from forge.verify import MAX_PROOFS
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.judged import advice_of, judged, link
from tests.core.principals import NOW

A, B, C, D, *_ = PEOPLE
PRODUCTION = Signer(A.key, DID("did:web:example.com"))
STAGING = Signer(B.key, DID("did:web:staging.example.com"))
KEYS = {
    **EVERYBODY_S_KEYS,
    PRODUCTION.did: (VerificationMethod("did:web:example.com#key-0", A.key.public),),
    STAGING.did: (VerificationMethod("did:web:staging.example.com#key-0", B.key.public),),
}


def linking(asked: Request, *cids: CID) -> Request:
    return asked.but(prf=list(cids))


# -- the order


@pytest.mark.parametrize("length", [2, 3, 5])
def test_in_reverse(length: int) -> None:
    asked = request(PEOPLE[: length + 1])
    advice = advice_of(linking(asked, *(proof.cid for proof in reversed(asked.proofs))))
    assert advice == (
        "The proofs are listed in reverse, and it would be accepted the other way round: the list is part of what is signed, so"
        " sign the invocation again with the root first."
    )


def test_in_reverse_and_expired_is_not_said_to_be_the_order_alone() -> None:
    asked = link(request([A, B, C]), 0, exp=NOW + 1)
    cids = [proof.cid for proof in asked.proofs]
    assert "in reverse" in advice_of(linking(asked, *cids[::-1]), now=NOW)
    assert "in reverse" not in advice_of(linking(asked, *cids[::-1]), now=NOW + 1)


def test_in_another_order() -> None:
    asked = request([A, B, C, D])
    one, two, three = (proof.cid for proof in asked.proofs)
    for wrong in ((two, one, three), (one, three, two), (three, one, two)):
        advice = advice_of(linking(asked, *wrong))
        assert advice.startswith("The proofs are listed in the wrong order: sign the invocation again with ")
        assert f"{one}, {two}, {three}, the root first." in advice


def test_a_loop() -> None:
    """The same proof twice, and a way there that comes back: fewer of the proofs would do."""
    asked = request([A, B])
    (proof,) = asked.proofs
    end = f"Some of its proofs are one too many: sign the invocation again with {proof.cid} alone."
    assert advice_of(linking(asked, proof.cid, proof.cid)) == end
    asked = request([A, B, C, B])
    first, second, third = asked.proofs
    assert f"with {first.cid} alone" in advice_of(linking(asked, first.cid, third.cid, second.cid))


def test_the_subject_with_proofs() -> None:
    asked = replace(request([A, B]), invoker=A)
    assert advice_of(asked) == ("The subject needs no proofs for what is its own: sign the invocation again without any.")


# -- proofs that are missing, or there and not linked


def test_a_missing_proof() -> None:
    asked = request([A, B, C, D])
    one, two, _ = (proof.cid for proof in asked.proofs)
    assert advice_of(replace(asked, left_out=frozenset({1}))) == (
        f"Add the delegation {two}, to what is sent or here with --proof FILE."
    )
    assert f"Add the delegation {one} and 1 more, to" in advice_of(replace(asked, left_out=frozenset({0, 1})))


def test_a_missing_proof_and_others_that_would_do() -> None:
    asked = replace(request([A, B, C]), left_out=frozenset({0, 1}))
    (other,) = request([A, C]).proofs
    advice = advice_of(asked, other, *request([A, D]).proofs)
    assert advice == (f"Another chain is here that would do: sign the invocation again with {other.cid}.")


def test_a_proof_that_is_linked_by_another_name() -> None:
    asked = request([A, B])
    (proof,) = asked.proofs
    raw = CID.of_raw(bytes(proof))
    # Whatever would do goes before: here it is the same delegation by its own name.
    assert f"sign the invocation again with {proof.cid}." in advice_of(linking(asked, raw))
    asked = link(asked, 0, exp=NOW)
    (proof,) = asked.proofs
    raw = CID.of_raw(bytes(proof))
    assert advice_of(linking(asked, raw)) == (
        f"It links {raw}, and the same bytes are here as {proof.cid}: sign the invocation again with that CID."
    )


def test_too_many_proofs() -> None:
    asked = request([A, B] * 65)
    assert len(asked.links) == MAX_PROOFS + 1
    assert "Some of its proofs are one too many" in advice_of(asked)
    for position in range(len(asked.links)):
        asked = link(asked, position, exp=NOW)
    asked = replace(asked, left_out=frozenset({5}))
    assert advice_of(asked) == "A chain of more than 128 proofs is never looked at: ask for a delegation nearer to the root."


def test_no_proofs_and_none_to_be_had() -> None:
    assert advice_of(replace(request([A]), invoker=B)) == (
        f"Ask {A.did} for a delegation to {B.did}, and sign the invocation again with it (--proof)."
    )


def test_no_proofs_and_they_are_here() -> None:
    (proof,) = request([A, B]).proofs
    advice = advice_of(replace(request([A]), invoker=B), proof)
    assert advice.startswith("Another chain is here that would do:")
    assert str(proof.cid) in advice


@pytest.mark.parametrize(
    "broken",
    [
        lambda asked: link(asked, 0, exp=NOW),
        lambda asked: link(asked, 0, nbf=NOW),
        lambda asked: replace(asked, revoked={asked.proofs[0].cid: {A.did}}),
        lambda asked: link(asked, 0, sub=str(STRANGER.did)),
        lambda asked: link(asked, 0, cmd="/other"),
        lambda asked: link(asked, 0, pol=[["==", ".n", 1]]),
        lambda asked: link(asked, 0, aud=str(STRANGER.did)),
        lambda asked: asked.with_link(0, replace(asked.links[0], signer=STRANGER)),
        lambda asked: asked.with_link(0, replace(asked.links[0], header=Algorithm.ABSENTEE.header)),
        lambda asked: asked.with_link(0, asked.links[0].but(iss="did:web:unknown.example.com")),
    ],
    ids=["expired", "early", "revoked", "subject", "command", "policy", "audience", "signature", "absentee", "unresolved"],
)
def test_another_delegation_that_is_here_would_do(broken: Any) -> None:
    asked = broken(request([A, B]))
    (good,) = link(request([A, B]), 0, nonce=b"x").proofs
    assert f"sign the invocation again with {good.cid}." in advice_of(asked, good)
    # One that would not do is not offered.
    (useless,) = link(request([A, B]), 0, exp=NOW - 1, nonce=b"useless").proofs
    assert "Another chain is here" not in advice_of(asked, useless)


# -- alignment


def test_a_link_that_is_missing() -> None:
    asked = request([A, B, C, D])
    cids = [proof.cid for proof in asked.proofs]
    assert advice_of(replace(linking(asked, cids[0], cids[2]), left_out=frozenset({1}))) == (
        f"A link is missing: ask for the delegation from {B.did} to {C.did}, and put it before proof 2."
    )
    assert advice_of(replace(linking(asked, *cids[1:]), left_out=frozenset({0}))) == (
        f"A link is missing: ask for the delegation from {A.did} to {B.did}, and put it before proof 1."
    )


def test_a_chain_for_another_invoker() -> None:
    assert advice_of(replace(request([A, B, C]), invoker=D)) == (
        f"The last proof is for {C.did}: sign the invocation with that key, or ask {C.did} for a delegation to {D.did} and add"
        " it to the proofs."
    )


def test_a_key_of_the_one_who_has_the_authority() -> None:
    """The root is issued by the service's key as itself, where the subject is the service by its did:web."""
    asked = replace(request([A, B], sub=str(PRODUCTION.did)), keys=KEYS)
    asked = link(asked, 0, sub=str(PRODUCTION.did))
    assert advice_of(asked) == (
        f"{A.did} is a key of {PRODUCTION.did}, who has the authority: sign it again with that key, as {PRODUCTION.did} (--as)."
    )


def test_the_key_has_the_authority_and_the_service_invokes() -> None:
    asked = replace(request([B, A]), invoker=PRODUCTION, keys=KEYS)
    assert advice_of(asked) == (
        f"{A.did}, who has the authority, is a key of {PRODUCTION.did}: sign it again as the key itself, or have the authority"
        f" delegated to {PRODUCTION.did}."
    )


# -- subjects and services


def test_proofs_of_another_service() -> None:
    """Staging and production mixed up: the proofs are staging's, and the invocation is about production."""
    asked = replace(request([STAGING, C, D]), keys=KEYS).but(sub=str(PRODUCTION.did))
    verdict = judged(asked)
    assert verdict.error
    assert verdict.error.name == "InvalidSubject"
    assert verdict.advice == (
        "The proofs are about another service (staging and production mixed up?), did:web:staging.example.com, than the"
        " invocation is, did:web:example.com: sign it again about did:web:staging.example.com, or ask did:web:example.com for a"
        " delegation."
    )
    # Who is to execute it does not hide that: it names nobody, so that is its subject.
    assert judged(asked, audience=PRODUCTION.did).advice == verdict.advice
    # That is tried: where it would not do either, no more than what is seen is said.
    assert "The proofs are about" not in advice_of(replace(asked, invoker=C))


def test_one_proof_of_another_service() -> None:
    asked = replace(request([PRODUCTION, C, D]), keys=KEYS)
    advice = advice_of(link(asked, 1, sub=str(STAGING.did)))
    assert advice == (
        "Proof 2 is about another service (staging and production mixed up?), did:web:staging.example.com, than"
        f" did:web:example.com: ask {C.did} for a delegation about the latter."
    )


def test_a_root_that_another_service_issued() -> None:
    asked = replace(request([STAGING, C]), keys=KEYS).but(sub=str(PRODUCTION.did))
    verdict = judged(link(asked, 0, sub=str(PRODUCTION.did)))
    assert verdict.error
    assert verdict.error.name == "InvalidAudience"
    assert verdict.advice == (
        "The root is issued by another service (staging and production mixed up?), did:web:staging.example.com, than it is"
        " about, did:web:example.com: ask the latter for a delegation of its own."
    )


def test_a_link_that_another_service_issued() -> None:
    asked = replace(request([PRODUCTION, C, D]), keys=KEYS)
    advice = advice_of(asked.with_link(1, replace(asked.links[1], issuer=STAGING)))
    assert advice == f"A link is missing: ask for the delegation from {C.did} to {STAGING.did}, and put it before proof 2."


def test_another_subject_that_is_no_service() -> None:
    advice = advice_of(request([A, B]).but(sub=str(C.did)))
    assert advice.startswith(f"The proofs are about another subject, {A.did}, than the invocation is, {C.did}:")


@pytest.mark.parametrize("how", ["addressed", "sent"])
def test_a_service_that_is_known_by_its_key(how: str) -> None:
    """What is about whoever executes it, is about a service."""
    asked = request([A, B]).but(sub=str(C.did), **({"aud": str(C.did)} if how == "addressed" else {}))
    advice = advice_of(asked, audience=C.did if how == "sent" else None)
    assert advice.startswith(f"The proofs are about another service (staging and production mixed up?), {A.did}, than")


def test_sent_to_another_service() -> None:
    asked = replace(request([STAGING, C]), keys=KEYS)
    verdict = judged(asked, audience=PRODUCTION.did)
    assert verdict.error
    # Word for word what the dispatcher answers.
    assert (verdict.error.name, verdict.error.message) == (
        "InvalidAudience",
        f'invalid audience: expected "{PRODUCTION.did}", got "{STAGING.did}"',
    )
    assert [account.step for account in verdict.steps] == ["0"]
    assert dict(verdict.steps[0].details) == {"expected": PRODUCTION.did, "found": STAGING.did}
    assert verdict.advice == (
        f"It is addressed to {STAGING.did}, another service than {PRODUCTION.did}, to which it is sent: send it to the former,"
        " or sign it again with --audience for the latter; nothing else is wrong with it."
    )
    verdict = judged(asked.but(exp=NOW), audience=PRODUCTION.did)
    assert verdict.advice
    assert verdict.advice.endswith("; it would be refused there too (Expired).")
    # To the right one, that is a step that passes.
    assert [account.step for account in judged(asked, audience=STAGING.did).steps][:2] == ["0", "1"]


# -- powerlines


def test_a_powerline_at_the_root() -> None:
    assert advice_of(request([A, B, C], {0})) == (
        f"Ask {A.did} for a delegation that names it as its subject, and sign the invocation again with that."
    )
    asked = link(request([A, B, C], {0}), 1, cmd="/other")
    assert advice_of(asked).endswith("sign the invocation again with that (ImpossibleAttenuation would be next).")


def test_a_powerline_that_something_should_stand_before() -> None:
    asked = request([A, B, C], {1})
    advice = advice_of(linking(asked, asked.proofs[1].cid).but())
    # The first proof is here, so a chain is found; without it, it is asked for.
    assert "Another chain is here" in advice
    asked = replace(linking(asked, asked.proofs[1].cid), left_out=frozenset({0}))
    assert advice_of(asked) == (
        f"A powerline passes on what its issuer was given, and that is not here: give the chain from {A.did} to {B.did} that"
        " comes before it, or ask for a delegation that names a subject."
    )


# -- commands


@pytest.mark.parametrize(
    ("delegated", "invoked", "said"),
    [
        ("/customer/add", "/customer", "/customer is more than /customer/add, which is what proof 1 of 1 allows: invoke"),
        ("/customer/add", "/", "/ is more than /customer/add"),
        (
            "/crypto",
            "/cryptocurrency",
            "/crypto allows what is below /crypto/, and /cryptocurrency is another command that only",
        ),
        (
            "/customers/add",
            "/customer/add",
            "Proof 1 of 1 allows /customers/add, which is nearly /customer/add: invoke that if",
        ),
        ("/customer/add", "/msg/send", "Proof 1 of 1 allows /customer/add and what is below it, and nothing else: invoke that"),
    ],
)
def test_a_command_that_is_not_covered(delegated: str, invoked: str, said: str) -> None:
    asked = link(request([A, B], cmd=invoked), 0, cmd=delegated)
    advice = advice_of(asked)
    assert advice.startswith(said)
    assert advice.endswith(f"ask {A.did} for a delegation of {invoked}.")


# -- policies


@pytest.mark.parametrize(
    ("policy", "arguments", "said"),
    [
        ([["==", ".n", 2]], {"n": 1}, 'asks for ["==",".n",2], and the arguments have 1 at ".n"'),
        ([["==", ".a", 1], ["<", ".n", 1]], {"a": 1, "n": 1}, 'asks for ["<",".n",1], and the arguments have 1 at ".n"'),
        ([["like", ".s", "f1:*"]], {}, 'asks for ["like",".s","f1:*"], and there is nothing at ".s"'),
        ([["all", ".n", [">", ".", 1]]], {"n": [2, 1]}, 'and the arguments have [2,1] at ".n"'),
        ([["not", ["==", ".n", 1]]], {"n": 1}, 'asks for ["not",["==",".n",1]], and the arguments do not satisfy that'),
        ([["or", [["==", ".n", 2], ["==", ".n", 3]]]], {"n": 1}, "and the arguments do not satisfy that"),
    ],
)
def test_a_policy_that_is_not_satisfied(policy: Any, arguments: Any, said: str) -> None:
    asked = link(request([A, B, C], args=arguments), 1, pol=policy)
    advice = advice_of(asked)
    assert advice.startswith("Proof 2 of 2 asks for ")
    assert said in advice
    assert advice.endswith(f"change the arguments, or ask {B.did} for a delegation whose policy allows them.")


def test_a_policy_that_asks_for_too_much_work() -> None:
    asked = link(request([A, B], args={"n": list(range(120_000))}), 0, pol=[["all", ".n", [">=", ".", 0]]])
    verdict = judged(asked)
    assert verdict.error
    assert "too much work" in verdict.error.message
    assert verdict.advice == f"Ask {A.did} for a delegation with a simpler policy."


# -- revocations


def test_a_revoked_proof() -> None:
    asked = request([A, B, C])
    asked = replace(asked, revoked={asked.proofs[1].cid: {A.did}})
    verdict = judged(asked)
    assert verdict.steps[-1].what.endswith(f"was revoked by {A.did}")
    assert verdict.advice == (f"A revocation is for good: ask {B.did} for a new delegation, and sign again with that.")


def test_a_proof_that_is_signed_by_nobody_known_and_another_that_would_do() -> None:
    """What a search does not look at: it takes the first of two, and the trial without that one takes the second."""
    asked = request([A, B, C])
    (good,) = request([B, C]).proofs  # about somebody else
    broken = asked.with_link(1, replace(asked.links[1], signer=STRANGER))
    assert "Another chain is here" not in advice_of(broken, good)
    (good,) = link(request([B, C]), 0, nonce=b"x", sub=str(A.did)).proofs
    assert f"sign the invocation again with {asked.proofs[0].cid}, {good.cid}." in advice_of(broken, good)


def test_a_revocation_that_does_not_count() -> None:
    asked = request([A, B])
    asked = replace(asked, revoked={asked.proofs[0].cid: {STRANGER.did}})
    verdict = judged(asked)
    assert verdict.accepted
    said = [account.what for account in verdict.steps if account.step == "4c"]
    assert said == [f"proof 1 of 1 {asked.proofs[0].cid} was revoked by {STRANGER.did}, who has issued nothing in this chain"]
