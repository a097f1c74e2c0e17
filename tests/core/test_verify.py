"""Verification, step by step, and every message: which token, which place, what was expected, what was found (protocol §8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from forge.cid import CID
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import (
    DIDKeyResolutionError,
    Expired,
    Failure,
    ImpossibleAttenuation,
    InvalidAudience,
    InvalidClaim,
    InvalidSignature,
    InvalidSubject,
    MatchError,
    Revoked,
    TooEarly,
    UnavailableProof,
    UnverifiableSignature,
)
from forge.method import VerificationMethod, did_key_methods
from forge.policy import Budget
from forge.varsig import Algorithm
from forge.verify import MAX_PROOFS, MAX_SHOWN, Facts, issuers, verify
from tests.core.chains import EVERYBODY_S_KEYS, PEOPLE, STRANGER, Request, request
from tests.core.principals import MAILTO_DID, NOW
from tests.core.tokens import by_cid

A, B, C, D, E, F, *_ = PEOPLE
NOW_TEXT: Final = "2026-01-01T00:00:00Z"
LIMIT: Final = (1 << 53) - 1


def failure_of(asked: Request, **more: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        asked.verify(**more)
    return caught.value


def fails(asked: Request, kind: type[Failure], message: str, **more: Any) -> None:
    failure = failure_of(asked, **more)
    assert (type(failure), failure.message) == (kind, message)
    assert str(failure) == message


# -- what is accepted


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


# -- 1, 4a: signatures


def signature_message(cid: CID, issuer: DID, *tried: str, what: str) -> str:
    return (
        f'proof "{cid}" does not have a valid signature from "{issuer}"\n  ℹ️ Tried these verification methods:'
        + "".join(f"\n    - {line}" for line in tried)
        + f"\n  It is the {what}."
    )


def test_an_invocation_signed_by_another() -> None:
    asked = replace(request([A, B]), signer=STRANGER)
    tried = f"{B.did}#{B.key.public.text}: signature mismatch"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, B.did, tried, what="invocation"))


@pytest.mark.parametrize("position", range(3))
def test_a_proof_signed_by_another(position: int) -> None:
    asked = request([A, B, C, D])
    asked = asked.with_link(position, replace(asked.links[position], signer=STRANGER))
    issuer = PEOPLE[position]
    tried = f"{issuer.did}#{issuer.key.public.text}: signature mismatch"
    what = f"proof (proof {position + 1} of 3)"
    fails(asked, InvalidSignature, signature_message(asked.proofs[position].cid, issuer.did, tried, what=what))


@pytest.mark.parametrize("algorithm", [Algorithm.SECP256K1, Algorithm.P256, Algorithm.ATTESTED], ids=lambda one: one.name)
def test_the_header_names_another_algorithm_than_the_key_s(algorithm: Algorithm) -> None:
    """The signature itself is the key's own, over exactly these bytes; it does not count under another name (§2.5)."""
    asked = replace(request([A]), header=algorithm.header)
    tried = f"{A.did}#{A.key.public.text}: the key is ED25519, the signature {algorithm.name}"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, tried, what="invocation"))
    asked = request([A, B])
    asked = asked.with_link(0, replace(asked.links[0], header=algorithm.header))
    fails(asked, InvalidSignature, signature_message(asked.proofs[0].cid, A.did, tried, what="proof (proof 1 of 1)"))


def test_an_absentee_signature() -> None:
    asked = replace(request([A]), header=Algorithm.ABSENTEE.header)
    end = "; somebody who can verify it must attest it"
    fails(
        asked,
        UnverifiableSignature,
        f'proof "{asked.invocation().cid}" issued by "{A.did}" cannot be verified: its signature is absentee (invocation){end}',
    )
    asked = request([A, B, C])
    asked = asked.with_link(1, replace(asked.links[1], header=Algorithm.ABSENTEE.header))
    fails(
        asked,
        UnverifiableSignature,
        f'proof "{asked.proofs[1].cid}" issued by "{B.did}" cannot be verified: its signature is absentee'
        f" (proof (proof 2 of 2)){end}",
    )


