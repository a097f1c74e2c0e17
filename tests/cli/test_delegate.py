from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from forge import dagcbor
from forge.cli.times import now
from forge.container import Container
from forge.delegation import Delegation
from tests.cli.conftest import Forge, Party

DAY = 86_400


def delegations(text: str) -> list[Delegation]:
    return list(Container.decode(text).delegations.values())


def test_a_delegation_of_oneself(forge: Forge, alice: Party, bob: Party) -> None:
    at = now()
    result = forge(
        *["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/customer/add", "--command", "/a"],
        *["--policy", '["like",".externalAccount","f1:*"]', "--expires", "1d", "--not-before", str(at)],
    )
    assert result.stdout.startswith("E")
    assert result.stdout.count("\n") == 1
    found = {one.command: one for one in delegations(result.stdout)}
    assert found.keys() == {"/customer/add", "/a"}
    one = found["/customer/add"]  # type: ignore[index]
    assert (one.issuer, one.audience, one.subject) == (alice.did, bob.did, alice.did)
    assert one.policy.encode() == [["like", ".externalAccount", "f1:*"]]
    assert one.not_before == at
    assert one.expiration is not None
    assert at + DAY <= one.expiration <= now() + DAY
    assert result.stderr.startswith("expires: ")


def test_the_default_expiration_is_thirty_days_and_said(forge: Forge, alice: Party, bob: Party) -> None:
    at = now()
    result = forge("delegate", *alice.key, "--audience", bob.did, "--subject", alice.did, "--command", "/")
    (one,) = delegations(result.stdout)
    assert one.expiration is not None
    assert at + 30 * DAY <= one.expiration <= now() + 30 * DAY
    assert "(in 30 days)" in result.stderr
    assert one.policy.encode() == []


def test_never_and_powerline(forge: Forge, alice: Party, bob: Party) -> None:
    result = forge(
        "delegate",
        *alice.key,
        "--audience",
        bob.did,
        "--subject",
        "null",
        "--command",
        "/a",
        "--expires",
        "never",
        "--policy",
        "[]",
    )
    (one,) = delegations(result.stdout)
    assert (one.subject, one.expiration) == (None, None)
    assert result.stderr == "expires: never\n"


