from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from forge import dagcbor
from forge.cid import CID
from forge.cli.exits import UsageError
from forge.cli.explain import explain
from forge.cli.reading import read_tokens
from forge.command import CommandPath
from forge.container import Container
from forge.dagcbor import Value
from forge.delegation import Delegation
from forge.errors import MatchError
from forge.invocation import Invocation
from forge.keys import Signer
from forge.policy import Policy
from forge.receipt import Receipt
from tests.cli.conftest import Forge

ALICE, BOB, SERVICE = Signer.generate(), Signer.generate(), Signer.generate()
ESCAPES = "\x1b]0;owned\x07\x9b2m\u202e"
DELEGATION = Delegation.issue(
    ALICE,
    audience=BOB.did,
    subject=ALICE.did,
    command=CommandPath(f"/a{ESCAPES}"),
    expiration=1_700_000_000,
    not_before=1_600_000_000,
    policy=Policy([["==", ".a", ESCAPES], ["<", ".size", 10]]),
    nonce=b"",
    meta={ESCAPES: [CID.of(b"m"), b"\xff"]},
)
POWERLINE = Delegation.issue(ALICE, audience=BOB.did, subject=None, command=CommandPath("/"), expiration=None)
INVOCATION = Invocation.issue(
    BOB,
    subject=ALICE.did,
    command=CommandPath("/a"),
    arguments={"text": ESCAPES, "link": CID.of(b"l")},
    expiration=4_000_000_000,
    audience=SERVICE.did,
    proofs=[DELEGATION.cid, CID.of(b"elsewhere")],
    issued_at=1_650_000_000,
    cause=CID.of(b"cause"),
)
RECEIPTS = [
    Receipt.issue(SERVICE, ran=INVOCATION.task, out={"done": True}, issued_at=1_650_000_001),
    Receipt.issue(SERVICE, ran=CID.of(b"other"), out=MatchError(f"no {ESCAPES}"), issued_at=1_650_000_001, expiration=5),
]
ALL = Container.of(DELEGATION, POWERLINE, INVOCATION, RECEIPTS)
HOSTILE = dagcbor.encode({"ctn-v1": [*(bytes(one) for one in ALL.tokens), f"\x1b[2J{ESCAPES}".encode()]})


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    file = tmp_path / "hostile.cbor"
    file.write_bytes(HOSTILE)
    return file


def test_everything_is_explained(forge: Forge, hostile: Path) -> None:
    shown = forge("inspect", hostile).stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == f"container: CBOR, {len(HOSTILE)} bytes, 5 tokens"
    assert lines[1] == "What follows is what it says. Nothing of it has been verified."
    for said in [
        f"1. delegation {DELEGATION.cid}",
        "tag ucan/dlg@1.0.0-rc.1",
        "signature ED25519",
        f"issuer {ALICE.did}",
        f"audience {BOB.did}",
        f"subject {ALICE.did}",
        "command /a\\x1b]0;owned\\x07\\x9b2m\\u202e, and all that is below it",
        'policy ["==",".a","\\u001b]0;owned\\u0007\\u009b2m\\u202e"]',
        '["<",".size",10]',
        "nonce empty: the same task each time",
        "subject null: whatever subject the chain is about (a powerline)",
        "policy none: any arguments will do",
        "expires never",
        f"3. invocation {INVOCATION.cid}",
        f"task {INVOCATION.task}",
        "command /a",
        f"proofs {DELEGATION.cid} (here)",
        f"{CID.of(b'elsewhere')} (not here)",
        f"cause {CID.of(b'cause')}",
        f"executor {SERVICE.did}",
        f"ran {INVOCATION.task} (here)",
        f"ran {CID.of(b'other')} (not here)",
        '"done": true',
        '"name": "MatchError"',
        "proofs none",
    ]:
        assert said in lines, shown
    assert any(line.startswith("expires 2023-11-14T22:13:20Z (") and line.endswith(" ago), past") for line in lines)
    assert any(line.startswith("expires 2096-10-02T07:06:40Z (in ") for line in lines)
    assert any(line.startswith("not before 2020-09-13T12:26:40Z (") for line in lines)
    assert any(line.startswith("issued 2022-04-15T05:20:00Z (") for line in lines)
    assert lines[-1].startswith("not a token ctn-v1[5]: ")