def test_an_absentee_signature_needs_no_keys() -> None:
    asked = replace(request([A]), header=Algorithm.ABSENTEE.header, keys={})
    assert isinstance(failure_of(asked), UnverifiableSignature)


def test_one_of_several_methods_is_enough() -> None:
    methods = tuple(VerificationMethod(f"did:web:x#{number}", one.key.public) for number, one in enumerate((C, B, A)))
    replace(request([A]), keys={A.did: methods}).verify()
    asked = replace(request([A]), keys={A.did: methods[:2]})
    tried = ["did:web:x#0: signature mismatch", "did:web:x#1: signature mismatch"]
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, *tried, what="invocation"))


def test_no_method_at_all() -> None:
    asked = replace(request([A]), keys={A.did: ()})
    tried = "none: the DID has no method for this"
    fails(asked, InvalidSignature, signature_message(asked.invocation().cid, A.did, tried, what="invocation"))


def test_a_did_that_is_not_a_key() -> None:
    """It is the keys that were found out that count, not what the DID looks like."""
    asked = request([A]).but(iss=MAILTO_DID, sub=MAILTO_DID)
    assert isinstance(failure_of(asked), DIDKeyResolutionError)
    keys = {DID(MAILTO_DID): did_key_methods(A.did)}
    replace(asked, keys=keys).verify()
    # And a did:key whose keys nobody found out is not looked into.
    assert isinstance(failure_of(replace(request([A]), keys=keys)), DIDKeyResolutionError)


def test_a_did_that_was_not_resolved() -> None:
    message = f'unable to resolve "{A.did}" key: not resolvable by any resolver (invocation)'
    fails(replace(request([A]), keys={}), DIDKeyResolutionError, message)
    for position, issuer in enumerate((A, B, C)):
        keys = {did: methods for did, methods in EVERYBODY_S_KEYS.items() if did != issuer.did}
        message = f'unable to resolve "{issuer.did}" key: not resolvable by any resolver (proof (proof {position + 1} of 3))'
        fails(replace(request([A, B, C, D]), keys=keys), DIDKeyResolutionError, message)


def test_a_did_whose_resolution_failed() -> None:
    """The resolver's own words, in a failure of its own: exceptions that are kept must not collect tracebacks."""
    kept = DIDKeyResolutionError("the reason")
    asked = replace(request([A]), keys={A.did: kept})
    fails(asked, DIDKeyResolutionError, "the reason")
    assert failure_of(asked) is not kept
    assert kept.__traceback__ is None


def test_a_long_did_is_shown_by_its_ends() -> None:
    """One answer may hold thousands of messages. One that is in use is shown whole."""
    longest, longer = "did:web:" + "a" * (MAX_SHOWN - 9) + "z", "did:web:" + "a" * 2000 + "z"
    assert len(longest) == MAX_SHOWN == 160
    assert f'unable to resolve "{longest}" key' in failure_of(request([A], iss=longest)).message
    shown = f"did:web:{'a' * 72}…{'a' * 39}z"
    assert f'unable to resolve "{shown}" key' in failure_of(request([A], iss=longer)).message
    # Wherever a DID is told.
    subject = DID(longer)
    asked = request([A, B])
    for failing in (
        request([A]).but(sub=longer),
        asked.but(sub=longer),
        asked.with_link(0, asked.links[0].but(sub=longer)),
        asked.with_link(0, asked.links[0].but(sub=None)).but(sub=longer),
        asked.with_link(0, asked.links[0].but(aud=longer)),
        replace(request([A], iss=longer), keys={subject: ()}),
        replace(request([A], iss=longer), header=Algorithm.ABSENTEE.header),
    ):
        message = failure_of(failing).message
        assert shown in message
        assert longer not in message


# -- 2, 4b: times


