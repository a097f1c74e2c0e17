"""Steps 4d to 6: who may do what about whom, and every message about that (protocol §8.1, §8.5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from forge.errors import ImpossibleAttenuation, InvalidAudience, InvalidClaim, InvalidSubject, MatchError
from forge.policy import Budget
from tests.core.chains import PEOPLE, STRANGER, request
from tests.core.refusal import fails, failure_of

A, B, C, D, E, F, *_ = PEOPLE


@pytest.mark.parametrize("position", range(3))
def test_a_proof_about_another_subject(position: int) -> None:
    asked = request([A, B, C, D])
    asked = asked.with_link(position, asked.links[position].but(sub=str(STRANGER.did)))
    fails(
        asked,
        InvalidSubject,
        f'delegation "{asked.proofs[position].cid}" subject is "{STRANGER.did}" not "{A.did}" (proof {position + 1} of 3)',
    )


def test_an_invocation_about_another_subject() -> None:
    asked = request([A, B]).but(sub=str(C.did))
    fails(asked, InvalidSubject, f'delegation "{asked.proofs[0].cid}" subject is "{A.did}" not "{C.did}" (proof 1 of 1)')


def test_a_root_that_the_subject_did_not_issue() -> None:
    asked = request([A, B])
    asked = asked.with_link(0, replace(asked.links[0], issuer=STRANGER))
    fails(
        asked,
        InvalidAudience,
        f'delegation "{asked.proofs[0].cid}" issuer is "{A.did}" not "{STRANGER.did}" (proof 1 of 1):'
        " expected the subject; proofs are listed from the root to the invoker",
    )


@pytest.mark.parametrize("position", [1, 2])
def test_a_gap_in_the_chain(position: int) -> None:
    asked = request([A, B, C, D])
    asked = asked.with_link(position, replace(asked.links[position], issuer=STRANGER))
    fails(
        asked,
        InvalidAudience,
        f'delegation "{asked.proofs[position].cid}" issuer is "{PEOPLE[position].did}" not "{STRANGER.did}"'
        f" (proof {position + 1} of 3): expected the audience of the proof before it;"
        " proofs are listed from the root to the invoker",
    )


@pytest.mark.parametrize("length", [2, 3, 5])
def test_proofs_in_reverse(length: int) -> None:
    asked = request(PEOPLE[: length + 1])
    cids = [proof.cid for proof in asked.proofs]
    failure = failure_of(asked.but(prf=cids[::-1]))
    assert isinstance(failure, InvalidAudience)
    assert f"(proof 1 of {length}): expected the subject" in failure.message


@pytest.mark.parametrize("missing", range(4))
def test_a_proof_left_out_of_the_list(missing: int) -> None:
    asked = request([A, B, C, D, E])
    cids = [proof.cid for position, proof in enumerate(asked.proofs) if position != missing]
    failure = failure_of(asked.but(prf=cids))
    assert isinstance(failure, InvalidAudience)
    last = missing == 3
    assert ("the audience of the last proof" in failure.message) is last
    assert (f"(proof {missing + 1} of 3)" in failure.message) is not last


def test_a_chain_for_another_invoker() -> None:
    asked = replace(request([A, B, C]), invoker=D)
    last = asked.proofs[-1].cid
    fails(
        asked,
        InvalidAudience,
        f'invocation "{asked.invocation().cid}" issuer is "{C.did}" not "{D.did}"'
        f' (expected "{C.did}", the audience of the last proof "{last}"; found "{D.did}")',
    )


def test_a_stranger_without_proofs() -> None:
    asked = request([A]).but(sub=str(B.did))
    fails(
        asked,
        InvalidClaim,
        f"invocation {asked.invocation().cid} is not issued by subject and has no proofs:"
        f' expected issuer "{B.did}", found "{A.did}"',
    )


# -- 4g: commands


@pytest.mark.parametrize(
    "commands",
    [
        ["/", "/", "/"],
        ["/msg", "/msg", "/msg/send"],
        ["/", "/msg", "/msg/send"],
        ["/msg/send", "/msg", "/"],
        ["/msg/send", "/", "/msg/send"],
    ],
    ids=" ".join,
)
def test_every_proof_covers_the_command(commands: list[str]) -> None:
    """A wider command behind a narrower one is no wider for it: each has to cover what is invoked (§15.2, 27)."""
    asked = request([A, B, C, D])
    for position, command in enumerate(commands):
        asked = asked.with_link(position, asked.links[position].but(cmd=command))
    asked.verify()


@pytest.mark.parametrize(
    ("delegated", "invoked"),
    [
        ("/crypto", "/cryptocurrency"),
        ("/crypto/sign", "/crypto"),
        ("/crypto", "/"),
        ("/a/b", "/a/c"),
        ("/a", "/b/a"),
        ("/msg/send", "/msg/sen"),
    ],
)
@pytest.mark.parametrize("position", range(3))
def test_a_command_that_is_not_covered(position: int, delegated: str, invoked: str) -> None:
    asked = request([A, B, C, D], cmd=invoked)
    for other in range(3):
        asked = asked.with_link(other, asked.links[other].but(cmd=delegated if other == position else "/"))
    fails(
        asked,
        ImpossibleAttenuation,
        f"cannot attenuate capability from command {delegated} to command {invoked}:"
        f' delegation "{asked.proofs[position].cid}" (proof {position + 1} of 3) does not cover it',
    )


# -- 6: policies


REFUSED: Final = "invocation arguments do not satisfy capability policy: "


@pytest.mark.parametrize("position", range(3))
def test_every_policy_of_the_chain_counts(position: int) -> None:
    asked = request([A, B, C, D], args={"n": 1})
    for other in range(3):
        asked = asked.with_link(other, asked.links[other].but(pol=[["==", ".n", 2 if other == position else 1]]))
    failure = failure_of(asked)
    assert isinstance(failure, MatchError)
    assert failure.message.startswith(REFUSED)
    asked.with_link(position, asked.links[position].but(pol=[["==", ".n", 1]])).verify()


def test_the_budget_is_shared_by_the_chain() -> None:
    asked = request([A, B, C], args={"n": [1, 2, 3]})
    for position in range(2):
        asked = asked.with_link(position, asked.links[position].but(pol=[["all", ".n", [">", ".", 0]]]))
    budget = Budget()
    asked.verify(budget=budget)
    assert budget.spent > 0
    asked.verify(budget=Budget(budget.spent))
    with pytest.raises(MatchError, match="too much work"):
        asked.verify(budget=Budget(budget.spent - 1))
