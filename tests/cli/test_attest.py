from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from forge.attestation import AttestedSigner
from forge.cli.times import now
from forge.container import Container
from forge.delegation import Delegation
from forge.did import DID
from forge.errors import InvalidSignature
from forge.keys import P256PrivateKey, PrivateKey, Secp256k1PrivateKey, Signer
from forge.method import attested_methods, did_key_methods
from forge.varsig import Algorithm
from forge.verify import Facts, verify_delegation
from tests.cli.conftest import Forge, Party

ADDRESS = "alice+x@example.com"
MAIL = DID("did:mailto:example.com:alice%2Bx")
DAY = 86_400


def delegations(text: str) -> list[Delegation]:
    return list(Container.decode(text).delegations.values())


def facts(authority: DID) -> Facts:
    return Facts(now(), {MAIL: attested_methods(MAIL, authority, did_key_methods(authority))})


def for_alice(authority: Party, to: Party, *more: object) -> list[Any]:
    return ["attest", *authority.key, "--for", ADDRESS, "--audience", to.did, "--command", "/customer", *more]


def test_a_delegation_on_behalf_of_an_address(forge: Forge, alice: Party, bob: Party) -> None:
    at = now()
    result = forge(*for_alice(alice, bob, "--command", "/a", "--expires", "1d", "--not-before", str(at)))
    assert result.stdout.startswith("E")
    assert result.stdout.count("\n") == 1
    found = {str(one.command): one for one in delegations(result.stdout)}
    assert found.keys() == {"/customer", "/a"}
    for one in found.values():
        assert (one.issuer, one.subject, one.audience) == (MAIL, MAIL, bob.did)
        assert one.envelope.algorithm is Algorithm.ATTESTED
        assert (one.nonce, one.not_before) == (b"", at)
        assert one.expiration is not None
        assert at + DAY <= one.expiration <= now() + DAY
        verify_delegation(one, facts(alice.did))
        with pytest.raises(InvalidSignature):
            verify_delegation(one, facts(bob.did))
    assert result.stderr.splitlines()[0].startswith("expires: ")
    assert result.stderr.splitlines()[1] == f"on behalf of {MAIL}, attested by {alice.did}"


@pytest.mark.parametrize("expires", ["never", "2099-01-01T00:00:00Z", "4102444800"])
def test_the_same_command_gives_the_same_bytes(forge: Forge, alice: Party, bob: Party, tmp_path: Path, expires: str) -> None:
    args = for_alice(alice, bob, "--expires", expires, "--policy", '["like", ".externalAccount", "f1:*"]')
    first = forge(*args).stdout
    assert forge(*args).stdout == first
    for file in (tmp_path / "one", tmp_path / "two"):
        assert forge(*args, "-o", file).stdout == ""
        assert file.read_text() == first
    (one,) = delegations(first)
    assert one.policy.encode() == [["like", ".externalAccount", "f1:*"]]
    assert one.expiration == (None if expires == "never" else 4_070_908_800 if "-" in expires else 4_102_444_800)
    again = Delegation.issue(
        AttestedSigner.of(alice.signer, MAIL),
        audience=bob.did,
        subject=MAIL,
        command=one.command,
        expiration=one.expiration,
        policy=one.policy,
        nonce=b"",
    )
    assert bytes(again) == bytes(one)


def test_a_nonce_makes_it_another(forge: Forge, alice: Party, bob: Party) -> None:
    args = for_alice(alice, bob, "--expires", "never")
    (one,) = delegations(forge(*args, "--nonce", "00ff").stdout)
    assert one.nonce == b"\x00\xff"
    assert forge(*args, "--nonce", "").stdout == forge(*args).stdout


def test_the_default_expiration_is_thirty_days_and_said(forge: Forge, alice: Party, bob: Party) -> None:
    at = now()
    result = forge(*for_alice(alice, bob))
    (one,) = delegations(result.stdout)
    assert one.expiration is not None
    assert at + 30 * DAY <= one.expiration <= now() + 30 * DAY
    assert "(in 30 days)" in result.stderr


@pytest.mark.parametrize("name", [ADDRESS, str(MAIL)])
def test_an_address_or_its_did(forge: Forge, alice: Party, bob: Party, name: str) -> None:
    args = ["attest", *alice.key, "--for", name, "--audience", bob.did, "--command", "/a", "--expires", "never", "--json"]
    said = json.loads(forge(*args).stdout)
    (one,) = delegations(said["container"])
    assert said["delegations"] == [
        {
            "cid": str(one.cid),
            "issuer": str(MAIL),
            "audience": bob.did,
            "subject": str(MAIL),
            "command": "/a",
            "policy": [],
            "expiration": None,
            "notBefore": None,
        }
    ]