def test_as_a_did_web(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    file = tmp_path / "d.ucan"
    result = forge(
        *["delegate", *alice.key, "--as", "did:web:s.example.com", "--audience", bob.did, "--subject", "self"],
        *["--command", "/a", "-o", file],
    )
    assert result.stdout == ""
    (one,) = delegations(file.read_text())
    assert (one.issuer, one.subject) == ("did:web:s.example.com", "did:web:s.example.com")


def test_json(forge: Forge, alice: Party, bob: Party) -> None:
    result = forge("delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/a", "--json")
    said = json.loads(result.stdout)
    (one,) = delegations(said["container"])
    assert said["delegations"] == [
        {
            "cid": str(one.cid),
            "issuer": alice.did,
            "audience": bob.did,
            "subject": alice.did,
            "command": "/a",
            "policy": [],
            "expiration": one.expiration,
            "notBefore": None,
        }
    ]


def chain(forge: Forge, alice: Party, bob: Party, *more: str) -> str:
    args = ["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/customer", *more]
    return forge(*args).stdout.strip()


def test_a_chain_goes_on_and_comes_along(forge: Forge, alice: Party, bob: Party) -> None:
    proof = chain(forge, alice, bob)
    args = [
        "delegate",
        *bob.key,
        "--audience",
        "did:web:c",
        "--subject",
        alice.did,
        "--command",
        "/customer/add",
        "--proof",
        proof,
    ]
    result = forge(*args, "--expires", "1d")
    found = delegations(result.stdout)
    assert {(one.issuer, one.audience) for one in found} == {(alice.did, bob.did), (bob.did, "did:web:c")}
    assert "ends earlier" not in result.stderr
    for longer in ("never", "60d"):
        assert f"/customer/add: its proof {delegations(proof)[0].cid} ends earlier" in forge(*args, "--expires", longer).stderr


def test_a_powerline_brings_the_proofs_too(forge: Forge, alice: Party, bob: Party) -> None:
    proof = chain(forge, alice, bob)
    result = forge("delegate", *bob.key, "--audience", "did:web:c", "--subject", "null", "--command", "/", "--proof", proof)
    assert len(delegations(result.stdout)) == 2


def test_proofs_from_the_environment(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    file = tmp_path / "p.ucan"
    file.write_text(chain(forge, alice, bob) + "\n")
    other = chain(forge, bob, alice)
    args = ["delegate", "--audience", "did:web:c", "--subject", alice.did, "--command", "/customer"]
    for between in (os.pathsep, "\n", f"{os.pathsep}\n "):
        environment = {"FORGE_PROOF": f"{other}{between}{file}", "FORGE_KEY": str(bob.file)}
        assert len(delegations(forge(*args, env=environment).stdout)) == 3
    # What is said by a flag counts alone.
    result = forge(*args, "--proof", other, env={"FORGE_PROOF": str(file), "FORGE_KEY": str(bob.file)}, status=2)
    assert f"(1 given, to {alice.did}): sign with the key of whom it is to" in result.stderr


def test_without_authority_nothing_is_signed(forge: Forge, alice: Party, bob: Party) -> None:
    args = ["delegate", *bob.key, "--audience", "did:web:c", "--subject", alice.did, "--command", "/provider"]
    assert forge(*args, status=2).stderr == (
        f"forge: {bob.did} may not invoke /provider on {alice.did}: it is not the subject, and no chain of delegations leads"
        " from the subject to it (0 given): give the delegation by --proof or FORGE_PROOF\n"
    )
    assert "(1 given)" in forge(*args, "--proof", chain(forge, alice, bob), status=2).stderr


def test_a_policy_that_others_read_otherwise_is_remarked(forge: Forge, alice: Party, bob: Party) -> None:
    args = ["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/a"]
    result = forge(*args, "--policy", '[["==",".a",1.5]]')
    assert "forge: --policy: not every implementation reads this alike: [0][2]: ucantone reads no floats" in result.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--audience", "bob"], "forge: --audience: not a DID: 'bob'\n"),
        (["--subject", "service"], "forge: --subject: not a DID: 'service'\n"),
        (["--command", "customer"], "forge: --command: a command begins with '/': 'customer'\n"),
        (["--policy", "{"], "forge: --policy: not JSON"),
        (["--policy", '["=="]'], "forge: --policy: policy[0]: "),
        (["--policy", "3"], "forge: --policy: a policy is a list of statements"),
        (["--expires", "soon"], "forge: --expires: 'soon' is not a time"),
        (["--not-before", "never"], "forge: --not-before: 'never' is not a time"),
        (["--proof", "nothing.ucan"], "forge: --proof: there is no file 'nothing.ucan'"),
        (["--key", "nothing.pem"], "forge: nothing.pem: No such file"),
        (["--as", "x"], "forge: --as: not a DID"),
        (["-o", "/nothing/there"], "forge: /nothing/there: No such file"),
    ],
)
def test_what_is_wrong_is_named(forge: Forge, alice: Party, bob: Party, flags: list[str], said: str) -> None:
    args = ["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/a", *flags]
    result = forge(*args, status=2)
    assert said in result.stderr
    assert result.stdout == ""


def test_another_key_cannot_be_signed_as(forge: Forge, alice: Party, bob: Party) -> None:
    args = ["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/a", "--as"]
    assert "is another key than" in forge(*args, bob.did, status=2).stderr
    forge(*args, alice.did)


def test_a_proof_that_holds_no_delegation(forge: Forge, alice: Party, bob: Party) -> None:
    empty = Container().encode().decode()
    args = ["delegate", *alice.key, "--audience", bob.did, "--subject", "self", "--command", "/a", "--proof", empty]
    assert "holds no delegation" in forge(*args, status=2).stderr


def test_what_is_no_token_among_proofs_is_passed_over(forge: Forge, alice: Party, bob: Party) -> None:
    good = bytes(delegations(chain(forge, alice, bob))[0])
    mixed = dagcbor.encode({"ctn-v1": [b"\x1b[2J", good]}).hex()
    args = ["delegate", *bob.key, "--audience", bob.did, "--subject", alice.did, "--command", "/customer", "--proof", mixed]
    assert "forge: --proof: passed over ctn-v1[0]: " in forge(*args).stderr
