"""Finding chains: what is found verifies, and nothing shorter would (protocol §8.2)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.chain import find_chain
from forge.command import CommandPath
from forge.delegation import Delegation
from forge.errors import Failure
from forge.invocation import Invocation
from forge.keys import Ed25519PrivateKey, Signer
from forge.verify import MAX_PROOFS, Facts, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE
from tests.core.principals import NOW
from tests.core.raw import cbor
from tests.core.tokens import by_cid, delegation

A, B, C, D, E, *_ = PEOPLE
SEND: Final = CommandPath("/msg/send")


def link(issuer: Signer, audience: Signer, subject: Signer | None = A, command: str = "/msg", nonce: bytes = b"") -> Delegation:
    sub = None if subject is None else str(subject.did)
    return Delegation.decode(delegation(issuer, aud=str(audience.did), sub=sub, cmd=command, nonce=nonce))


def find(*delegations: Delegation, issuer: Signer = D, subject: Signer = A) -> tuple[Delegation, ...] | None:
    return find_chain(delegations, issuer=issuer.did, subject=subject.did, command=SEND)


def test_the_subject_needs_none() -> None:
    assert find(issuer=A) == ()
    assert find(link(A, B), issuer=A) == ()


def test_one_that_is_there_in_any_order() -> None:
    ab, bc, cd = link(A, B), link(B, C), link(C, D)
    for given_order in ((ab, bc, cd), (cd, bc, ab), (bc, cd, ab)):
        assert find(*given_order) == (ab, bc, cd)
    assert find(ab, bc, cd, issuer=B) == (ab,)


def test_there_is_none() -> None:
    assert find() is None
    assert find(link(A, B), link(C, D)) is None
    assert find(link(B, C), link(C, D)) is None
    assert find(link(A, B), link(B, C)) is None
    # In the wrong direction.
    assert find(link(D, A)) is None


def test_of_others_nothing_is_used() -> None:
    """About another subject, or for a command that does not cover."""
    ab, bc = link(A, B), link(B, C)
    assert find(link(A, B, subject=B), bc, issuer=C) is None
    assert find(ab, link(B, C, subject=B), issuer=C) is None
    assert find(link(A, B, command="/msg/send/now"), bc, issuer=C) is None
    assert find(link(A, B, command="/ms"), bc, issuer=C) is None
    assert find(link(A, B, command="/"), link(B, C, command="/msg/send"), issuer=C) is not None


def test_powerlines() -> None:
    """Anywhere but at the root; and from the subject onward only behind a delegation that names it."""
    ab, power = link(A, B), link(B, C, subject=None)
    assert find(ab, power, issuer=C) == (ab, power)
    assert find(link(A, B, subject=None), issuer=B) is None
    to_itself, from_itself = link(A, A), link(A, B, subject=None)
    assert find(from_itself, to_itself, issuer=B) == (to_itself, from_itself)


def test_the_shortest_is_found() -> None:
    long = [link(A, B), link(B, C), link(C, E), link(E, D)]
    short = [link(A, C), link(C, D)]
    assert find(*long, *short) == tuple(short)
    assert find(*short, *long) == tuple(short)
    direct = link(A, D)
    assert find(*long, *short, direct) == (direct,)


def test_cycles() -> None:
    circle = [link(B, C), link(C, D), link(D, B), link(B, B), link(D, C)]
    assert find(*circle) is None
    root = link(A, B)
    assert find(*circle, root) == (root, circle[0], circle[1])


def test_no_chain_is_longer_than_what_is_verified() -> None:
    people = [A, *(Signer(Ed25519PrivateKey(number.to_bytes(32, "big"))) for number in range(1, MAX_PROOFS + 2))]
    links = [link(one, other) for one, other in pairwise(people)]
    assert len(links) == MAX_PROOFS + 1
    assert find(*links, issuer=people[MAX_PROOFS]) == tuple(links[:MAX_PROOFS])
    assert find(*links, issuer=people[MAX_PROOFS + 1]) is None


def test_many_delegations() -> None:
    """Two hundred holders who all trust each other's neighbours, and everything ten times over."""
    people = [A, *(Signer(Ed25519PrivateKey(number.to_bytes(32, "big"))) for number in range(1, 200))]
    links = [link(one, other, nonce=cbor(copy)) for one, other in pairwise(people) for copy in range(10)]
    found = find(*links, issuer=people[100])
    assert found is not None
    assert len(found) == 100
    assert find(*links, issuer=E) is None