@pytest.mark.parametrize("kind", [Secp256k1PrivateKey, P256PrivateKey])
def test_an_authority_of_another_kind_of_key(forge: Forge, bob: Party, tmp_path: Path, kind: type[PrivateKey]) -> None:
    file = tmp_path / "authority.pem"
    authority = Party(Signer(kind.generate()), file)
    file.write_bytes(authority.signer.key.pem())
    file.chmod(0o600)
    args = for_alice(authority, bob, "--expires", "never")
    first = forge(*args).stdout
    assert forge(*args).stdout == first
    verify_delegation(delegations(first)[0], facts(authority.did))


def test_an_authority_that_is_a_did_web(forge: Forge, alice: Party, bob: Party) -> None:
    web = DID("did:web:mail.example.com")
    (one,) = delegations(forge(*for_alice(alice, bob, "--as", web)).stdout)
    assert (one.issuer, one.subject) == (MAIL, MAIL)
    keys = {MAIL: attested_methods(MAIL, web, did_key_methods(alice.did))}
    verify_delegation(one, Facts(now(), keys))


def test_about_another_with_a_proof(forge: Forge, alice: Party, bob: Party) -> None:
    """Bob lets the address do it; the address lets Alice."""
    lent = forge(
        *["delegate", *bob.key, "--audience", MAIL, "--subject", "self", "--command", "/customer", "--expires", "never"]
    )
    args = for_alice(alice, alice, "--subject", bob.did, "--expires", "never")
    refused = forge(*args, status=2)
    assert refused.stderr.startswith(f"forge: {MAIL} may not invoke /customer on {bob.did}: it is not the subject")
    assert refused.stdout == ""
    found = delegations(forge(*args, "--proof", lent.stdout.strip()).stdout)
    assert {(one.issuer, one.audience, one.subject) for one in found} == {(bob.did, MAIL, bob.did), (MAIL, alice.did, bob.did)}


def test_a_powerline(forge: Forge, alice: Party, bob: Party) -> None:
    (one,) = delegations(forge(*for_alice(alice, bob, "--subject", "null")).stdout)
    assert (one.issuer, one.subject) == (MAIL, None)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--for", "alice"], "forge: --for: not an e-mail address: 'alice'\n"),
        (["--for", ""], "forge: --for: not an e-mail address: ''\n"),
        (["--for", "alice@"], "forge: --for: not an e-mail address: 'alice@'\n"),
        (["--for", "did:web:example.com"], "forge: --for: not the did:mailto of an e-mail address: did:web:example.com"),
        (["--for", "did:mailto:example.com"], "forge: --for: not the did:mailto of an e-mail address"),
        (["--for", "did:mailto:ex ample"], "forge: --for: not a DID"),
        (["--audience", "bob"], "forge: --audience: not a DID: 'bob'\n"),
        (["--subject", "service"], "forge: --subject: not a DID: 'service'\n"),
        (["--command", "customer"], "forge: --command: a command begins with '/': 'customer'\n"),
        (["--policy", "{"], "forge: --policy: not JSON"),
        (["--expires", "soon"], "forge: --expires: 'soon' is not a time"),
        (["--not-before", "never"], "forge: --not-before: 'never' is not a time"),
        (["--nonce", "xyz"], "forge: --nonce: expected hexadecimal, not 'xyz'\n"),
        (["--proof", "nothing.ucan"], "forge: --proof: there is no file 'nothing.ucan'"),
        (["--key", "nothing.pem"], "forge: nothing.pem: No such file"),
        (["--as", "x"], "forge: --as: not a DID"),
        (["-o", "/nothing/there"], "forge: /nothing/there: No such file"),
    ],
)
def test_what_is_wrong_is_named(forge: Forge, alice: Party, bob: Party, flags: list[str], said: str) -> None:
    result = forge(*for_alice(alice, bob, *flags), status=2)
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("missing", ["--key", "--for", "--audience", "--command"])
def test_what_is_missing_is_named(forge: Forge, alice: Party, bob: Party, missing: str) -> None:
    args = for_alice(alice, bob)
    at = args.index(missing)
    assert f"Missing option '{missing}'" in forge(*args[:at], *args[at + 2 :], status=2).stderr
