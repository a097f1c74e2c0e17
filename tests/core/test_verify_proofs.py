"""Steps 3 and 4c: proofs that are there, and that nobody has revoked (protocol §8.1, §8.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from forge.cid import CID
from forge.did import DID
from forge.errors import InvalidAudience, Revoked, UnavailableProof
from forge.verify import MAX_PROOFS, Facts, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, request
from tests.core.principals import NOW
from tests.core.refusal import fails, failure_of

A, B, C, D, E, F, *_ = PEOPLE


@pytest.mark.parametrize("position", range(3))
def test_a_proof_that_did_not_come(position: int) -> None:
    asked = replace(request([A, B, C, D]), left_out=frozenset({position}))
    fails(
        asked,
        UnavailableProof,
        f'linked proof "{asked.proofs[position].cid}" could not be resolved: proof not found in container'
        f" (proof {position + 1} of 3); send the delegation along with the invocation",
    )


def test_all_proofs_are_looked_up_before_any_is_looked_at() -> None:
    asked = request([A, B, C])
    asked = replace(asked.with_link(0, asked.links[0].but(exp=0, sub=None)), left_out=frozenset({1}))
    assert "(proof 2 of 2)" in failure_of(asked).message
    assert isinstance(failure_of(asked), UnavailableProof)


def test_a_link_of_another_codec_finds_nothing() -> None:
    asked = request([A, B])
    raw = CID.of_raw(bytes(asked.proofs[0]))
    failure = failure_of(asked.but(prf=[raw]))
    assert isinstance(failure, UnavailableProof)
    assert f'linked proof "{raw}"' in failure.message


def test_128_proofs_and_one_more() -> None:
    """Back and forth between two, each link of its own."""
    assert MAX_PROOFS == 128
    path = [A, B] * 65
    request(path[: MAX_PROOFS + 1]).verify()
    asked = request(path[: MAX_PROOFS + 2])
    assert len(asked.links) == 129
    invocation = asked.invocation()
    message = f'invocation "{invocation.cid}" links 129 proofs; at most 128 are looked up'
    fails(asked, UnavailableProof, message)
    # Nothing is looked up at all then.
    with pytest.raises(UnavailableProof, match="links 129 proofs"):
        verify(invocation, {}, Facts(NOW, EVERYBODY_S_KEYS))


def test_one_proof_twice() -> None:
    asked = request([A, B])
    (proof,) = asked.proofs
    failure = failure_of(asked.but(prf=[proof.cid, proof.cid]))
    assert isinstance(failure, InvalidAudience)
    assert "(proof 2 of 2)" in failure.message


# -- 4c: revocations


@pytest.mark.parametrize("revoker", [A, B, C], ids=["root", "second", "third"])
@pytest.mark.parametrize("position", range(3))
def test_revoked_by_an_issuer_of_the_chain(position: int, revoker: Any) -> None:
    asked = request([A, B, C, D])
    cid = asked.proofs[position].cid
    message = f"Proof {cid} has been revoked (proof {position + 1} of 3); ask for a new delegation"
    fails(replace(asked, revoked={cid: {revoker.did}}), Revoked, message)
    fails(replace(asked, revoked={cid: [STRANGER.did, revoker.did]}), Revoked, message)
    verified = asked.verify()
    with pytest.raises(Revoked) as caught:
        verified.unless_revoked({cid: {revoker.did}})
    assert caught.value.message == message


@pytest.mark.parametrize("position", range(3))
def test_revoked_by_somebody_else(position: int) -> None:
    """By a stranger, or by the invoker, who is an audience and no issuer; or something else was revoked."""
    asked = request([A, B, C, D])
    cid = asked.proofs[position].cid
    others: list[dict[CID, set[DID]]] = [
        {cid: {STRANGER.did}},
        {cid: {D.did}},
        {cid: set()},
        {CID.of(b""): {A.did}},
        {asked.invocation().cid: {A.did}},
    ]
    for revoked in others:
        verified = replace(asked, revoked=revoked).verify()
        verified.unless_revoked(revoked)


def test_the_first_revoked_proof_is_named() -> None:
    asked = request([A, B, C])
    revoked = {proof.cid: {A.did} for proof in asked.proofs}
    assert "(proof 1 of 2)" in failure_of(replace(asked, revoked=revoked)).message
