"""Whom a verb is about where nobody says it: the proofs do, or it is whoever signs. And what is said where no proof fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge.container import Container
from forge.did import DID
from tests.cli.conftest import Forge, Party, make_party
from tests.cli.listed import OWN

SERVICE = "did:web:x.example.com"


@pytest.fixture
def carol(tmp_path: Path) -> Party:
    return make_party(tmp_path, "carol")


def lend(forge: Forge, by: Party, to: DID, *more: object, subject: str = "self", command: str = "/kinds") -> str:
    """Delegate, and give the container's text."""
    flags = ["--audience", to, "--subject", subject, "--command", command]
    return forge("delegate", *by.key, *flags, *more).stdout.strip()


def about(forge: Forge, file: Path, key: Party, *args: object, verb: str = "mine", **env: str) -> str:
    """Sign, do not send, and give the subject."""
    forge("kinds", verb, *args, *key.key, "--audience", SERVICE, "-o", file, env=OWN | env)
    return Container.decode(file.read_text()).invocations[0].subject


def test_it_is_about_whom_the_proofs_lead_from(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    give = lend(forge, alice, bob.did)
    assert about(forge, tmp_path / "i", bob, "--proof", give) == alice.did
    assert about(forge, tmp_path / "i", bob, FORGE_PROOF=give) == alice.did
    assert about(forge, tmp_path / "i", bob) == bob.did


def test_through_others(forge: Forge, alice: Party, bob: Party, carol: Party, tmp_path: Path) -> None:
    first = lend(forge, alice, bob.did)
    both = lend(forge, bob, carol.did, "--proof", first, subject=alice.did)
    assert about(forge, tmp_path / "i", carol, "--proof", both) == alice.did
    # Who passes it on may hold it by a powerline, which names nobody: the root does.
    line = lend(forge, bob, carol.did, subject="null")
    assert about(forge, tmp_path / "i", carol, "--proof", first, "--proof", line) == alice.did


def test_what_is_said_counts_more(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    give = lend(forge, alice, bob.did)
    assert about(forge, tmp_path / "i", bob, "--proof", give, "--subject", "self") == bob.did
    assert about(forge, tmp_path / "i", bob, "--proof", give, FORGE_SUBJECT="self") == bob.did


def test_proofs_that_name_nobody_or_two(forge: Forge, alice: Party, bob: Party, carol: Party, tmp_path: Path) -> None:
    give, other = lend(forge, alice, bob.did), lend(forge, carol, bob.did)
    line = lend(forge, alice, bob.did, subject="null")
    elsewhere, onward = lend(forge, alice, bob.did, command="/item"), lend(forge, bob, alice.did)
    for proofs in ([give, other], [line], [elsewhere], [onward]):
        flags = [flag for proof in proofs for flag in ("--proof", proof)]
        assert about(forge, tmp_path / "i", bob, *flags) == bob.did
    # What is for something else, or for somebody else, does not count.
    for beside in (line, elsewhere, onward, lend(forge, carol, alice.did)):
        assert about(forge, tmp_path / "i", bob, "--proof", give, "--proof", beside) == alice.did


def test_where_only_the_service_may_be_the_subject_it_is(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    args = ["deep", "down", "below", "--proof", lend(forge, alice, bob.did), "--unchecked", *bob.key]
    forge("kinds", *args, "--audience", SERVICE, "-o", tmp_path / "i", env=OWN)
    assert Container.decode((tmp_path / "i").read_text()).invocations[0].subject == SERVICE


def test_a_proof_that_is_to_somebody_else(forge: Forge, alice: Party, bob: Party, carol: Party) -> None:
    first = lend(forge, alice, bob.did)
    both = lend(forge, bob, carol.did, "--proof", first, subject=alice.did)
    args = ["kinds", "mine", "--subject", carol.did, "--audience", SERVICE, "--url", "http://127.0.0.1:9", *alice.key]
    # Of a chain that is passed on, who holds it at its end.
    assert forge(*args, "--proof", both, env=OWN, status=2).stderr == (
        f"forge: {alice.did} may not invoke /kinds/mine on {carol.did}: it is not the subject, and no chain of delegations"
        f" leads from the subject to it (2 given, to {carol.did}): sign with the key of whom it is to (--key, --as), or give a"
        " delegation to whoever signs\n"
    )
    many = [flag for number in range(4) for flag in ("--proof", lend(forge, bob, DID(f"did:web:{number}.example")))]
    shown = forge(*args, *many, env=OWN, status=2).stderr
    assert "(4 given, to did:web:0.example, did:web:1.example, did:web:2.example and others)" in shown
    ours = lend(forge, bob, alice.did)
    assert "(1 given): give the delegation by --proof" in forge(*args, "--proof", ours, env=OWN, status=2).stderr
