from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from forge.cli import keyfiles
from forge.cli.files import readable_by_others
from forge.cli.keyfiles import read_key
from forge.cli.times import now
from forge.container import Container
from forge.keys import Ed25519PrivateKey, P256PrivateKey, PrivateKey, Secp256k1PrivateKey, private_key_from_pem
from forge.method import did_key_methods
from forge.verify import Facts, verify_delegation
from tests.cli.conftest import Forge, Party


def test_new_goes_to_standard_output_and_its_did_to_standard_error(forge: Forge) -> None:
    result = forge("key", "new")
    key = private_key_from_pem(result.stdout.encode())
    assert result.stdout.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert result.stdout.endswith("-----END PRIVATE KEY-----\n")
    assert result.stderr == f"{key.did}\n"


def test_new_writes_a_private_file_and_never_over_one(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    result = forge("key", "new", "--type", "ed25519", "-o", file)
    assert result.stdout == ""
    assert result.stderr == f"{read_key(file).did}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not readable_by_others(file)
    before = file.read_bytes()
    refused = forge("key", "new", "-o", file, status=2)
    assert refused.stderr == f"forge: {file}: there is a file already, and keys are never overwritten\n"
    assert file.read_bytes() == before


def test_new_says_where_it_could_not_write(forge: Forge, tmp_path: Path) -> None:
    assert "No such file or directory" in forge("key", "new", "-o", tmp_path / "no" / "key.pem", status=2).stderr


def test_new_says_which_types_there_are(forge: Forge) -> None:
    assert forge("key", "new", "--type", "rsa", status=2).stderr == (
        "forge: --type: 'rsa' is not available; there is: ed25519, secp256k1, p256\n"
    )


KINDS: dict[str, tuple[type[PrivateKey], str]] = {
    "ed25519": (Ed25519PrivateKey, "did:key:z6Mk"),
    "secp256k1": (Secp256k1PrivateKey, "did:key:zQ3s"),
    "p256": (P256PrivateKey, "did:key:zDn"),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_type_is_made_and_shown(forge: Forge, tmp_path: Path, name: str) -> None:
    kind, prefix = KINDS[name]
    file = tmp_path / "key.pem"
    result = forge("key", "new", "--type", name, "-o", file)
    key = read_key(file)
    assert type(key) is kind
    assert key.did.startswith(prefix)
    assert result.stderr == f"{key.did}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    text = tmp_path / "key.txt"
    text.write_text(f"{key.text}\n")
    for one in (file, text):
        assert forge("key", "show", one).stdout == f"{key.did}\n"
        shown = json.loads(forge("key", "show", one, "--json").stdout)
        assert shown == {"did": key.did, "type": name, "publicKeyMultibase": key.public.text}
    # Each time another one, also on standard output.
    other = private_key_from_pem(forge("key", "new", "--type", name).stdout.encode())
    assert type(other) is kind
    assert other.secret != key.secret


@pytest.mark.parametrize("name", KINDS)
def test_each_type_signs(forge: Forge, tmp_path: Path, name: str) -> None:
    file = tmp_path / "key.pem"
    forge("key", "new", "--type", name, "-o", file)
    args = ["delegate", "--key", file, "--audience", "did:web:b", "--subject", "self", "--command", "/a"]
    (one,) = Container.decode(forge(*args).stdout).delegations.values()
    did = read_key(file).did
    assert one.issuer == did
    verify_delegation(one, Facts(now(), {did: did_key_methods(did)}))


def test_no_type_is_left_out(forge: Forge) -> None:
    assert KINDS.keys() == keyfiles.KINDS.keys()
    assert "ed25519, secp256k1, p256" in forge("key", "new", "--help").stdout


@pytest.mark.parametrize("name", KINDS)
def test_a_key_does_not_sign_as_another_s_did_key(forge: Forge, alice: Party, tmp_path: Path, name: str) -> None:
    file = tmp_path / "key.pem"
    forge("key", "new", "--type", name, "-o", file)
    args = ["delegate", "--key", file, "--audience", "did:web:b", "--subject", "self", "--command", "/a", "--as", alice.did]
    assert "is another key than" in forge(*args, status=2).stderr


def test_a_key_of_another_curve(forge: Forge, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    key = ec.generate_private_key(ec.SECP384R1())
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert forge("key", "show", file, status=2).stderr == f"forge: {file}: a key of a curve not known here: secp384r1\n"


def test_show(forge: Forge, alice: Party) -> None:
    assert forge("key", "show", alice.file).stdout == f"{alice.did}\n"
    assert forge("key", "show", env={"FORGE_KEY": str(alice.file)}).stdout == f"{alice.did}\n"
    assert json.loads(forge("key", "show", alice.file, "--json").stdout) == {
        "did": alice.did,
        "type": "ed25519",
        "publicKeyMultibase": alice.did.identifier,
    }


def test_a_key_file_may_hold_the_text_form(forge: Forge, alice: Party, tmp_path: Path) -> None:
    file = tmp_path / "text.key"
    file.write_text(f"{alice.signer.key.text}\n")
    assert forge("key", "show", file).stdout == f"{alice.did}\n"


@pytest.mark.parametrize("content", [b"", b"secret", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nsecret\n", b"Mg==secret"])
def test_what_is_no_key_is_said_without_its_content(forge: Forge, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "k"
    file.write_bytes(content)
    result = forge("key", "show", file, status=2)
    assert result.stderr.startswith(f"forge: {file}: ")
    assert "secret" not in result.stderr


def test_a_key_file_that_is_not_there(forge: Forge, tmp_path: Path) -> None:
    assert forge("key", "show", tmp_path / "k", status=2).stderr == f"forge: {tmp_path / 'k'}: No such file or directory\n"
    assert "Is a directory" in forge("key", "show", tmp_path, status=2).stderr