def test_delegations_may_come_from_a_generator() -> None:
    ab, bc = link(A, B), link(B, C)
    found = find_chain((one for one in (bc, ab)), issuer=C.did, subject=A.did, command=SEND)
    assert found == (ab, bc)


def timed(issuer: Signer, audience: Signer, exp: int | None = None, nbf: int | None = None) -> Delegation:
    return Delegation.decode(delegation(issuer, aud=str(audience.did), sub=str(A.did), exp=exp, nbf=nbf))


@pytest.mark.parametrize("exp", [None, NOW - 1, NOW, NOW + 1])
@pytest.mark.parametrize("nbf", [None, 0, NOW - 1, NOW, NOW + 1])
def test_one_that_is_in_force_is_preferred(exp: int | None, nbf: int | None) -> None:
    """As the verifier has it, to the second; and what is not in force is found where there is nothing else."""
    short = [timed(A, D, exp, nbf)]
    long = [timed(A, B), timed(B, D)]
    good = accepted(tuple(short), D)
    assert good is ((exp is None or exp > NOW) and (not nbf or nbf < NOW))
    found = find_chain([*short, *long], issuer=D.did, subject=A.did, command=SEND, at=NOW)
    assert found == tuple(short if good else long)
    assert find_chain(short, issuer=D.did, subject=A.did, command=SEND, at=NOW) == tuple(short)
    assert find_chain([*long, *short], issuer=D.did, subject=A.did, command=SEND) == tuple(short)
    assert find_chain([], issuer=D.did, subject=A.did, command=SEND, at=NOW) is None


def test_one_that_allows_the_arguments_is_preferred() -> None:
    def limited(most: int) -> Delegation:
        return Delegation.decode(delegation(A, aud=str(D.did), sub=str(A.did), pol=[["<=", ".n", most]]))

    few, many = limited(1), limited(9)

    def found(*delegations: Delegation, **more: Any) -> tuple[Delegation, ...] | None:
        return find_chain(delegations, issuer=D.did, subject=A.did, command=SEND, **more)

    assert found(few, many, arguments={"n": 5}) == (many,)
    assert found(few, many, arguments={"n": 1}) == (few,)
    assert found(few, many) == (few,)
    # Of two that do not, the service says what is wrong.
    assert found(few, many, arguments={"n": 10}) == (few,)
    assert found(few, many, arguments={}) == (few,)


FEW: Final = PEOPLE[:5]
LINKS: Final = [
    link(one, other, subject, command)
    for one in FEW
    for other in FEW
    for subject in (A, None, B)
    for command in ("/msg", "/msg/send/x")
]


@given(st.lists(st.sampled_from(LINKS), max_size=12, unique=True), st.sampled_from(FEW))
def test_what_is_found_verifies_and_nothing_shorter_would(delegations: list[Delegation], issuer: Signer) -> None:
    found = find_chain(delegations, issuer=issuer.did, subject=A.did, command=SEND)
    shortest = search(delegations, issuer)
    assert (None if found is None else len(found)) == shortest
    if found is not None:
        assert accepted(found, issuer)


def accepted(chain: tuple[Delegation, ...], issuer: Signer) -> bool:
    invocation = Invocation.issue(
        issuer, subject=A.did, command=SEND, arguments={}, expiration=None, proofs=[one.cid for one in chain]
    )
    try:
        verify(invocation, by_cid(*chain), Facts(NOW, EVERYBODY_S_KEYS))
    except Failure:
        return False
    return True


def search(delegations: list[Delegation], issuer: Signer) -> int | None:
    """Forwards from the subject, by whoever holds the authority after so many steps: another way to the same length."""
    if issuer is A:
        return 0
    useful = [one for one in delegations if one.command.covers(SEND) and one.subject in {None, A.did}]
    holders = {one.audience for one in useful if one.issuer == A.did and one.subject is not None}
    for length in range(1, len(useful) + 1):
        if issuer.did in holders:
            return length
        holders = {one.audience for one in useful if one.issuer in holders}
    return None
