"""Delegations that came without an invocation, judged: whom does their chain authorise, and for what?"""

from __future__ import annotations

from itertools import permutations
from typing import Final

import pytest

from forge.container import Container
from forge.delegation import Delegation
from forge.keys import Signer
from forge.verdict import Grant
from forge.verify import Facts, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, request
from tests.core.judged import judge_all, link
from tests.core.principals import NOW
from tests.core.tokens import by_cid, delegation

A, B, C, D, E, *_ = PEOPLE
FACTS: Final = Facts(NOW, EVERYBODY_S_KEYS)


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
    one, other = chain_of(A, B, A)
    for tokens, expected in (((one, other), [one, other]), ((other, one), [one])):
        (verdict,) = judge_all(Container.of(tokens))
        assert verdict.accepted
        assert [account.token for account in verdict.steps if account.step == "4a"] == [link.cid for link in expected]
    # Without a root, each of them once.
    (_, back) = request([A, B, C, B]).proofs[1:]
    (verdict,) = judge_all(Container.of(request([A, B, C, D]).proofs[1:], back))
    assert verdict.steps[-1].what.startswith("proof 1 of 3 ")


def test_a_delegation_to_oneself_is_an_end() -> None:
    tokens = [*chain_of(A, A), *chain_of(B, C)]
    assert [verdict.token for verdict in judge_all(Container.of(tokens))] == [one.cid for one in tokens]


def test_delegations_about_two_subjects_are_two_chains() -> None:
    tokens = [*chain_of(A, B), *chain_of(B, C)]
    verdicts = judge_all(Container.of(tokens))
    assert [verdict.grant and verdict.grant.subject for verdict in verdicts] == [A.did, B.did]


def test_a_chain_whose_ends_are_for_different_commands() -> None:
    """What is between them covers both, so they are one chain, and it is good for nothing."""
    asked = link(link(link(request([A, B, C, D]), 0, cmd="/msg/send"), 1, cmd="/msg"), 2, cmd="/msg/delete")
    back = Delegation.decode(delegation(C, aud=str(A.did), sub=str(A.did), cmd="/"))
    verdict = next(one for one in judge_all(Container.of(asked.proofs, back)) if one.token == asked.proofs[2].cid)
    assert verdict.error
    assert verdict.error.name == "ImpossibleAttenuation"
    assert verdict.advice == (
        "No command is within both /msg/send (proof 1 of 3) and /msg/delete, another link: ask for delegations of one of them."
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_links_the_one_that_is_in_force(order: tuple[int, int]) -> None:
    """Also where the last link is wider than what it has from."""
    asked = link(link(request([A, B, C]), 0, cmd="/msg"), 1, cmd="/")
    root, end = asked.proofs
    expired = link(asked, 0, exp=NOW).proofs[0]
    assert judge_all(Container.of([(root, expired)[index] for index in order], end))[0].accepted


def test_a_widening_link_is_no_wider() -> None:
    asked = link(link(request([A, B, C]), 0, cmd="/msg"), 1, cmd="/")
    (verdict,) = judge_all(Container.of(asked.proofs))
    assert verdict.grant
    assert verdict.grant.command == "/msg"
