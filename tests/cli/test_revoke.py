from __future__ import annotations

import json
from pathlib import Path

from forge.container import Container
from forge.delegation import Delegation
from tests.cli.conftest import Forge, Party, Service, make_party

NOWHERE = ["--url", "http://127.0.0.1:9", "--audience", "did:web:x.example.com"]


def delegate(forge: Forge, by: Party, to: Party, file: Path, *flags: str, subject: str = "self") -> Delegation:
    """Have a delegation in a file, with its chain; give it."""
    forge(
        *["delegate", *by.key, "--audience", to.did, "--subject", subject, "--command", "/customer", "-o", file],
        *flags,
    )
    found = Container.decode(file.read_text()).delegations.values()
    return next(one for one in found if one.issuer == by.did)


def attempt(forge: Forge, running: Service, by: Party, proof: Path, status: int) -> str:
    args = ["invoke", "/customer/get", f"customer={by.did}", *running.at, *by.key, "--subject", "service", "--proof", proof]
    return forge(*args, status=status).stderr


def test_whoever_issued_it_by_its_file(forge: Forge, running: Service, alice: Party, tmp_path: Path) -> None:
    proof = delegate(forge, running.party, alice, tmp_path / "a")
    assert "CustomerNotFound" in attempt(forge, running, alice, tmp_path / "a", 1)
    result = forge("revoke", tmp_path / "a", *running.at, *running.party.key)
    assert result.stderr == f"revoking {proof.cid}, issued by {running.party.did} to {alice.did}\n"
    assert result.stdout.startswith("ok\n")
    assert "forge: Revoked: " in attempt(forge, running, alice, tmp_path / "a", 1)


def test_again_is_the_same_task(forge: Forge, running: Service, alice: Party, tmp_path: Path) -> None:
    proof = delegate(forge, alice, running.party, tmp_path / "a")
    said = []
    for given in (tmp_path / "a", (tmp_path / "a").read_text()):
        result = forge("revoke", given, *running.at, *alice.key, "--json")
        said.append(json.loads(result.stdout))
        assert result.stderr == ""
    assert said[0] == said[1]
    assert said[0]["ok"] == {}
    by_cid = forge("revoke", proof.cid, "--proof", tmp_path / "a", *running.at, *alice.key, "--json")
    assert json.loads(by_cid.stdout) == said[0]
    by_variable = forge("revoke", proof.cid, *running.at, *alice.key, "--json", env={"FORGE_PROOF": str(tmp_path / "a")})
    assert json.loads(by_variable.stdout) == said[0]


def test_whoever_stands_before_it_by_the_chain(
    forge: Forge, running: Service, alice: Party, bob: Party, tmp_path: Path
) -> None:
    """From the service to alice, to bob, to carol: alice takes back what bob lent."""
    carol = make_party(tmp_path, "carol")
    delegate(forge, running.party, alice, tmp_path / "a")
    delegate(forge, alice, bob, tmp_path / "b", "--proof", str(tmp_path / "a"), subject=running.party.did)
    last = delegate(forge, bob, carol, tmp_path / "c", "--proof", str(tmp_path / "b"), subject=running.party.did)
    assert len(Container.decode((tmp_path / "c").read_text()).delegations) == 3
    assert "CustomerNotFound" in attempt(forge, running, carol, tmp_path / "c", 1)
    result = forge("revoke", tmp_path / "c", *running.at, *alice.key)
    assert str(last.cid) in result.stderr
    assert "forge: Revoked: " in attempt(forge, running, carol, tmp_path / "c", 1)
    assert "CustomerNotFound" in attempt(forge, running, bob, tmp_path / "b", 1), "bob's own is as it was"


def test_an_earlier_one_of_a_chain_by_its_cid(forge: Forge, running: Service, alice: Party, bob: Party, tmp_path: Path) -> None:
    first = delegate(forge, running.party, alice, tmp_path / "a")
    delegate(forge, alice, bob, tmp_path / "b", "--proof", str(tmp_path / "a"), subject=running.party.did)
    forge("revoke", first.cid, "--proof", tmp_path / "b", *running.at, *running.party.key)
    assert "forge: Revoked: " in attempt(forge, running, bob, tmp_path / "b", 1)
    assert "forge: Revoked: " in attempt(forge, running, alice, tmp_path / "a", 1)


def test_who_may_not_is_told_before_anything_is_sent(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    carol = make_party(tmp_path, "carol")
    proof = delegate(forge, alice, bob, tmp_path / "a")
    refused = forge("revoke", tmp_path / "a", *NOWHERE, *carol.key, status=2)
    assert refused.stderr.startswith(f"forge: {carol.did} may not revoke {proof.cid}: it is issued by {alice.did}, ")
    assert forge("revoke", tmp_path / "a", *NOWHERE, *bob.key, status=2).stdout == ""
    lone = delegate(forge, bob, carol, tmp_path / "b", "--proof", str(tmp_path / "a"), subject=alice.did)
    (tmp_path / "c").write_bytes(Container.of(lone).encode())
    refused = forge("revoke", tmp_path / "c", *NOWHERE, *alice.key, status=2)
    assert "give them by --proof" in refused.stderr
    # With the chain there is nothing to say against it but that nobody listens there.
    forge("revoke", tmp_path / "c", "--proof", tmp_path / "a", *NOWHERE, *alice.key, status=3)


def test_it_must_be_clear_which(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    one, two = (delegate(forge, alice, bob, tmp_path / name) for name in "ab")
    (tmp_path / "both").write_bytes(Container.of(one, two).encode())
    refused = forge("revoke", tmp_path / "both", *NOWHERE, *alice.key, status=2)
    assert refused.stderr.startswith("forge: FILE: it holds 2 delegations, and not one chain: name the one to revoke")
    assert str(one.cid) in refused.stderr
    assert str(two.cid) in refused.stderr
    (tmp_path / "none").write_bytes(Container().encode())
    assert forge("revoke", tmp_path / "none", *NOWHERE, *alice.key, status=2).stderr == "forge: FILE: it holds no delegation\n"
    refused = forge("revoke", one.cid, "--proof", tmp_path / "b", *NOWHERE, *alice.key, status=2)
    assert refused.stderr.startswith(f"forge: {one.cid} is not among the 1 given delegations: ")
    assert forge("revoke", "nothing", *NOWHERE, *alice.key, status=2).stderr.startswith(
        "forge: FILE: there is no file 'nothing'"
    )


def test_a_mailto_has_no_key_to_sign_as(forge: Forge, alice: Party, tmp_path: Path) -> None:
    delegate(forge, alice, alice, tmp_path / "a")
    result = forge("revoke", tmp_path / "a", *NOWHERE, *alice.key, "--as", "did:mailto:example.com:carol", status=2)
    assert "`forge revoke --for`" in result.stderr
    assert (
        "--for: not an e-mail address" in forge("revoke", tmp_path / "a", *NOWHERE, *alice.key, "--for", "x", status=2).stderr
    )


def test_on_behalf_of_an_address(forge: Forge, alice: Party, bob: Party, tmp_path: Path) -> None:
    """It is signed, and then the service is not there."""
    said = ["--audience", bob.did, "--command", "/x", "--expires", "never", "-o", tmp_path / "c"]
    forge("attest", *alice.key, "--for", "carol@example.com", *said)
    assert "may not revoke" in forge("revoke", tmp_path / "c", *NOWHERE, *alice.key, status=2).stderr
    result = forge("revoke", tmp_path / "c", *NOWHERE, *alice.key, "--for", "carol@example.com", status=3)
    assert "issued by did:mailto:example.com:carol" in result.stderr