@pytest.mark.parametrize(
    ("seconds", "leeway", "valid"),
    [(1, 0, True), (0, 0, False), (-1, 0, False), (-59, 60, True), (-60, 60, False), (-61, 60, False), (1, 60, True)],
)
def test_the_boundary_of_exp(seconds: int, leeway: int, valid: bool) -> None:  # noqa: FBT001 - a column of the table
    alone = request([A], exp=NOW + seconds)
    chained = request([A, B, C])
    chained = chained.with_link(1, chained.links[1].but(exp=NOW + seconds))
    if valid:
        alone.verify(leeway=leeway)
        chained.verify(leeway=leeway)
        return
    date = {0: NOW_TEXT, -1: "2025-12-31T23:59:59Z", -60: "2025-12-31T23:59:00Z", -61: "2025-12-31T23:58:59Z"}[seconds]
    for asked, what, place in (
        (alone, f'invocation "{alone.invocation().cid}"', ""),
        (chained, f'proof "{chained.proofs[1].cid}"', " (proof 2 of 2)"),
    ):
        message = f"{what} has expired on {date}{place}; it is {NOW_TEXT} here, and {leeway} s of leeway are allowed"
        fails(asked, Expired, message, leeway=leeway)


@pytest.mark.parametrize(
    ("seconds", "leeway", "valid"),
    [(-1, 0, True), (0, 0, False), (1, 0, False), (59, 60, True), (60, 60, False), (61, 60, False), (-1, 60, True)],
)
def test_the_boundary_of_nbf(seconds: int, leeway: int, valid: bool) -> None:  # noqa: FBT001 - a column of the table
    asked = request([A, B, C])
    asked = asked.with_link(1, asked.links[1].but(nbf=NOW + seconds))
    if valid:
        asked.verify(leeway=leeway)
        return
    message = (
        f'proof "{asked.proofs[1].cid}" is not valid before 2026-01-01T00:{seconds // 60:02}:{seconds % 60:02}Z (proof 2 of 2);'
        f" it is {NOW_TEXT} here, and {leeway} s of leeway are allowed"
    )
    fails(asked, TooEarly, message, leeway=leeway)


@pytest.mark.parametrize("now", [-LIMIT, -1, 0, 1, NOW, LIMIT])
def test_no_bound_is_no_bound(now: int) -> None:
    asked = request([A, B])
    asked.verify(now=now)
    asked.with_link(0, asked.links[0].but(nbf=0)).verify(now=now)
    asked.with_link(0, asked.links[0].but(nbf=None)).verify(now=now)


def test_exp_0_is_a_time_and_not_never() -> None:
    fails_at = request([A], exp=0)
    assert "has expired on 1970-01-01T00:00:00Z;" in failure_of(fails_at).message
    fails_at.verify(now=-1)
    assert isinstance(failure_of(fails_at, now=0), Expired)


def test_a_negative_nbf_is_a_bound() -> None:
    asked = request([A, B])
    asked = asked.with_link(0, asked.links[0].but(nbf=-5))
    asked.verify(now=-4)
    assert isinstance(failure_of(asked, now=-5), TooEarly)


def test_an_invocation_s_iat_binds_nobody() -> None:
    for iat in (0, NOW + 10_000, -LIMIT, LIMIT):
        request([A], iat=iat).verify()


def test_times_beyond_the_calendar() -> None:
    assert f"has expired on {-LIMIT} (Unix seconds);" in failure_of(request([A], exp=-LIMIT)).message
    asked = request([A, B])
    asked = asked.with_link(0, asked.links[0].but(nbf=LIMIT))
    assert f"is not valid before {LIMIT} (Unix seconds) (proof 1 of 1);" in failure_of(asked).message
    assert f"it is {LIMIT} (Unix seconds) here" in failure_of(request([A], exp=0), now=LIMIT).message


# -- 3: proofs that are there


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


# -- 4d to 5: who may do what about whom


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
