"""Verification: what is accepted, which failure counts, and what is asked for beforehand (protocol §8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from forge.delegation import Delegation
from forge.errors import InvalidAudience, InvalidClaim
from forge.verify import MAX_PROOFS, Facts, issuers, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.principals import NOW
from tests.core.refusal import fails, failure_of
from tests.core.tokens import by_cid

A, B, C, D, E, F, *_ = PEOPLE


@pytest.mark.parametrize("length", range(6))
def test_chains_of_every_length(length: int) -> None:
    asked = request(PEOPLE[: length + 1])
    verified = asked.verify()
    assert verified.invocation == asked.invocation()
    assert list(verified.chain) == asked.proofs
    assert len(verified.chain) == length


@pytest.mark.parametrize("length", range(1, 6))
def test_powerlines_behind_the_root(length: int) -> None:
    for position in range(1, length):
        request(PEOPLE[: length + 1], {position}).verify()
    request(PEOPLE[: length + 1], set(range(1, length))).verify()


@pytest.mark.parametrize("length", range(1, 6))
def test_a_powerline_is_no_root(length: int) -> None:
    for powerlines in ({0}, set(range(length))):
        asked = request(PEOPLE[: length + 1], powerlines)
        fails(
            asked,
            InvalidClaim,
            f'root delegation subject is null: delegation "{asked.proofs[0].cid}" (proof 1 of {length}) must name "{A.did}"',
        )


def test_the_subject_itself_with_proofs() -> None:
    """It needs none; where it brings some, they have to lead back to it (§8.1)."""
    request([A, B, A]).verify()
    asked = replace(request([A, B]), invoker=A)
    (proof,) = asked.proofs
    cid = asked.invocation().cid
    fails(
        asked,
        InvalidAudience,
        f'invocation "{cid}" issuer is "{B.did}" not "{A.did}" (expected "{B.did}", the audience of the last proof'
        f' "{proof.cid}"; found "{A.did}")',
    )


def test_a_delegation_to_oneself() -> None:
    request([A, A, B]).verify()


def test_proofs_that_are_not_linked_are_not_looked_at() -> None:
    asked = request([A, B])
    worst = request([STRANGER, C]).links[0].but(exp=0, sub=None)
    proofs = by_cid(*asked.proofs, replace(worst, signer=A).make())
    verify(asked.invocation(), proofs, Facts(NOW, EVERYBODY_S_KEYS))


# -- which failure counts


def test_the_order_of_the_steps() -> None:
    """Everything is wrong at first, and then one thing less at a time: each failure is the next of the table."""
    asked = replace(
        request([A, B, C], cmd="/other", args={"n": 1}, exp=0).but(iss=str(D.did)),
        keys={},
        invoker=D,
        signer=STRANGER,
        left_out=frozenset({1}),
    )
    first = replace(asked.links[0].but(sub=None, exp=0, nbf=NOW + 9, pol=[["==", ".n", 2]]), issuer=STRANGER, signer=D)
    asked = asked.with_link(0, first)
    asked = replace(asked, revoked={asked.proofs[0].cid: {STRANGER.did}})
    seen = [failure_of(asked).name]

    def next_step(changed: Request) -> Request:
        # A revocation names the proof as it is now.
        if changed.revoked:
            changed = replace(changed, revoked={changed.proofs[0].cid: {changed.proofs[0].issuer}})
        seen.append(failure_of(changed).name)
        return changed

    def link(changed: Request, **fields: Any) -> Request:
        return changed.with_link(0, changed.links[0].but(**fields))

    asked = next_step(replace(asked, keys=EVERYBODY_S_KEYS))
    asked = next_step(replace(asked, signer=None))
    asked = next_step(asked.but(exp=None))
    asked = next_step(replace(asked, left_out=frozenset()))
    asked = next_step(asked.with_link(0, replace(asked.links[0], signer=None)))
    asked = next_step(link(asked, exp=None))
    asked = next_step(link(asked, nbf=0))
    asked = next_step(replace(asked, revoked={}))
    asked = next_step(link(asked, sub=str(STRANGER.did)))
    asked = next_step(link(asked, sub=str(A.did)))
    asked = next_step(asked.with_link(0, replace(asked.links[0], issuer=A)))
    asked = next_step(asked.but(cmd="/msg/send"))
    asked = next_step(replace(asked.but(iss=str(C.did)), invoker=C))
    assert seen == [
        "DIDKeyResolutionError",
        "InvalidSignature",
        "Expired",
        "UnavailableProof",
        "InvalidSignature",
        "Expired",
        "TooEarly",
        "Revoked",
        "InvalidClaim",
        "InvalidSubject",
        "InvalidAudience",
        "ImpossibleAttenuation",
        "InvalidAudience",
        "MatchError",
    ]
    link(asked, pol=[]).verify()


# -- what is asked for beforehand


def test_issuers() -> None:
    asked = request([A, B, C])
    proofs = by_cid(*asked.proofs, *request([E, F]).proofs)
    assert issuers(asked.invocation(), proofs) == {A.did, B.did, C.did}
    # Of what did not come nothing is known.
    assert issuers(asked.invocation(), by_cid(asked.proofs[0])) == {A.did, C.did}
    assert issuers(asked.invocation(), {}) == {C.did}
    assert issuers(request([A]).invocation(), proofs) == {A.did}


def test_issuers_of_no_more_proofs_than_are_looked_up() -> None:
    asked = request([A, B])
    last: Delegation = request([E, F]).proofs[0]
    many = [asked.proofs[0].cid] * MAX_PROOFS
    invocation = asked.but(prf=[*many, last.cid]).invocation()
    assert issuers(invocation, by_cid(*asked.proofs, last)) == {A.did, B.did}
    invocation = asked.but(prf=[*many[1:], last.cid]).invocation()
    assert issuers(invocation, by_cid(*asked.proofs, last)) == {A.did, B.did, E.did}


def test_what_issuers_names_is_enough() -> None:
    asked = request([A, B, C])
    needed = issuers(asked.invocation(), by_cid(*asked.proofs))
    keys = {did: EVERYBODY_S_KEYS[did] for did in needed}
    replace(asked, keys=keys).verify()
