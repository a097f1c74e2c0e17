"""The law of chains: one that keeps the rules verifies, and breaking one rule in one place is exactly that rule's failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge.errors import DIDKeyResolutionError, Failure
from forge.keys import Signer
from forge.varsig import Algorithm
from tests.core.chains import BYSTANDER, EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.principals import NOW

COMMANDS: Final = ("/", "/a", "/a/b", "/a/b/c")
ARGUMENTS: Final = {"n": 1, "s": "x@example.com"}
POLICIES: Final[tuple[list[Any], ...]] = ([], [["==", ".n", 1]], [["like", ".s", "*@example.com"], ["not", [">", ".n", 1]]])
LEEWAYS: Final = (0, 60)


@st.composite
def valid_requests(draw: st.DrawFn) -> tuple[Request, int]:
    """A request that keeps all the rules, and the leeway that it is verified with."""
    leeway = draw(st.sampled_from(LEEWAYS))
    length = draw(st.integers(0, 5))
    # Neighbours differ, so that each alignment can be broken; otherwise anybody may come twice.
    path = [draw(st.sampled_from(PEOPLE))]
    for _ in range(length):
        path.append(draw(st.sampled_from([one for one in PEOPLE if one is not path[-1]])))
    powerlines = draw(st.sets(st.integers(1, max(length - 1, 1))))
    expirations = st.none() | st.integers(NOW - leeway + 1, NOW + 1000)
    beginnings = st.none() | st.just(0) | st.integers(NOW - 1000, NOW + leeway - 1)
    asked = request(path, powerlines, cmd=COMMANDS[-1], args=ARGUMENTS, exp=draw(expirations))
    for position in range(length):
        fields = {
            "cmd": draw(st.sampled_from(COMMANDS)),
            "exp": draw(expirations),
            "nbf": draw(beginnings),
            "pol": draw(st.sampled_from(POLICIES)),
        }
        asked = asked.with_link(position, asked.links[position].but(**fields))
    strangers = {proof.cid: {BYSTANDER.did} for proof in asked.proofs} if draw(st.booleans()) else {}
    return replace(asked, revoked=strangers), leeway


class Break(Protocol):
    """Breaks one rule at one link."""

    def __call__(self, asked: Request, position: int, leeway: int, /) -> Request: ...


def field(asked: Request, position: int, **fields: Any) -> Request:
    return asked.with_link(position, asked.links[position].but(**fields))


def part(asked: Request, position: int, **parts: Any) -> Request:
    return asked.with_link(position, replace(asked.links[position], **parts))


def revoke(asked: Request, position: int, by: Signer) -> Request:
    return replace(asked, revoked={asked.proofs[position].cid: [BYSTANDER.did, by.did]})


LINK_BREAKS: Final[dict[str, tuple[Break, str]]] = {
    "signed by a stranger": (lambda r, i, _: part(r, i, signer=STRANGER), "InvalidSignature"),
    "header of another algorithm": (lambda r, i, _: part(r, i, header=Algorithm.P256.header), "InvalidSignature"),
    "absentee": (lambda r, i, _: part(r, i, header=Algorithm.ABSENTEE.header), "UnverifiableSignature"),
    "expires": (lambda r, i, leeway: field(r, i, exp=NOW - leeway), "Expired"),
    "begins": (lambda r, i, leeway: field(r, i, exp=None, nbf=NOW + leeway), "TooEarly"),
    "revoked by its issuer": (lambda r, i, _: revoke(r, i, r.links[i].issuer), "Revoked"),
    "revoked by the root's issuer": (lambda r, i, _: revoke(r, i, r.links[0].issuer), "Revoked"),
    "about another": (lambda r, i, _: field(r, i, sub=str(STRANGER.did)), "InvalidSubject"),
    "issued by a stranger": (lambda r, i, _: part(r, i, issuer=STRANGER), "InvalidAudience"),
    "given to a stranger": (lambda r, i, _: field(r, i, aud=str(STRANGER.did)), "InvalidAudience"),
    "for another command": (lambda r, i, _: field(r, i, cmd="/a/b/cc"), "ImpossibleAttenuation"),
    "for a narrower command": (lambda r, i, _: field(r, i, cmd="/a/b/c/d"), "ImpossibleAttenuation"),
    "policy not satisfied": (lambda r, i, _: field(r, i, pol=[["==", ".n", 2]]), "MatchError"),
    "left out": (lambda r, i, _: replace(r, left_out=frozenset({i})), "UnavailableProof"),
}


@given(valid_requests())
def test_a_valid_chain_verifies(given_request: tuple[Request, int]) -> None:
    asked, leeway = given_request
    verified = asked.verify(leeway=leeway)
    assert list(verified.chain) == asked.proofs
    verified.unless_revoked(asked.revoked)


@pytest.mark.parametrize("name", LINK_BREAKS)
@settings(max_examples=40)
@given(data=st.data())
def test_breaking_one_rule_of_one_link_is_its_failure(name: str, data: st.DataObject) -> None:
    asked, leeway = data.draw(valid_requests().filter(lambda one: bool(one[0].links)))
    position = data.draw(st.integers(0, len(asked.links) - 1))
    broken, failure = LINK_BREAKS[name]
    with pytest.raises(Failure) as caught:
        broken(asked, position, leeway).verify(leeway=leeway)
    assert caught.value.name == failure
    # Who receives what is not theirs shows at the next link, and a policy does not know its place.
    if name == "given to a stranger":
        place = f"(proof {position + 2} of {len(asked.links)})" if position + 1 < len(asked.links) else "the last proof"
        assert place in caught.value.message
    elif failure != "MatchError":
        assert f"(proof {position + 1} of {len(asked.links)})" in caught.value.message


@given(valid_requests().filter(lambda one: bool(one[0].links)))
def test_a_root_without_a_subject_is_its_failure(given_request: tuple[Request, int]) -> None:
    asked, leeway = given_request
    with pytest.raises(Failure, match=r"^root delegation subject is null") as caught:
        field(asked, 0, sub=None).verify(leeway=leeway)
    assert caught.value.name == "InvalidClaim"


def keys_without(asked: Request, position: int) -> Request:
    keys = {did: methods for did, methods in EVERYBODY_S_KEYS.items() if did != asked.links[position].issuer.did}
    return replace(asked, keys=keys)


@given(valid_requests().filter(lambda one: bool(one[0].links)), st.data())
def test_keys_that_nobody_found_are_their_failure(given_request: tuple[Request, int], data: st.DataObject) -> None:
    asked, leeway = given_request
    position = data.draw(st.integers(0, len(asked.links) - 1))
    with pytest.raises(DIDKeyResolutionError, match=str(asked.links[position].issuer.did)):
        keys_without(asked, position).verify(leeway=leeway)


INVOCATION_BREAKS: Final[dict[str, tuple[Break, str]]] = {
    "signed by a stranger": (lambda r, _, __: replace(r, signer=STRANGER), "InvalidSignature"),
    "absentee": (lambda r, _, __: replace(r, header=Algorithm.ABSENTEE.header), "UnverifiableSignature"),
    "expires": (lambda r, _, leeway: r.but(exp=NOW - leeway), "Expired"),
    "about another": (lambda r, _, __: r.but(sub=str(STRANGER.did)), "InvalidSubject or InvalidClaim"),
    "by a stranger": (lambda r, _, __: replace(r, invoker=STRANGER), "InvalidAudience or InvalidClaim"),
}


@pytest.mark.parametrize("name", INVOCATION_BREAKS)
@settings(max_examples=40)
@given(given_request=valid_requests())
def test_breaking_one_rule_of_the_invocation_is_its_failure(name: str, given_request: tuple[Request, int]) -> None:
    asked, leeway = given_request
    broken, failures = INVOCATION_BREAKS[name]
    with_proofs, _, without = failures.partition(" or ")
    with pytest.raises(Failure) as caught:
        broken(asked, 0, leeway).verify(leeway=leeway)
    assert caught.value.name == (with_proofs if asked.links or not without else without)