def test_nothing_that_a_terminal_obeys_comes_out(forge: Forge, hostile: Path) -> None:
    for args in (["inspect", hostile], ["inspect", hostile, "--json"], ["inspect", f"{ESCAPES}x"]):
        result = forge(*args, status=2 if len(args) == 2 and args[1] != hostile else 0)
        assert all(one.isprintable() or one == "\n" for one in result.output)


def test_json(forge: Forge, hostile: Path) -> None:
    result = forge("inspect", hostile, "--json")
    assert result.stderr == ""
    said = json.loads(result.stdout)
    assert (said["kind"], said["encoding"], said["bytes"], said["verified"]) == ("container", "CBOR", len(HOSTILE), False)
    assert [one["type"] for one in said["tokens"]] == ["delegation", "delegation", "invocation", "receipt", "receipt"]
    delegation, powerline, invocation, ok, error = said["tokens"]
    assert delegation == {
        "type": "delegation",
        "cid": str(DELEGATION.cid),
        "tag": "ucan/dlg@1.0.0-rc.1",
        "algorithm": "ED25519",
        "bytes": len(bytes(DELEGATION)),
        "issuer": ALICE.did,
        "audience": BOB.did,
        "subject": ALICE.did,
        "command": f"/a{ESCAPES}",
        "policy": [["==", ".a", ESCAPES], ["<", ".size", 10]],
        "notBefore": 1_600_000_000,
        "expiration": 1_700_000_000,
        "nonce": {"/": {"bytes": ""}},
        "meta": {ESCAPES: [{"/": str(CID.of(b"m"))}, {"/": {"bytes": "/w"}}]},
    }
    assert (powerline["subject"], powerline["expiration"]) == (None, None)
    assert invocation["arguments"] == {"text": ESCAPES, "link": {"/": str(CID.of(b"l"))}}
    assert invocation["proofs"] == [
        {"cid": str(DELEGATION.cid), "present": True},
        {"cid": str(CID.of(b"elsewhere")), "present": False},
    ]
    assert (ok["ok"], ok["ran"]) == ({"done": True}, {"task": str(INVOCATION.task), "present": True})
    assert (error["error"]["name"], error["ran"]["present"]) == ("MatchError", False)
    assert len(said["undecodable"]) == 1


@pytest.mark.parametrize("form", ["binary", "hexadecimal"])
def test_from_standard_input(forge: Forge, form: str) -> None:
    data = bytes(DELEGATION) if form == "binary" else bytes(DELEGATION).hex().encode()
    for args in (["inspect"], ["inspect", "-"]):
        assert forge(*args, input=data).stdout.startswith("token: ")


def test_the_text_itself(forge: Forge) -> None:
    assert f"1. delegation {POWERLINE.cid}" in forge("inspect", Container.of(POWERLINE).encode().decode()).stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("82", "forge: FILE: there is no file '82'; as a text it is not a token or a container: announces 2 items"),
        ("/nothing", "forge: FILE: there is no file '/nothing'; as a text it is not a token or a container: "),
        ("E" + "A" * 5000, "forge: FILE: there is no file 'EAAAA"),
        ("x" * 300 + "\x1b[2J", "forge: FILE: there is no file 'xxxx"),
        ("\udcff", "forge: FILE: there is no file"),
        (".", "forge: FILE: .: Is a directory\n"),
    ],
)
def test_broken_input_is_one_clear_line(forge: Forge, given: str, said: str) -> None:
    result = forge("inspect", given, status=2)
    assert result.stdout == ""
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1
    assert result.stderr[:-1].isprintable()


def test_a_flipped_bit_is_never_a_traceback(forge: Forge) -> None:
    data = bytes(INVOCATION)
    for position in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[position] ^= 1
        with suppress(UsageError):
            explain(read_tokens(bytes(flipped)))
    forge("inspect", "-", input=data[:-1], status=2)


def test_whatever_a_token_can_hold_is_shown(forge: Forge) -> None:
    deep: Value = "deep"
    for _ in range(dagcbor.MAX_DEPTH - 4):
        deep = [deep]
    for value in (deep, {"/": ESCAPES}, {"/": {"bytes": 1}}, [1 << 2000, -(1 << 2000), 0.5, True, None]):
        token = Invocation.issue(ALICE, subject=ALICE.did, command=CommandPath("/a"), arguments={"v": value}, expiration=None)
        for more in ([], ["--json"]):
            assert forge("inspect", bytes(token).hex(), *more).stderr == ""
    said = json.loads(forge("inspect", bytes(token).hex(), "--json").stdout)
    assert said["tokens"][0]["arguments"] == {"v": value}
